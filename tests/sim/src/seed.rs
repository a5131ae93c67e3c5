//! One seed from its beginning to its end: a storm, the calm after it, one more push, the closing, the forgetting.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use domain::PreviewId;

use crate::{
    Options, Storm, World, directories,
    faults::Faults,
    github::{GitHub, deliveries},
    instance,
    journal::Journal,
    kernel::{Kernel, MINUTE, SECOND},
    mutation::Mutation,
    random::Random,
    releases, settled,
    sim::{Instance, Sim},
    statistics::Totals,
    story, watched,
};

/// So long after the storm everything must be as it should be: an hour, since what was given up is tried again after one.
const SETTLED_WITHIN: u64 = 75 * MINUTE;
/// A delivery to processes that live is accepted in this time.
pub(crate) const UNDER_WAY: u64 = 30 * SECOND;
/// Within this the directories know of whatever changed.
const LOOKED_AT_WITHIN: u64 = 10 * MINUTE;
/// A new push with working vendors is dealt with in this time.
const DEPLOYED_WITHIN: u64 = 10 * MINUTE;
/// A closed pull request is forgotten after three days.
const FORGOTTEN_AFTER: u64 = 3 * 24 * 60 * MINUTE;
/// The pull requests were closed within this time, and are forgotten within it.
const FORGETTING: u64 = 13 * MINUTE;
/// One of so many seeds has GitHub's log of deliveries instead of people who ask for lost ones.
const LOG_EVERY: u64 = 32;
/// In it so many of a million deliveries are lost.
const LOST_WITH_LOG: u64 = 300_000;
/// When nothing is due, reconcile comes round only so often.
const RARELY: u64 = 24 * 60 * MINUTE;

/// How a seed ended.
pub(crate) struct Ended {
    pub(crate) violation: Option<String>,
    pub(crate) story: Vec<String>,
    pub(crate) totals: Totals,
}

/// Runs one seed; the story is kept if it is to be told.
pub(crate) fn run(seed: u64, options: &Options, told: bool) -> Ended {
    let sim = Rc::new(make(seed, options, told));
    watched::SAVE_AFTER.set(options.mutation == Some(Mutation::SaveBeforeEffect));
    let played = match options.world {
        World::Previews | World::Targets => play(&sim),
        World::Releases => releases::play(&sim),
    };
    if let Err(wrong) = played {
        sim.violate(|| wrong);
    }
    sim.kernel.clear();
    Ended {
        violation: sim.violation.borrow().clone(),
        story: sim.journal.lines(),
        totals: sim.statistics.totals(),
    }
}

/// A seed that has not begun.
pub(crate) fn make(seed: u64, options: &Options, told: bool) -> Sim {
    let random = Random::new(seed);
    let mut faults = Faults::draw(options.storm, &random);
    let has_log = options.world == World::Previews
        && options.storm != Storm::Calm
        && seed % LOG_EVERY == LOG_EVERY - 1;
    if has_log {
        faults.delivery.lost = LOST_WITH_LOG;
    }
    let skew: i64 = random.pick(&[0, 0, 300, 2_000]);
    let instances: Vec<Instance> = (0..random.between(2, 3))
        .map(|_| Instance {
            life: Cell::new(0),
            alive: Cell::new(true),
            skew: Cell::new(
                i64::try_from(random.below(4_001)).unwrap_or_default() * skew / 2_000 - skew,
            ),
        })
        .collect();
    let mut github = GitHub::new(has_log);
    let releases = match options.world {
        World::Previews | World::Targets => None,
        World::Releases => github
            .commit()
            .map(|first| RefCell::new(releases::World::new(&random, first))),
    };
    Sim {
        kernel: Kernel::default(),
        random,
        mutation: options.mutation,
        faults: Cell::new(faults),
        instances,
        store: RefCell::default(),
        github: RefCell::new(github),
        releases,
        on_targets: options.world == World::Targets,
        coolify: RefCell::default(),
        platform: RefCell::default(),
        kubernetes: RefCell::default(),
        oracle: RefCell::default(),
        journal: Journal::new(told),
        statistics: crate::statistics::Statistics::default(),
        violation: RefCell::new(None),
        skew_max: 2 * skew + 1,
        reconcile_pause: Cell::new(20 * SECOND),
    }
}

