//! The clients against a scripted vendor: what they send, and what they make of each answer.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_in_result,
    reason = "a helper of a test fails the test"
)]

mod argocd;
mod argocd_matrix;
mod argocd_values;
mod backstage;
mod coolify_cancellation;
mod coolify_deploy;
mod coolify_deployments;
mod coolify_removal;
mod coolify_troubles;
mod coolify_variables;
mod github_app;
mod github_app_limits;
mod github_app_tokens;
mod github_authorization;
mod github_changed_files;
mod github_checks;
mod github_collaborators;
mod github_comments;
mod github_compare;
mod github_contents;
mod github_deliveries;
mod github_deployments;
mod github_file_update;
mod github_installations;
mod github_limits;
mod github_merge_commit;
mod github_oidc;
mod github_open_pull_requests;
mod github_protection;
mod github_pull_request;
mod github_reactions;
mod github_redirects;
mod github_seen;
mod github_workflow_dispatch;
mod github_workflow_runs;
mod kubernetes;
mod notify;
mod platform;
mod probe;
mod registry;
mod script;
mod slack;
