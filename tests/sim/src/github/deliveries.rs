//! Webhooks: sent once, perhaps late, perhaps twice, perhaps never; sent again when somebody asks.

use std::rc::Rc;

use domain::{
    PreviewId, Timestamp,
    preview::{PullRequest, PullRequestState},
};

use super::{MAINTAINER, log, payload};
use crate::{
    instance,
    kernel::{MILLISECOND, Micros, SECOND},
    sim::Sim,
};

/// Who opens pull requests, and does what nobody else is named for.
const AUTHOR: (u64, &str) = (4_714, "ada");

/// A webhook.
#[derive(Debug)]
pub(crate) struct Delivery {
    pub(crate) guid: String,
    pub(crate) event: &'static str,
    pub(crate) payload: Rc<[u8]>,
    pub(crate) sent_at: Micros,
    /// Whether one of its attempts was answered well in time.
    pub(crate) accepted: bool,
    /// Nobody asks GitHub to send it again: what it told must be found out otherwise.
    pub(crate) lost_for_good: bool,
}

/// GitHub's times are whole seconds.
pub(crate) fn whole_second(at: Timestamp) -> Timestamp {
    Timestamp::from_milliseconds(at.milliseconds().div_euclid(1_000) * 1_000)
}

/// Changes a pull request and sends the webhook of that; `action` is GitHub's name of what happened.
pub(crate) fn change_pull(
    sim: &Rc<Sim>,
    id: PreviewId,
    action: &str,
    change: impl FnOnce(&mut PullRequest),
) {
    change_pull_by(sim, id, action, AUTHOR, change);
}

/// The same, done by somebody in particular.
pub(crate) fn change_pull_by(
    sim: &Rc<Sim>,
    id: PreviewId,
    action: &str,
    by: (u64, &str),
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
        if action == "labeled" && by == MAINTAINER {
            let approved = version.head_commit.as_str().to_owned();
            pull.approved.push((approved, updated_at));
        }
        pull.versions.push((now, version.clone()));
        version
    };
    sim.tell("github", || {
        format!(
            "{id}: {action} by {} (head {:.7})",
            by.1,
            shown.head_commit.as_str()
        )
    });
    send_pull_by(sim, id, action, by, &shown);
}

/// Sends the webhook of what happened to a pull request.
pub(crate) fn send_pull(sim: &Rc<Sim>, id: PreviewId, action: &str, shown: &PullRequest) {
    send_pull_by(sim, id, action, AUTHOR, shown);
}

fn send_pull_by(sim: &Rc<Sim>, id: PreviewId, action: &str, by: (u64, &str), shown: &PullRequest) {
    let payload = {
        let github = sim.github.borrow();
        let Some(pull) = github.pull(id) else {
            return;
        };
        let Some(repository) = github.repository_of(pull) else {
            return;
        };
        payload::pull_request(pull, shown, repository, (action, by))
    };
    send(sim, "pull_request", payload);
}

/// Sends the webhook of a run as it is now. Runs of forks name no pull request (VENDORS 4.7).
pub(crate) fn send_run(sim: &Rc<Sim>, id: PreviewId, index: usize) {
    let payload = {
        let github = sim.github.borrow();
        let Some(pull) = github.pull(id) else {
            return;
        };
        let run = pull.runs.get(index).and_then(|run| run.versions.last());
        let Some(((_, run), repository)) = run.zip(github.repository_of(pull)) else {
            return;
        };
        let is_open = pull
            .now()
            .is_some_and(|now| now.state == PullRequestState::Open);
        let named = (is_open && run.head_repository == Some(id.repository)).then_some(id.number);
        payload::workflow_run(run, repository, named)
    };
    send(sim, "workflow_run", payload);
}

