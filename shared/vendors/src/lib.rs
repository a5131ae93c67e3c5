//! Typed clients of the vendors over the `Http` port, and the probe of a preview's URL.
//!
//! Every quirk of a vendor is known here and nowhere else. An answer becomes a value or a [`CallError`], which says what the
//! caller does next: try again, stop until a person changes something, or look what happened.

mod address;
pub mod argocd;
pub mod backstage;
pub mod coolify;
mod error;
mod exchange;
pub mod github;
pub mod harbor;
pub mod kubernetes;
pub mod notify;
pub mod platform;
pub mod probe;
pub mod registry;
pub mod slack;
mod targets;

pub use error::CallError;
