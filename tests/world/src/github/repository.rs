//! What happens to a repository.

use std::sync::Arc;

use serde_json::{Value, json};

use super::pull_request::PullRequest;
use super::run::{Run, RunBuilder};
use super::shape::Shape;
use super::state::{Change, GitHubState, PullRequest as Pull, Repository as Record};
use crate::state::Shared;

/// A repository of the simulated GitHub.
#[derive(Debug, Clone)]
pub struct Repository {
    pub(crate) shared: Arc<Shared>,
    pub(crate) id: u64,
}

/// How a pull request begins.
struct Opening<'a> {
    title: &'a str,
    branch: &'a str,
    base: Option<&'a str>,
    draft: bool,
    /// Who opens it from a fork; none: from the repository itself.
    fork_owner: Option<&'a str>,
}

impl Repository {
    /// GitHub's numeric id, which no renaming changes.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Owner and name, as they are now; empty once it is deleted.
    #[must_use]
    pub fn full_name(&self) -> String {
        self.shared
            .look(|state| {
                state
                    .github
                    .repositories
                    .get(&self.id)
                    .map(|found| state.github.full_name(found))
            })
            .unwrap_or_default()
    }

    /// The hash at the head of a branch; empty for a branch that does not exist.
    #[must_use]
    pub fn head_of(&self, branch: &str) -> String {
        self.read(|found| found.head_of(branch)).unwrap_or_default()
    }

    /// Commits a file to the default branch; gives the new commit's hash.
    pub fn write_file(&self, path: &str, content: impl AsRef<[u8]>) -> String {
        self.commit(
            None,
            &format!("Write {path}"),
            Change::Write(path, content.as_ref()),
        )
    }

    /// Commits a file to a branch, which begins at the default branch if it is new; gives the new commit's hash.
    pub fn write_file_on(&self, branch: &str, path: &str, content: impl AsRef<[u8]>) -> String {
        self.commit(
            Some(branch),
            &format!("Write {path}"),
            Change::Write(path, content.as_ref()),
        )
    }

    /// Commits the removal of a file from the default branch; gives the new commit's hash.
    pub fn remove_file(&self, path: &str) -> String {
        self.commit(None, &format!("Remove {path}"), Change::Remove(path))
    }

    /// A rule lets a branch take commits from pull requests only.
    pub fn protect(&self, branch: &str) {
        self.shared.change(|state| {
            if let Some(found) = state.github.repositories.get_mut(&self.id) {
                found.protected.insert(branch.to_owned());
            }
        });
    }

    /// A file on a branch as it is now; none if there is none.
    #[must_use]
    pub fn file_on(&self, branch: &str, path: &str) -> Option<String> {
        self.read(|found| {
            let commit = found.commit(Some(branch))?;
            let content = commit.files.get(path)?;
            Some(String::from_utf8_lossy(content).into_owned())
        })
        .flatten()
    }

    /// Commits to a branch, the default one if none is named.
    fn commit(&self, branch: Option<&str>, message: &str, change: Change<'_>) -> String {
        let shared = &self.shared;
        let written = shared.change(|state| {
            let found = state.github.repositories.get_mut(&self.id)?;
            let branch = branch.unwrap_or(&found.default_branch).to_owned();
            Some(found.commit_to(&branch, message, change, &shared.clock, &shared.names))
        });
        written.unwrap_or_default()
    }

    /// Gives this person, who is made if unknown, a role: `admin`, `maintain`, `write`, `triage` or `read`.
    pub fn give_role(&self, login: &str, role: &'static str) {
        let names = &self.shared.names;
        self.shared.change(|state| {
            let user = state.github.user_named(login, "User", names);
            if let Some(found) = state.github.repositories.get_mut(&self.id) {
                found.roles.insert(user, role);
            }
        });
    }

    /// Takes away what this person was given.
    pub fn take_role(&self, login: &str) {
        self.give_role(login, "none");
    }

    /// Opens a pull request of a new commit on a branch into the default branch.
    pub fn open_pull_request(&self, title: &str, branch: &str) -> PullRequest {
        self.open(&Opening {
            title,
            branch,
            base: None,
            draft: false,
            fork_owner: None,
        })
    }

    /// Opens a draft.
    pub fn open_draft(&self, title: &str, branch: &str) -> PullRequest {
        self.open(&Opening {
            title,
            branch,
            base: None,
            draft: true,
            fork_owner: None,
        })
    }

