//! What the components that run releases have in common: the runner as their variables describe it, and what follows from a push
//! or a workflow run.

mod event;
mod protection;
mod runner;

pub use event::{Taken, follow_lines, follow_woken, take, wake};
pub use protection::{advance_requests, follow_request, follow_requests, request};
pub use runner::{ReleaseRunner, runner};
