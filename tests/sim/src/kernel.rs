//! The scheduler: tasks are futures of one thread, time is a number, and it moves only when every task waits.

use std::{
    cell::{Cell, RefCell},
    cmp::{Ordering, Reverse},
    collections::{BTreeMap, BinaryHeap},
    future::Future,
    pin::Pin,
    rc::Rc,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Wake, Waker},
};

/// Microseconds since the beginning of the simulation.
pub(crate) type Micros = u64;

/// A millisecond.
pub(crate) const MILLISECOND: Micros = 1_000;
/// A second.
pub(crate) const SECOND: Micros = 1_000_000;
/// A minute.
pub(crate) const MINUTE: Micros = 60 * SECOND;

/// What happens at a time.
type Happening = Box<dyn FnOnce()>;

struct Event {
    at: Micros,
    /// Of two events at one time the seed says which comes first.
    tie: u64,
    happening: Happening,
}

impl PartialEq for Event {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Event {}

impl PartialOrd for Event {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Event {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at, self.tie).cmp(&(other.at, other.tie))
    }
}

struct Task {
    /// The process that dies with all its tasks.
    owner: usize,
    future: Pin<Box<dyn Future<Output = ()>>>,
    waker: Waker,
}

/// The tasks that can go on.
type Ready = Arc<Mutex<Vec<u64>>>;

struct TaskWaker {
    task: u64,
    ready: Ready,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.ready
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(self.task);
    }
}

/// The scheduler.
#[derive(Default)]
pub(crate) struct Kernel {
    now: Cell<Micros>,
    events: RefCell<BinaryHeap<Reverse<Event>>>,
    tasks: RefCell<BTreeMap<u64, Task>>,
    running: Cell<u64>,
    tasks_begun: Cell<u64>,
    ready: Ready,
    stopped: Cell<bool>,
}

impl Kernel {
    pub(crate) fn now(&self) -> Micros {
        self.now.get()
    }

    /// The task that is running: unique within a seed.
    pub(crate) fn running(&self) -> u64 {
        self.running.get()
    }

    /// Lets `happening` happen at `at`; `tie` orders what happens at the same time.
    pub(crate) fn at(&self, at: Micros, tie: u64, happening: impl FnOnce() + 'static) {
        let event = Event {
            at: at.max(self.now.get()),
            tie,
            happening: Box::new(happening),
        };
        self.events.borrow_mut().push(Reverse(event));
    }

    /// Begins a task of the process `owner`.
    pub(crate) fn spawn(&self, owner: usize, future: impl Future<Output = ()> + 'static) {
        let task = self.tasks_begun.get() + 1;
        self.tasks_begun.set(task);
        let waker = Arc::new(TaskWaker {
            task,
            ready: Arc::clone(&self.ready),
        });
        let waker = Waker::from(waker);
        waker.wake_by_ref();
        let future = Box::pin(future);
        self.tasks.borrow_mut().insert(
            task,
            Task {
                owner,
                future,
                waker,
            },
        );
    }

    /// Ends all tasks of a process where they are.
    pub(crate) fn kill(&self, owner: usize) {
        let dead: Vec<Task> = {
            let mut tasks = self.tasks.borrow_mut();
            let numbers: Vec<u64> = tasks
                .iter()
                .filter(|(_, task)| task.owner == owner)
                .map(|(number, _)| *number)
                .collect();
            numbers
                .iter()
                .filter_map(|number| tasks.remove(number))
                .collect()
        };
        drop(dead);
    }

    /// Ends the simulation at the next occasion.
    pub(crate) fn stop(&self) {
        self.stopped.set(true);
    }

    /// Runs until `until`; returns false if it was stopped before.
    pub(crate) fn run_until(&self, until: Micros) -> bool {
        while !self.stopped.get() {
            self.poll_ready();
            let event = {
                let mut events = self.events.borrow_mut();
                match events.peek() {
                    Some(Reverse(event)) if event.at <= until => events.pop(),
                    Some(_) | None => None,
                }
            };
            let Some(Reverse(event)) = event else {
                self.now.set(until.max(self.now.get()));
                return !self.stopped.get();
            };
            self.now.set(event.at);
            (event.happening)();
        }
        false
    }

    fn poll_ready(&self) {
        loop {
            let next = {
                let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
                std::mem::take(&mut *ready)
            };
            if next.is_empty() {
                return;
            }
            for number in next {
                self.poll(number);
            }
        }
    }

    fn poll(&self, number: u64) {
        // The task is taken out, so that it may begin others.
        let Some(mut task) = self.tasks.borrow_mut().remove(&number) else {
            return;
        };
        self.running.set(number);
        let waker = task.waker.clone();
        let polled = task.future.as_mut().poll(&mut Context::from_waker(&waker));
        self.running.set(0);
        if polled.is_pending() {
            self.tasks.borrow_mut().insert(number, task);
        }
    }

    /// Drops all tasks and events: they hold on to the world.
    pub(crate) fn clear(&self) {
        let tasks = std::mem::take(&mut *self.tasks.borrow_mut());
        drop(tasks);
        let events = std::mem::take(&mut *self.events.borrow_mut());
        drop(events);
    }
}

struct Slot<T> {
    value: RefCell<Option<T>>,
    waker: RefCell<Option<Waker>>,
}

/// The side that gives a value.
pub(crate) struct Promise<T>(Rc<Slot<T>>);

/// The side that waits for it.
pub(crate) struct Reply<T>(Rc<Slot<T>>);

/// Both sides of a value that is to come.
pub(crate) fn promise<T>() -> (Promise<T>, Reply<T>) {
    let slot = Rc::new(Slot {
        value: RefCell::new(None),
        waker: RefCell::new(None),
    });
    (Promise(Rc::clone(&slot)), Reply(slot))
}

impl<T> Promise<T> {
    pub(crate) fn fulfil(self, value: T) {
        *self.0.value.borrow_mut() = Some(value);
        if let Some(waker) = self.0.waker.borrow_mut().take() {
            waker.wake();
        }
    }
}

impl<T> Future for Reply<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        match self.0.value.borrow_mut().take() {
            Some(value) => Poll::Ready(value),
            None => {
                *self.0.waker.borrow_mut() = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}
