//! Builds, and how vendors are.

use serde::{Deserialize, Serialize};

data! {
    /// One attempt of a run that builds images, as previews and releases know of it.
    pub struct BuildEntry {
        /// GitHub's id of the repository.
        pub repository_id: u64,
        /// The newest known name of the repository.
        pub repository: Option<String>,
        /// GitHub's id of the run.
        pub run: u64,
        /// Which attempt of it.
        pub attempt: u64,
        /// pending, building, completed, failed or cancelled.
        pub status: String,
        /// The commit that it is of.
        pub commit: String,
        /// The first line of its message, or the pull request's title: written by anybody.
        pub title: String,
        /// The workflow's name; none once what was built is over.
        pub workflow: Option<String>,
        /// The branch or tag that it ran on, if that is known.
        pub reference: Option<String>,
        /// The run's page on GitHub; none once what was built is over.
        pub url: Option<String>,
        /// The images that it built, as far as they are named in Slipway's configuration or were reported.
        pub images: Vec<String>,
        /// What waits for it or is made of it: `preview/42/7`, `release/42/web/production`.
        pub used_by: Vec<String>,
    }

    /// A page of builds: by repository, its environments before its previews, of each the newest run first.
    pub struct BuildList {
        /// The builds; with a filter perhaps fewer than asked for, also before the end.
        pub builds: Vec<BuildEntry>,
        /// The `cursor` of the next page; none at the end.
        pub next: Option<String>,
    }

    /// How a vendor is, by what calls to it meet.
    pub struct Vendor {
        /// Its name: GitHub, Coolify, Argo CD and so on.
        pub vendor: String,
        /// `untroubled`, also if it is not configured; `failing`; `left-alone` while nobody calls it after it failed often; or `limited`
        /// while it takes no more requests.
        pub state: String,
        /// Since when nothing works there.
        pub since: Option<String>,
        /// How many calls failed in a row, up to the number from which it is left alone.
        pub failures: u32,
        /// When it is tried again.
        pub until: Option<String>,
        /// How it failed last.
        pub last_error: Option<String>,
    }

    /// A limit of GitHub's that is of no installation.
    pub struct PayerLimit {
        /// For whom GitHub counts: app or token.
        pub whose: String,
        /// How much is left.
        pub rate_limit: super::RateLimit,
    }

    /// All vendors, by name.
    pub struct VendorList {
        /// The vendors.
        pub vendors: Vec<Vendor>,
        /// GitHub's limits that are of no installation; none for who signed in by GitHub.
        pub limits: Vec<PayerLimit>,
    }
}
