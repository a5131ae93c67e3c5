//! The preview of one pull request.

mod fact;

pub use fact::{PullRequest, PullRequestState, RunProgress, WorkflowRun};
