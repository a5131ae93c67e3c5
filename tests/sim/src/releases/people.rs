//! What people do in a seed of releases: they push, lock, go back, and do what an environment waits for.

use std::rc::Rc;

use domain::{Speaker, release::Fact};

use super::{Environment, MAINTAINER, history, instance, line, watch};
use crate::{
    kernel::{Micros, SECOND},
    sim::Sim,
};

/// Lets the story begin before `end`.
pub(super) fn begin(sim: &Rc<Sim>, end: Micros) {
    let random = &sim.random;
    for _ in 0..random.between(3, 10) {
        sim.after(random.below(end), |sim| history::push(sim, false));
    }
    for environment in Environment::ALL {
        if random.percent(20) {
            let locked = random.below(end);
            sim.after(locked, move |sim| lock(sim, environment));
        }
        for _ in 0..random.below(4) {
            sim.after(random.between(end / 3, end), move |sim| {
                go_back(sim, environment)
            });
        }
        if random.percent(30) {
            sim.after(random.below(end), move |sim| {
                instance::tell(sim, environment, Fact::RetryAsked);
            });
        }
    }
    // Most people look in now and then, and some never do.
    if random.percent(80) {
        look_in(sim, end);
    }
}

fn by() -> String {
    MAINTAINER.to_owned()
}

fn lock(sim: &Rc<Sim>, environment: Environment) {
    let reason = "counting coins".to_owned();
    instance::tell(sim, environment, Fact::Locked { by: by(), reason });
}

fn go_back(sim: &Rc<Sim>, environment: Environment) {
    watch::person_acts(sim, environment, None);
    let asked = Fact::RollbackAsked {
        back: u32::try_from(sim.random.between(1, 2)).unwrap_or(1),
        by: by(),
        reason: "it smells".to_owned(),
    };
    instance::tell(sim, environment, asked);
}

fn look_in(sim: &Rc<Sim>, end: Micros) {
    sim.after(sim.random.between(10, 90) * SECOND, move |sim| {
        if sim.kernel.now() < end {
            for environment in Environment::ALL {
                if sim.random.percent(50) {
                    attend(sim, environment);
                }
            }
            look_in(sim, end);
        }
    });
}

/// A person does what an environment waits for: lifts the hold, unlocks, lets commits go on, approves.
pub(super) fn attend(sim: &Rc<Sim>, environment: Environment) {
    let Some(line) = line(sim, environment) else {
        return;
    };
    let overview = line.overview(sim.now());
    if overview.hold.is_some() {
        watch::person_acts(sim, environment, None);
        instance::tell(sim, environment, Fact::HoldLifted { by: by() });
    }
    if overview.lock.is_some() {
        instance::tell(sim, environment, Fact::Unlocked { by: by() });
    }
    for release in line.releases(sim.now()) {
        let commit = release.shown.commit;
        if release.diverged {
            watch::person_acts(sim, environment, Some(commit.as_str()));
            instance::tell(sim, environment, Fact::DivergedAllowed { commit });
        } else if release.needs_approval {
            let account = Speaker::called(MAINTAINER).account;
            let (by, of) = (by(), None);
            let approved = Fact::Approved {
                commit,
                by,
                account,
                of,
            };
            instance::tell(sim, environment, approved);
        }
    }
}
