//! Releases of all environments, by phase: what waits for approval, what is under way, what failed; and one with its timeline.

use http_api::model::{Release, ReleaseList};
use maud::{Markup, html};

use super::{Filter, Seen, environment::timeline, environments, frame::page, words};

const PATH: &str = "/dashboard/releases";
const PHASES: [&str; 8] = [
    "waiting-for-approval",
    "waiting-for-build",
    "queued",
    "syncing",
    "verifying",
    "live",
    "failed",
    "rolled-back",
];

/// The page at `/dashboard/releases`.
pub(crate) fn releases(seen: &Seen<'_>, list: &ReleaseList, filter: &Filter) -> Markup {
    let next = list.next.as_deref().map(|next| filter.next(PATH, next));
    let content = html! {
        h1 { "Releases" }
        (words::choices("Phase", PATH, "phase", &PHASES, filter.phase.as_deref()))
        @if list.releases.is_empty() {
            p { "There is none here." }
        } @else {
            div .scroll role="region" aria-label="Releases" tabindex="0" {
                table {
                    caption .hidden { "Releases by environment, the newest first" }
                    thead { tr {
                        th scope="col" { "Release" }
                        th scope="col" { "Environment" }
                        th scope="col" { "Phase" }
                        th .wide scope="col" { "Why" }
                        th .wide scope="col" { "Known, over" }
                    } }
                    tbody { @for release in &list.releases { (row(seen, release)) } }
                }
            }
        }
        (words::more(next.as_deref()))
    };
    page(seen, "Releases", PATH, &content)
}

fn row(seen: &Seen<'_>, release: &Release) -> Markup {
    html! {
        tr {
            th scope="row" { a href=(path(release)) { (environments::named(release)) } }
            td { a href=(line(release)) { (release.environment) } " " span .quiet { "of " (release.service) } }
            td { (words::release_phase(&release.phase)) }
            td .wide { (release.reason) }
            td .wide {
                (words::time(&release.known_at, seen.now))
                @if let Some(at) = &release.ended_at { ", " (words::time(at, seen.now)) }
            }
        }
    }
}

/// The page of one release.
pub(crate) fn release(seen: &Seen<'_>, release: &Release) -> Markup {
    let title = format!(
        "{} in {}",
        words::short(&release.commit),
        release.environment
    );
    let content = html! {
        p .back { a href=(PATH) { "Releases" } }
        h1 { (title) " " (words::release_phase(&release.phase)) }
        p .lead { (release.title) }
        dl .facts {
            dt { "Environment" } dd { a href=(line(release)) { (release.environment) " of " (release.service) } }
            dt { "Commit" } dd { code { (release.commit) } }
            @if release.rollback { dt { "Way" } dd { "back to a release before" } }
            dt { "Why" }
            dd { (release.reason) @if let Some(rule) = &release.rule { " " span .quiet { "by the rule " code { (rule) } } } }
            @if let Some(image) = &release.image { dt { "Image" } dd { code { (image) } } }
            @if let Some(url) = &release.changes_url {
                dt { "Changes" } dd { (words::link(url, "since what is there, at GitHub")) }
            }
            @if !release.approved_by.is_empty() { dt { "Approved by" } dd { (release.approved_by.join(", ")) } }
            @if let Some(url) = &release.build_url { dt { "Build" } dd { (words::link(url, url)) } }
            @if let Some(deployment) = &release.deployment { dt { "Deployment" } dd { "GitHub's " code { (deployment) } } }
            dt { "Known" } dd { (words::time(&release.known_at, seen.now)) }
            @if let Some(at) = &release.ended_at { dt { "Over" } dd { (words::time(at, seen.now)) } }
        }
        section aria-labelledby="timeline" {
            h2 #timeline { "Timeline" }
            (timeline(seen, release))
        }
        @if release.needs_approval || release.diverged {
            p { "It waits for somebody: " a href=(line(release)) { "the environment's page" } " has the button." }
        }
    };
    page(seen, &title, PATH, &content)
}

pub(super) fn path(release: &Release) -> String {
    format!(
        "{PATH}/{}/{}/{}/{}",
        release.repository_id, release.service, release.environment, release.id
    )
}

/// The page of its environment.
pub(super) fn line(release: &Release) -> String {
    format!(
        "{}/{}/{}/{}",
        environments::PATH,
        release.repository_id,
        release.service,
        release.environment
    )
}
