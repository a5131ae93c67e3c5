//! The one comment on a pull request: what its preview is, for the people who look at the pull request.

mod history;
mod notes;
mod rows;

use sha2::{Digest, Sha256};

use super::{
    PullRequest, PullRequestState, Standing, Wish,
    state::{Preview, Problem},
};
use crate::{PreviewId, markdown::code};

/// GitHub takes at most 65,536 characters; no text has more characters than bytes.
const BYTES_MAX: usize = 65_000;
/// The table takes at most so much of it, and the notes so much more.
const TABLE_BYTES_MAX: usize = 40_000;
const NOTES_BYTES_MAX: usize = 20_000;

/// The start of the comment, not shown by GitHub: by it, and by its author, the comment is found again.
pub fn marker(id: PreviewId) -> String {
    format!(
        "<!-- slipway:preview repository={} pr={} -->",
        id.repository, id.number
    )
}

/// Tells two texts apart without keeping them.
pub(super) fn digest(body: &str) -> String {
    hex::encode(Sha256::digest(body).get(..16).unwrap_or_default())
}

/// The whole comment; none if there is nothing that people should be told.
pub(super) fn render(preview: &Preview) -> Option<String> {
    let pull_request = preview.pull_request()?;
    let told = preview.comment.attempts > 0 || preview.comment.id.is_some();
    let rows = rows::rows(preview, pull_request);
    let notes = notes::notes(preview, pull_request, !rows.is_empty());
    let concerns = invalid(preview, pull_request) || notes::unreadable(preview).next().is_some();
    let command = preview.last_command();
    if rows.is_empty() && command.is_none() && (notes.is_empty() || !(told || concerns)) {
        return None;
    }
    let mut body = format!("{}\n### Preview\n", marker(preview.id));
    if !rows.is_empty() {
        body.push('\n');
        body.push_str(&rows::table(&rows, TABLE_BYTES_MAX));
    }
    let notes_end = body.len() + NOTES_BYTES_MAX;
    // Whoever gave a command waits for its answer, so it has its room whatever else there is to tell.
    let answer_bytes = command.as_ref().map_or(0, String::len);
    for note in notes {
        if body.len() + note.len() + answer_bytes > notes_end {
            break;
        }
        body.push_str(&format!("\n{note}\n"));
    }
    for note in command.into_iter().chain(next_step(preview, pull_request)) {
        if body.len() + note.len() > notes_end {
            break;
        }
        body.push_str(&format!("\n{note}\n"));
    }
    let decisions = preview.told_rulings().map(|decisions| {
        format!("<details><summary>Decisions</summary>\n{decisions}\n\n</details>\n")
    });
    for fold in history::fold(preview, pull_request)
        .into_iter()
        .chain(decisions)
    {
        if body.len() + fold.len() < BYTES_MAX {
            body.push_str(&format!("\n{fold}"));
        }
    }
    Some(body)
}

/// The table of the services alone; none if there is nothing to tell of any.
pub(super) fn table(preview: &Preview) -> Option<String> {
    let rows = rows::rows(preview, preview.pull_request()?);
    (!rows.is_empty()).then(|| rows::table(&rows, TABLE_BYTES_MAX))
}

/// Whether the configuration that concerns the open pull request cannot be understood.
fn invalid(preview: &Preview, pull_request: &PullRequest) -> bool {
    pull_request.state == PullRequestState::Open
        && matches!(preview.configuration.problem, Some(Problem::Invalid(_)))
}

/// What people can do now.
fn next_step(preview: &Preview, pull_request: &PullRequest) -> Option<String> {
    if pull_request.state != PullRequestState::Open {
        return None;
    }
    let views = preview.services();
    let standing = views.iter().map(|view| view.standing).max()?;
    let next = match standing {
        Standing::Ready => {
            "a push deploys the next commit, and closing the pull request removes everything."
                .to_owned()
        }
        Standing::Failed if preview.offers(Wish::Redeploy) => format!(
            "a push or another run of the build tries again, and so does *Redeploy* in the check {}.",
            code(super::CHECK)
        ),
        Standing::Failed => "a push or another run of the build tries again.".to_owned(),
        Standing::Absent | Standing::Waiting | Standing::Deploying | Standing::Removing => {
            return None;
        }
    };
    Some(format!("**Next:** {next}"))
}
