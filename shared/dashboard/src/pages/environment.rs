//! One environment: what is there, what waits, its releases with their timelines, and what a person can do about it.

use http_api::model::{Environment, Release, ReleaseList};
use maud::{Markup, html};

use super::{
    Seen,
    environments::{PATH, held, live, named, path, repository, states},
    frame::page,
    words,
};

/// The page of one environment.
pub(crate) fn environment(
    seen: &Seen<'_>,
    environment: &Environment,
    releases: &ReleaseList,
) -> Markup {
    let title = format!("{} of {}", environment.environment, environment.service);
    let may_act = seen.roles.may_deploy(Some(environment.repository_id));
    let content = html! {
        p .back { a href=(PATH) { "Environments" } }
        h1 { (title) " " (states(environment)) }
        p .lead { (repository(environment)) }
        (holds(seen, environment, may_act))
        (facts(seen, environment))
        (in_hand(seen, environment, may_act))
        @if may_act { (acts(seen, environment)) }
        (history(seen, environment, releases))
        (refused(environment))
    };
    page(seen, &title, PATH, &content)
}

fn facts(seen: &Seen<'_>, environment: &Environment) -> Markup {
    html! {
        dl .facts {
            dt { "Live" } dd { (live(seen, environment)) }
            @if let Some(url) = &environment.url { dt { "Address" } dd { (words::link(url, url)) } }
            @if let Some(tracks) = &environment.tracks {
                dt { "Tracks" }
                dd { (source(tracks, &environment.after)) }
            } @else {
                dt { "Configuration" } dd .trouble { "names this environment no longer" }
            }
            @if let Some(application) = &environment.application {
                dt { "Argo CD" } dd { "the application " code { (application) } }
            }
            @if let Some(trouble) = &environment.trouble { dt { "Trouble" } dd .trouble { (trouble) } }
            dt { "Next look" }
            dd { @match &environment.next_look_at {
                Some(at) => (words::time(at, seen.now)),
                None => "when something is new",
            } }
        }
    }
}

/// Where its commits come from: a branch or tags, the environments before it, or both.
fn source(tracks: &str, after: &[String]) -> String {
    let before = after.join(" and ");
    match (tracks, after) {
        (tracks, []) => tracks.to_owned(),
        ("no branch and no tag", _) => format!("what is live in {before}"),
        (tracks, _) => format!("{tracks}, once it is live in {before}"),
    }
}

/// Why nothing begins by itself, with the way out of it.
fn holds(seen: &Seen<'_>, environment: &Environment, may_act: bool) -> Markup {
    let held_by = [
        (&environment.lock, "Locked", "unlock", "Unlock"),
        (&environment.hold, "Held", "lift-hold", "Lift the hold"),
    ];
    html! {
        @for (hold, what, act, button) in held_by {
            @if let Some(hold) = hold {
                div .held {
                    p { (held(what, hold, seen)) ". Releases wait until somebody lets them go on." }
                    @if may_act {
                        (words::button(seen, &format!("{}/{act}", path(environment)), button, &environment.environment))
                    }
                }
            }
        }
    }
}

fn in_hand(seen: &Seen<'_>, environment: &Environment, may_act: bool) -> Markup {
    let releases = environment.running.iter().chain(&environment.waiting);
    html! {
        @if environment.running.is_some() || !environment.waiting.is_empty() {
            section aria-labelledby="in-hand" {
                h2 #in-hand { "In hand and waiting" }
                ul .cards { @for release in releases { li {
                    h3 { (named(release)) " " (words::release_phase(&release.phase)) }
                    p { (release.reason) @if let Some(rule) = &release.rule { " " span .quiet { "(by the rule " code { (rule) } ")" } } }
                    @if let Some(url) = &release.build_url { p { (words::link(url, "Its build")) } }
                    (timeline(seen, release))
                    @if may_act && release.diverged {
                        (of_commit(seen, environment, release, ("allow-diverged", "Release it all the same")))
                    }
                    @if may_act && release.needs_approval {
                        (of_commit(seen, environment, release, ("approve", "Approve")))
                    }
                } } }
            }
        }
    }
}

