//! The overview: what needs a person, what is live where, what is in hand, and how much there is.

use http_api::model::{
    DeliveryList, Environment, EnvironmentList, Overview, PausedVendor, PreviewList, RepositoryList,
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

/// What the API tells for the overview.
pub(crate) struct Known {
    pub(crate) overview: Overview,
    /// The first environments.
    pub(crate) environments: EnvironmentList,
    /// Those that may need a person, of all of them.
    pub(crate) stuck: EnvironmentList,
    /// Repositories that need one.
    pub(crate) repositories: RepositoryList,
    /// The first previews that failed.
    pub(crate) failed: PreviewList,
    /// The first previews that wait, are deployed or removed.
    pub(crate) busy: PreviewList,
    /// Deliveries that are dead.
    pub(crate) dead: DeliveryList,
}

impl Known {
    /// Whether nothing needs a person but what environments may. A list that goes on may hold something though its first page is
    /// empty: a page reads only so many of those that changed a moment ago.
    fn is_calm(&self) -> bool {
        self.overview.vendors_paused.is_empty()
            && self.stuck.next.is_none()
            && (self.repositories.repositories.is_empty() && self.repositories.next.is_none())
            && (self.failed.previews.is_empty() && self.failed.next.is_none())
            && self.dead.deliveries.is_empty()
    }
}

/// The page at `/`.
pub(crate) fn overview(seen: &Seen<'_>, known: &Known) -> Markup {
    let all = known.stuck.environments.iter();
    let environments: Vec<&Environment> = all.filter(|one| needs_a_person(one)).collect();
    let calm = environments.is_empty() && known.is_calm();
    let content = html! {
        h1 { "Overview" }
        @if calm { p .calm { (words::state("ready")) " Nothing needs a person." } }
        (vendors(seen, &known.overview.vendors_paused))
        (people_needed(seen, &environments, known))
        (live(seen, &known.environments))
        (listed(seen, &FAILED, &known.failed))
        (deliveries(seen, &known.dead))
        (listed(seen, &BUSY, &known.busy))
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
            overview.previews_in_hand,
            "/dashboard/previews?attention=in-hand",
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

fn people_needed(seen: &Seen<'_>, environments: &[&Environment], known: &Known) -> Markup {
    let repositories = &known.repositories.repositories;
    html! {
        @if !environments.is_empty() || !repositories.is_empty() || known.stuck.next.is_some() {
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
                @if known.stuck.next.is_some() {
                    p { a href={ (environments::PATH) "?attention=needed" } { "All environments that need a person" } }
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

/// A list of previews on this page.
struct Listed {
    title: &'static str,
    caption: &'static str,
    /// Where all of them are.
    all: &'static str,
}

const FAILED: Listed = Listed {
    title: "Failed previews",
    caption: "Previews that need a person, a new build or a new commit",
    all: "/dashboard/previews?attention=needed",
};
const BUSY: Listed = Listed {
    title: "Previews in progress",
    caption: "Previews that wait, are deployed or removed",
    all: "/dashboard/previews?attention=in-hand",
};

fn listed(seen: &Seen<'_>, of: &Listed, list: &PreviewList) -> Markup {
    let more = list.next.is_some();
    html! {
        @if !list.previews.is_empty() {
            section {
                h2 { (of.title) " " span .number { (list.previews.len()) @if more { "+" } } }
                div .scroll {
                    table {
                        caption .hidden { (of.caption) }
                        thead { tr {
                            th scope="col" { "Preview" }
                            th scope="col" { "Phase" }
                            th scope="col" { "Why" }
                            th .wide scope="col" { "Next look" }
                        } }
                        tbody {
                            @for preview in &list.previews {
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
                @if more { p { a href=(of.all) { "All " (of.title.to_lowercase()) } } }
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

#[cfg(test)]
mod tests {
    use serde::de::DeserializeOwned;
    use serde_json::{Value, json};

    use super::*;

    fn known() -> Known {
        fn of<T: DeserializeOwned>(value: Value) -> T {
            serde_json::from_value(value).unwrap()
        }
        Known {
            overview: of(json!({
                "vendors_paused": [], "environments": 2, "previews": 12, "repositories": 2,
                "previews_in_hand": 0, "deliveries": null,
            })),
            environments: of(json!({ "environments": [], "next": null })),
            stuck: of(json!({ "environments": [], "next": null })),
            repositories: of(json!({ "repositories": [], "next": null })),
            failed: of(json!({ "previews": [], "next": null })),
            busy: of(json!({ "previews": [], "next": null })),
            dead: of(json!({ "deliveries": [], "next": null })),
        }
    }

    #[test]
    fn nobody_is_told_that_nothing_needs_them_while_a_list_goes_on() {
        assert!(known().is_calm());
        let goes_on: [fn(&mut Known); 3] = [
            |known| known.stuck.next = Some("42.web.production".to_owned()),
            |known| known.repositories.next = Some("42".to_owned()),
            |known| known.failed.next = Some("42.7".to_owned()),
        ];
        for (list, go_on) in goes_on.into_iter().enumerate() {
            let mut known = known();
            go_on(&mut known);
            assert!(!known.is_calm(), "list {list}");
        }
    }
}
