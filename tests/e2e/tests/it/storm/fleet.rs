//! Instances of Slipway on one store, of which one after the other is killed and comes back.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Result, ensure};
use domain::Timestamp;
use e2e::{Slipway, Story};
use serde_json::Value;

use super::dice::Dice;

/// What is noted to be due later than this is no unfinished work: closed pull requests are to be forgotten in days, and the
/// repository is to be surveyed in a day.
const SOON: Duration = Duration::from_secs(3_600);

/// How long it may take until all is settled: leases of dead instances run out after a minute, and what a dead instance claimed
/// and never took up is passed over after another.
const SETTLING_PATIENCE: Duration = Duration::from_secs(300);

/// The instances.
pub struct Fleet<'a> {
    story: &'a Story,
    slots: Vec<Mutex<Slot>>,
    kills: Mutex<usize>,
}

/// One place in the fleet.
struct Slot {
    instance: Option<Slipway>,
    /// Where it listens; the address of a dead one is known until the next one lives.
    url: String,
    /// What the dead ones logged.
    log: Vec<String>,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'a> Fleet<'a> {
    /// Starts `count` instances, in the place of the story's own.
    pub async fn start(story: &'a Story, count: usize) -> Result<Self> {
        let mut slots = Vec::new();
        for _ in 0..count {
            let instance = story.another().await?;
            slots.push(Mutex::new(Slot {
                url: instance.url.clone(),
                instance: Some(instance),
                log: Vec::new(),
            }));
        }
        Ok(Self {
            story,
            slots,
            kills: Mutex::new(0),
        })
    }

    /// The address of one instance, dead or alive.
    pub fn any_url(&self, dice: &mut Dice) -> String {
        let slot = dice.below(self.slots.len());
        self.slots
            .get(slot)
            .map(|slot| lock(slot).url.clone())
            .unwrap_or_default()
    }

    /// How often an instance was killed.
    pub fn kills(&self) -> usize {
        *lock(&self.kills)
    }

    /// Every few seconds kills one instance, whatever it does, and starts another in its place. Never ends.
    pub async fn keep_killing(&self, mut dice: Dice) -> Result<()> {
        loop {
            tokio::time::sleep(Duration::from_millis(1_500 + dice.below(1_500) as u64)).await;
            let Some(slot) = self.slots.get(dice.below(self.slots.len())) else {
                continue;
            };
            let instance = lock(slot).instance.take();
            if let Some(mut instance) = instance {
                instance.kill().await?;
                lock(slot).log.extend(instance.log());
                *lock(&self.kills) += 1;
            }
            self.revive(slot).await?;
        }
    }

    /// Starts every instance that is dead.
    pub async fn revive_all(&self) -> Result<()> {
        for slot in &self.slots {
            if lock(slot).instance.is_none() {
                self.revive(slot).await?;
            }
        }
        Ok(())
    }

    async fn revive(&self, slot: &Mutex<Slot>) -> Result<()> {
        let instance = self.story.another().await?;
        let mut slot = lock(slot);
        slot.url.clone_from(&instance.url);
        slot.instance = Some(instance);
        Ok(())
    }

    /// `POST /reconcile` to one instance after the other, as a scheduler, until two answers in a row say that nothing was done
    /// and nothing is due soon. Returns how often it was called.
    pub async fn settle(&self) -> Result<usize> {
        let began = Instant::now();
        let mut calls = 0;
        let mut quiet = 0;
        while quiet < 2 {
            let slot = self.slots.get(calls % self.slots.len());
            let url = slot.map(|slot| lock(slot).url.clone()).unwrap_or_default();
            calls += 1;
            let answer = self.story.reconcile_at(&url).await?;
            ensure!(
                answer.status == 200,
                "reconcile answered {} {}",
                answer.status,
                answer.text()
            );
            let said = answer.json();
            ensure!(
                count(&said, "/deliveries/dead") == 0,
                "a delivery died: {said}"
            );
            let now = now();
            let pause = match next_at(&said) {
                _ if did_something(&said) => Duration::ZERO,
                Some(at) if at <= now.after(SOON) => at.since(now),
                Some(_) | None => {
                    quiet += 1;
                    continue;
                }
            };
            quiet = 0;
            ensure!(
                began.elapsed() < SETTLING_PATIENCE,
                "not settled after {SETTLING_PATIENCE:?}, reconcile says: {said}\n{}",
                self.log()
            );
            // When the scheduler is told to come back, but not much later than others may have finished.
            let pause = pause.clamp(Duration::from_millis(200), Duration::from_secs(2));
            tokio::time::sleep(pause).await;
        }
        Ok(calls)
    }

    /// Everything that was logged by the living and the dead.
    pub fn log(&self) -> String {
        let mut lines = Vec::new();
        for slot in &self.slots {
            let slot = lock(slot);
            lines.extend(slot.log.iter().cloned());
            lines.extend(slot.instance.iter().flat_map(Slipway::log));
        }
        // Each line begins with its time.
        lines.sort();
        lines.join("\n")
    }
}

/// What says in the answer of reconcile that there was something to do.
const DONE: [&str; 8] = [
    "/deliveries/done",
    "/deliveries/waiting",
    "/deliveries/left",
    "/previews/advanced",
    "/previews/busy",
    "/previews/failed",
    "/repositories/busy",
    "/repositories/failed",
];

fn did_something(said: &Value) -> bool {
    DONE.iter().any(|what| count(said, what) != 0)
}

/// A number in the answer; one that is not there counts as wrong.
fn count(said: &Value, what: &str) -> u64 {
    said.pointer(what)
        .and_then(Value::as_u64)
        .unwrap_or(u64::MAX)
}

fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_milliseconds(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

fn next_at(said: &Value) -> Option<Timestamp> {
    Timestamp::parse(said.get("next_at")?.as_str()?)
}
