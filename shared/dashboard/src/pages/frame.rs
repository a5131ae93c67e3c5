//! What every page has around it, and the pages without content.

use http::StatusCode;
use maud::{DOCTYPE, Markup, html};

use super::Seen;
use crate::assets::{ICON, SCRIPT, STYLE};

const PAGES: [(&str, &str); 11] = [
    ("/", "Overview"),
    ("/dashboard/environments", "Environments"),
    ("/dashboard/releases", "Releases"),
    ("/dashboard/approvals", "Approvals"),
    ("/dashboard/previews", "Previews"),
    ("/dashboard/builds", "Builds"),
    ("/dashboard/deliveries", "Deliveries"),
    ("/dashboard/repositories", "Repositories"),
    ("/dashboard/installations", "Installations"),
    ("/dashboard/vendors", "Vendors"),
    ("/dashboard/audit", "Audit"),
];

/// A page for somebody who signed in. `at` is the address of its entry in the navigation.
pub(super) fn page(seen: &Seen<'_>, title: &str, at: &str, content: &Markup) -> Markup {
    let header = html! {
        header .bar {
            a .name href="/" { "Slipway" }
            nav aria-label="Pages" {
                @for (address, name) in PAGES {
                    a href=(address) aria-current=[(address == at).then_some("page")] { (name) }
                }
            }
            form .who method="post" action="/dashboard/sign-out" {
                input type="hidden" name="csrf" value=(seen.csrf);
                span { (seen.person.name) " (" (if seen.person.by_github { "GitHub" } else { &seen.person.role }) ")" }
                button type="submit" { "Sign out" }
            }
        }
    };
    let body = html! {
        @if let Some(notice) = seen.notice { p .notice role="status" { (notice) } }
        (content)
    };
    frame(title, &header, &body, true)
}

fn frame(title: &str, header: &Markup, content: &Markup, updates: bool) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                title { (title) " · Slipway" }
                link rel="stylesheet" href=(STYLE);
                link rel="icon" type="image/svg+xml" href=(ICON);
                @if updates { script src=(SCRIPT) defer {} }
            }
            body {
                a .skip href="#main" { "To the content" }
                (header)
                main #main tabindex="-1" { (content) }
                @if updates {
                    footer { p #updates { "Reload the page to see what is new." } }
                }
            }
        }
    }
}

/// A page for somebody who is not known.
fn bare(title: &str, content: &Markup) -> Markup {
    let header = html! { header .bar { a .name href="/" { "Slipway" } } };
    frame(title, &header, content, false)
}

/// How somebody may sign in.
pub(crate) struct Offer<'a> {
    /// For the form.
    pub(crate) csrf: &'a str,
    /// The page to go on to.
    pub(crate) return_to: &'a str,
    /// Where the way to GitHub begins, if there is one. A link, since no form may lead to another host.
    pub(crate) by_github: Option<String>,
}

/// The sign-in form.
pub(crate) fn sign_in(offer: &Offer<'_>, problem: Option<&str>) -> Markup {
    bare(
        "Sign in",
        &html! {
            h1 { "Sign in" }
            @if let Some(problem) = problem { p .notice.bad role="alert" { (problem) } }
            @if let Some(address) = &offer.by_github {
                p .sign-in { a .button href=(address) { "Sign in with GitHub" } }
                p { "What you see and may do follows from your permissions in the repositories there." }
                h2 { "Or with a token" }
            }
            form .sign-in method="post" action="/dashboard/sign-in" {
                input type="hidden" name="csrf" value=(offer.csrf);
                input type="hidden" name="return_to" value=(offer.return_to);
                label for="token" { "Token of the API" }
                input #token type="password" name="token" autocomplete="current-password" required
                    aria-describedby="token-help";
                p #token-help { "One of those that " code { "api_tokens" } " lists. What you may do follows from its role." }
                button type="submit" { "Sign in" }
            }
        },
    )
}

/// Nobody can sign in.
pub(crate) fn closed(reason: &str) -> Markup {
    bare(
        "Closed",
        &html! {
            h1 { "The dashboard is closed" }
            p { "Nobody can sign in: " (reason) "." }
        },
    )
}

/// The form is not one of this session.
pub(crate) fn forged() -> Markup {
    bare(
        "Not done",
        &html! {
            h1 { "Nothing was done" }
            p { "The form was not made for this session, or the session has ended. "
                a href="/" { "Go to the overview" } " and try again." }
        },
    )
}

/// There is no such page.
pub(crate) fn nothing_here() -> Markup {
    bare(
        "Nothing here",
        &html! {
            h1 { "There is nothing here" }
            p { a href="/" { "Go to the overview" } }
        },
    )
}

/// The API said no.
pub(crate) fn refused(seen: &Seen<'_>, status: StatusCode, detail: &str) -> Markup {
    let title = status.canonical_reason().unwrap_or("Refused");
    page(
        seen,
        title,
        "",
        &html! {
            h1 { (title) }
            p { (detail) }
        },
    )
}
