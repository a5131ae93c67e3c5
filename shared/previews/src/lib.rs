//! What the components that run previews have in common: the runner as their variables describe it, and the answer to an event.

mod correlated;
mod event;
mod handed;
mod log;
mod ready;
mod runner;
mod seen;
mod wake;

pub use correlated::Correlated;
pub use event::{Learnt, Taken, answer, follow_told, take};
pub use handed::{Refusal, answered, delivery_log, payload};
pub use log::DeliveryLog;
pub use ready::vendors_ready;
pub use runner::{FOLLOWED_FOR, GitHub, PreviewRunner, VendorHttp, github_client, guarded, runner};
pub use seen::{News, Seen};
pub use wake::{follow_woken, wake, woken};
