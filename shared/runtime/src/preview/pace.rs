//! How much is asked of Coolify at a time, shared by all instances through the store.
//!
//! Whoever runs into a limit notes it, and until it is over nobody asks: for anything after Coolify's limit of requests, for deployments
//! while its queue is full. After its queue was full, each repository's previews ask one after the other, so that one with many of
//! them takes as many turns as one with few. What races here asks once too often, which is harmless.
//!
//! Costs one read of the store for a call, and a write only while Coolify is busy.

use std::{collections::BTreeMap, time::Duration};

use domain::{
    PreviewId, RepositoryId, Timestamp,
    preview::{Reaction, TargetAction, Trouble},
};
use ports::{Clock, Http, Label, Level, Log, Store, StoreError};
use serde::{Deserialize, Serialize};
use vendors::CallError;

use super::PreviewExecutor;

/// For so long after Coolify's queue was full deployments are asked for in turns.
const BUSY_FOR: Duration = Duration::from_secs(300);
/// Between two deployments that one repository asks for then.
const TURN: Duration = Duration::from_secs(3);
/// Those who do not get the turn come back within so long.
const COME_BACK_WITHIN_MILLISECONDS: u64 = 30_000;
/// A limit that Coolify does not say the end of.
const UNTOLD: Duration = Duration::from_secs(60);

/// What is known of Coolify's limits; nothing while none was met.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Limits {
    /// No request before this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    requests_until: Option<Timestamp>,
    /// No deployment before this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    queue_until: Option<Timestamp>,
    /// When each repository last took its turn.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    turns: BTreeMap<RepositoryId, Timestamp>,
}

/// Where the limits are: one value, whatever is met.
const KEY: &str = "limit/Coolify";

async fn read(store: &impl Store) -> Result<Limits, StoreError> {
    let bytes = store.get(Label::Default, KEY).await?;
    let limits = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    Ok(limits.unwrap_or_default())
}

/// Until when Coolify takes no requests, or no deployments, whichever is longer; none if no limit of it is known.
pub async fn coolify_limit(store: &impl Store) -> Result<Option<Timestamp>, StoreError> {
    let limits = read(store).await?;
    Ok(limits.requests_until.max(limits.queue_until))
}

async fn write(store: &impl Store, limits: &Limits) -> Result<(), StoreError> {
    let bytes = serde_json::to_vec(limits).unwrap_or_default();
    store.set(Label::Default, KEY, &bytes).await
}

/// For how long a deployment is held back; none if it may be asked for: then its repository has taken its turn.
async fn turn(
    store: &impl Store,
    id: PreviewId,
    now: Timestamp,
) -> Result<Option<Duration>, StoreError> {
    let mut limits = read(store).await?;
    let until = limits.requests_until.max(limits.queue_until);
    if let Some(left) = left(until, now) {
        return Ok(Some(left));
    }
    let is_over = |full: Timestamp| now.since(full) > BUSY_FOR;
    if limits.queue_until.is_none_or(is_over) {
        return Ok(None);
    }
    let last = limits.turns.get(&id.repository);
    if let Some(left) = left(last.map(|last| last.after(TURN)), now) {
        let spread = spread(id, now) % COME_BACK_WITHIN_MILLISECONDS;
        return Ok(Some(left + Duration::from_millis(spread)));
    }
    limits.turns.retain(|_, last| !is_over(*last));
    limits.turns.insert(id.repository, now);
    write(store, &limits).await?;
    Ok(None)
}

fn left(until: Option<Timestamp>, now: Timestamp) -> Option<Duration> {
    let until = until.filter(|until| *until > now)?;
    Some(until.since(now))
}

/// Far values for near previews and times (a step of SplitMix64).
fn spread(id: PreviewId, now: Timestamp) -> u64 {
    let seed = id.repository.0.rotate_left(32) ^ id.number.0;
    let mut mixed = seed ^ u64::from_ne_bytes(now.milliseconds().to_ne_bytes());
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// The trouble of a call that is not made for so long.
fn held_back(what: &str, after: Duration) -> CallError {
    CallError::Paused {
        reason: format!("{what}: Coolify takes no more at present"),
        after,
    }
}

impl<V: Http, H: Http, C: Clock, L: Log, S: Store, P> PreviewExecutor<V, H, C, L, S, P> {
    /// Why a request to Coolify is not made at present; none if it is, or if it is none, or if the store does not tell.
    pub(super) async fn pause_of(&self, action: &TargetAction) -> Option<CallError> {
        let what = match action {
            TargetAction::Look { .. } | TargetAction::Poll { .. } => "Looking",
            TargetAction::Cancel { .. } => "Cancelling",
            TargetAction::ReadVariables { .. } => "Reading variables",
            TargetAction::Remove => "Removing",
            // That is looked at before it is intended.
            TargetAction::Start { .. }
            | TargetAction::ResolveStart { .. }
            | TargetAction::Find { .. }
            | TargetAction::LookAfter
            | TargetAction::Probe { .. } => return None,
        };
        let limits = self.told(read(&self.store).await)?;
        let after = left(limits.requests_until, self.clock.now())?;
        Some(held_back(what, after))
    }

    /// Why a deployment is not asked for at present; none if it is: then its repository has taken its turn.
    pub(super) async fn pause_of_deployment(&self, id: PreviewId) -> Option<CallError> {
        let now = self.clock.now();
        let after = self.told(turn(&self.store, id, now).await).flatten()?;
        Some(held_back("Deploying", after))
    }

    /// Notes that Coolify's queue is full.
    pub(super) async fn queue_full(&self, after: Option<Duration>) -> CallError {
        let after = after.unwrap_or(UNTOLD);
        self.note(
            |limits, until| limits.queue_until = limits.queue_until.max(Some(until)),
            after,
        )
        .await;
        CallError::Paused {
            reason: "Deploying: Coolify's queue of deployments is full".to_owned(),
            after,
        }
    }

    /// Notes that Coolify asked to be left alone, if it did.
    pub(super) async fn note_wish(&self, trouble: &Trouble) {
        if let Reaction::Retry {
            after_milliseconds: Some(after),
        } = trouble.reaction
        {
            let after = Duration::from_millis(after);
            self.note(
                |limits, until| limits.requests_until = limits.requests_until.max(Some(until)),
                after,
            )
            .await;
        }
    }

    async fn note(&self, change: impl FnOnce(&mut Limits, Timestamp), after: Duration) {
        let noted = async {
            let mut limits = read(&self.store).await?;
            change(&mut limits, self.clock.now().after(after));
            write(&self.store, &limits).await
        };
        self.told(noted.await);
    }

    /// The result; none after an error, which is told: then Coolify is asked.
    fn told<T>(&self, result: Result<T, StoreError>) -> Option<T> {
        let report = |error: &StoreError| {
            let fields = [("reason", error.to_string().into())];
            let message = "could not tell or learn what Coolify takes";
            self.log.write(Level::Warn, message, &fields);
        };
        result.inspect_err(report).ok()
    }
}