/// A button about one release.
fn of_commit(
    seen: &Seen<'_>,
    environment: &Environment,
    release: &Release,
    (act, label): (&str, &str),
) -> Markup {
    html! {
        form method="post" action={ (path(environment)) "/" (act) } {
            input type="hidden" name="csrf" value=(seen.csrf);
            input type="hidden" name="commit" value=(release.commit);
            (words::as_shown(release))
            button .primary type="submit" { (label) span .hidden { " " (words::short(&release.commit)) } }
        }
    }
}

fn acts(seen: &Seen<'_>, environment: &Environment) -> Markup {
    html! {
        section .acts aria-labelledby="acts" {
            h2 #acts { "Act" }
            div .forms {
                @if !environment.ways_back.is_empty() { (rollback(seen, environment)) }
                @if environment.lock.is_none() { (lock(seen, environment)) }
                div {
                    p { "Tries at once what waits for its next try or was given up." }
                    (words::button(seen, &format!("{}/retry", path(environment)), "Try again", &environment.environment))
                }
            }
        }
    }
}

fn rollback(seen: &Seen<'_>, environment: &Environment) -> Markup {
    html! {
        form method="post" action={ (path(environment)) "/rollback" } {
            input type="hidden" name="csrf" value=(seen.csrf);
            label for="to" { "Go back to" }
            select #to name="to" required {
                @for way in &environment.ways_back {
                    option value={ (way.back) " " (way.commit) } {
                        (words::short(&way.commit)) " " (way.title)
                        @if way.back == 1 { " (the one before)" }
                    }
                }
            }
            label for="rollback-reason" { "Why" }
            input #rollback-reason name="reason" required maxlength="200" autocomplete="off"
                aria-describedby="rollback-help";
            p #rollback-help .quiet { "Argo CD goes back to that release, and the environment is held until somebody lifts that." }
            button .strong type="submit" { "Go back" }
        }
    }
}

fn lock(seen: &Seen<'_>, environment: &Environment) -> Markup {
    html! {
        form method="post" action={ (path(environment)) "/lock" } {
            input type="hidden" name="csrf" value=(seen.csrf);
            label for="lock-reason" { "Lock, because" }
            input #lock-reason name="reason" required maxlength="200" autocomplete="off"
                aria-describedby="lock-help";
            p #lock-help .quiet { "Releases wait and tell this reason. What is under way goes on." }
            button type="submit" { "Lock" }
        }
    }
}

fn history(seen: &Seen<'_>, environment: &Environment, releases: &ReleaseList) -> Markup {
    let over: Vec<&Release> = releases
        .releases
        .iter()
        .filter(|release| release.ended_at.is_some())
        .collect();
    html! {
        section aria-labelledby="history" {
            h2 #history { "Releases" }
            @if over.is_empty() { p { "None is over yet." } }
            ul .history { @for release in over { li {
                details id={ "release-" (release.id) } {
                    summary {
                        (words::release_phase(&release.phase)) " " (named(release))
                        @if release.rollback { " " span .quiet { "(a way back)" } }
                        @if let Some(at) = &release.ended_at { " " span .quiet { (words::time(at, seen.now)) } }
                    }
                    (timeline(seen, release))
                }
            } } }
            @if releases.next.is_some() {
                p .quiet { "Older ones: " code { "GET /api/v1/releases?environment=" (environment.environment) } }
            }
        }
    }
}

/// Runs that did not count, and why: whoever waits for a release looks for them.
fn refused(environment: &Environment) -> Markup {
    html! {
        @if !environment.refused_runs.is_empty() {
            section aria-labelledby="refused" {
                h2 #refused { "Runs that prove nothing here" }
                ul .cards { @for run in &environment.refused_runs {
                    li { "Run " (run.run) ", attempt " (run.attempt) ": " (run.reason) "." }
                } }
            }
        }
    }
}

pub(super) fn timeline(seen: &Seen<'_>, release: &Release) -> Markup {
    html! {
        @if !release.timeline.is_empty() {
            ol .timeline {
                @for event in release.timeline.iter().rev() {
                    li { span .when { (words::time(&event.at, seen.now)) } " " (event.what) }
                }
            }
        }
    }
}
