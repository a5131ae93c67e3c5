//! Webhooks: sent once, perhaps late, perhaps twice, perhaps never; sent again when somebody asks.

use std::rc::Rc;

use domain::{
    PreviewId, Timestamp,
    preview::{Fact, PullRequest},
};

use crate::{
    instance,
    kernel::{MILLISECOND, SECOND},
    sim::Sim,
};

/// A webhook.
#[derive(Debug)]
pub(crate) struct Delivery {
    pub(crate) guid: String,
    pub(crate) fact: Option<(PreviewId, Fact)>,
    /// Whether one of its attempts was answered well in time.
    pub(crate) accepted: bool,
}

/// GitHub's times are whole seconds.
pub(crate) fn whole_second(at: Timestamp) -> Timestamp {
    Timestamp::from_milliseconds(at.milliseconds().div_euclid(1_000) * 1_000)
}

/// Changes a pull request and sends the webhook of that.
pub(crate) fn change_pull(
    sim: &Rc<Sim>,
    id: PreviewId,
    what: &str,
    change: impl FnOnce(&mut PullRequest),
) {
    let now = sim.kernel.now();
    let updated_at = whole_second(sim.now());
    let shown = {
        let mut github = sim.github.borrow_mut();
        let Some(pull) = github.pulls.iter_mut().find(|pull| pull.id == id) else {
            return;
        };
        let Some(mut version) = pull.now().cloned() else {
            return;
        };
        change(&mut version);
        version.updated_at = updated_at;
        if pull.head() != version.head_commit.as_str() {
            pull.commits.push(version.head_commit.as_str().to_owned());
            pull.head_since = now;
        }
        pull.versions.push((now, version.clone()));
        version
    };
    sim.tell("github", || {
        format!("{id}: {what} (head {:.7})", shown.head_commit.as_str())
    });
    send(
        sim,
        Some((
            id,
            Fact::PullRequestDelivered {
                pull_request: shown,
            },
        )),
    );
}

/// Sends the webhook of a run as it is now. Runs of forks name no pull request (VENDORS 4.7).
pub(crate) fn run(sim: &Rc<Sim>, id: PreviewId, index: usize) {
    let fact = {
        let github = sim.github.borrow();
        let Some(pull) = github.pull(id) else {
            return;
        };
        let run = pull.runs.get(index).and_then(|run| run.versions.last());
        let Some(((_, run), repository)) = run.zip(github.repository_of(pull)) else {
            return;
        };
        let named = run.head_repository == Some(id.repository) && pull.is_open();
        named
            .then(|| repository.name().parse().ok())
            .flatten()
            .map(|repository| {
                let run = run.clone();
                (id, Fact::RunDelivered { repository, run })
            })
    };
    if fact.is_some() {
        send(sim, fact);
    }
}

pub(crate) fn send(sim: &Rc<Sim>, fact: Option<(PreviewId, Fact)>) {
    let faults = sim.faults.get().delivery;
    let index = {
        let mut github = sim.github.borrow_mut();
        let number = github.number();
        github.deliveries.push(Delivery {
            guid: format!("guid-{number}"),
            fact,
            accepted: false,
        });
        github.deliveries.len() - 1
    };
    sim.statistics.deliveries.add(1);
    if sim.random.chance(faults.lost) {
        sim.tell("github", || format!("delivery {index} is lost"));
        return;
    }
    let copies = if sim.random.chance(faults.twice) {
        2
    } else {
        1
    };
    for _ in 0..copies {
        let pause = if sim.random.chance(faults.late) {
            sim.random.below(90 * SECOND)
        } else {
            sim.random.between(20, 1_500) * MILLISECOND
        };
        sim.after(pause, move |sim| attempt(sim, index));
    }
}

/// Sends again what was never accepted; returns how many those are.
pub(crate) fn redeliver(sim: &Rc<Sim>) -> usize {
    let failed: Vec<usize> = {
        let github = sim.github.borrow();
        let deliveries = github.deliveries.iter().enumerate();
        deliveries
            .filter(|(_, delivery)| !delivery.accepted)
            .map(|(index, _)| index)
            .collect()
    };
    for index in &failed {
        let index = *index;
        sim.statistics.redeliveries.add(1);
        sim.after(sim.random.below(20 * SECOND), move |sim| {
            attempt(sim, index)
        });
    }
    failed.len()
}

/// One attempt at one of the processes.
fn attempt(sim: &Rc<Sim>, index: usize) {
    let instance =
        usize::try_from(sim.random.below(sim.instances.len() as u64)).unwrap_or_default();
    let life = sim.life(instance);
    if sim.is_dead(instance, life) {
        sim.tell("github", || {
            format!("delivery {index}: instance {instance} is down")
        });
        return;
    }
    let Some((id, fact)) = sim
        .github
        .borrow()
        .deliveries
        .get(index)
        .and_then(|delivery| delivery.fact.clone())
    else {
        return;
    };
    sim.tell("github", || {
        format!("delivery {index} for {id} to instance {instance}")
    });
    instance::deliver(sim, instance, index, id, fact);
}

/// What an attempt was answered: later than after ten seconds it counts as failed.
pub(crate) fn answered(sim: &Rc<Sim>, index: usize, begun: u64) {
    let in_time = sim.kernel.now().saturating_sub(begun) < 10 * SECOND;
    if let Some(delivery) = sim.github.borrow_mut().deliveries.get_mut(index)
        && in_time
    {
        delivery.accepted = true;
    }
}
