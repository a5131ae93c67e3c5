//! What happens to a pull request. Every verb changes GitHub's state and queues the webhook that GitHub would send.

use std::sync::Arc;

use serde_json::{Value, json};

use super::shape::Shape;
use super::state::{Change, PullRequest as Record};
use crate::state::Shared;

/// A pull request of the simulated GitHub.
#[derive(Debug, Clone)]
pub struct PullRequest {
    pub(crate) shared: Arc<Shared>,
    pub(crate) repository: u64,
    pub(crate) number: u64,
}

impl PullRequest {
    /// Its number within the repository.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The repository's numeric id.
    #[must_use]
    pub fn repository_id(&self) -> u64 {
        self.repository
    }

    /// The hash of its newest commit; empty once the repository is deleted.
    #[must_use]
    pub fn head_sha(&self) -> String {
        self.read(|pull| pull.head_sha.clone()).unwrap_or_default()
    }

    /// Whether it is open.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.read(|pull| pull.open).unwrap_or_default()
    }

    /// Pushes an empty commit to its branch; gives the hash.
    pub fn push(&self) -> String {
        self.push_change("Another commit", Change::Nothing)
    }

    /// Pushes a commit with this message; gives the hash.
    pub fn push_with_message(&self, message: &str) -> String {
        self.push_change(message, Change::Nothing)
    }

    /// Pushes a file to its branch; gives the hash.
    pub fn push_file(&self, path: &str, content: impl AsRef<[u8]>) -> String {
        self.push_change(
            &format!("Write {path}"),
            Change::Write(path, content.as_ref()),
        )
    }

    fn push_change(&self, message: &str, change: Change<'_>) -> String {
        let shared = &self.shared;
        let before = self.head_sha();
        let pushed = shared.change(|state| {
            let (head, branch) = state
                .github
                .pull(self.repository, self.number)
                .map(|pull| (pull.head_repository, pull.head_branch.clone()))?;
            let head = state.github.repositories.get_mut(&head?)?;
            let sha = head.commit_to(&branch, message, change, &shared.clock, &shared.names);
            let commit = head.commits.get(&sha)?.clone();
            state
                .github
                .repositories
                .get_mut(&self.repository)?
                .commits
                .insert(sha.clone(), commit);
            state
                .github
                .pull_mut(self.repository, self.number)?
                .head_sha
                .clone_from(&sha);
            Some(sha)
        });
        let sha = pushed.unwrap_or_default();
        self.happen(
            "synchronize",
            json!({"before": before, "after": sha}),
            |_| {},
        );
        sha
    }

    /// Closes it unmerged.
    pub fn close(&self) {
        let now = self.shared.clock.now();
        self.happen("closed", json!({}), |pull| {
            pull.open = false;
            pull.closed_at = Some(now);
        });
    }

    /// Merges it into its base branch; gives the merge commit's hash.
    pub fn merge(&self) -> String {
        let shared = &self.shared;
        let merged = shared.change(|state| {
            let pull = state.github.pull(self.repository, self.number)?.clone();
            let found = state.github.repositories.get_mut(&self.repository)?;
            let files = found
                .commits
                .get(&pull.head_sha)
                .map(|commit| commit.files.clone())
                .unwrap_or_default();
            let message = format!(
                "Merge pull request #{} from {}",
                pull.number, pull.head_branch
            );
            Some(found.commit_to(
                &pull.base_branch,
                &message,
                Change::Take(files),
                &shared.clock,
                &shared.names,
            ))
        });
        let sha = merged.unwrap_or_default();
        let now = shared.clock.now();
        self.happen("closed", json!({}), |pull| {
            pull.open = false;
            pull.closed_at = Some(now);
            pull.merged_at = Some(now);
            pull.merge_commit = Some(sha.clone());
        });
        sha
    }

    /// Opens it again.
    pub fn reopen(&self) {
        self.happen("reopened", json!({}), |pull| {
            pull.open = true;
            pull.closed_at = None;
        });
    }

    /// Makes it a draft.
    pub fn convert_to_draft(&self) {
        self.happen("converted_to_draft", json!({}), |pull| pull.draft = true);
    }

    /// Makes a draft ready.
    pub fn ready_for_review(&self) {
        self.happen("ready_for_review", json!({}), |pull| pull.draft = false);
    }

    /// Puts a label on it.
    pub fn label(&self, name: &str) {
        let label = self.label_json(name);
        self.happen("labeled", json!({"label": label}), |pull| {
            pull.labels.insert(name.to_owned());
        });
    }

    /// This person, who is made if unknown, puts a label on it.
    pub fn label_by(&self, login: &str, name: &str) {
        let label = self.label_json(name);
        let (shared, names) = (&self.shared, &self.shared.names);
        let sender = shared.change(|state| {
            let user = state.github.user_named(login, "User", names);
            let shape = Shape {
                github: &state.github,
                api: shared.github_url(),
            };
            shape.user(user)
        });
        let extra = json!({"label": label, "sender": sender});
        self.happen("labeled", extra, |pull| {
            pull.labels.insert(name.to_owned());
        });
    }

    /// Takes a label off it.
    pub fn unlabel(&self, name: &str) {
        let label = self.label_json(name);
        self.happen("unlabeled", json!({"label": label}), |pull| {
            pull.labels.remove(name);
        });
    }

    /// Makes it one into another branch.
    pub fn retarget(&self, base: &str) {
        let (branch, sha) = self
            .read(|pull| (pull.base_branch.clone(), pull.base_sha.clone()))
            .unwrap_or_default();
        let new_sha = self.shared.look(|state| {
            state
                .github
                .repositories
                .get(&self.repository)
                .map(|found| found.head_of(base))
        });
        let changes = json!({"base": {"ref": {"from": branch}, "sha": {"from": sha}}});
        self.happen("edited", json!({"changes": changes}), |pull| {
            base.clone_into(&mut pull.base_branch);
            pull.base_sha = new_sha.unwrap_or_default();
        });
    }

    /// Gives it another title.
    pub fn retitle(&self, title: &str) {
        let from = self.read(|pull| pull.title.clone()).unwrap_or_default();
        self.happen(
            "edited",
            json!({"changes": {"title": {"from": from}}}),
            |pull| title.clone_into(&mut pull.title),
        );
    }

    /// Locks the conversation: comments are refused with 403.
    pub fn lock(&self) {
        self.happen("locked", json!({}), |pull| pull.locked = true);
    }

    /// Unlocks the conversation.
    pub fn unlock(&self) {
        self.happen("unlocked", json!({}), |pull| pull.locked = false);
    }

    /// The fork that it comes from is deleted: `head.repo` is null. Queues nothing, as GitHub sends nothing.
    pub fn delete_fork(&self) {
        self.shared.change(|state| {
            if let Some(pull) = state.github.pull_mut(self.repository, self.number) {
                pull.head_repository = None;
            }
        });
    }

    /// Deletes its branch, as people do after a merge. Queues nothing: `delete` events are not simulated.
    pub fn delete_branch(&self) {
        self.shared.change(|state| {
            let head = state
                .github
                .pull(self.repository, self.number)
                .map(|pull| (pull.head_repository, pull.head_branch.clone()));
            if let Some((Some(repository), branch)) = head
                && let Some(found) = state.github.repositories.get_mut(&repository)
            {
                found.branches.remove(&branch);
            }
        });
    }

    fn label_json(&self, name: &str) -> Value {
        let api = self.shared.github_url();
        self.shared.look(|state| {
            let found = state.github.repositories.get(&self.repository);
            found
                .map(|found| {
                    Shape {
                        github: &state.github,
                        api,
                    }
                    .label(found, name)
                })
                .unwrap_or_default()
        })
    }

    pub(super) fn read<T>(&self, read: impl FnOnce(&Record) -> T) -> Option<T> {
        self.shared
            .look(|state| state.github.pull(self.repository, self.number).map(read))
    }

    /// Changes it, marks it updated now, and queues the webhook with the fields that only this action has.
    fn happen(&self, action: &str, extra: Value, change: impl FnOnce(&mut Record)) {
        let shared = &self.shared;
        shared.change(|state| {
            if let Some(pull) = state.github.pull_mut(self.repository, self.number) {
                pull.updated_at = shared.clock.now();
                change(pull);
            }
            let place = (self.repository, self.number);
            state.github.emit_pull_request(
                action,
                place,
                extra,
                shared.github_url(),
                &shared.names,
            );
        });
    }
}
