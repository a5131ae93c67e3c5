//! The preview of one pull request.

mod effort;
mod fact;

pub use effort::{Effort, Reaction, Trouble};
pub use fact::{PullRequest, PullRequestState, RunProgress, WorkflowRun};
