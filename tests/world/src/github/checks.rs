//! Check runs as stories look at them, and their buttons.

use serde_json::{Value, json};

use super::repository::Repository;

/// A check run as people see it.
#[derive(Debug, Clone)]
pub struct CheckRun {
    /// Its name.
    pub name: String,
    /// GitHub's id of it.
    pub id: u64,
    /// `queued`, `in_progress` or `completed`.
    pub status: String,
    /// `success`, `failure`, …; none while it is not over.
    pub conclusion: Option<String>,
    /// Where to read on, if that was sent.
    pub details_url: Option<String>,
    /// The identifiers of its buttons.
    pub buttons: Vec<String>,
    /// Title, summary and annotations, as they were sent.
    pub output: Value,
}

impl Repository {
    /// The check runs on a commit, oldest first.
    #[must_use]
    pub fn check_runs(&self, sha: &str) -> Vec<CheckRun> {
        self.shared.look(|state| {
            let all = state.github.checks.values();
            all.filter(|check| check.repository == self.id && check.head == sha)
                .map(|check| CheckRun {
                    name: check.name.clone(),
                    id: check.id,
                    status: check.status.clone(),
                    conclusion: check.conclusion.clone(),
                    details_url: check.details_url.clone(),
                    buttons: check
                        .actions
                        .iter()
                        .filter_map(|button| button.get("identifier")?.as_str())
                        .map(str::to_owned)
                        .collect(),
                    output: check.output.clone(),
                })
                .collect()
        })
    }

    /// This person, who is made if unknown, presses a button of a check run.
    pub fn press(&self, check: u64, button: &str, login: &str) {
        let identifier = json!({"identifier": button});
        let shared = &self.shared;
        shared.change(|state| {
            let user = state.github.user_named(login, "User", &shared.names);
            state.github.emit_check_run(
                check,
                identifier,
                user,
                shared.github_url(),
                &shared.names,
            );
        });
    }
}
