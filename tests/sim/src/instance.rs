//! A process of Slipway's: what the components' entries do, and the reconcile that comes round.

use std::{cell::Cell, rc::Rc, time::Duration};

use domain::{PreviewId, preview::Fact};
use ports::Clock;
use runtime::{Runner, preview::PreviewExecutor, reconcile};
use vendors::{coolify, github};

use crate::{
    github::deliveries,
    http::{COOLIFY, GITHUB},
    kernel::{MILLISECOND, Micros, SECOND},
    port::Port,
    sim::Sim,
    watched::{Noted, Watched, WatchedExecutor},
};

/// So long a delivery's request goes on with its preview.
const FOLLOWED: Duration = Duration::from_secs(120);
/// So long one reconcile begins with further previews.
const RECONCILED: Duration = Duration::from_secs(50);

type Running<'a> = Runner<&'a Port, &'a Port, &'a Port, WatchedExecutor<'a>>;

fn runner(port: &Port) -> Running<'_> {
    Runner {
        store: port,
        clock: port,
        log: port,
        executor: WatchedExecutor {
            inner: PreviewExecutor {
                github: Some(github::Client::new(port, port, GITHUB, "token-of-github")),
                coolify: Some(coolify::Client::new(port, COOLIFY, "1|token-of-coolify")),
                http: port,
                log: port,
                account: Cell::new(None),
            },
            port,
        },
    }
}

/// Begins a process: it reconciles now and then.
pub(crate) fn begin(sim: &Rc<Sim>, instance: usize) {
    let port = Port {
        sim: Rc::clone(sim),
        instance,
    };
    sim.kernel.spawn(instance, reconcile_for_ever(port));
}

async fn reconcile_for_ever(port: Port) {
    let mut next = None;
    loop {
        port.sleep(pause(&port, next)).await;
        next = reconcile_once(&port).await;
    }
}

/// When to reconcile again: at the time that the last one told, but neither too often nor too seldom.
fn pause(port: &Port, next: Option<domain::Timestamp>) -> Duration {
    let sim = &port.sim;
    let longest = sim.reconcile_pause.get();
    let own: Micros = if port.instance == 0 {
        let told = next.map_or(longest, |next| {
            Micros::try_from(next.since(port.now()).as_micros()).unwrap_or(longest)
        });
        told.clamp(SECOND, longest)
    } else {
        longest * 2
    };
    let spread = sim.random.below(own / 4 + MILLISECOND);
    Duration::from_micros(own + spread)
}

async fn reconcile_once(port: &Port) -> Option<domain::Timestamp> {
    port.sim.statistics.reconciles.add(1);
    let runner = runner(port);
    let work = reconcile::work(&port).await.ok()?;
    let deadline = port.now().after(RECONCILED);
    let report = runner
        .advance_all::<Watched>(&work.entities, deadline)
        .await;
    report.next_at
}

/// A delivery arrives at a process: the fact is made durable, the delivery is answered, and the preview is followed.
pub(crate) fn deliver(sim: &Rc<Sim>, instance: usize, delivery: usize, id: PreviewId, fact: Fact) {
    let port = Port {
        sim: Rc::clone(sim),
        instance,
    };
    let begun = sim.kernel.now();
    sim.kernel.spawn(instance, async move {
        let runner = runner(&port);
        let fact = Noted::new(fact, port.sim.mutation);
        let Ok(mail) = runner.post::<Watched>(&id, &fact).await else {
            return;
        };
        deliveries::answered(&port.sim, delivery, begun);
        let deadline = port.now().after(FOLLOWED);
        let outcome = runner.follow::<Watched>(&id, &[mail], deadline).await;
        port.sim
            .tell(&port.name(), || format!("{id}: followed to {outcome:?}"));
    });
}
