//! Builds: what GitHub Actions makes of each commit, and what waits for it or is made of it.

use http_api::model::{BuildEntry, BuildList};
use maud::{Markup, html};

use super::{Filter, Seen, environments, frame::page, words};

const PATH: &str = "/dashboard/builds";
const STATUSES: [&str; 5] = ["pending", "building", "completed", "failed", "cancelled"];

/// The page at `/dashboard/builds`.
pub(crate) fn builds(seen: &Seen<'_>, list: &BuildList, filter: &Filter) -> Markup {
    let next = list.next.as_deref().map(|next| filter.next(PATH, next));
    let content = html! {
        h1 { "Builds" }
        (words::choices("Status", PATH, "status", &STATUSES, filter.status.as_deref()))
        @if list.builds.is_empty() {
            p { "There is none here. A build appears when a workflow that " code { "build.workflow" }
                " names runs on a commit that an environment or a preview waits for." }
        } @else {
            div .scroll role="region" aria-label="Builds" tabindex="0" {
                table {
                    caption .hidden { "Builds by repository: of each environment and preview the newest run first" }
                    thead { tr {
                        th scope="col" { "Commit" }
                        th scope="col" { "Status" }
                        th scope="col" { "Run" }
                        th .wide scope="col" { "Images" }
                        th scope="col" { "For" }
                    } }
                    tbody { @for build in &list.builds { (row(build)) } }
                }
            }
        }
        (words::more(next.as_deref()))
    };
    page(seen, "Builds", PATH, &content)
}

fn row(build: &BuildEntry) -> Markup {
    html! {
        tr {
            th scope="row" {
                (words::commit(&build.commit))
                span .error { (build.title) }
                @if let Some(repository) = &build.repository { span .error { (repository) } }
            }
            td { (words::state(&build.status)) }
            td { (run(build)) }
            td .wide { @for image in &build.images { code { (image) } " " } }
            td { ul .plain { @for one in &build.used_by { li { (user(one)) } } } }
        }
    }
}

/// The run with its page, its attempt if it was run again, and what it is of.
fn run(build: &BuildEntry) -> Markup {
    let name = build.workflow.as_deref().unwrap_or("run");
    let number = format!("{name} {}", build.run);
    html! {
        @match &build.url {
            Some(url) => (words::link(url, &number)),
            None => (number),
        }
        @if build.attempt > 1 { " " span .quiet { "attempt " (build.attempt) } }
        @if let Some(reference) = &build.reference { span .error { "on " (reference) } }
    }
}

/// What waits for it or is made of it, with its page: `release/42/web/production` is production of web.
fn user(one: &str) -> Markup {
    let parts: Vec<&str> = one.split('/').collect();
    match parts.as_slice() {
        ["release", repository, service, environment] => html! {
            a href={ (environments::PATH) "/" (repository) "/" (service) "/" (environment) } {
                (environment) " of " (service)
            }
        },
        ["preview", repository, number] => html! {
            a href={ "/dashboard/previews/" (repository) "/" (number) } { "preview #" (number) }
        },
        [..] => html! { (one) },
    }
}
