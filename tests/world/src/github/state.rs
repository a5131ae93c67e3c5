//! What GitHub knows: users, repositories with their commits, pull requests, runs and comments, and the hook.

use std::collections::{BTreeMap, BTreeSet};

use super::deployments::Deployment;
use super::dispatches::Dispatch;
use super::installed::Apps;
use super::packages::Version;
use super::protection::WaitingJob;
use super::webhooks::outbox::Hook;
use crate::clock::Clock;
use crate::names::Names;

/// GitHub's whole state.
#[derive(Debug, Default)]
pub(crate) struct GitHubState {
    pub(crate) users: BTreeMap<u64, User>,
    /// Token to user id.
    pub(crate) tokens: BTreeMap<String, u64>,
    /// What classic tokens may do, by token.
    pub(crate) scopes: BTreeMap<String, BTreeSet<String>>,
    /// Versions of packages by `<owner>/<name>` in small letters, the newest first.
    pub(crate) packages: BTreeMap<String, Vec<Version>>,
    pub(crate) installed: Apps,
    pub(crate) repositories: BTreeMap<u64, Repository>,
    /// Lower-case full names that a repository once had.
    pub(crate) former_names: BTreeMap<String, u64>,
    pub(crate) comments: BTreeMap<u64, Comment>,
    /// Reactions to comments, oldest first.
    pub(crate) reactions: Vec<Reaction>,
    /// Workflows that were started by hand, oldest first.
    pub(crate) dispatches: Vec<Dispatch>,
    /// Jobs that wait or waited before they deploy, oldest first.
    pub(crate) jobs: Vec<WaitingJob>,
    /// Check runs by id.
    pub(crate) checks: BTreeMap<u64, Check>,
    pub(crate) hook: Hook,
    /// Requests used of each token, or installation, in the current hour, and when that hour ends.
    pub(crate) used: BTreeMap<String, (u64, i64)>,
}

#[derive(Debug, Clone)]
pub(crate) struct User {
    pub(crate) id: u64,
    pub(crate) login: String,
    /// `User`, `Bot` or `Organization`.
    pub(crate) kind: &'static str,
}

#[derive(Debug)]
pub(crate) struct Repository {
    pub(crate) id: u64,
    pub(crate) owner: u64,
    pub(crate) name: String,
    pub(crate) default_branch: String,
    pub(crate) private: bool,
    pub(crate) archived: bool,
    /// Not visible to any token: everything answers 404.
    pub(crate) hidden: bool,
    pub(crate) fork_of: Option<u64>,
    pub(crate) branches: BTreeMap<String, String>,
    /// Branches that take commits from pull requests only.
    pub(crate) protected: BTreeSet<String>,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) deployments: BTreeMap<u64, Deployment>,
    /// The names of environments, which outlive their deployments.
    pub(crate) environments: BTreeSet<String>,
    pub(crate) commits: BTreeMap<String, Commit>,
    pub(crate) pulls: BTreeMap<u64, PullRequest>,
    pub(crate) runs: BTreeMap<u64, Run>,
    /// What people may do who may more than anybody: `admin`, `maintain`, `write`, `triage` or `read`, by user.
    pub(crate) roles: BTreeMap<u64, &'static str>,
    /// Workflow name to id.
    pub(crate) workflows: BTreeMap<String, u64>,
    pub(crate) created_at: i64,
    pub(crate) next_number: u64,
}

#[derive(Debug, Clone)]
pub(crate) struct Commit {
    pub(crate) parents: Vec<String>,
    pub(crate) message: String,
    pub(crate) at: i64,
    pub(crate) files: BTreeMap<String, Vec<u8>>,
}

#[derive(Debug, Clone)]
pub(crate) struct PullRequest {
    pub(crate) id: u64,
    pub(crate) number: u64,
    pub(crate) title: String,
    pub(crate) author: u64,
    /// None when the fork was deleted.
    pub(crate) head_repository: Option<u64>,
    pub(crate) head_owner: u64,
    pub(crate) head_branch: String,
    pub(crate) head_sha: String,
    pub(crate) base_branch: String,
    pub(crate) base_sha: String,
    pub(crate) open: bool,
    pub(crate) draft: bool,
    pub(crate) locked: bool,
    pub(crate) labels: BTreeSet<String>,
    pub(crate) merged_at: Option<i64>,
    pub(crate) merge_commit: Option<String>,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
    pub(crate) closed_at: Option<i64>,
}

