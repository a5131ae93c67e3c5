//! What GitHub shows of an installation.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// An installation as GitHub's API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    /// The id of the App.
    pub app: u64,
    /// The id of the account that it is installed on.
    pub account: u64,
    /// The account's name, now.
    pub login: String,
    /// What the account is: `Organization`, `User` or `Enterprise`.
    pub target_type: String,
    /// Whether all of the account's repositories are reached.
    pub selection: Selection,
    /// What was granted, by GitHub's names: `read`, `write` or `admin`.
    pub permissions: BTreeMap<String, String>,
    /// The events that it brings.
    pub events: BTreeSet<String>,
    /// Since when the account suspends it; none if it does not.
    pub suspended_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

/// Which of the account's repositories are reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Selection {
    /// All of them, those to come included.
    All,
    /// Those that were chosen.
    Selected,
}
