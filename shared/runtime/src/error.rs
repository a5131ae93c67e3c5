//! Why an entity could not be advanced.

use ports::StoreError;

/// Why an entity could not be advanced. Whatever it was, the keys in the queue bring [`crate::reconcile`] back to it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// The store did not do what was asked.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A stored value cannot be read: a newer version of Slipway wrote it, or it is damaged.
    #[error("{key} cannot be read, so it is left as it is: {reason}")]
    Unreadable {
        /// The key.
        key: String,
        /// Why.
        reason: String,
    },
    /// A value cannot be written down.
    #[error("{key} cannot be written: {reason}")]
    Unwritable {
        /// The key.
        key: String,
        /// Why.
        reason: String,
    },
}