#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) id: u64,
    pub(crate) workflow: String,
    /// What it is called if that is not the commit's message.
    pub(crate) title: Option<String>,
    pub(crate) workflow_id: u64,
    pub(crate) event: String,
    pub(crate) head_branch: String,
    pub(crate) head_sha: String,
    pub(crate) head_repository: Option<u64>,
    /// Whoever started it; the repository's owner if it is nobody.
    pub(crate) actor: Option<u64>,
    pub(crate) number: u64,
    pub(crate) attempt: u64,
    /// `queued`, `in_progress` or `completed`.
    pub(crate) status: &'static str,
    pub(crate) conclusion: Option<String>,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
}

#[derive(Debug, Clone)]
pub(crate) struct Comment {
    pub(crate) id: u64,
    pub(crate) repository: u64,
    pub(crate) pull_request: u64,
    pub(crate) author: u64,
    pub(crate) body: String,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
}

#[derive(Debug, Clone)]
pub(crate) struct Reaction {
    pub(crate) id: u64,
    pub(crate) comment: u64,
    pub(crate) user: u64,
    pub(crate) content: &'static str,
    pub(crate) at: i64,
}

#[derive(Debug, Clone)]
pub(crate) struct Check {
    pub(crate) id: u64,
    pub(crate) app: u64,
    pub(crate) repository: u64,
    pub(crate) head: String,
    pub(crate) name: String,
    pub(crate) external_id: Option<String>,
    pub(crate) status: String,
    pub(crate) conclusion: Option<String>,
    pub(crate) details_url: Option<String>,
    /// As it was sent.
    pub(crate) output: serde_json::Value,
    /// Its buttons, as they were sent.
    pub(crate) actions: Vec<serde_json::Value>,
    pub(crate) at: i64,
}

impl GitHubState {
    pub(crate) fn user(&self, id: u64) -> Option<&User> {
        self.users.get(&id)
    }

    /// The user with this login, made if there is none.
    pub(crate) fn user_named(&mut self, login: &str, kind: &'static str, names: &Names) -> u64 {
        if let Some(user) = self
            .users
            .values()
            .find(|user| user.login.eq_ignore_ascii_case(login))
        {
            return user.id;
        }
        let id = names.number();
        self.users.insert(
            id,
            User {
                id,
                login: login.to_owned(),
                kind,
            },
        );
        id
    }

    pub(crate) fn full_name(&self, repository: &Repository) -> String {
        let owner = self
            .user(repository.owner)
            .map_or("ghost", |user| user.login.as_str());
        format!("{owner}/{}", repository.name)
    }

    /// The repository that has this name now.
    pub(crate) fn named(&self, full_name: &str) -> Option<&Repository> {
        self.repositories
            .values()
            .find(|repository| self.full_name(repository).eq_ignore_ascii_case(full_name))
    }

    pub(crate) fn pull(&self, repository: u64, number: u64) -> Option<&PullRequest> {
        self.repositories.get(&repository)?.pulls.get(&number)
    }

    pub(crate) fn pull_mut(&mut self, repository: u64, number: u64) -> Option<&mut PullRequest> {
        self.repositories
            .get_mut(&repository)?
            .pulls
            .get_mut(&number)
    }

    /// A pull request's comments, oldest first.
    pub(crate) fn comments_of(&self, repository: u64, number: u64) -> Vec<&Comment> {
        self.comments
            .values()
            .filter(|comment| comment.repository == repository && comment.pull_request == number)
            .collect()
    }

    /// A new repository with one commit on `main`.
    pub(crate) fn create_repository(
        &mut self,
        owner: u64,
        name: &str,
        clock: &Clock,
        names: &Names,
    ) -> u64 {
        let (id, now, sha) = (names.number(), clock.now(), names.sha());
        let first = Commit {
            parents: Vec::new(),
            message: "Initial commit".to_owned(),
            at: now,
            files: BTreeMap::new(),
        };
        let repository = Repository {
            id,
            owner,
            name: name.to_owned(),
            default_branch: "main".to_owned(),
            private: false,
            archived: false,
            hidden: false,
            fork_of: None,
            protected: BTreeSet::new(),
            branches: BTreeMap::from([("main".to_owned(), sha.clone())]),
            tags: BTreeMap::new(),
            deployments: BTreeMap::new(),
            environments: BTreeSet::new(),
            commits: BTreeMap::from([(sha, first)]),
            pulls: BTreeMap::new(),
            runs: BTreeMap::new(),
            roles: BTreeMap::new(),
            workflows: BTreeMap::new(),
            created_at: now,
            next_number: 1,
        };
        self.repositories.insert(id, repository);
        id
    }
}

