//! What must hold in the end: the world is what GitHub says that it should be.

use std::{collections::BTreeSet, rc::Rc};

use domain::{
    PreviewId,
    configuration::Forks,
    preview::{PullRequestState, marker},
};
use ports::Label;
use serde_json::Value;

use crate::{
    coolify::Application,
    directories::is_of_directory,
    github::{Comment, Expected, GitHub, OWN_ACCOUNT, Pull, Service},
    kernel::{MINUTE, SECOND},
    sim::Sim,
};

/// The first thing that is not as it should be.
pub(crate) fn world(sim: &Rc<Sim>) -> Result<(), String> {
    let github = sim.github.borrow();
    for pull in &github.pulls {
        let services = github
            .repository_of(pull)
            .map(|repository| repository.services.clone())
            .unwrap_or_default();
        for service in &services {
            preview(sim, &github, pull, service)?;
        }
        comment(sim, &github, pull, &services)?;
        let is_there = services.iter().any(|service| {
            let coolify = sim.coolify.borrow();
            let found = coolify.applications.get(&service.application);
            found.is_some_and(|found| found.previews.contains_key(&pull.id.number.0))
        });
        github.reports_fit(pull, is_there)?;
    }
    Ok(())
}

fn preview(sim: &Rc<Sim>, github: &GitHub, pull: &Pull, service: &Service) -> Result<(), String> {
    let (application, number) = (service.application.as_str(), pull.id.number.0);
    let place = format!("{} on {application}", pull.id);
    let coolify = sim.coolify.borrow();
    let found = coolify.applications.get(application);
    let preview = found.and_then(|found| found.previews.get(&number));
    let container = preview.and_then(|preview| preview.container.as_ref());
    let busy = found.is_some_and(|found| {
        found
            .deployments
            .iter()
            .any(|deployment| deployment.number == number && deployment.status.is_under_way())
    });
    if busy {
        return Err(format!("{place}: a deployment is still under way"));
    }
    match github.expected(pull, service, sim.kernel.now()) {
        Expected::Absent => {
            if preview.is_some_and(|preview| preview.shown || preview.container.is_some()) {
                return Err(format!(
                    "{place}: there should be no preview, but there is one"
                ));
            }
        }
        Expected::Awaited | Expected::Anything => {}
        Expected::Present(commit) => {
            if sim.oracle.borrow().is_excused(application, number, &commit) {
                return Ok(());
            }
            // Who waits waits only as long as others have all places.
            if is_crowded_out(sim, number, service) {
                sim.statistics.crowded_out.add(1);
                return Ok(());
            }
            let running = container.map(|container| container.commit.as_str());
            if running != Some(commit.as_str()) {
                return Err(format!(
                    "{place}: {commit:.7} should run, but it is {running:?}"
                ));
            }
            let answers = container
                .and_then(|container| container.healthy_at)
                .is_some_and(|at| at <= sim.kernel.now());
            if answers == github.is_sick(&commit) {
                return Err(format!("{place}: it answers: {answers}"));
            }
        }
    }
    Ok(())
}

/// How many previews an application shows, or may have as far as Slipway knows: a deployment whose request was lost counts until it is
/// known that there is nothing.
fn live(sim: &Rc<Sim>, application: &str, found: Option<&Application>) -> usize {
    let shown = found.iter().flat_map(|found| &found.previews);
    let mut numbers: BTreeSet<u64> = shown
        .filter(|(_, preview)| preview.shown)
        .map(|(number, _)| *number)
        .collect();
    let mut store = sim.store.borrow_mut();
    let place = format!("/state/preview/targets/{application}/occupied");
    for key in store.keys(Label::Default) {
        let Ok(id) = key.parse::<PreviewId>() else {
            continue;
        };
        let record = store.value(Label::Default, &key).unwrap_or_default();
        let record: Value = serde_json::from_slice(&record).unwrap_or_default();
        if record.pointer(&place) == Some(&Value::Bool(true)) {
            numbers.insert(id.number.0);
        }
    }
    numbers.len()
}

/// Whether a preview of the service waits for a place.
fn is_crowded_out(sim: &Rc<Sim>, number: u64, service: &Service) -> bool {
    let coolify = sim.coolify.borrow();
    let found = coolify.applications.get(&service.application);
    let preview = found.and_then(|found| found.previews.get(&number));
    let is_there = preview.is_some_and(|preview| preview.shown);
    service
        .limit
        .is_some_and(|limit| !is_there && live(sim, &service.application, found) >= limit)
}

