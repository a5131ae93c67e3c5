//! What must be true at the end of every story, whatever it told.

use std::collections::BTreeMap;

use crate::Vendor;
use crate::journal::Journal;
use crate::slack;
use crate::state::{Shared, State};

/// How Slipway's one comment on a pull request begins, invisibly.
pub const COMMENT_MARKER: &str = "<!-- slipway:preview";

/// Everything that is not as it must be, one sentence each.
pub(crate) fn untidy(shared: &Shared) -> Vec<String> {
    shared.look(|state| {
        let mut found = requests(&state.journal);
        found.extend(comments(state));
        found.extend(previews(state));
        found.extend(slack::untidy(&state.slack));
        found
    })
}

fn requests(journal: &Journal) -> Vec<String> {
    let mut found = Vec::new();
    for entry in &journal.entries {
        for violation in &entry.violations {
            found.push(format!(
                "request {} breaks {:?}'s contract: {violation} ({})",
                entry.number,
                entry.vendor,
                entry.line()
            ));
        }
        // The URL of a webhook of Slack's is its secret, and outgoing webhooks are signed.
        let open_to_all = matches!(
            entry.vendor,
            Vendor::Previews | Vendor::Slack | Vendor::Receiver
        ) || entry.path.ends_with("/health")
            || entry.path == "/api/version"
            // The public keys of the tokens of Actions.
            || entry.path == "/.well-known/jwks"
            // Whoever registers an App is nobody to the API yet: the code is all that it takes.
            || entry.path.starts_with("/app-manifests/")
            || entry.path.ends_with("/settings/apps/new");
        if !entry.authenticated && !open_to_all {
            found.push(format!(
                "request {} carries no credentials ({})",
                entry.number,
                entry.line()
            ));
        }
    }
    found
}

/// More than one comment with the marker by one author on one pull request.
fn comments(state: &State) -> Vec<String> {
    let mut counts: BTreeMap<(u64, u64, u64), usize> = BTreeMap::new();
    for comment in state
        .github
        .comments
        .values()
        .filter(|comment| comment.body.contains(COMMENT_MARKER))
    {
        *counts
            .entry((comment.repository, comment.pull_request, comment.author))
            .or_default() += 1;
    }
    let several = counts.into_iter().filter(|(_, count)| *count > 1);
    several
        .map(|((_, number, author), count)| {
            let login = state
                .github
                .user(author)
                .map_or("ghost", |user| user.login.as_str());
            format!("pull request {number} has {count} Slipway comments by {login}, must have one")
        })
        .collect()
}

/// Previews on record, containers and deployments under way that no open pull request justifies.
fn previews(state: &State) -> Vec<String> {
    let coolify = &state.coolify;
    let unjustified =
        |application: &str, number: u64| number > 0 && !is_open(state, application, number);
    let records = coolify
        .previews
        .keys()
        .map(|place| ("has a preview on record", place));
    let containers = coolify
        .containers
        .keys()
        .map(|place| ("runs a container", place));
    let mut found: Vec<String> = records
        .chain(containers)
        .filter(|(_, (application, number))| unjustified(application, *number))
        .map(|(what, (application, number))| {
            format!("Coolify {what} of {application} for pull request {number}, which is not open")
        })
        .collect();
    for deployment in &coolify.deployments {
        if unjustified(&deployment.application, deployment.pull_request)
            && deployment.status.is_active()
        {
            let (uuid, number, status) = (
                &deployment.uuid,
                deployment.pull_request,
                deployment.status.as_str(),
            );
            found.push(format!(
                "deployment {uuid} for pull request {number}, which is not open, is {status}"
            ));
        }
    }
    found
}

/// Whether the application's repository, or any if it belongs to none, has this pull request open.
fn is_open(state: &State, application: &str, number: u64) -> bool {
    let belongs_to = state
        .coolify
        .applications
        .get(application)
        .and_then(|found| found.repository);
    let repositories = state
        .github
        .repositories
        .values()
        .filter(|found| belongs_to.is_none_or(|id| id == found.id));
    repositories
        .filter_map(|found| found.pulls.get(&number))
        .any(|pull| pull.open)
}

/// The whole complaint, with the journal.
pub(crate) fn complaint(found: &[String], shared: &Shared) -> String {
    let findings: String = found
        .iter()
        .map(|finding| format!("  - {finding}\n"))
        .collect();
    let asked: String = shared.look(|state| {
        state
            .journal
            .entries
            .iter()
            .map(|entry| format!("    {}\n", entry.line()))
            .collect()
    });
    format!(
        "the world is not as it must be ({} findings):\n{findings}what was asked of it:\n{asked}",
        found.len()
    )
}