    /// Opens a pull request into another branch, as stacked ones are.
    pub fn open_pull_request_onto(&self, base: &str, title: &str, branch: &str) -> PullRequest {
        self.open(&Opening {
            title,
            branch,
            base: Some(base),
            draft: false,
            fork_owner: None,
        })
    }

    /// Opens a pull request from this person's fork, which is made if there is none.
    pub fn open_pull_request_from_fork(
        &self,
        owner: &str,
        title: &str,
        branch: &str,
    ) -> PullRequest {
        self.open(&Opening {
            title,
            branch,
            base: None,
            draft: false,
            fork_owner: Some(owner),
        })
    }

    fn open(&self, opening: &Opening<'_>) -> PullRequest {
        let shared = &self.shared;
        let number = shared.change(|state| {
            let number = open_pull_request(&mut state.github, self.id, opening, shared)?;
            let nothing = serde_json::json!({});
            state.github.emit_pull_request(
                "opened",
                (self.id, number),
                nothing,
                shared.github_url(),
                &shared.names,
            );
            Some(number)
        });
        PullRequest {
            shared: Arc::clone(shared),
            repository: self.id,
            number: number.unwrap_or_default(),
        }
    }

    /// A pull request by its number.
    #[must_use]
    pub fn pull_request(&self, number: u64) -> Option<PullRequest> {
        self.read(|found| found.pulls.contains_key(&number))
            .unwrap_or_default()
            .then(|| PullRequest {
                shared: Arc::clone(&self.shared),
                repository: self.id,
                number,
            })
    }

    /// All pull requests, in the order of their numbers.
    #[must_use]
    pub fn pull_requests(&self) -> Vec<PullRequest> {
        let numbers: Vec<u64> = self
            .read(|found| found.pulls.keys().copied().collect())
            .unwrap_or_default();
        numbers
            .into_iter()
            .filter_map(|number| self.pull_request(number))
            .collect()
    }

    /// Begins a run of a workflow: `repository.run("CI").for_pull_request(&pull).succeed()`.
    #[must_use = "a run begins with `start`, `succeed` or another end"]
    pub fn run(&self, workflow: &str) -> RunBuilder {
        RunBuilder::new(self.clone(), workflow)
    }

    /// Whether GitHub lists an environment of this name.
    #[must_use]
    pub fn has_environment(&self, name: &str) -> bool {
        self.read(|found| found.environments.contains(name))
            .unwrap_or_default()
    }

    /// All runs, oldest first.
    #[must_use]
    pub fn runs(&self) -> Vec<Run> {
        let ids: Vec<u64> = self
            .read(|found| found.runs.keys().copied().collect())
            .unwrap_or_default();
        ids.into_iter()
            .map(|id| Run {
                shared: Arc::clone(&self.shared),
                repository: self.id,
                id,
            })
            .collect()
    }

    /// Makes another branch the default one; it begins where the present one is if it is new.
    pub fn set_default_branch(&self, branch: &str) {
        let before = self.read(|found| found.default_branch.clone());
        self.write(|found| {
            let head = found.head_of(&found.default_branch);
            found.branches.entry(branch.to_owned()).or_insert(head);
            branch.clone_into(&mut found.default_branch);
        });
        self.tell("edited", Some(json!({"default_branch": {"from": before}})));
    }

    /// Makes it read-only: no comment and no push is taken any more.
    pub fn archive(&self) {
        self.write(|found| found.archived = true);
        self.tell("archived", None);
    }

    /// Lets it be written to again.
    pub fn unarchive(&self) {
        self.write(|found| found.archived = false);
        self.tell("unarchived", None);
    }

    /// Shows it to everybody, or only to members.
    pub fn set_private(&self, private: bool) {
        self.write(|found| found.private = private);
        self.tell(if private { "privatized" } else { "publicized" }, None);
    }

    /// Sends a `repository` delivery.
    fn tell(&self, action: &str, changes: Option<Value>) {
        let (shared, id) = (&self.shared, self.id);
        shared.change(|state| {
            let (api, names) = (shared.github_url(), &shared.names);
            state
                .github
                .emit_repository(action, id, changes, api, names);
        });
    }

    /// Gives it another name; the old one redirects as long as no other repository takes it.
    pub fn rename(&self, name: &str) {
        let before = self.read(|found| found.name.clone());
        self.move_to(None, name);
        self.tell(
            "renamed",
            Some(json!({"repository": {"name": {"from": before}}})),
        );
    }

