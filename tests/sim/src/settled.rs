//! What must hold in the end: the world is what GitHub says that it should be.

use std::{collections::BTreeSet, rc::Rc};

use domain::{
    PreviewId, TargetId,
    configuration::Forks,
    preview::{PullRequestState, marker},
};
use ports::Label;
use serde_json::Value;

use crate::{
    directories::is_of_directory,
    github::{Comment, Expected, GitHub, OWN_ACCOUNT, Pull, Service},
    kernel::{MINUTE, SECOND},
    sim::Sim,
    targets::{self, On},
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
            let is_there = targets::is_there(sim, service, pull.id.repository, pull.id.number.0);
            // Coolify remembers what it removed.
            let coolify = sim.coolify.borrow();
            let found = coolify.applications.get(&service.application);
            is_there || found.is_some_and(|found| found.previews.contains_key(&pull.id.number.0))
        });
        github.reports_fit(pull, is_there)?;
    }
    match sim.kubernetes.borrow().missing_stranger() {
        Some(stranger) if sim.on_targets => {
            Err(format!("the namespace {stranger} of others is gone"))
        }
        Some(_) | None => Ok(()),
    }
}

/// What should be there of a service, by what is there of those that it needs.
fn expected(sim: &Rc<Sim>, github: &GitHub, pull: &Pull, service: &Service) -> Expected {
    let number = pull.id.number.0;
    let expected = github.expected(pull, service, sim.kernel.now());
    let Expected::Present(commit) = &expected else {
        return expected;
    };
    let is_ready = |needed: &Service| {
        let present = self::expected(sim, github, pull, needed) == expected;
        let excused = sim
            .oracle
            .borrow()
            .is_excused(&needed.application, number, commit);
        present && !excused && !is_crowded_out(sim, number, needed) && !github.is_sick(commit)
    };
    let mut needed = github.siblings(service);
    if !needed.all(|other| !service.needs.contains(&other.name) || is_ready(other)) {
        return Expected::Anything;
    }
    // Nobody makes a namespace but a build: what was removed in between comes with the next one.
    let has = |commit: &str| {
        let running = targets::container(sim, &service.application, number);
        running.is_some_and(|running| running.commit == commit)
    };
    if service.on == On::Namespace && !has(commit) {
        return Expected::Anything;
    }
    expected
}

fn preview(sim: &Rc<Sim>, github: &GitHub, pull: &Pull, service: &Service) -> Result<(), String> {
    let (application, number) = (service.application.as_str(), pull.id.number.0);
    let place = format!("{} on {application}", pull.id);
    let coolify = sim.coolify.borrow();
    let found = coolify.applications.get(application);
    let container = targets::container(sim, application, number);
    let busy = found.is_some_and(|found| {
        found
            .deployments
            .iter()
            .any(|deployment| deployment.number == number && deployment.status.is_under_way())
    });
    if busy {
        return Err(format!("{place}: a deployment is still under way"));
    }
    match expected(sim, github, pull, service) {
        Expected::Absent => {
            let is_there = targets::is_there(sim, service, pull.id.repository, number);
            // Of a pull request that was never to have a preview nobody looks for a namespace.
            let is_known = service.on != On::Namespace || is_looked_after(sim, pull.id, service);
            if is_there && is_known {
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
            let running = container
                .as_ref()
                .map(|container| container.commit.as_str());
            if running != Some(commit.as_str()) {
                return Err(format!(
                    "{place}: {commit:.7} should run, but it is {running:?}"
                ));
            }
            let answers = container
                .as_ref()
                .and_then(|container| container.healthy_at)
                .is_some_and(|at| at <= sim.kernel.now());
            if answers == github.is_sick(&commit) {
                return Err(format!("{place}: it answers: {answers}"));
            }
        }
    }
    Ok(())
}

/// Whether the preview knows that it may be on a target.
fn is_looked_after(sim: &Rc<Sim>, id: PreviewId, service: &Service) -> bool {
    let mut store = sim.store.borrow_mut();
    let record = store.value(Label::Default, &id.to_string());
    let record: Value = serde_json::from_slice(&record.unwrap_or_default()).unwrap_or_default();
    let place = format!("/state/preview/targets/{}", service.target());
    record.pointer(&place).is_some()
}

/// How many previews an application shows, or may have as far as Slipway knows: a deployment whose request was lost counts until it is
/// known that there is nothing.
fn live(sim: &Rc<Sim>, service: &Service) -> usize {
    let shown = targets::shown(sim, &service.application);
    let mut numbers: BTreeSet<u64> = shown.into_iter().collect();
    let repository = sim.github.borrow().repository_with(&service.application);
    let mut store = sim.store.borrow_mut();
    let place = format!("/state/preview/targets/{}/occupied", service.target());
    for key in store.keys(Label::Default) {
        let Ok(id) = key.parse::<PreviewId>() else {
            continue;
        };
        if Some(id.repository) != repository {
            continue;
        }
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
    let is_there = targets::shown(sim, &service.application).contains(&number);
    service
        .limit
        .is_some_and(|limit| !is_there && live(sim, service) >= limit)
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
        .map(|service| (service, expected(sim, github, pull, service)))
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
        // Two targets of a service have one URL, and one of them alone answers there.
        let mut siblings = github.siblings(service);
        let is_silent = |other: &Service| {
            let oracle = sim.oracle.borrow();
            let is_excused = oracle.is_excused(&other.application, number, commit);
            drop(oracle);
            is_excused || is_crowded_out(sim, number, other)
        };
        if siblings.any(|other| other.application == service.url_of && is_silent(other)) {
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
            if service.on == On::Namespace {
                continue;
            }
            let Expected::Present(commit) = expected(sim, &github, pull, service) else {
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
        if is_of_repository(&key) || is_to_look_after(sim, &key) {
            continue;
        }
        if !key.starts_with("due/") || at.is_none_or(|at| at <= soon) {
            return Err(format!("{key} is left in the queue ({at:?})"));
        }
    }
    Ok(())
}

/// Whether it is the note of a preview that still looks whether a build makes its namespace once more.
fn is_to_look_after(sim: &Rc<Sim>, key: &str) -> bool {
    let id = key
        .strip_prefix("due/")
        .and_then(|rest| rest.rsplit_once('/'));
    let Some(id) = id.and_then(|(id, _)| id.parse::<PreviewId>().ok()) else {
        return false;
    };
    let github = sim.github.borrow();
    let on = github.service_on(id.repository, &TargetId::Namespace);
    on.is_some_and(|service| is_looked_after(sim, id, service))
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
