//! One seed of releases from its beginning to its end: a storm, the calm after it, one more push.

use std::rc::Rc;

use super::{Environment, argocd, history, people, settled, watch, with};
use crate::{
    directories,
    github::deliveries,
    instance,
    kernel::{MINUTE, SECOND},
    seed::{UNDER_WAY, calm},
    settled as all_settled,
    sim::Sim,
};

/// What was given up in the storm is over by then.
const SETTLED_WITHIN: u64 = 75 * MINUTE;
/// A commit that works goes through both environments in this time, people included.
const RELEASED_WITHIN: u64 = 40 * MINUTE;

/// Plays a seed.
pub(crate) fn play(sim: &Rc<Sim>) -> Result<(), String> {
    let run = |pause: u64| {
        let on = sim.kernel.run_until(sim.kernel.now() + pause);
        if on {
            Ok(())
        } else {
            Err("stopped".to_owned())
        }
    };
    sim.tell("seed", || format!("{:?}", sim.faults.get()));
    let storm = sim.random.between(8, 25) * MINUTE;
    argocd::begin(sim);
    watch::begin(sim);
    people::begin(sim, storm);
    for instance in 0..sim.instances.len() {
        instance::begin(sim, instance);
    }
    run(storm)?;
    sim.tell("seed", || "the storm is over".to_owned());
    calm(sim);
    run(5 * MINUTE)?;
    deliveries::redeliver(sim);
    run(MINUTE)?;
    let left = deliveries::not_accepted(sim, sim.kernel.now() - UNDER_WAY).len();
    if left > 0 {
        return Err(format!(
            "{left} deliveries are not accepted by a store that works"
        ));
    }
    run(SETTLED_WITHIN)?;
    all_settled::no_delivery_is_dead(sim)?;
    sim.tell("seed", || "a commit that works is pushed".to_owned());
    history::push(sim, true);
    let commit = with(sim, |world| {
        let newest = world.history.commit(world.history.head())?;
        Some(newest.sha.clone())
    });
    let commit = commit.ok_or("nothing was pushed")?;
    for _ in 0..RELEASED_WITHIN / (30 * SECOND) {
        for environment in Environment::ALL {
            people::attend(sim, environment);
        }
        run(30 * SECOND)?;
    }
    sim.tell("seed", || "it should be live everywhere".to_owned());
    settled::released(sim, &commit)?;
    all_settled::no_delivery_is_dead(sim)?;
    settled::queue_is_quiet(sim)?;
    directories::name_what_is_stored(sim)
}
