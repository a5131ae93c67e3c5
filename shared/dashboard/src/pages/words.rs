//! Small parts of pages: times, phases, links, commits, buttons.

use std::time::Duration;

use domain::Timestamp;
use http_api::model::Release;
use maud::{Markup, html};
use url::Url;

use super::Seen;

/// In the form that approves a release: what its page shows of it, so that nothing else is approved.
pub(super) fn as_shown(release: &Release) -> Markup {
    html! {
        input type="hidden" name="release" value=(release.id);
        input type="hidden" name="image" value=(release.image.as_deref().unwrap_or_default());
    }
}

/// A time as its distance from now, with the time itself for whoever wants it.
pub(super) fn time(at: &str, now: Timestamp) -> Markup {
    let words = match Timestamp::parse(at) {
        Some(time) if time > now => format!("in {}", distance(time.since(now))),
        Some(time) if now.since(time).as_secs() < 60 => "just now".to_owned(),
        Some(time) => format!("{} ago", distance(now.since(time))),
        None => at.to_owned(),
    };
    html! { time datetime=(at) title=(at) { (words) } }
}

/// How long something has lasted: `for 20 min`.
pub(super) fn lasting(since: &str, now: Timestamp) -> Markup {
    let words = match Timestamp::parse(since) {
        Some(time) => format!("for {}", distance(now.since(time))),
        None => format!("since {since}"),
    };
    html! { time datetime=(since) title=(since) { (words) } }
}

fn distance(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        // Coarse, so that a page stays the same for a while.
        0..60 => "less than a minute".to_owned(),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// A phase or status as a word with a mark: never colour alone.
pub(super) fn state(name: &str) -> Markup {
    let (class, mark) = match name {
        "ready" | "done" | "succeeded" | "completed" | "live" | "active" | "allowed" => {
            ("good", "✓")
        }
        "failed" | "dead" | "cancelled" | "rolled-back" | "suspended" | "refused" | "unknown"
        | "failing" | "left-alone" => ("bad", "✕"),
        "deploying" | "building" | "removing" | "underway" | "releasing" | "going-back"
        | "syncing" | "verifying" | "rolling-back" | "starting" | "running" => ("busy", "↻"),
        "waiting"
        | "pending"
        | "held back"
        | "held"
        | "locked"
        | "queued"
        | "limited"
        | "waiting-for-build"
        | "waiting-for-approval" => ("wait", "…"),
        _ => ("none", "–"),
    };
    chip(class, mark, name)
}

/// The phase of a release. One that is cancelled failed in nothing.
pub(super) fn release_phase(name: &str) -> Markup {
    match name {
        "cancelled" => chip("none", "–", name),
        name => state(name),
    }
}

fn chip(class: &str, mark: &str, name: &str) -> Markup {
    let words = name.replace('-', " ");
    html! { span class={ "state " (class) } { span aria-hidden="true" { (mark) } " " (words) } }
}

/// A link, if the address is one of the web; else the address as text.
pub(super) fn link(address: &str, text: &str) -> Markup {
    let is_web = Url::parse(address).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if is_web {
        html! { a href=(address) rel="noopener noreferrer" { (text) } }
    } else {
        html! { (text) }
    }
}

/// The start of a commit's SHA.
pub(super) fn commit(sha: &str) -> Markup {
    html! { code .sha title=(sha) { (short(sha)) } }
}

/// The same without a mark-up.
pub(super) fn short(sha: &str) -> String {
    sha.chars().take(7).collect()
}

/// A button that acts, in a form of its own.
pub(super) fn button(seen: &Seen<'_>, action: &str, text: &str, about: &str) -> Markup {
    html! {
        form method="post" action=(action) {
            input type="hidden" name="csrf" value=(seen.csrf);
            button type="submit" { (text) span .hidden { " " (about) } }
        }
    }
}

/// The choices of a filter as links; the empty value is "all".
pub(super) fn choices(
    label: &str,
    path: &str,
    name: &str,
    values: &[&str],
    chosen: Option<&str>,
) -> Markup {
    html! {
        nav .choices aria-label=(label) {
            a href=(path) aria-current=[chosen.is_none().then_some("true")] { "all" }
            @for value in values {
                a href={ (path) "?" (name) "=" (value) }
                    aria-current=[(chosen == Some(value)).then_some("true")] { (value.replace("-", " ")) }
            }
        }
    }
}

/// The way to the next page of a list.
pub(super) fn more(address: Option<&str>) -> Markup {
    html! {
        @if let Some(address) = address {
            p { a rel="next" href=(address) { "Further ones" } }
        }
    }
}
