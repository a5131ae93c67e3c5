//! What the API answers, as data: written by the API, read by the dashboard, described by the OpenAPI document.
//!
//! Times are RFC 3339 in UTC, to the second. Ids are GitHub's.

use serde::{Deserialize, Serialize};

pub use builds::*;
pub use operations::*;
pub use releases::*;

/// Declares data of the API's: both ways as JSON, with a schema where the document is made.
macro_rules! data {
    ($($(#[$doc:meta])* pub struct $name:ident { $($(#[$field_doc:meta])* pub $field:ident: $of:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
        pub struct $name { $($(#[$field_doc])* pub $field: $of,)* }
    )*};
}
mod builds;
mod operations;
mod releases;

data! {
    /// Whose token the request bears.
    pub struct Me {
        /// The token's name in the configuration, or the login of who signed in by GitHub.
        pub name: String,
        /// viewer, worker, deployer or admin; of who signed in by GitHub the highest in any repository.
        pub role: String,
        /// What who signed in by GitHub may see and do; none for a token, whose role holds everywhere.
        pub repositories: Option<Vec<RepositoryRole>>,
    }

    /// What somebody may do in a repository.
    pub struct RepositoryRole {
        /// GitHub's id of the repository.
        pub id: u64,
        /// viewer, deployer or admin.
        pub role: String,
    }

    /// A delivery of GitHub's; never its payload, which may tell more than its reader may know.
    pub struct Delivery {
        /// GitHub's id of it.
        pub guid: String,
        /// The event: `pull_request`.
        pub event: String,
        /// The event's action: `opened`.
        pub action: Option<String>,
        /// The repository that it is about.
        pub repository_id: Option<u64>,
        /// pending, done or dead.
        pub status: String,
        /// How often it was handed on so far.
        pub attempts: u32,
        /// When it came.
        pub received_at: String,
        /// When it is handed on next, if it is pending.
        pub next_attempt_at: Option<String>,
        /// When it was done, or given up.
        pub finished_at: Option<String>,
        /// How the last attempt failed.
        pub last_error: Option<String>,
    }

    /// A page of deliveries: pending ones first, then the newest.
    pub struct DeliveryList {
        /// The deliveries.
        pub deliveries: Vec<Delivery>,
        /// The `cursor` of the next page; none at the end.
        pub next: Option<String>,
    }

    /// A delivery that runs again.
    pub struct Replayed {
        /// Which one.
        pub guid: String,
        /// `queued`.
        pub outcome: String,
    }

    /// Deliveries that run again.
    pub struct ReplayedMany {
        /// How many.
        pub queued: u64,
        /// Whether there are further ones, for another request.
        pub more: bool,
    }

    /// A wish that was noted: the next `POST /reconcile` brings it about.
    pub struct Noted {
        /// `noted`.
        pub outcome: String,
    }

    /// The preview of one pull request.
    pub struct Preview {
        /// The repository that the pull request is merged into.
        pub repository_id: u64,
        /// Its number.
        pub number: u64,
        /// The newest known name of the repository.
        pub repository: Option<String>,
        /// The worst of its services: absent, ready, waiting, deploying, removing or failed.
        pub phase: String,
        /// The pull request as it was seen last; none if it was not read yet.
        pub pull_request: Option<PullRequest>,
        /// The run that builds the head commit's image, if one is known.
        pub build: Option<Build>,
        /// The preview of each service.
        pub services: Vec<Service>,
        /// What is wrong with the repository's configuration.
        pub configuration_problem: Option<String>,
        /// What did not work the last time it was tried.
        pub troubles: Vec<Trouble>,
        /// When something last happened that makes it worth keeping: a push, a label, a person's wish.
        pub active_at: Option<String>,
        /// When it ends unless something happens before; none if it does not end by itself.
        pub expires_at: Option<String>,
        /// When it is looked at again without a new fact; none if it waits for one.
        pub next_look_at: Option<String>,
        /// What is known to have happened, the oldest first; of each kind only the newest.
        pub timeline: Vec<Event>,
    }

    /// A pull request.
    pub struct PullRequest {
        /// The title: written by anybody.
        pub title: String,
        /// Who opened it.
        pub author: String,
        /// open, closed or merged.
        pub state: String,
        /// Whether it is a draft.
        pub draft: bool,
        /// The branch that it wants to be merged from: written by anybody.
        pub branch: String,
        /// The head commit.
        pub commit: String,
        /// When GitHub last changed it.
        pub updated_at: String,
    }

    /// A run of the workflow that builds images.
    pub struct Build {
        /// The workflow's name.
        pub name: String,
        /// The run's page.
        pub url: String,
        /// underway, succeeded, cancelled or failed.
        pub progress: String,
    }

    /// The preview of one service.
    pub struct Service {
        /// The service's name in the configuration.
        pub service: String,
        /// What it is previewed on: a Coolify application's uuid, platform:vcluster or kubernetes:namespace.
        pub application: String,
        /// absent, ready, waiting, deploying, removing or failed.
        pub phase: String,
        /// Why, or what is waited for.
        pub reason: String,
        /// Where it is reached, if there may be something.
        pub url: Option<String>,
        /// The commit that is there or on its way.
        pub commit: Option<String>,
        /// The newest deployment that is known: Coolify's, or of others what tells them apart.
        pub deployment: Option<String>,
        /// What the last probe of its health was answered.
        pub last_answer: Option<String>,
        /// What did not work the last time it was tried.
        pub trouble: Option<Trouble>,
    }

    /// Something that did not work the last time.
    pub struct Trouble {
        /// What was tried.
        pub what: String,
        /// What happened.
        pub reason: String,
        /// How often in a row it did not work.
        pub failures: u32,
        /// Not tried again before this time.
        pub next_try_at: Option<String>,
        /// Whether it is given up until something changes or a person asks.
        pub given_up: bool,
    }

    /// Something that happened.
    pub struct Event {
        /// When.
        pub at: String,
        /// What.
        pub what: String,
    }

    /// A page of previews: by repository, the newest pull request first.
    pub struct PreviewList {
        /// The previews; with a filter perhaps fewer than asked for, also before the end.
        pub previews: Vec<Preview>,
        /// The `cursor` of the next page; none at the end.
        pub next: Option<String>,
    }

    /// What somebody did, or tried to.
    pub struct AuditEntry {
        /// When.
        pub at: String,
        /// Who: the name of a token, or a login of GitHub's.
        pub by: String,
        /// Through what: api, dashboard, comment, reconcile, or github: a label or a button there.
        pub via: String,
        /// What: lock, rollback, replay and so on.
        pub act: String,
        /// On what: `release/42/web/production`, `preview/42/7`, `delivery/<guid>`.
        pub on: String,
        /// GitHub's id of the repository of that, if it is of one.
        pub repository_id: Option<u64>,
        /// What was said beside it: a reason, a commit, the command.
        pub said: Option<String>,
        /// allowed, refused, or failed: nobody knows what came of it.
        pub outcome: String,
        /// Why, if it was not allowed.
        pub reason: Option<String>,
    }

    /// A page of what people did, the newest first.
    pub struct AuditList {
        /// The acts; with a filter perhaps fewer than asked for, also before the end.
        pub acts: Vec<AuditEntry>,
        /// The `cursor` of the next page; none at the end.
        pub next: Option<String>,
    }

    /// A decision on the preview of one service.
    pub struct Decision {
        /// The repository that the pull request is merged into, or that is released.
        pub repository_id: u64,
        /// The pull request's number, if it is on a preview.
        pub pull_request: Option<u64>,
        /// The environment, if it is on a release.
        pub environment: Option<String>,
        /// The commit that the release is of.
        pub commit: Option<String>,
        /// The service's name in the configuration.
        pub service: String,
        /// When it was made; of a release that waits, since when that is known, and of one that is over, since when it is.
        pub at: String,
        /// deploy, wait, leave, remove, nothing or warn.
        pub verdict: String,
        /// The rule that decided: label, build, approval, ttl and so on; of a release build, soak, approvals, superseded and so on.
        pub rule: String,
        /// From which values, in plain words.
        pub reason: String,
        /// What was learnt just then; of a release its timeline tells that.
        pub cause: Option<String>,
    }

    /// The newest decisions, by environment and preview.
    pub struct DecisionList {
        /// The decisions: of each environment and each preview the newest first, at most 5 and 24.
        pub decisions: Vec<Decision>,
        /// The `cursor` of the next page; none at the end.
        pub next: Option<String>,
    }

    /// A repository.
    pub struct Repository {
        /// GitHub's id of it.
        pub id: u64,
        /// Its newest known name, or else its id.
        pub name: String,
        /// Its last survey; none before the first.
        pub last_survey: Option<Survey>,
        /// Why the last try at a survey did not work.
        pub trouble: Option<String>,
        /// The removals that wait for a person.
        pub held_back: Option<HeldBack>,
    }

    /// A comparison of the open pull requests with the stored previews.
    pub struct Survey {
        /// When.
        pub at: String,
        /// How many pull requests are open.
        pub open: u64,
        /// How many previews hold something.
        pub deployed: u64,
        /// How many previews were told that they differ.
        pub news: u64,
        /// How many previews were told that their pull request is gone.
        pub gone: u64,
        /// Whether it only looked: the first one of a repository.
        pub dry: bool,
    }

    /// Removals that wait for a person.
    pub struct HeldBack {
        /// The numbers of the pull requests.
        pub previews: Vec<u64>,
        /// Why.
        pub reason: String,
        /// Since when it is these.
        pub since: String,
    }

    /// A page of repositories, by id.
    pub struct RepositoryList {
        /// The repositories.
        pub repositories: Vec<Repository>,
        /// The `cursor` of the next page; none at the end.
        pub next: Option<String>,
    }

    /// A vendor that is left alone, since it keeps failing.
    pub struct PausedVendor {
        /// Its name.
        pub vendor: String,
        /// Since when nothing works there.
        pub since: String,
        /// When it is tried again.
        pub until: String,
        /// How it failed the last time.
        pub last_error: String,
    }

    /// How many deliveries there are.
    pub struct DeliveryCounts {
        /// To be handed on.
        pub pending: u64,
        /// Taken by their component.
        pub done: u64,
        /// Refused, or failed too often.
        pub dead: u64,
    }

    /// How things are as a whole.
    pub struct Overview {
        /// Vendors that are left alone, since they keep failing.
        pub vendors_paused: Vec<PausedVendor>,
        /// How many environments of services are known.
        pub environments: u64,
        /// How many previews are stored.
        pub previews: u64,
        /// How many repositories are known.
        pub repositories: u64,
        /// How many previews wait for something, are being deployed or removed; among more than 50 whatever changed in the last minutes is counted too.
        pub previews_in_hand: u64,
        /// How many deliveries there are; none for who signed in by GitHub and sees those of some repositories alone.
        pub deliveries: Option<DeliveryCounts>,
    }

    /// Why a request has no other answer (RFC 9457).
    pub struct ProblemDetails {
        /// `about:blank`.
        pub r#type: String,
        /// The status in words.
        pub title: String,
        /// The status.
        pub status: u16,
        /// What is wrong with this request, and what would be right.
        pub detail: String,
    }
}
