//! Environments, their releases, and installations of the App.

use serde::{Deserialize, Serialize};

data! {
    /// An environment of a service: what is live there, and what waits for what.
    pub struct Environment {
        /// GitHub's id of the service's repository.
        pub repository_id: u64,
        /// The newest known name of the repository.
        pub repository: Option<String>,
        /// The service's name in the configuration.
        pub service: String,
        /// The environment's name in the configuration.
        pub environment: String,
        /// empty, live, releasing, going-back or failed.
        pub situation: String,
        /// What is live and was found healthy; none while something else is on its way or there.
        pub live: Option<Live>,
        /// Where it is reached.
        pub url: Option<String>,
        /// What brings commits there: `the branch main`.
        pub tracks: Option<String>,
        /// The environments that a commit is live in before it comes here.
        pub after: Vec<String>,
        /// Its Argo CD application.
        pub application: Option<String>,
        /// The release in hand.
        pub running: Option<Release>,
        /// Those that wait, the oldest first.
        pub waiting: Vec<Release>,
        /// The release that was over last.
        pub last: Option<Release>,
        /// Why nothing begins by itself since a release was taken back.
        pub hold: Option<Hold>,
        /// A person's lock.
        pub lock: Option<Hold>,
        /// Releases that can be gone back to, the nearest first.
        pub ways_back: Vec<WayBack>,
        /// The last workflow runs that prove nothing here, the newest first.
        #[serde(default)]
        pub refused_runs: Vec<RefusedRun>,
        /// What did not work the last time it was tried.
        pub trouble: Option<String>,
        /// When it is looked at again without a new fact; none if it waits for one.
        pub next_look_at: Option<String>,
    }

    /// A workflow run that proves nothing of what an environment waits for.
    pub struct RefusedRun {
        /// GitHub's id of the run.
        pub run: u64,
        /// Which attempt of it.
        pub attempt: u64,
        /// Why, in plain words.
        pub reason: String,
    }

    /// What is live in an environment.
    pub struct Live {
        /// The commit.
        pub commit: String,
        /// The first line of its message: written by anybody with write access.
        pub title: String,
        /// Since when it is known to be healthy there.
        pub since: String,
        /// What came of its test, with the run's page; none if the configuration asks for none.
        pub test: Option<String>,
    }

    /// Why nothing begins by itself.
    pub struct Hold {
        /// Since when.
        pub since: String,
        /// Who holds: the name of a token, or Slipway itself.
        pub by: String,
        /// Why.
        pub reason: String,
    }

    /// A release that can be gone back to.
    pub struct WayBack {
        /// How many releases back it is.
        pub back: u32,
        /// The commit.
        pub commit: String,
        /// The first line of its message.
        pub title: String,
    }

    /// A release: a commit on its way to an environment, or back.
    pub struct Release {
        /// GitHub's id of the service's repository.
        pub repository_id: u64,
        /// The service.
        pub service: String,
        /// The environment.
        pub environment: String,
        /// What it is known by there: its commit, with its build once that is known; or the number of a way back.
        pub id: String,
        /// The commit.
        pub commit: String,
        /// The first line of its message: written by anybody with write access.
        pub title: String,
        /// waiting-for-build, waiting-for-approval, queued, syncing, verifying, live, failed, rolling-back, rolled-back, superseded
        /// or cancelled.
        pub phase: String,
        /// Why, or what it waits for.
        pub reason: String,
        /// The rule by which it waits, the same word each time: build, after, soak, order, allow_diverged, test, approvals, lock,
        /// hold, sync-windows, configuration or next; none if it does not wait.
        pub rule: Option<String>,
        /// Whether it goes back.
        pub rollback: bool,
        /// Whether it waits for a person since it does not contain what is there.
        pub diverged: bool,
        /// Whether it waits for people's approvals.
        pub needs_approval: bool,
        /// Who approved it: names of tokens, or logins.
        pub approved_by: Vec<String>,
        /// When it became known.
        pub known_at: String,
        /// When it was over; none if it is not.
        pub ended_at: Option<String>,
        /// The image that it is made of; none while that is not known, or if Argo CD is not asked for one.
        pub image: Option<String>,
        /// The page on GitHub that shows what it changes, compared with what is there, until it begins.
        pub changes_url: Option<String>,
        /// The page of its build, until it begins.
        pub build_url: Option<String>,
        /// GitHub's id of its deployment.
        pub deployment: Option<u64>,
        /// What is known to have happened, the oldest first.
        pub timeline: Vec<super::Event>,
    }

    /// A page of environments, by repository, service and name.
    pub struct EnvironmentList {
        /// The environments.
        pub environments: Vec<Environment>,
        /// The `cursor` of the next page; none at the end.
        pub next: Option<String>,
    }

    /// A page of releases: by environment, the newest first.
    pub struct ReleaseList {
        /// The releases; with a filter perhaps fewer than asked for, also before the end.
        pub releases: Vec<Release>,
        /// The `cursor` of the next page; none at the end.
        pub next: Option<String>,
    }

    /// An installation of the GitHub App.
    pub struct Installation {
        /// GitHub's id of it.
        pub id: u64,
        /// The account that it is installed on; none before the first look.
        pub account: Option<String>,
        /// What the account is: Organization, User or Enterprise.
        pub target_type: Option<String>,
        /// all or selected: which of the account's repositories are reached.
        pub selection: Option<String>,
        /// How many repositories it reaches, of those that who asks may see.
        pub repositories: u64,
        /// What was granted, like `contents: read`.
        pub permissions: Vec<String>,
        /// Since when the account suspends it.
        pub suspended_at: Option<String>,
        /// Whether GitHub knows it no more.
        pub gone: bool,
        /// When GitHub last showed it.
        pub looked_at: Option<String>,
        /// Why the last look did not work.
        pub trouble: Option<String>,
        /// How much is left of GitHub's rate limit; none before GitHub told, and for who signed in by GitHub.
        pub rate_limit: Option<RateLimit>,
        /// The repositories whose loss waits for a person.
        pub held_back: Option<HeldBackLosses>,
    }

    /// How much an installation may still ask of GitHub.
    pub struct RateLimit {
        /// How many requests are taken in an hour.
        pub limit: u64,
        /// How many of them are left, noted whenever a tenth of the limit is used up.
        pub remaining: u64,
        /// When all of them are there again; past if GitHub was not called since.
        pub resets_at: String,
    }

    /// Repositories whose loss waits for a person.
    pub struct HeldBackLosses {
        /// GitHub's ids of the repositories that who asks may see.
        pub repositories: Vec<u64>,
        /// Whether there are others, too.
        #[serde(default)]
        pub others: bool,
        /// Why.
        pub reason: String,
        /// Since when it is these.
        pub since: String,
    }

    /// A page of installations, by id.
    pub struct InstallationList {
        /// The installations.
        pub installations: Vec<Installation>,
        /// The `cursor` of the next page; none at the end.
        pub next: Option<String>,
    }
}
