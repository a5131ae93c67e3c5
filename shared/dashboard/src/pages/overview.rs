//! The overview: what needs a person, what is live where, what is in hand, and how much there is.

use http_api::model::{
    DeliveryList, Environment, EnvironmentList, Overview, PausedVendor, Preview, PreviewList,
    Repository, RepositoryList,
};
use maud::{Markup, html};

use super::{
    Seen,
    deliveries::event,
    environments,
    frame::page,
    previews::{name, path, reason},
    words,
};

/// So many previews of a kind are named.
const NAMED_MAX: usize = 12;

/// What the API tells for the overview.
pub(crate) struct Known {
    pub(crate) overview: Overview,
    pub(crate) environments: EnvironmentList,
    pub(crate) previews: PreviewList,
    pub(crate) repositories: RepositoryList,
    /// Deliveries that are dead.
    pub(crate) dead: DeliveryList,
}

/// The page at `/`.
pub(crate) fn overview(seen: &Seen<'_>, known: &Known) -> Markup {
    let of = |phases: &[&str]| -> Vec<&Preview> {
        let all = known.previews.previews.iter();
        all.filter(|preview| phases.contains(&preview.phase.as_str()))
            .collect()
    };
    let repositories: Vec<&Repository> = known
        .repositories
        .repositories
        .iter()
        .filter(|repository| repository.held_back.is_some() || repository.trouble.is_some())
        .collect();
    let environments: Vec<&Environment> = known
        .environments
        .environments
        .iter()
        .filter(|environment| needs_a_person(environment))
        .collect();
    let failed = of(&["failed"]);
    let busy = of(&["waiting", "deploying", "removing"]);
    let calm = known.overview.vendors_paused.is_empty()
        && repositories.is_empty()
        && environments.is_empty()
        && failed.is_empty()
        && known.dead.deliveries.is_empty();
    let content = html! {
        h1 { "Overview" }
        @if calm { p .calm { (words::state("ready")) " Nothing needs a person." } }
        (vendors(seen, &known.overview.vendors_paused))
        (people_needed(seen, &environments, &repositories))
        (live(seen, &known.environments))
        (listed(seen, "Failed previews", "Previews that need a person, a new build or a new commit", &failed))
        (deliveries(seen, &known.dead))
        (listed(seen, "Previews in progress", "Previews that wait, are deployed or removed", &busy))
        @if known.previews.next.is_some() {
            p { "Of more than 100 previews only the first are looked at here: "
                a href="/dashboard/previews?phase=failed" { "all that failed" } ", "
                a href="/dashboard/previews?phase=waiting" { "all that wait" } "." }
        }
        (counts(known))
    };
    page(seen, "Overview", "/", &content)
}

/// Whether it stays as it is until somebody acts.
fn needs_a_person(environment: &Environment) -> bool {
    let asks = |phase: &str| phase == "waiting-for-approval";
    environment.hold.is_some()
        || environment.situation == "failed"
        || environment.waiting.iter().any(|one| asks(&one.phase))
}

fn live(seen: &Seen<'_>, list: &EnvironmentList) -> Markup {
    html! {
        @if !list.environments.is_empty() {
            section aria-labelledby="live" {
                h2 #live { "What is live where" }
                (environments::services(seen, &list.environments))
                @if list.next.is_some() {
                    p { "Only the first 100 are shown here: " a href="/dashboard/environments" { "all environments" } "." }
                }
            }
        }
    }
}

fn counts(known: &Known) -> Markup {
    let overview = &known.overview;
    let mut counts = vec![
        (
            "Environments",
            overview.environments,
            "/dashboard/environments",
        ),
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
    ];
    if let Some(deliveries) = &overview.deliveries {
        counts.extend([
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
        ]);
    }
    html! {
        section aria-labelledby="numbers" {
            h2 #numbers { "In numbers" }
            ul .counts {
                @for (what, number, address) in counts {
                    li { a href=(address) { strong { (number) } " " span { (what) } } }
                }
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
                p { a href="/dashboard/vendors" { "All vendors, and what waits meanwhile" } }
            }
        }
    }
}

fn people_needed(
    seen: &Seen<'_>,
    environments: &[&Environment],
    repositories: &[&Repository],
) -> Markup {
    html! {
        @if !environments.is_empty() || !repositories.is_empty() {
            section aria-labelledby="attention" {
                h2 #attention { "What needs a person" }
                ul .cards {
                    @for environment in environments { (stuck(seen, environment)) }
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

fn stuck(seen: &Seen<'_>, environment: &Environment) -> Markup {
    let asking = environment
        .waiting
        .iter()
        .find(|release| release.phase == "waiting-for-approval");
    html! {
        li {
            a href=(environments::path(environment)) {
                (environment.environment) " of " (environment.service)
            }
            " "
            @match (&environment.hold, asking, &environment.last) {
                (Some(hold), _, _) => { (words::state("held")) " " (words::lasting(&hold.since, seen.now)) ": " (hold.reason) },
                (None, Some(release), _) => {
                    (words::state(&release.phase)) " " (environments::named(release)) ": " (release.reason)
                },
                (None, None, Some(last)) => {
                    (words::state(&environment.situation)) " " (environments::named(last)) ": " (last.reason)
                },
                (None, None, None) => (words::state(&environment.situation)),
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
                            (words::state("dead")) " " strong { (event(delivery)) }
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
