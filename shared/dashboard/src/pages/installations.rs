//! Installations of the GitHub App: what each reaches, and what is held back.

use http_api::model::{HeldBackLosses, Installation, InstallationList};
use maud::{Markup, html};

use super::{Filter, Seen, frame::page, words};

const PATH: &str = "/dashboard/installations";

/// The page at `/dashboard/installations`.
pub(crate) fn installations(seen: &Seen<'_>, list: &InstallationList, filter: &Filter) -> Markup {
    let next = list.next.as_deref().map(|next| filter.next(PATH, next));
    let content = html! {
        h1 { "Installations" }
        @if list.installations.is_empty() {
            p { "None is known. With a plain token there is none; as a GitHub App, Slipway learns of each from GitHub." }
        }
        ul .cards { @for installation in &list.installations { (card(seen, installation)) } }
        (words::more(next.as_deref()))
    };
    page(seen, "Installations", PATH, &content)
}

fn name(installation: &Installation) -> String {
    let id = || format!("installation {}", installation.id);
    installation.account.clone().unwrap_or_else(id)
}

fn card(seen: &Seen<'_>, installation: &Installation) -> Markup {
    let state = match (installation.gone, &installation.suspended_at) {
        (true, _) => "uninstalled",
        (false, Some(_)) => "suspended",
        (false, None) => "active",
    };
    html! {
        li {
            h2 {
                (name(installation)) " " (words::state(state))
                @if installation.held_back.is_some() { " " (words::state("held back")) }
            }
            dl .facts {
                @if let Some(target_type) = &installation.target_type { dt { "Account" } dd { (target_type) } }
                dt { "Repositories" }
                dd {
                    (installation.repositories)
                    @match installation.selection.as_deref() {
                        Some("all") => " (all of the account)",
                        Some(_) => " (those that were chosen)",
                        None => "",
                    }
                }
                @if let Some(at) = &installation.suspended_at { dt { "Suspended" } dd { (words::lasting(at, seen.now)) } }
                dt { "Last look" }
                dd { @match &installation.looked_at { Some(at) => (words::time(at, seen.now)), None => "none yet" } }
                @if let Some(limit) = &installation.rate_limit {
                    dt { "Requests to GitHub" }
                    dd { "about " (limit.remaining) " of " (limit.limit) " an hour left" }
                }
                @if let Some(trouble) = &installation.trouble { dt { "Trouble" } dd .trouble { (trouble) } }
                @if !installation.permissions.is_empty() {
                    dt { "Granted" } dd { (installation.permissions.join(", ")) }
                }
                dt { "Id" } dd { code { (installation.id) } }
            }
            @if let Some(held_back) = &installation.held_back { (held(seen, installation, held_back)) }
        }
    }
}

fn held(seen: &Seen<'_>, installation: &Installation, held_back: &HeldBackLosses) -> Markup {
    let ids: Vec<String> = held_back
        .repositories
        .iter()
        .map(ToString::to_string)
        .collect();
    html! {
        div .held {
            p { strong { "Losses are held back" } " " (words::lasting(&held_back.since, seen.now)) ": "
                (held_back.reason) "."
                @if !ids.is_empty() {
                    " Repositories by id: " (ids.join(", ")) @if held_back.others { " and others" } "."
                }
            }
            @if seen.roles.may_administer(None) {
                (words::button(
                    seen,
                    &format!("{PATH}/{}/allow-losses", installation.id),
                    "Let them go",
                    &format!("of {}", name(installation)),
                ))
            } @else {
                p .quiet { "An admin can let them go." }
            }
        }
    }
}
