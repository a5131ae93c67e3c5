//! Operations of repositories, and what became of those that were started.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

data! {
    /// The operations of a repository: workflows that people may start.
    pub struct KnownOperations {
        /// GitHub's id of the repository.
        pub repository_id: u64,
        /// Its newest known name, or else its id.
        pub repository: String,
        /// The operations that the configuration in force names, by name.
        pub operations: Vec<KnownOperation>,
    }

    /// A workflow that people may start.
    pub struct KnownOperation {
        /// Its name in the configuration.
        pub name: String,
        /// The workflow's file.
        pub workflow: String,
        /// Its inputs, by name.
        pub inputs: Vec<KnownInput>,
    }

    /// An input of an operation.
    pub struct KnownInput {
        /// Its name.
        pub name: String,
        /// The values that it may take, of which one must be chosen; if there are none it takes any, and may be left out.
        pub values: Vec<String>,
    }

    /// An operation that somebody started.
    pub struct OperationRun {
        /// GitHub's id of the repository.
        pub repository_id: u64,
        /// The repository's name when it was started.
        pub repository: String,
        /// What it is known by.
        pub id: String,
        /// The operation's name in the configuration.
        pub operation: String,
        /// The workflow's file.
        pub workflow: String,
        /// The inputs that it was started with.
        pub inputs: BTreeMap<String, String>,
        /// Who started it: the name of a token.
        pub by: String,
        /// Through what: api or dashboard.
        pub via: String,
        /// waiting, starting, running, succeeded, failed, cancelled, refused or unknown.
        pub state: String,
        /// Why, or what is waited for.
        pub reason: String,
        /// The page of its run, once that is known.
        pub run_url: Option<String>,
        /// When it was asked for.
        pub asked_at: String,
        /// When it was over; none if it is not.
        pub ended_at: Option<String>,
        /// What is known to have happened, the oldest first.
        pub timeline: Vec<super::Event>,
    }

    /// A page of operations that were started, the newest first.
    pub struct OperationRunList {
        /// The operations; with a filter perhaps fewer than asked for, also before the end.
        pub runs: Vec<OperationRun>,
        /// The `cursor` of the next page; none at the end.
        pub next: Option<String>,
    }
}