impl Repository {
    /// The commit at a branch, a full hash, or the default branch.
    pub(crate) fn commit(&self, reference: Option<&str>) -> Option<&Commit> {
        let reference = reference.unwrap_or(&self.default_branch);
        let branch = reference.strip_prefix("refs/heads/").unwrap_or(reference);
        let sha = self.branches.get(branch).map_or(reference, String::as_str);
        self.commits.get(sha)
    }

    /// A commit and all before it, newest first, each with its parent.
    pub(crate) fn history<'a>(
        &'a self,
        head: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a Commit, Option<&'a Commit>)> {
        let of = |sha: &'a str| Some((sha, self.commits.get(sha)?));
        std::iter::successors(of(head), move |(_, commit)| of(commit.parents.first()?)).map(
            |(sha, commit)| {
                let parent = commit.parents.first();
                let parent = parent.and_then(|parent| self.commits.get(parent));
                (sha, commit, parent)
            },
        )
    }

    /// What a user may do; everybody may read what is public.
    pub(crate) fn role_of(&self, user: u64) -> &'static str {
        let anybody = if self.private { "none" } else { "read" };
        self.roles.get(&user).copied().unwrap_or(anybody)
    }

    /// The commit that a full hash, `heads/<branch>`, `tags/<tag>` or a branch is at.
    pub(crate) fn sha_at(&self, reference: &str) -> Option<String> {
        if let Some(tag) = reference.strip_prefix("tags/") {
            return self.tags.get(tag).cloned();
        }
        if self.commits.contains_key(reference) {
            return Some(reference.to_owned());
        }
        let branch = reference.strip_prefix("heads/").unwrap_or(reference);
        self.branches.get(branch).cloned()
    }

    /// A commit and all that it contains.
    pub(crate) fn ancestors(&self, sha: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut waiting = vec![sha.to_owned()];
        while let Some(next) = waiting.pop() {
            let parents = self.commits.get(&next).map(|commit| commit.parents.clone());
            if found.insert(next) {
                waiting.extend(parents.unwrap_or_default());
            }
        }
        found
    }

    /// The head of a branch; empty for a branch that does not exist.
    pub(crate) fn head_of(&self, branch: &str) -> String {
        self.branches.get(branch).cloned().unwrap_or_default()
    }

    /// Commits on a branch, which begins at the default branch if it is new; gives the new hash.
    pub(crate) fn commit_to(
        &mut self,
        branch: &str,
        message: &str,
        change: Change<'_>,
        clock: &Clock,
        names: &Names,
    ) -> String {
        let mut files = self
            .commit(Some(branch))
            .or_else(|| self.commit(None))
            .map(|commit| commit.files.clone())
            .unwrap_or_default();
        match change {
            Change::Nothing => {}
            Change::Write(path, content) => drop(files.insert(path.to_owned(), content.to_vec())),
            Change::Remove(path) => drop(files.remove(path)),
            Change::Take(other) => files.extend(other),
        }
        let parent = self
            .branches
            .get(branch)
            .or_else(|| self.branches.get(&self.default_branch));
        let parents: Vec<String> = parent.cloned().into_iter().collect();
        let sha = names.sha();
        self.branches.insert(branch.to_owned(), sha.clone());
        self.commits.insert(
            sha.clone(),
            Commit {
                parents,
                message: message.to_owned(),
                at: clock.now(),
                files,
            },
        );
        sha
    }
}

/// What a commit changes.
pub(crate) enum Change<'a> {
    Nothing,
    Write(&'a str, &'a [u8]),
    Remove(&'a str),
    /// All files of another commit, as a merge does.
    Take(BTreeMap<String, Vec<u8>>),
}
