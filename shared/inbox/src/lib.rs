//! The life of a delivery: taken in with one write, handed to its component, tried again when that fails, done or dead.
//!
//! A delivery that is not done stands in the store `queue`, whole, under `delivery/<guid>`: being there is what makes it
//! pending, and its time of the next attempt is also the claim of whoever processes it. Once it is done or dead it moves to
//! the store `inbox`, for a while, with an entry in a journal by which it is listed, counted and deleted. Components are idempotent, so two processors at once are wasteful and nothing worse.

mod accept;
mod browse;
mod carry;
mod digest;
mod due;
mod expiry;
mod ingress;
mod journal;
mod process;
mod record;
mod recover;
mod replay;
mod retry;
mod tally;
#[cfg(test)]
mod testing;

pub use accept::{Acceptance, Claimed, Incoming};
pub use browse::{PAGE_MAX, Page, Place, Status};
pub use due::Pending;
pub use ingress::{
    Answer, Received, Reception, admit, broken_off, challenge, receive, too_large, too_slow,
};
pub use process::Processed;
pub use record::{Finish, Head, Record, Unreadable, delivery_key};
pub use recover::Recovery;
pub use replay::Replay;
pub use tally::{Kept, Tally};

/// Takes deliveries in and sees them through, over what the outside gives.
#[derive(Debug, Clone, Copy)]
pub struct Inbox<S, H, C, L> {
    /// The stores `queue` and `inbox`.
    pub store: S,
    /// Reaches the components.
    pub http: H,
    /// The time.
    pub clock: C,
    /// Where it says what became of each delivery.
    pub log: L,
}
