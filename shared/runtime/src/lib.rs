//! What makes entities move: the mailbox, the lease, the runner, what is due, the execution of what plans ask for, and the
//! circuit breaker between them and the vendors.
//!
//! Exclusion is built on `increment` alone (ARCHITECTURE.md, "State"). A crash between any two calls leaves a key behind by
//! which [`reconcile`] finds what is unfinished.

pub mod access;
mod alert;
pub mod audit;
pub mod breaker;
pub mod browse;
pub mod command;
pub mod configuration;
pub mod directory;
mod due;
mod error;
pub mod gap;
pub mod installation;
mod keys;
mod lease;
pub mod mailbox;
pub mod once;
pub mod operation;
pub mod outbox;
pub mod places;
pub mod preview;
pub mod protection;
pub mod rate;
pub mod reconcile;
mod record;
pub mod release;
pub mod repository;
mod runner;
#[cfg(test)]
mod tests;
pub mod upkeep;
pub mod witnessed;

pub use error::RunError;
pub use keys::QueueKey;
pub use runner::{Claim, Executor, Outcome, Runner};