fn comment(
    sim: &Rc<Sim>,
    github: &GitHub,
    pull: &Pull,
    services: &[Service],
) -> Result<(), String> {
    let marker = marker(pull.id);
    let own: Vec<&Comment> = github
        .comments
        .iter()
        .filter(|comment| {
            comment.pull == pull.id
                && comment.author == OWN_ACCOUNT
                && comment.body.contains(&marker)
        })
        .collect();
    if own.len() > 1 {
        return Err(format!("{}: {} comments of ours", pull.id, own.len()));
    }
    let state = pull.now().map(|now| now.state);
    let body = own.first().map(|comment| comment.body.as_str());
    let expected: Vec<(&Service, Expected)> = services
        .iter()
        .map(|service| (service, github.expected(pull, service, sim.kernel.now())))
        .collect();
    let due = expected
        .iter()
        .any(|(_, expected)| !matches!(expected, Expected::Absent | Expected::Anything));
    let Some(body) = body else {
        return if due {
            Err(format!("{}: a comment is due, and there is none", pull.id))
        } else {
            Ok(())
        };
    };
    let must_say = |text: &str| {
        if body.contains(text) {
            Ok(())
        } else {
            Err(format!(
                "{}: the comment should say {text:?}, but says:\n{body}",
                pull.id
            ))
        }
    };
    match state {
        Some(PullRequestState::Merged) => must_say("was merged")?,
        Some(PullRequestState::Closed) => must_say("was closed")?,
        Some(PullRequestState::Open) | None => {}
    }
    for (service, expected) in &expected {
        let Expected::Present(commit) = expected else {
            continue;
        };
        let (application, number) = (service.application.as_str(), pull.id.number.0);
        if sim.oracle.borrow().is_excused(application, number, commit) {
            continue;
        }
        if is_crowded_out(sim, number, service) {
            must_say("Waiting for a place: at most")?;
            continue;
        }
        must_say(commit.get(..7).unwrap_or_default())?;
        must_say(if github.is_sick(commit) {
            "Not healthy"
        } else {
            "Ready"
        })?;
    }
    Ok(())
}

/// Whether each of these commits was deployed exactly once, wherever it should run.
pub(crate) fn exactly_once(sim: &Rc<Sim>, fresh: &[String]) -> Result<(), String> {
    let github = sim.github.borrow();
    for pull in &github.pulls {
        let Some(repository) = github.repository_of(pull) else {
            continue;
        };
        for service in &repository.services {
            let Expected::Present(commit) = github.expected(pull, service, sim.kernel.now()) else {
                continue;
            };
            let count =
                sim.oracle
                    .borrow()
                    .deployments(&service.application, pull.id.number.0, &commit);
            // The approval of another service took the label off and put it on again.
            let relabelled = github.awaits_approval(pull) && service.forks != Forks::Label;
            let most = if relabelled { 2 } else { 1 };
            if is_crowded_out(sim, pull.id.number.0, service) {
                continue;
            }
            if fresh.contains(&commit) && !(1..=most).contains(&count) {
                return Err(format!(
                    "{} on {}: {commit:.7} was deployed {count} times by vendors that work",
                    pull.id, service.application
                ));
            }
        }
    }
    Ok(())
}

/// Nothing but notes of when to forget may be left in the queue.
pub(crate) fn queue_is_empty(sim: &Rc<Sim>) -> Result<(), String> {
    let soon = sim.now().milliseconds() + 3_600_000;
    let keys = sim.store.borrow_mut().keys(Label::Queue);
    for key in keys {
        let value = sim.store.borrow_mut().value(Label::Queue, &key);
        let text = value.and_then(|value| String::from_utf8(value).ok());
        let at = text.and_then(|text| text.parse::<i64>().ok());
        if is_of_repository(&key) {
            continue;
        }
        if !key.starts_with("due/") || at.is_none_or(|at| at <= soon) {
            return Err(format!("{key} is left in the queue ({at:?})"));
        }
    }
    Ok(())
}

/// A repository that is known stays so, and is always to be surveyed again.
fn is_of_repository(key: &str) -> bool {
    key.starts_with("repository/") || key.starts_with("due/repository/")
}