    /// Gives it to another owner, with the same redirects.
    pub fn transfer(&self, owner: &str) {
        let name = self.read(|found| found.name.clone()).unwrap_or_default();
        let installations = self.shared.look(|state| {
            let all = state.github.installed.installations.keys();
            all.map(|id| (*id, state.github.reached_by(*id)))
                .collect::<Vec<_>>()
        });
        let former = self.read(|found| found.owner);
        self.move_to(Some(owner), &name);
        let shared = &self.shared;
        shared.change(|state| {
            for (id, before) in installations {
                let after = state.github.reached_by(id);
                let (api, names) = (shared.github_url(), &shared.names);
                state.github.emit_reach(id, (&before, &after), api, names);
            }
        });
        let from = former.map(|id| {
            self.shared.look(|state| {
                let (github, api) = (&state.github, self.shared.github_url());
                Shape { github, api }.user(id)
            })
        });
        self.tell(
            "transferred",
            Some(json!({"owner": {"from": {"user": from}}})),
        );
    }

    fn move_to(&self, owner: Option<&str>, name: &str) {
        let shared = &self.shared;
        let former = self.full_name().to_lowercase();
        shared.change(|state| {
            let owner = owner.map(|login| {
                state
                    .github
                    .user_named(login, "Organization", &shared.names)
            });
            state.github.former_names.insert(former, self.id);
            if let Some(found) = state.github.repositories.get_mut(&self.id) {
                name.clone_into(&mut found.name);
                found.owner = owner.unwrap_or(found.owner);
            }
        });
    }

    /// No token sees it any more: everything answers 404.
    pub fn hide(&self, hidden: bool) {
        self.write(|found| found.hidden = hidden);
    }

    /// Deletes it with its pull requests.
    pub fn delete(&self) {
        self.shared.change(|state| {
            state.github.repositories.remove(&self.id);
            state
                .github
                .comments
                .retain(|_, comment| comment.repository != self.id);
        });
    }

    pub(super) fn read<T>(&self, read: impl FnOnce(&Record) -> T) -> Option<T> {
        self.shared
            .look(|state| state.github.repositories.get(&self.id).map(read))
    }

    fn write(&self, write: impl FnOnce(&mut Record)) {
        self.shared.change(|state| {
            if let Some(found) = state.github.repositories.get_mut(&self.id) {
                write(found);
            }
        });
    }
}

/// Makes the head's commit, the fork if it comes from one, and the pull request; gives its number.
fn open_pull_request(
    github: &mut GitHubState,
    repository: u64,
    opening: &Opening<'_>,
    shared: &Shared,
) -> Option<u64> {
    let (clock, names) = (&shared.clock, &shared.names);
    let (upstream_owner, name) = github
        .repositories
        .get(&repository)
        .map(|found| (found.owner, found.name.clone()))?;
    let author = github.user_named(opening.fork_owner.unwrap_or("octocat"), "User", names);
    let (head_repository, head_owner) = match opening.fork_owner {
        None => (repository, upstream_owner),
        Some(login) => {
            let existing = github.named(&format!("{login}/{name}")).map(|fork| fork.id);
            let fork =
                existing.unwrap_or_else(|| github.create_repository(author, &name, clock, names));
            let upstream = github.repositories.get(&repository)?;
            let (commits, branches) = (upstream.commits.clone(), upstream.branches.clone());
            let forked = github.repositories.get_mut(&fork)?;
            forked.fork_of = Some(repository);
            forked.commits.extend(commits);
            forked.branches.extend(branches);
            (fork, author)
        }
    };
    let head = github.repositories.get_mut(&head_repository)?;
    let head_sha = head.commit_to(opening.branch, opening.title, Change::Nothing, clock, names);
    let head_commit = head.commits.get(&head_sha)?.clone();
    let found = github.repositories.get_mut(&repository)?;
    // Commits of forks are reachable through their upstream, as on GitHub.
    found.commits.insert(head_sha.clone(), head_commit);
    let number = found.next_number;
    found.next_number += 1;
    let base_branch = opening.base.unwrap_or(&found.default_branch).to_owned();
    let now = clock.now();
    let pull = Pull {
        id: names.number(),
        number,
        title: opening.title.to_owned(),
        author,
        head_repository: Some(head_repository),
        head_owner,
        head_branch: opening.branch.to_owned(),
        head_sha,
        base_sha: found.head_of(&base_branch),
        base_branch,
        open: true,
        draft: opening.draft,
        locked: false,
        labels: std::collections::BTreeSet::new(),
        merged_at: None,
        merge_commit: None,
        created_at: now,
        updated_at: now,
        closed_at: None,
    };
    found.pulls.insert(number, pull);
    Some(number)
}
