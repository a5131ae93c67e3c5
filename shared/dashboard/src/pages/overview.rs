//! The overview: what is broken, what failed, what is waited for, and how much there is.

use http_api::model::{
    DeliveryList, Overview, PausedVendor, Preview, PreviewList, Repository, RepositoryList,
};
use maud::{Markup, html};

use super::{
    Seen,
    frame::page,
    previews::{name, path, reason},
    words,
};

/// So many previews of a kind are named.
const NAMED_MAX: usize = 12;

/// The page at `/`.
pub(crate) fn overview(
    seen: &Seen<'_>,
    overview: &Overview,
    previews: &PreviewList,
    repositories: &RepositoryList,
    dead: &DeliveryList,
) -> Markup {
    let of = |phases: &[&str]| -> Vec<&Preview> {
        let all = previews.previews.iter();
        all.filter(|preview| phases.contains(&preview.phase.as_str()))
            .collect()
    };
    let held_back: Vec<&Repository> = repositories
        .repositories
        .iter()
        .filter(|repository| repository.held_back.is_some() || repository.trouble.is_some())
        .collect();
    let failed = of(&["failed"]);
    let busy = of(&["waiting", "deploying", "removing"]);
    let calm = overview.vendors_paused.is_empty()
        && held_back.is_empty()
        && failed.is_empty()
        && dead.deliveries.is_empty();
    let content = html! {
        h1 { "Overview" }
        (counts(overview))
        @if calm { p .calm { (words::state("ready")) " Nothing needs a person." } }
        (vendors(seen, &overview.vendors_paused))
        (attention(seen, &held_back))
        (listed(seen, "Failed previews", "Previews that need a person, a new build or a new commit", &failed))
        (deliveries(seen, dead))
        (listed(seen, "In progress", "Previews that wait, are deployed or removed", &busy))
        @if previews.next.is_some() {
            p { "Of more than 100 previews only the first are looked at here: "
                a href="/dashboard/previews?phase=failed" { "all that failed" } ", "
                a href="/dashboard/previews?phase=waiting" { "all that wait" } "." }
        }
    };
    page(seen, "Overview", "/", &content)
}

fn counts(overview: &Overview) -> Markup {
    let deliveries = &overview.deliveries;
    let counts = [
        (
            "Repositories",
            overview.repositories,
            "/dashboard/repositories",
        ),
        ("Previews", overview.previews, "/dashboard/previews"),
        (
            "Previews in hand",
            overview.previews_waiting,
            "/dashboard/previews",
        ),
        (
            "Pending deliveries",
            deliveries.pending,
            "/dashboard/deliveries?status=pending",
        ),
        (
            "Dead deliveries",
            deliveries.dead,
            "/dashboard/deliveries?status=dead",
        ),
        (
            "Done deliveries",
            deliveries.done,
            "/dashboard/deliveries?status=done",
        ),
    ];
    html! {
        ul .counts {
            @for (what, number, address) in counts {
                li { a href=(address) { strong { (number) } " " span { (what) } } }
            }
        }
    }
}

fn vendors(seen: &Seen<'_>, paused: &[PausedVendor]) -> Markup {
    html! {
        @if !paused.is_empty() {
            section aria-labelledby="vendors" {
                h2 #vendors { "Vendors that do not answer" }
                ul .cards {
                    @for vendor in paused {
                        li {
                            (words::state("failed")) " " strong { (vendor.vendor) } " has failed "
                            (words::lasting(&vendor.since, seen.now)) ", is tried again "
                            (words::time(&vendor.until, seen.now)) ": " (vendor.last_error)
                        }
                    }
                }
            }
        }
    }
}

fn attention(seen: &Seen<'_>, repositories: &[&Repository]) -> Markup {
    html! {
        @if !repositories.is_empty() {
            section aria-labelledby="attention" {
                h2 #attention { "Repositories that need a person" }
                ul .cards {
                    @for repository in repositories {
                        li {
                            a href="/dashboard/repositories" { (repository.name) }
                            @if let Some(held_back) = &repository.held_back {
                                " " (words::state("held back")) " " (words::lasting(&held_back.since, seen.now)) ": "
                                (held_back.reason) "."
                            }
                            @if let Some(trouble) = &repository.trouble {
                                " Not compared: " (trouble) "."
                            }
                        }
                    }
                }
            }
        }
    }
}

fn listed(seen: &Seen<'_>, title: &str, caption: &str, previews: &[&Preview]) -> Markup {
    html! {
        @if !previews.is_empty() {
            section {
                h2 { (title) " " span .number { (previews.len()) } }
                div .scroll {
                    table {
                        caption .hidden { (caption) }
                        thead { tr {
                            th scope="col" { "Preview" }
                            th scope="col" { "Phase" }
                            th scope="col" { "Why" }
                            th .wide scope="col" { "Next look" }
                        } }
                        tbody {
                            @for preview in previews.iter().take(NAMED_MAX) {
                                tr {
                                    th scope="row" { a href=(path(preview)) { (name(preview)) } }
                                    td { (words::state(&preview.phase)) }
                                    td { (reason(preview)) }
                                    td .wide { @if let Some(at) = &preview.next_look_at { (words::time(at, seen.now)) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn deliveries(seen: &Seen<'_>, dead: &DeliveryList) -> Markup {
    html! {
        @if !dead.deliveries.is_empty() {
            section aria-labelledby="dead" {
                h2 #dead { "Dead deliveries" }
                ul .cards {
                    @for delivery in &dead.deliveries {
                        li {
                            (words::state("dead")) " " strong { (delivery.event) }
                            @if let Some(action) = &delivery.action { " " (action) }
                            ", received " (words::time(&delivery.received_at, seen.now))
                            @if let Some(error) = &delivery.last_error { ": " (error) }
                        }
                    }
                }
                p { a href="/dashboard/deliveries?status=dead" { "See and run them again" } }
            }
        }
    }
}
