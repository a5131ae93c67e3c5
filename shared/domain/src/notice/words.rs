//! The words of each notice.

use std::time::Duration;

use super::{Event, Fact, Message, Next, Notice, Piece, Version, message::one_line};

/// A headline must fit into one line of a chat.
const HEADLINE_MAX: usize = 140;

pub(super) fn message(notice: &Notice) -> Message {
    let environment = &notice.place.environment;
    let (what, mut facts, next) = match &notice.event {
        Event::Released => (
            format!("{environment} runs a new version"),
            Vec::new(),
            "It was released and found healthy.".to_owned(),
        ),
        Event::NotReleased { reason } => (
            format!("a release to {environment} did not come about"),
            vec![fact("Why", vec![Piece::theirs(reason)])],
            "What ran before was not found broken. Somebody must look why.".to_owned(),
        ),
        Event::Broke { reason, next } => (
            format!("{environment} is broken"),
            vec![fact("Why", vec![Piece::theirs(reason)])],
            after_a_failure(*next).to_owned(),
        ),
        Event::Recovered { broken_since } => (
            format!("{environment} works again"),
            Vec::new(),
            format!(
                "It was broken for {}.",
                spoken(notice.at.since(*broken_since))
            ),
        ),
        Event::Waiting { reason } => (
            format!("a release to {environment} waits for a person"),
            vec![fact("Why", vec![Piece::theirs(reason)])],
            "Somebody must let it go on, or push a version that needs no leave.".to_owned(),
        ),
        Event::WaitingForApproval { needed, given } => (
            format!("{environment} waits for approval"),
            approvals(given),
            still_needed(*needed, given.len()),
        ),
        Event::RolledBack { from, reason, by } => (
            format!("{environment} was rolled back"),
            vec![
                fact("From", version(from)),
                fact("Why", vec![Piece::theirs(reason)]),
                fact(
                    "By",
                    vec![
                        by.as_deref()
                            .map_or(Piece::Ours("Slipway itself"), Piece::theirs),
                    ],
                ),
            ],
            format!(
                "Nothing is released to {environment} by itself until somebody lifts the hold."
            ),
        ),
    };
    let name = match notice.event {
        Event::Broke { .. }
        | Event::NotReleased { .. }
        | Event::Waiting { .. }
        | Event::WaitingForApproval { .. } => "Version",
        Event::Released | Event::Recovered { .. } | Event::RolledBack { .. } => "Runs now",
    };
    facts.insert(0, fact(name, version(&notice.version)));
    let place = &notice.place;
    let repository = place.repository.name();
    let service = if place.service == repository {
        place.service.clone()
    } else {
        format!("{repository} {}", place.service)
    };
    Message {
        headline: one_line(&format!("{service}: {what}"), HEADLINE_MAX),
        facts,
        next,
        links: notice.links.clone(),
    }
}

fn fact(name: &'static str, pieces: Vec<Piece>) -> Fact {
    Fact { name, pieces }
}

fn version(version: &Version) -> Vec<Piece> {
    let mut pieces = vec![Piece::code(version.commit.short())];
    if !version.title.is_empty() {
        pieces.push(Piece::Ours(" "));
        pieces.push(Piece::theirs(&version.title));
    }
    if let Some(image) = &version.image {
        pieces.push(Piece::Ours(", "));
        pieces.push(Piece::code(image));
    }
    pieces
}

const fn after_a_failure(next: Next) -> &'static str {
    match next {
        Next::RollsBack => "Slipway goes back to the last version that was verified.",
        Next::NeedsAPerson => "Somebody must act: roll back, or release a version that works.",
    }
}

fn approvals(given: &[String]) -> Vec<Fact> {
    if given.is_empty() {
        return Vec::new();
    }
    let mut pieces = Vec::new();
    for person in given {
        if !pieces.is_empty() {
            pieces.push(Piece::Ours(", "));
        }
        pieces.push(Piece::theirs(person));
    }
    vec![fact("Approved by", pieces)]
}

fn still_needed(needed: u32, given: usize) -> String {
    let given = u32::try_from(given).unwrap_or(u32::MAX);
    let people = match needed.saturating_sub(given) {
        0 => return "All approvals are there.".to_owned(),
        1 if given > 0 => "One more person".to_owned(),
        1 => "One person".to_owned(),
        missing if given > 0 => format!("{missing} more people"),
        missing => format!("{missing} people"),
    };
    format!("{people} must approve, and the author is not one of them.")
}

/// `40 s`, `12 min`, `3 h 5 min`, `2 d 4 h`.
fn spoken(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let both = |large: u64, unit: &str, small: u64, other: &str| {
        if small == 0 {
            format!("{large} {unit}")
        } else {
            format!("{large} {unit} {small} {other}")
        }
    };
    if minutes == 0 {
        format!("{seconds} s")
    } else if hours == 0 {
        format!("{minutes} min")
    } else if days == 0 {
        both(hours, "h", minutes % 60, "min")
    } else {
        both(days, "d", hours % 24, "h")
    }
}
