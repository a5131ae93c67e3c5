//! What waits for people: each release with what would be approved, what that changes, and the button.

use http_api::model::{Release, ReleaseList};
use maud::{Markup, html};

use super::{
    Filter, Seen, environments,
    frame::page,
    releases::{line, path as release_path},
    words,
};

const PATH: &str = "/dashboard/approvals";

/// The page at `/dashboard/approvals`.
pub(crate) fn approvals(seen: &Seen<'_>, list: &ReleaseList, filter: &Filter) -> Markup {
    let next = list.next.as_deref().map(|next| filter.next(PATH, next));
    let content = html! {
        h1 { "Approvals" }
        @if list.releases.is_empty() {
            @if next.is_some() {
                p { "Nothing waits for a person in the environments that were looked at for this page." }
            } @else {
                p .calm { (words::state("ready")) " Nothing waits for a person." }
            }
        } @else {
            p .quiet {
                "Approved is this commit with this build and this image, and nothing else: a new build asks again. \
                 Whoever wrote a change does not approve it."
            }
        }
        ul .cards { @for release in &list.releases { (card(seen, release)) } }
        (words::more(next.as_deref()))
    };
    page(seen, "Approvals", PATH, &content)
}

fn card(seen: &Seen<'_>, release: &Release) -> Markup {
    html! {
        li {
            h2 {
                a href=(line(release)) { (release.environment) " of " (release.service) }
                " " (words::release_phase(&release.phase))
            }
            p { a href=(release_path(release)) { (environments::named(release)) } }
            dl .facts {
                dt { "Waits for" } dd { (release.reason) }
                dt { "Since" } dd { (words::lasting(&release.known_at, seen.now)) }
                @if let Some(image) = &release.image { dt { "Image" } dd { code { (image) } } }
                @if let Some(url) = &release.changes_url {
                    dt { "Changes" } dd { (words::link(url, "since what is there, at GitHub")) }
                }
                @if let Some(url) = &release.build_url { dt { "Build" } dd { (words::link(url, "its run, at GitHub")) } }
                @if !release.approved_by.is_empty() { dt { "Approved by" } dd { (release.approved_by.join(", ")) } }
            }
            (buttons(seen, release))
        }
    }
}

/// What a person can do about it, if this one may.
fn buttons(seen: &Seen<'_>, release: &Release) -> Markup {
    let ways = [
        (release.needs_approval, "approve", "Approve"),
        (
            release.diverged,
            "allow-diverged",
            "Release it all the same",
        ),
    ];
    let may_act = seen.roles.may_deploy(Some(release.repository_id));
    html! {
        @for (is_wanted, act, label) in ways {
            @if is_wanted && may_act {
                form method="post" action={ (line(release)) "/" (act) } {
                    input type="hidden" name="csrf" value=(seen.csrf);
                    input type="hidden" name="commit" value=(release.commit);
                    (words::as_shown(release))
                    button .primary type="submit" {
                        (label)
                        span .hidden {
                            " " (words::short(&release.commit)) " in " (release.environment) " of " (release.service)
                        }
                    }
                }
            }
        }
        @if (release.needs_approval || release.diverged) && !may_act {
            p .quiet { "Somebody who may write to the repository can let it go on." }
        }
    }
}
