//! The audit: who did what, or tried to, and what came of it.

use http_api::model::{AuditEntry, AuditList};
use maud::{Markup, html};

use super::{Filter, Seen, frame::page, words};

const PATH: &str = "/dashboard/audit";
const OUTCOMES: [&str; 3] = ["allowed", "refused", "failed"];

/// The page at `/dashboard/audit`.
pub(crate) fn audit(seen: &Seen<'_>, list: &AuditList, filter: &Filter) -> Markup {
    let next = list.next.as_deref().map(|next| filter.next(PATH, next));
    let content = html! {
        h1 { "Audit" }
        p .quiet {
            "What people did, or tried to, in the last 90 days: through the API, on these pages, by comments, by labels and buttons on GitHub, and with the token of "
            code { "/reconcile" } "."
        }
        (words::choices("Outcome", PATH, "outcome", &OUTCOMES, filter.outcome.as_deref()))
        @if list.acts.is_empty() {
            p { "There is none here." }
        } @else {
            div .scroll role="region" aria-label="Acts" tabindex="0" {
                table {
                    caption .hidden { "Acts of people: the newest first" }
                    thead { tr {
                        th scope="col" { "Act, when" }
                        th scope="col" { "Who" }
                        th scope="col" { "On what" }
                        th scope="col" { "Outcome" }
                    } }
                    tbody { @for act in &list.acts { (row(seen, act)) } }
                }
            }
        }
        (words::more(next.as_deref()))
    };
    page(seen, "Audit", PATH, &content)
}

fn row(seen: &Seen<'_>, act: &AuditEntry) -> Markup {
    html! {
        tr {
            th scope="row" {
                (act.act)
                span .error { (words::time(&act.at, seen.now)) }
            }
            td { (act.by) " " span .quiet { "by " (act.via) } }
            td {
                (thing(&act.on))
                @if let Some(said) = &act.said { " " span .error { (said) } }
            }
            td {
                (words::state(&act.outcome))
                @if let Some(reason) = &act.reason { " " span .error { (reason) } }
            }
        }
    }
}

/// What the act was on, with its page if it has one.
fn thing(on: &str) -> Markup {
    let page = match on.split_once('/') {
        Some(("release", line)) => Some(format!("/dashboard/environments/{line}")),
        Some(("preview", preview)) => Some(format!("/dashboard/previews/{preview}")),
        Some(_) | None => None,
    };
    match page {
        Some(page) => html! { a href=(page) { (on) } },
        None => html! { (on) },
    }
}