/// Where GitHub keeps a log, whatever it sent is here, however it came.
pub(crate) fn every_delivery_was_taken_in(sim: &Rc<Sim>) -> Result<(), String> {
    let github = sim.github.borrow();
    if github.log.is_none() {
        return Ok(());
    }
    let mut store = sim.store.borrow_mut();
    let mut keys = store.keys(Label::Inbox);
    keys.extend(store.keys(Label::Queue));
    let is_here = |guid: &str| keys.contains(&format!("delivery/{guid}"));
    let before = sim.kernel.now().saturating_sub(MINUTE);
    let mut sent = github.deliveries.iter().filter(|one| one.sent_at < before);
    match sent.find(|one| !is_here(&one.guid)) {
        Some(missing) => Err(format!("the delivery {} is missing for ever", missing.guid)),
        None => Ok(()),
    }
}

/// Every delivery was dealt with.
pub(crate) fn no_delivery_is_dead(sim: &Rc<Sim>) -> Result<(), String> {
    let keys = sim.store.borrow_mut().keys(Label::Inbox);
    let buried = |key: &&String| {
        let number = key.strip_prefix("journal/dead/");
        number.is_some_and(|number| number.parse::<i64>().is_ok())
    };
    match keys.iter().find(buried) {
        Some(key) => Err(format!("a delivery was given up: {key}")),
        None => Ok(()),
    }
}

/// Of closed pull requests no deployment may be left on GitHub when they are forgotten.
pub(crate) fn no_deployment_is_left(sim: &Rc<Sim>) -> Result<(), String> {
    let left = sim.github.borrow().left_deployments();
    if left.is_empty() {
        Ok(())
    } else {
        Err(format!("deployments are left on GitHub: {left:?}"))
    }
}

/// Of a repository only so many keys are kept, however often it was surveyed: the record, the counter of mail, some leases, notes.
const REPOSITORY_KEYS: usize = 16;

/// A repository stays known, but its keys do not become more and more.
pub(crate) fn repositories_are_small(sim: &Rc<Sim>) -> Result<(), String> {
    let repositories = sim.github.borrow().repositories.len();
    let mut store = sim.store.borrow_mut();
    let keys: Vec<String> = Label::ALL
        .into_iter()
        .flat_map(|label| store.keys(label))
        .filter(|key| is_of_repository(key))
        .collect();
    if keys.len() <= repositories * REPOSITORY_KEYS {
        Ok(())
    } else {
        Err(format!(
            "too many keys of repositories: {}",
            keys.join(", ")
        ))
    }
}

/// Where the journals of finished deliveries begin and end: a few values, however many deliveries there were.
fn is_of_journal(key: &str) -> bool {
    let of = |journal: &str| {
        let of = key
            .strip_prefix("journal/")
            .and_then(|key| key.strip_prefix(journal));
        of.is_some_and(|name| matches!(name, "/begin" | "/end" | "/before" | "/digest"))
    };
    key == "journal/looked-at" || of("done") || of("dead")
}

/// Nothing at all may be left of what is forgotten. A vendor whose last answer of all was a failure is remembered, and how far
/// GitHub's log was read. A known
/// gap: who claims a lease between the moments when another deletes the entity's claims and its record, and dies before finding
/// that out, leaves the claim behind.
pub(crate) fn store_is_empty(sim: &Rc<Sim>) -> Result<(), String> {
    let mut store = sim.store.borrow_mut();
    let oracle = sim.oracle.borrow();
    let left: Vec<String> = Label::ALL
        .into_iter()
        // What people did is kept for longer.
        .filter(|label| !matches!(label, Label::Ledger))
        .flat_map(|label| {
            let keys = store.keys(label).into_iter();
            keys.filter(|key| !is_of_repository(key) && !key.starts_with("breaker/"))
                .filter(|key| !is_of_directory(key) && !is_of_journal(key))
                // What was last met of Coolify's limits: one value.
                .filter(|key| key != "limit/Coolify")
                .filter(|key| !key.starts_with("github/deliveries"))
                .filter(|key| !oracle.is_claim_of_one_who_died(key))
                .map(move |key| format!("{} {key}", label.name()))
        })
        .collect();
    if left.is_empty() {
        Ok(())
    } else {
        let at = sim.kernel.now() / SECOND;
        Err(format!(
            "left in the store at {at} s, when all is forgotten: {}",
            left.join(", ")
        ))
    }
}
