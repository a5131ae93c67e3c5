//! Environments at a glance: each service with its stages in the order of promotion, and what is live in each.

use std::collections::BTreeMap;

use http_api::model::{Environment, EnvironmentList, Hold, Release};
use maud::{Markup, html};

use super::{Filter, Seen, frame::page, words};

pub(super) const PATH: &str = "/dashboard/environments";
/// The names that the API has for them.
const ATTENTIONS: [&str; 3] = ["needed", "in-hand", "quiet"];

/// The page at `/dashboard/environments`.
pub(crate) fn environments(seen: &Seen<'_>, list: &EnvironmentList, filter: &Filter) -> Markup {
    let next = list.next.as_deref().map(|next| filter.next(PATH, next));
    let content = html! {
        h1 { "Environments" }
        (words::choices("Attention", PATH, "attention", &ATTENTIONS, filter.attention.as_deref()))
        h2 .hidden { "By service" }
        @if list.environments.is_empty() {
            @if filter.attention.is_some() { p { "There is none of this kind here." } }
            p { "An environment appears with the first push to a repository whose "
                code { ".github/slipway.yml" } " names one." }
        }
        (services(seen, &list.environments))
        (words::more(next.as_deref()))
    };
    page(seen, "Environments", PATH, &content)
}

/// Each service with its environments.
pub(super) fn services(seen: &Seen<'_>, environments: &[Environment]) -> Markup {
    let mut services: BTreeMap<(String, &str), Vec<&Environment>> = BTreeMap::new();
    for environment in environments {
        let service = (repository(environment), environment.service.as_str());
        services.entry(service).or_default().push(environment);
    }
    services.values_mut().for_each(|stages| in_order(stages));
    html! {
        @for ((repository, service), stages) in &services {
            section .service {
                h3 { (service) " " span .quiet { "of " (repository) } }
                ul .stages { @for environment in stages { (stage(seen, environment)) } }
            }
        }
    }
}

/// The repository's name, or its id as long as that is not known.
pub(super) fn repository(environment: &Environment) -> String {
    let id = || environment.repository_id.to_string();
    environment.repository.clone().unwrap_or_else(id)
}

pub(super) fn path(environment: &Environment) -> String {
    format!(
        "{PATH}/{}/{}/{}",
        environment.repository_id, environment.service, environment.environment
    )
}

/// Sorts environments as commits pass through them: each after all those that it comes after.
fn in_order(stages: &mut [&Environment]) {
    let known: Vec<&Environment> = stages.to_vec();
    stages.sort_by_key(|stage| (depth(stage, &known, known.len()), stage.environment.clone()));
}

/// How many environments come before it, on the longest way. `left` ends it if a configuration goes round in a circle.
fn depth(stage: &Environment, known: &[&Environment], left: usize) -> usize {
    let Some(left) = left.checked_sub(1) else {
        return 0;
    };
    let before = known
        .iter()
        .filter(|other| stage.after.contains(&other.environment));
    let deepest = before.map(|other| depth(other, known, left) + 1).max();
    deepest.unwrap_or_default()
}

fn stage(seen: &Seen<'_>, environment: &Environment) -> Markup {
    html! {
        li {
            p .head {
                a href=(path(environment)) { (environment.environment)
                    span .hidden { " of " (environment.service) } }
                " " (states(environment))
            }
            p { (live(seen, environment)) }
            @if let Some(lock) = &environment.lock { p .why { (held("Locked", lock, seen)) } }
            @if let Some(hold) = &environment.hold { p .why { (held("Held", hold, seen)) } }
            @if let Some(running) = &environment.running { p { (named(running)) ": " (running.reason) } }
            (waiting(environment))
            @if let Some(trouble) = &environment.trouble { p .why.trouble { (trouble) } }
        }
    }
}

/// How it is as a whole, and what keeps it so.
pub(super) fn states(environment: &Environment) -> Markup {
    html! {
        (words::state(&environment.situation))
        @if environment.lock.is_some() { " " (words::state("locked")) }
        @if environment.hold.is_some() { " " (words::state("held")) }
    }
}

/// What is live, and since when.
pub(super) fn live(seen: &Seen<'_>, environment: &Environment) -> Markup {
    html! {
        @match &environment.live {
            Some(live) => {
                (words::commit(&live.commit)) " " (live.title) " "
                span .quiet { (words::lasting(&live.since, seen.now)) }
                @if let Some(test) = &live.test { p .quiet { (test) } }
            },
            None => span .quiet { @match (environment.situation.as_str(), &environment.last) {
                ("failed", Some(last)) => { (named(last)) ": " (last.reason) },
                ("empty", _) => "Nothing was released here yet.",
                (_, _) => "What is there is being changed.",
            } },
        }
    }
}

/// `Held for 3 h by Slipway: …`.
pub(super) fn held(what: &str, hold: &Hold, seen: &Seen<'_>) -> Markup {
    html! { strong { (what) } " " (words::lasting(&hold.since, seen.now)) " by " (hold.by) ": " (hold.reason) }
}

/// A release by its commit and title.
pub(super) fn named(release: &Release) -> Markup {
    html! { (words::commit(&release.commit)) @if !release.title.is_empty() { " " (release.title) } }
}

fn waiting(environment: &Environment) -> Markup {
    html! {
        @if let Some(newest) = environment.waiting.last() {
            p {
                @match environment.waiting.len() {
                    1 => "Waiting: ",
                    number => { (number) " wait, the newest is " },
                }
                (named(newest)) " " span .quiet { (newest.reason) }
            }
        }
    }
}
