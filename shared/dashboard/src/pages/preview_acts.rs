//! What a person can do about a preview.

use http_api::model::Preview;
use maud::{Markup, html};

use super::{
    Seen,
    previews::{name, path},
    words,
};

/// What a person can do about it, as far as that makes sense now.
pub(super) fn acts(seen: &Seen<'_>, preview: &Preview) -> Markup {
    let open = preview.pull_request.as_ref();
    let open = open.filter(|pull_request| pull_request.state == "open");
    let is_there = preview.phase != "absent";
    html! {
        section .acts aria-labelledby="acts" {
            h2 #acts { "Act" }
            div .forms {
                @if let Some(pull_request) = open {
                    @if is_there {
                        (deploying(seen, preview, ("redeploy", "Redeploy", &pull_request.commit)))
                    } @else {
                        (deploying(seen, preview, ("deploy", "Deploy", &pull_request.commit)))
                    }
                }
                @if open.is_some() && preview.expires_at.is_some() { (keep(seen, preview)) }
                @if open.is_some() && is_there {
                    div {
                        p { "It is removed, and comes back only when somebody asks for it." }
                        (words::button(seen, &format!("{}/remove", path(preview)), "Remove", &name(preview)))
                    }
                }
                div {
                    p { "Lets it try again what was given up, has failed or waits for its next try." }
                    (words::button(seen, &format!("{}/retry", path(preview)), "Try again", &name(preview)))
                }
            }
        }
    }
}

/// Has the head commit deployed that the page shows: if it is another one by now, nothing is.
fn deploying(
    seen: &Seen<'_>,
    preview: &Preview,
    (ask, label, commit): (&str, &str, &str),
) -> Markup {
    let help = if ask == "deploy" {
        "Deploys the head commit and what is pushed after it, whatever labels, drafts and branches say; of a fork only this commit."
    } else {
        "Deploys the head commit anew."
    };
    html! {
        form method="post" action={ (path(preview)) "/" (ask) } {
            input type="hidden" name="csrf" value=(seen.csrf);
            input type="hidden" name="commit" value=(commit);
            p { (help) }
            button type="submit" { (label) " " (words::short(commit)) }
        }
    }
}

fn keep(seen: &Seen<'_>, preview: &Preview) -> Markup {
    html! {
        form method="post" action={ (path(preview)) "/keep" } {
            input type="hidden" name="csrf" value=(seen.csrf);
            label for="keep-for" { "Keep it for" }
            select #keep-for name="for" {
                @for (value, text) in [("1d", "a day"), ("7d", "a week"), ("30d", "30 days")] {
                    option value=(value) { (text) }
                }
            }
            button type="submit" { "Keep" span .hidden { " " (name(preview)) } }
        }
    }
}