/// Sends a webhook.
pub(crate) fn send(sim: &Rc<Sim>, event: &'static str, payload: Vec<u8>) {
    let faults = sim.faults.get().delivery;
    let index = {
        let mut github = sim.github.borrow_mut();
        let number = github.number();
        github.deliveries.push(Delivery {
            guid: format!("guid-{number}"),
            event,
            payload: Rc::from(payload),
            sent_at: sim.kernel.now(),
            accepted: false,
            lost_for_good: false,
        });
        github.deliveries.len() - 1
    };
    sim.statistics.deliveries.add(1);
    if sim.random.chance(faults.lost) {
        // Runs are polled for while they are awaited, so of them nothing needs to be told.
        let for_good = sim.random.percent(40) && is_made_good(sim, index);
        let mut github = sim.github.borrow_mut();
        github.log_attempt(index, sim.kernel.now());
        if let Some(delivery) = github.deliveries.get_mut(index) {
            delivery.lost_for_good = for_good;
        }
        sim.tell("github", || {
            format!("delivery {index} is lost (for good: {for_good})")
        });
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
    // People also press the button for deliveries that were accepted.
    if sim.random.chance(faults.twice / 4) {
        let pause = sim.random.below(200 * SECOND);
        sim.after(pause, move |sim| attempt(sim, index));
    }
}

/// What was sent before this time and never accepted, and is to be sent again: where there is a log, only what Slipway could not
/// find in it.
pub(crate) fn not_accepted(sim: &Sim, before: Micros) -> Vec<usize> {
    let github = sim.github.borrow();
    let left_to_people = github.log.is_some().then(|| log::passed_over(sim));
    let deliveries = github.deliveries.iter().enumerate();
    deliveries
        .filter(|(_, delivery)| !delivery.accepted && !delivery.lost_for_good)
        .filter(|(_, delivery)| delivery.sent_at < before)
        .map(|(index, _)| index)
        .filter(|index| {
            let left = left_to_people.as_ref();
            left.is_none_or(|left| left.contains(index))
        })
        .collect()
}

/// Sends again what was never accepted.
pub(crate) fn redeliver(sim: &Rc<Sim>) {
    for index in not_accepted(sim, sim.kernel.now()) {
        sim.statistics.redeliveries.add(1);
        sim.after(sim.random.below(20 * SECOND), move |sim| {
            attempt(sim, index);
        });
    }
}

/// Somebody presses the button of some old delivery within that time.
pub(crate) fn once_more(sim: &Rc<Sim>, within: Micros) {
    let count = sim.github.borrow().deliveries.len() as u64;
    if count > 0 {
        let index = usize::try_from(sim.random.below(count)).unwrap_or_default();
        sim.after(sim.random.below(within), move |sim| attempt(sim, index));
    }
}

/// One attempt at one of the processes.
fn attempt(sim: &Rc<Sim>, index: usize) {
    let instance =
        usize::try_from(sim.random.below(sim.instances.len() as u64)).unwrap_or_default();
    let life = sim.life(instance);
    let now = sim.kernel.now();
    sim.github.borrow_mut().log_attempt(index, now);
    if sim.is_dead(instance, life) {
        sim.tell("github", || {
            format!("delivery {index}: instance {instance} is down")
        });
        return;
    }
    sim.tell("github", || {
        format!("delivery {index} to instance {instance}")
    });
    instance::deliver(sim, instance, index);
}

/// What an attempt was answered: later than after ten seconds it counts as failed.
pub(crate) fn answered(sim: &Rc<Sim>, index: usize, begun: Micros, well: bool) {
    let in_time = sim.kernel.now().saturating_sub(begun) < 10 * SECOND;
    if !in_time || !well {
        return;
    }
    let mut github = sim.github.borrow_mut();
    github.log_success(index, begun);
    if let Some(delivery) = github.deliveries.get_mut(index) {
        delivery.accepted = true;
    }
}

/// Whether Slipway can learn without the delivery what it tells: the list of open pull requests shows what is open and its head, in
/// repositories of which something arrived. It does not show whether what is closed was merged.
fn is_made_good(sim: &Sim, index: usize) -> bool {
    let github = sim.github.borrow();
    let Some(delivery) = github.deliveries.get(index) else {
        return false;
    };
    let read = |payload: &[u8]| serde_json::from_slice::<serde_json::Value>(payload).ok();
    let Some(payload) = read(&delivery.payload).filter(|_| delivery.event == "pull_request") else {
        return false;
    };
    let shown = match payload.get("action").and_then(serde_json::Value::as_str) {
        Some("opened" | "synchronize") => true,
        Some("closed") => payload.pointer("/pull_request/merged") != Some(&true.into()),
        Some(_) | None => false,
    };
    let repository = payload.pointer("/repository/id");
    let arrived = github.deliveries.iter().any(|other| {
        other.accepted
            && read(&other.payload)
                .is_some_and(|other| other.pointer("/repository/id") == repository)
    });
    shown && arrived
}
