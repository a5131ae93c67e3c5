//! What the components that run previews have in common: the runner as their variables describe it, and the answer to an event.

mod event;
mod log;
mod ready;
mod runner;

pub use event::{Learnt, answer};
pub use log::DeliveryLog;
pub use ready::vendors_ready;
pub use runner::{FOLLOWED_FOR, PreviewRunner, paused_vendors, runner};
