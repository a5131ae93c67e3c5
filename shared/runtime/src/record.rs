//! An entity as it is stored: its state and who may change it.

use std::collections::BTreeMap;

use domain::{Timestamp, entity::Entity};
use ports::{Label, Store};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{RunError, mailbox::OutcomeNumber};

/// The version of the stored form.
const SCHEMA: u32 = 1;
/// The outcomes of so many leases are told apart: a posted one does not arrive later than that.
const OUTCOMES_KEPT: usize = 8;

/// An entity as it is stored under its own key in `default`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound(serialize = "E: Serialize", deserialize = "E: DeserializeOwned"))]
pub(crate) struct Record<E> {
    /// The version of this form.
    pub(crate) schema: u32,
    /// The number of the lease under which this was written: the fencing token.
    pub(crate) epoch: u64,
    /// Until when the lease holds; none if it was given back.
    pub(crate) lease_until: Option<Timestamp>,
    /// Until when somebody waits beside the entity and comes back to it in time.
    pub(crate) followed_until: Option<Timestamp>,
    /// The mail up to this number was looked at.
    pub(crate) mail_read: u64,
    /// Mail behind numbers that had none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) gap: Option<Gap>,
    /// How many outcomes of actions the state contains of each of the newest leases, by its epoch.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) outcomes: BTreeMap<u64, u32>,
    /// The lease under which the newest entry of what is due was written.
    pub(crate) due_epoch: Option<u64>,
    /// The claims of leases before this one were deleted.
    #[serde(default)]
    pub(crate) claims_from: u64,
    /// The state.
    pub(crate) state: E,
}

/// A mail was read that [`crate::mailbox::following`] does not reach: too many numbers before it had none yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Gap {
    /// The mail's number.
    pub(crate) last: u64,
    /// By when it and all numbers before it had been given out.
    pub(crate) since: Timestamp,
}

impl<E: Entity> Record<E> {
    /// The record of an entity of which nothing is stored.
    pub(crate) fn new(id: E::Id) -> Self {
        Self {
            schema: SCHEMA,
            epoch: 0,
            lease_until: None,
            followed_until: None,
            mail_read: 0,
            gap: None,
            outcomes: BTreeMap::new(),
            due_epoch: None,
            claims_from: 0,
            state: E::new(id),
        }
    }

    /// Reads the record of `id`; none if there is none.
    pub(crate) async fn read(store: &impl Store, id: &E::Id) -> Result<Option<Self>, RunError> {
        let key = id.to_string();
        let Some(bytes) = store.get(Label::Default, &key).await? else {
            return Ok(None);
        };
        let record: Self = parse(&key, &bytes)?;
        check_schema(&key, record.schema)?;
        Ok(Some(record))
    }

    /// Writes the record.
    pub(crate) async fn write(&self, store: &impl Store, id: &E::Id) -> Result<(), RunError> {
        let key = id.to_string();
        let bytes = serde_json::to_vec(self).map_err(|error| RunError::Unwritable {
            key: key.clone(),
            reason: error.to_string(),
        })?;
        Ok(store.set(Label::Default, &key, &bytes).await?)
    }

    /// The number of the next outcome under this lease; counts it as contained in the state.
    pub(crate) fn next_outcome(&mut self) -> OutcomeNumber {
        let epoch = self.epoch;
        let number = self.outcomes.get(&epoch).map_or(1, |number| number + 1);
        let outcome = OutcomeNumber { epoch, number };
        self.count(outcome);
        outcome
    }

    /// Whether the state contains the outcome; if not, counts it as contained from now on.
    pub(crate) fn contains_or_count(&mut self, outcome: OutcomeNumber) -> bool {
        let counted = self.outcomes.get(&outcome.epoch);
        let contained = counted.is_some_and(|number| *number >= outcome.number);
        if !contained {
            self.count(outcome);
        }
        contained
    }

    fn count(&mut self, outcome: OutcomeNumber) {
        self.outcomes.insert(outcome.epoch, outcome.number);
        if self.outcomes.len() > OUTCOMES_KEPT {
            self.outcomes.pop_first();
        }
    }

    /// Whether the lease holds at `now`.
    pub(crate) fn is_leased(&self, now: Timestamp) -> bool {
        self.lease_until.is_some_and(|until| until > now)
    }
}

/// What a record says of its lease and its notes, read without the state: most looks at a record need no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) struct Head {
    schema: u32,
    /// The lease under which the record was written.
    pub(crate) epoch: u64,
    /// Until when that lease holds; none once it was given back.
    pub(crate) lease_until: Option<Timestamp>,
    /// Until when somebody comes back to the entity by itself.
    pub(crate) followed_until: Option<Timestamp>,
    /// The lease that the note of what is due belongs to.
    pub(crate) due_epoch: Option<u64>,
}

impl Head {
    /// Reads the head of the record of `id`; none if there is no record.
    pub(crate) async fn read(
        store: &impl Store,
        id: &impl std::fmt::Display,
    ) -> Result<Option<Self>, RunError> {
        let key = id.to_string();
        let Some(bytes) = store.get(Label::Default, &key).await? else {
            return Ok(None);
        };
        let head: Self = parse(&key, &bytes)?;
        check_schema(&key, head.schema)?;
        Ok(Some(head))
    }

    /// Whether the lease holds at `now`.
    pub(crate) fn is_leased(&self, now: Timestamp) -> bool {
        self.lease_until.is_some_and(|until| until > now)
    }
}

fn parse<T: DeserializeOwned>(key: &str, bytes: &[u8]) -> Result<T, RunError> {
    let unreadable = |reason: String| RunError::Unreadable {
        key: key.to_owned(),
        reason,
    };
    // Checked once as a whole, and not again for each text in it.
    let text = std::str::from_utf8(bytes).map_err(|error| unreadable(error.to_string()))?;
    serde_json::from_str(text).map_err(|error| unreadable(error.to_string()))
}

fn check_schema(key: &str, schema: u32) -> Result<(), RunError> {
    if schema <= SCHEMA {
        return Ok(());
    }
    Err(RunError::Unreadable {
        key: key.to_owned(),
        reason: format!("it has schema {schema}, and this version knows {SCHEMA}"),
    })
}
