//! What must hold of releases all the way: an environment goes backwards only by a way back, nothing goes on by itself after one, one
//! release after the other works on an application, and what is said to be live is what Argo CD runs.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use domain::release::Relation;

use super::{Environment, image_of, line, with};
use crate::{
    kernel::{Micros, SECOND},
    sim::Sim,
};

/// So often it is looked whether what is said to be live runs.
const LOOKED_EVERY: Micros = 20 * SECOND;

/// What was seen so far, by application.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    applications: BTreeMap<&'static str, Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    /// The commit that its specification was given last.
    given: Option<usize>,
    /// The marks of its operations, in their order.
    marks: Vec<String>,
    /// A way back was begun, and no person did anything about it since.
    is_held: bool,
    /// Commits that a person let go on though they do not follow what is there.
    allowed: BTreeSet<String>,
}

/// Begins to look on.
pub(super) fn begin(sim: &Rc<Sim>) {
    sim.after(LOOKED_EVERY, |sim| {
        for environment in Environment::ALL {
            look_on(sim, environment);
        }
        begin(sim);
    });
}

/// A person does something that lets releases go on.
pub(super) fn person_acts(sim: &Rc<Sim>, environment: Environment, allowed: Option<&str>) {
    with(sim, |world| {
        let seen = world.watch.of(environment.application());
        seen.is_held = false;
        seen.allowed.extend(allowed.map(str::to_owned));
    });
}

impl Watch {
    fn of(&mut self, application: &'static str) -> &mut Seen {
        self.applications.entry(application).or_default()
    }
}

/// Whose application it is.
fn environment(application: &str) -> Option<Environment> {
    let mut all = Environment::ALL.into_iter();
    all.find(|one| one.application() == application)
}

/// Argo CD is about to take another image into a specification.
pub(super) fn image_set(sim: &Rc<Sim>, application: &'static str, image: &str) {
    let Some(environment) = environment(application) else {
        return;
    };
    let overview = line(sim, environment).map(|line| line.overview(sim.now()));
    let running = overview.as_ref().and_then(|seen| seen.running.as_ref());
    let Some(running) = running else {
        return sim.violate(|| format!("{application}: {image} is set, and no release is in hand"));
    };
    let is_rollback = running.is_rollback;
    if !is_rollback && image_of(&running.commit) != image {
        let commit = running.commit.short().to_owned();
        sim.violate(|| format!("{application}: {image} is set, and {commit} is in hand"));
    }
    let wrong = with(sim, |world| {
        let commit = world.commit_of(image);
        let allows = world.terms.allows_diverged && environment == Environment::Staging;
        let history = &world.history;
        let seen = world.watch.applications.entry(application).or_default();
        let relation = match (seen.given, commit) {
            (Some(given), Some(commit)) => history.relation(given, commit),
            // What was there before Slipway came is older than all.
            (Some(_), None) => Relation::Behind,
            (None, Some(_) | None) => Relation::Ahead,
        };
        seen.given = commit.or(seen.given);
        // The release of one that a person allowed may be replaced by a newer one before Argo CD is given anything.
        let follows_an_allowed = |commit: usize| {
            let mut allowed = seen.allowed.iter().filter_map(|sha| history.index_of(sha));
            allowed.any(|one| {
                matches!(
                    history.relation(one, commit),
                    Relation::Ahead | Relation::Identical
                )
            })
        };
        let is_allowed = match relation {
            Relation::Ahead | Relation::Identical => true,
            Relation::Diverged => allows || commit.is_some_and(follows_an_allowed),
            Relation::Behind => false,
        };
        let was_held = seen.is_held;
        seen.is_held |= is_rollback;
        match (is_rollback, is_allowed, was_held) {
            (true, ..) | (false, true, false) => None,
            (false, false, _) => Some(format!("it stands {relation:?} to what was there")),
            (false, true, true) => Some("nobody released it after the way back".to_owned()),
        }
    });
    if let Some(wrong) = wrong {
        sim.violate(|| format!("{application}: {image} is set, and {wrong}"));
    }
    if is_rollback {
        sim.statistics.ways_back.add(1);
    } else {
        sim.statistics.releases.add(1);
    }
}

/// Argo CD took an operation on.
pub(super) fn operation_taken(sim: &Rc<Sim>, application: &'static str, mark: Option<&str>) {
    let Some(mark) = mark else {
        return sim.violate(|| format!("{application}: an operation without a mark"));
    };
    let is_late = with(sim, |world| {
        let marks = &mut world.watch.of(application).marks;
        let is_newest = marks.last().is_some_and(|last| last == mark);
        let is_known = marks.iter().any(|known| known == mark);
        marks.push(mark.to_owned());
        is_known && !is_newest
    });
    if is_late {
        sim.violate(|| format!("{application}: {mark} is asked for after another release began"));
    }
}

/// What is said to be live is what runs, and what is over says why.
fn look_on(sim: &Rc<Sim>, environment: Environment) {
    let Some(overview) = line(sim, environment).map(|line| line.overview(sim.now())) else {
        return;
    };
    for ended in &overview.ended {
        if ended.reason.is_empty() {
            let (commit, phase) = (ended.commit.short(), ended.phase);
            sim.violate(|| {
                format!(
                    "{}: {commit} is {phase}, and nothing says why",
                    environment.name()
                )
            });
        }
    }
    let Some(live) = overview.live.filter(|_| overview.running.is_none()) else {
        return;
    };
    let image = image_of(&live.commit);
    let wrong = with(sim, |world| {
        let application = world.argocd.of(environment)?;
        let runs = application.wanted == image && application.live.image == image;
        (!runs).then(|| {
            format!(
                "{} wanted, {} runs",
                application.wanted, application.live.image
            )
        })
    });
    if let Some(wrong) = wrong {
        sim.violate(|| {
            format!(
                "{}: {image} is said to be live: {wrong}",
                environment.name()
            )
        });
    }
}
