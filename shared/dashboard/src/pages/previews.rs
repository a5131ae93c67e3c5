//! Previews: the table, and one with all that is known of it.

use http_api::model::{Decision, Preview, PreviewList, Service, Trouble};
use maud::{Markup, html};

use super::{Filter, Seen, frame::page, preview_acts::acts, words};

const PATH: &str = "/dashboard/previews";
const PHASES: [&str; 6] = [
    "failed",
    "waiting",
    "deploying",
    "ready",
    "removing",
    "absent",
];

/// `acme/shop #7`.
pub(super) fn name(preview: &Preview) -> String {
    match &preview.repository {
        Some(repository) => format!("{repository} #{}", preview.number),
        None => format!("{} #{}", preview.repository_id, preview.number),
    }
}

pub(super) fn path(preview: &Preview) -> String {
    format!("{PATH}/{}/{}", preview.repository_id, preview.number)
}

/// Why it is in its phase: what fails, or else what its services say.
pub(super) fn reason(preview: &Preview) -> String {
    let given_up = preview.troubles.iter().find(|trouble| trouble.given_up);
    if let Some(trouble) = given_up {
        return format!("{} was given up: {}", trouble.what, trouble.reason);
    }
    let telling = preview
        .services
        .iter()
        .find(|service| service.phase == preview.phase);
    match (telling, &preview.configuration_problem) {
        (Some(service), _) => service.reason.clone(),
        (None, Some(problem)) => problem.clone(),
        (None, None) => String::new(),
    }
}

/// The page at `/dashboard/previews`.
pub(crate) fn previews(seen: &Seen<'_>, list: &PreviewList, filter: &Filter) -> Markup {
    let next = list.next.as_deref().map(|next| filter.next(PATH, next));
    let content = html! {
        h1 { "Previews" }
        (words::choices("Phase", PATH, "phase", &PHASES, filter.phase.as_deref()))
        (idleness(filter))
        @if list.previews.is_empty() {
            p { "There is none here." }
        } @else {
            div .scroll role="region" aria-label="Previews" tabindex="0" {
                table {
                    caption .hidden { "Previews by repository, the newest pull request first" }
                    thead { tr {
                        th scope="col" { "Preview" }
                        th scope="col" { "Phase" }
                        th scope="col" { "Services" }
                        th .wide scope="col" { "Pull request" }
                        th .wide scope="col" { "Commit" }
                        th .wide scope="col" { "Why" }
                    } }
                    tbody { @for preview in &list.previews { (row(preview)) } }
                }
            }
        }
        (words::more(next.as_deref()))
    };
    page(seen, "Previews", PATH, &content)
}

fn row(preview: &Preview) -> Markup {
    html! {
        tr {
            th scope="row" { a href=(path(preview)) { (name(preview)) } }
            td { (words::state(&preview.phase)) }
            td { ul .plain { @for service in &preview.services { li {
                @match &service.url {
                    Some(url) => (words::link(url, &service.service)),
                    None => (service.service),
                }
            } } } }
            td .wide { @if let Some(pull_request) = &preview.pull_request {
                (pull_request.title) " " span .quiet { "by " (pull_request.author) }
            } }
            td .wide { @if let Some(pull_request) = &preview.pull_request { (words::commit(&pull_request.commit)) } }
            td .wide { (reason(preview)) }
        }
    }
}

/// The page of one preview.
pub(crate) fn preview(seen: &Seen<'_>, preview: &Preview, decisions: &[Decision]) -> Markup {
    let content = html! {
        p .back { a href=(PATH) { "Previews" } }
        h1 { (name(preview)) " " (words::state(&preview.phase)) }
        @if let Some(pull_request) = &preview.pull_request {
            p .lead { (pull_request.title) }
        }
        (facts(seen, preview))
        (services(seen, preview))
        (troubles(seen, &preview.troubles))
        (decided(seen, decisions))
        (timeline(seen, preview))
        @if seen.roles.may_deploy(Some(preview.repository_id)) { (acts(seen, preview)) }
    };
    page(seen, &name(preview), PATH, &content)
}

/// Those to which nothing happened for some days.
fn idleness(filter: &Filter) -> Markup {
    html! {
        nav .choices aria-label="Idle" {
            @for (days, text) in [("3", "idle for 3 days"), ("7", "for a week"), ("30", "for 30 days")] {
                a href={ (PATH) "?idle_days=" (days) }
                    aria-current=[(filter.idle_days.as_deref() == Some(days)).then_some("true")] { (text) }
            }
        }
    }
}

