//! The world behaves as the vendors are documented to: each behaviour has a test, over real HTTP.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

mod apps;
mod argocd;
mod argocd_client;
mod argocd_rules;
mod asking;
mod authorization;
mod backstage;
mod contract;
mod control;
mod coolify_deploy;
mod coolify_rules;
mod coolify_variables;
mod delivery_log;
mod faults;
mod github_checks;
mod github_comments;
mod github_deployments;
mod github_dispatches;
mod github_reactions;
mod github_reading;
mod gitops;
mod installations;
mod notices;
mod registries;
mod release_rules;
mod releases;
mod story;
mod webhooks;
mod wire;
