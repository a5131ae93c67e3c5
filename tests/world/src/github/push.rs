//! Pushes: to a branch, by force, and of a tag, each with its webhook.

use serde_json::{Value, json};

use super::repository::Repository;
use super::shape::{Shape, overlay};
use super::state::{Change, GitHubState, Repository as Record};
use crate::clock::github_time;
use crate::names::Names;

/// What was there before a reference was made.
const NOTHING: &str = "0000000000000000000000000000000000000000";

/// A reference that was moved.
pub(crate) struct Moved {
    /// `refs/heads/main`.
    pub(crate) reference: String,
    pub(crate) before: String,
    pub(crate) after: String,
    pub(crate) forced: bool,
}

impl Repository {
    /// Pushes a new commit with this message to a branch, which begins at the default branch if it is new; gives its hash.
    pub fn push(&self, branch: &str, message: &str) -> String {
        let (shared, reference) = (&self.shared, format!("refs/heads/{branch}"));
        self.moving(&reference, |found| {
            found.commit_to(
                branch,
                message,
                Change::Nothing,
                &shared.clock,
                &shared.names,
            )
        })
    }

    /// Pushes a new commit that writes a file to a branch, which begins at the default branch if it is new; gives its hash.
    pub fn push_file(&self, branch: &str, path: &str, content: impl AsRef<[u8]>) -> String {
        let (shared, reference) = (&self.shared, format!("refs/heads/{branch}"));
        self.moving(&reference, |found| {
            let change = Change::Write(path, content.as_ref());
            let message = format!("Write {path}");
            found.commit_to(branch, &message, change, &shared.clock, &shared.names)
        })
    }

    /// Pushes, by force, a new commit that follows `parent` and nothing that came after it; gives its hash.
    pub fn force_push(&self, branch: &str, parent: &str, message: &str) -> String {
        let (shared, reference) = (&self.shared, format!("refs/heads/{branch}"));
        self.moving(&reference, |found| {
            found.branches.insert(branch.to_owned(), parent.to_owned());
            found.commit_to(
                branch,
                message,
                Change::Nothing,
                &shared.clock,
                &shared.names,
            )
        })
    }

    /// Pushes a tag of a commit.
    pub fn tag(&self, name: &str, sha: &str) {
        self.moving(&format!("refs/tags/{name}"), |found| {
            found.tags.insert(name.to_owned(), sha.to_owned());
            sha.to_owned()
        });
    }

    /// Moves a reference, and queues the webhook.
    fn moving(&self, reference: &str, change: impl FnOnce(&mut Record) -> String) -> String {
        let (shared, api) = (&self.shared, self.shared.github_url());
        shared.change(|state| {
            let Some(found) = state.github.repositories.get_mut(&self.id) else {
                return String::new();
            };
            let name = reference.trim_start_matches("refs/");
            let before = found.sha_at(name).unwrap_or_else(|| NOTHING.to_owned());
            let after = change(found);
            let forced = before != NOTHING && !found.ancestors(&after).contains(&before);
            let moved = Moved {
                reference: reference.to_owned(),
                before,
                after: after.clone(),
                forced,
            };
            state.github.emit_push(self.id, &moved, api, &shared.names);
            after
        })
    }
}

/// The files that a commit changed, as a payload lists them.
#[derive(Default)]
struct Changed<'a> {
    added: Vec<&'a str>,
    removed: Vec<&'a str>,
    modified: Vec<&'a str>,
}

impl<'a> Changed<'a> {
    fn by(found: &'a Record, sha: &str) -> Self {
        let mut changed = Self::default();
        let Some(commit) = found.commits.get(sha) else {
            return changed;
        };
        let parent = commit
            .parents
            .first()
            .and_then(|parent| found.commits.get(parent));
        for (path, content) in &commit.files {
            match parent.and_then(|parent| parent.files.get(path)) {
                None => changed.added.push(path),
                Some(before) if before != content => changed.modified.push(path),
                Some(_) => {}
            }
        }
        let before = parent.iter().flat_map(|parent| parent.files.keys());
        let gone = before.filter(|path| !commit.files.contains_key(*path));
        changed.removed.extend(gone.map(String::as_str));
        changed
    }
}

impl GitHubState {
    /// What a `push` payload says of a moved reference.
    pub(crate) fn push_payload(&self, found: &Record, moved: &Moved, api: &str) -> Value {
        let (before, after) = (&moved.before, &moved.after);
        let home = format!("https://github.com/{}", self.full_name(found));
        let commit = found.commits.get(after);
        let person =
            json!({"name": "Mona Octocat", "email": "mona@github.com", "username": "octocat"});
        let at = commit.map_or(0, |commit| commit.at);
        let changed = Changed::by(found, after);
        let head = json!({
            "id": after, "tree_id": after, "distinct": true,
            "message": commit.map(|commit| commit.message.as_str()).unwrap_or_default(), "timestamp": github_time(at),
            "url": format!("{home}/commit/{after}"), "author": person, "committer": person,
            "added": changed.added, "removed": changed.removed, "modified": changed.modified,
        });
        let mut payload = json!({
            "ref": moved.reference, "before": before, "after": after, "created": before == NOTHING, "deleted": false,
            "forced": moved.forced, "base_ref": null, "compare": format!("{home}/compare/{before}...{after}"),
            "commits": [head], "head_commit": head, "pusher": {"name": "octocat", "email": "mona@github.com"},
        });
        let shape = Shape { github: self, api };
        let mut repository = shape.repository(found);
        // In pushes these two are numbers (VENDORS 4.3), and there are four more fields.
        overlay(
            &mut repository,
            json!({"created_at": found.created_at, "pushed_at": at, "stargazers": 0, "master_branch": found.default_branch}),
        );
        overlay(&mut payload, json!({"repository": repository}));
        payload
    }

    /// Queues a `push` delivery.
    pub(crate) fn emit_push(&mut self, repository: u64, moved: &Moved, api: &str, names: &Names) {
        let Some(found) = self.repositories.get(&repository) else {
            return;
        };
        let mut payload = self.envelope(found, found.owner, api);
        overlay(&mut payload, self.push_payload(found, moved, api));
        self.enqueue("push", repository, &payload, names);
    }
}