fn facts(seen: &Seen<'_>, preview: &Preview) -> Markup {
    html! {
        dl .facts {
            @if let Some(pull_request) = &preview.pull_request {
                dt { "Pull request" }
                dd { (pull_request.state) @if pull_request.draft { ", a draft" } ", by " (pull_request.author) }
                dt { "Branch" } dd { code { (pull_request.branch) } }
                dt { "Commit" } dd { (words::commit(&pull_request.commit)) }
            }
            @if let Some(build) = &preview.build {
                dt { "Build" } dd { (words::link(&build.url, &build.name)) " " (words::state(&build.progress)) }
            }
            @if let Some(problem) = &preview.configuration_problem {
                dt { "Configuration" } dd { (problem) }
            }
            @if let Some(at) = &preview.active_at { dt { "Last activity" } dd { (words::time(at, seen.now)) } }
            @if let Some(at) = &preview.expires_at { dt { "Ends" } dd { (words::time(at, seen.now)) ", unless something happens before" } }
            dt { "Next look" }
            dd { @match &preview.next_look_at {
                Some(at) => (words::time(at, seen.now)),
                None => "when something is new",
            } }
        }
    }
}

fn services(seen: &Seen<'_>, preview: &Preview) -> Markup {
    html! {
        section aria-labelledby="services" {
            h2 #services { "Services" }
            @if preview.services.is_empty() { p { "None is known." } }
            ul .cards {
                @for service in &preview.services { (card(seen, service)) }
            }
        }
    }
}

fn card(seen: &Seen<'_>, service: &Service) -> Markup {
    html! {
        li {
            h3 { (service.service) " " (words::state(&service.phase)) }
            p { (service.reason) }
            dl .facts {
                @if let Some(url) = &service.url { dt { "Address" } dd { (words::link(url, url)) } }
                @if let Some(commit) = &service.commit { dt { "Commit" } dd { (words::commit(commit)) } }
                @if let Some(answer) = &service.last_answer { dt { "Last probe" } dd { (answer) } }
                @if let Some(deployment) = &service.deployment { dt { "Deployment" } dd { code { (deployment) } } }
                dt { "Application" } dd { code { (service.application) } }
            }
            @if let Some(trouble) = &service.trouble { p .trouble { (told(seen, trouble)) } }
        }
    }
}

fn troubles(seen: &Seen<'_>, troubles: &[Trouble]) -> Markup {
    html! {
        @if !troubles.is_empty() {
            section aria-labelledby="troubles" {
                h2 #troubles { "What did not work" }
                ul .cards { @for trouble in troubles { li .trouble { (told(seen, trouble)) } } }
            }
        }
    }
}

fn told(seen: &Seen<'_>, trouble: &Trouble) -> Markup {
    html! {
        strong { (trouble.what) } ": " (trouble.reason)
        @if trouble.given_up {
            " (given up)"
        } @else if let Some(at) = &trouble.next_try_at {
            " (" (trouble.failures) " in a row, tried again " (words::time(at, seen.now)) ")"
        }
    }
}

/// What was decided by which rule, the newest first.
fn decided(seen: &Seen<'_>, decisions: &[Decision]) -> Markup {
    html! {
        @if !decisions.is_empty() {
            section aria-labelledby="decisions" {
                h2 #decisions { "Decisions" }
                div .scroll role="region" aria-label="What was decided on each service" tabindex="0" {
                    table {
                        caption .hidden { "What was decided on each service, the newest first" }
                        thead { tr {
                            th scope="col" { "Service" }
                            th scope="col" { "Decided" }
                            th scope="col" { "By the rule, since" }
                            th .wide scope="col" { "After" }
                        } }
                        tbody { @for decision in decisions {
                            tr {
                                th scope="row" { (decision.service) span .error { (words::time(&decision.at, seen.now)) } }
                                td { (decision.verdict) }
                                td { code { (decision.rule) } span .error { (decision.reason) } }
                                td .wide { @if let Some(cause) = &decision.cause { (cause) } }
                            }
                        } }
                    }
                }
            }
        }
    }
}

fn timeline(seen: &Seen<'_>, preview: &Preview) -> Markup {
    html! {
        section aria-labelledby="timeline" {
            h2 #timeline { "Timeline" }
            ol .timeline {
                @for event in preview.timeline.iter().rev() {
                    li { span .when { (words::time(&event.at, seen.now)) } " " (event.what) }
                }
            }
            p .quiet { "Of each kind only the newest event is known." }
        }
    }
}
