//! What was done, in words, and the comment without what is folded away.

use super::{
    super::{Action, AdmissionAction, TargetAction},
    report,
};

/// One action in words.
pub(super) fn told(action: &Action) -> String {
    match action {
        Action::ReadPullRequest { .. } => "read the pull request".into(),
        Action::ReadConfiguration { .. } => "read the configuration".into(),
        Action::ReadPermission { added, .. } => format!("ask about {}", added.login),
        Action::JudgeRequest { request, .. } => format!("ask about {}", request.login),
        Action::PublishReport(wish) => report::told(wish),
        Action::SweepDeployments { keep, .. } => format!("delete deployments but {keep:?}"),
        Action::DeleteImage { image, tag, .. } => format!("delete {image}:{tag}"),
        Action::NoteExpiry { over, .. } => format!("note that it is over: {over}"),
        Action::ReadRuns { commit, .. } => format!("read the runs of {}", commit.short()),
        Action::Admission { action, .. } => match action {
            AdmissionAction::Ask { live, limit, .. } => {
                format!("ask for a place of {limit} (live: {live})")
            }
            AdmissionAction::Return { .. } => "give the place back".into(),
        },
        Action::ReadFiles { sieve, .. } => format!("read the files of {}", sieve.commit.short()),
        Action::Target { action, .. } => match action {
            TargetAction::Start {
                attempt, revision, ..
            } => {
                format!(
                    "start {} as {} (attempt {attempt})",
                    revision.commit.short(),
                    revision.tag
                )
            }
            TargetAction::Find { revision } => format!("find {}", revision.commit.short()),
            TargetAction::LookAfter => "look after others".into(),
            TargetAction::ResolveStart { attempt } => format!("resolve attempt {attempt}"),
            TargetAction::Look { attempt, .. } => format!("look for attempt {attempt}"),
            TargetAction::Poll { deployment } => format!("poll {deployment}"),
            TargetAction::Cancel { deployment } => format!("cancel {deployment}"),
            TargetAction::Probe { url, .. } => format!("probe {url}"),
            TargetAction::ReadVariables { commit } => {
                format!("read the variables for {}", commit.short())
            }
            TargetAction::Remove => "remove".into(),
        },
        Action::PublishComment { body, .. } => format!("comment: {}", headline(body)),
    }
}

/// A comment without what is folded away: the decisions, which have tests of their own.
pub(super) fn unfolded(body: &str) -> &str {
    body.split("\n<details><summary>Decisions")
        .next()
        .unwrap_or_default()
}

/// The status of the first service, or the first note.
fn headline(body: &str) -> &str {
    let body = unfolded(body);
    let row = body
        .lines()
        .find_map(|line| line.strip_prefix("| web")?.split(" | ").nth(1));
    let mut notes = body
        .lines()
        .skip_while(|line| *line != "### Preview")
        .filter(|line| !line.is_empty());
    row.or_else(|| notes.nth(1)).unwrap_or_default()
}