fn play(sim: &Rc<Sim>) -> Result<(), String> {
    let run = |pause: u64| {
        let on = sim.kernel.run_until(sim.kernel.now() + pause);
        if on {
            Ok(())
        } else {
            Err("stopped".to_owned())
        }
    };
    sim.tell("seed", || format!("{:?}", sim.faults.get()));
    let storm = sim.random.between(2, 10) * MINUTE;
    story::begin(sim, storm);
    for instance in 0..sim.instances.len() {
        instance::begin(sim, instance);
    }
    run(storm)?;
    sim.tell("seed", || "the storm is over".to_owned());
    let faults = sim.faults.get();
    calm(sim);
    // Builds end, processes come back, and GitHub is asked to send again what was never accepted.
    run(5 * MINUTE)?;
    deliveries::redeliver(sim);
    run(MINUTE)?;
    // What happened in this very second is still on its way.
    let left = deliveries::not_accepted(sim, sim.kernel.now() - UNDER_WAY).len();
    if left > 0 {
        return Err(format!(
            "{left} deliveries are not accepted by a store that works"
        ));
    }
    sim.reconcile_pause.set(5 * MINUTE);
    run(SETTLED_WITHIN)?;
    sim.tell("seed", || "everything should be as GitHub says".to_owned());
    settled::every_delivery_was_taken_in(sim)?;
    settled::world(sim)?;
    let fresh = push_once_more(sim);
    run(DEPLOYED_WITHIN)?;
    sim.tell("seed", || "the last pushes should be deployed".to_owned());
    settled::world(sim)?;
    settled::exactly_once(sim, &fresh)?;
    story::close_all(sim);
    run(DEPLOYED_WITHIN)?;
    sim.tell("seed", || {
        "nothing should be left of closed pull requests".to_owned()
    });
    settled::world(sim)?;
    settled::no_delivery_is_dead(sim)?;
    // Whatever changed a moment ago is looked at two minutes later, by a `reconcile` that pauses no longer than that.
    sim.reconcile_pause.set(2 * MINUTE);
    run(LOOKED_AT_WITHIN)?;
    settled::queue_is_empty(sim)?;
    directories::name_what_is_stored(sim)?;
    sim.reconcile_pause.set(RARELY);
    run(FORGOTTEN_AFTER - DEPLOYED_WITHIN - LOOKED_AT_WITHIN - MINUTE)?;
    sim.tell("seed", || {
        "the closed pull requests are forgotten".to_owned()
    });
    forget_under_fire(sim, faults);
    run(FORGETTING)?;
    calm(sim);
    sim.reconcile_pause.set(2 * MINUTE);
    run(FORGETTING)?;
    // What a late delivery brought back goes in its turn.
    sim.reconcile_pause.set(RARELY);
    run(FORGOTTEN_AFTER + 3 * RARELY)?;
    // And some minutes after that it is named no more.
    sim.reconcile_pause.set(2 * MINUTE);
    run(FORGETTING)?;
    directories::name_what_is_stored(sim)?;
    settled::no_deployment_is_left(sim)?;
    settled::repositories_are_small(sim)?;
    settled::store_is_empty(sim)
}

/// No faults any more.
pub(crate) fn calm(sim: &Rc<Sim>) {
    sim.faults.set(Faults::default());
    sim.store.borrow_mut().down_until = 0;
    sim.github.borrow_mut().down_until = 0;
    sim.coolify.borrow_mut().down_until = 0;
    sim.platform.borrow_mut().down_until = 0;
    sim.kubernetes.borrow_mut().down_until = 0;
}

/// Lets processes die and the store fail while all of them forget, and old deliveries come once more.
fn forget_under_fire(sim: &Rc<Sim>, faults: Faults) {
    sim.faults.set(faults);
    sim.reconcile_pause.set(25 * SECOND);
    for _ in 0..sim.random.below(4) {
        deliveries::once_more(sim, FORGETTING);
    }
}

/// A push to every open pull request, whose build succeeds; returns the commits.
fn push_once_more(sim: &Rc<Sim>) -> Vec<String> {
    sim.oracle.borrow_mut().excuse_nothing();
    let open: Vec<PreviewId> = sim
        .github
        .borrow()
        .pulls
        .iter()
        .filter(|pull| pull.is_open())
        .map(|pull| pull.id)
        .collect();
    for id in &open {
        story::push(sim, *id, true);
        story::approve(sim, *id);
    }
    let github = sim.github.borrow();
    open.iter()
        .filter_map(|id| github.pull(*id))
        .map(|pull| pull.head().to_owned())
        .collect()
}
