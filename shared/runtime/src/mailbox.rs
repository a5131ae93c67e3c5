//! The mailbox of an entity: facts that are durable before anybody deals with them.
//!
//! A mail lies in `queue`, so it is its own entry of what is due. Whoever posts one then runs the entity; if somebody else
//! holds its lease, the mail was there before that one gave it back, and is found by the look that follows.

use domain::{Timestamp, entity::Entity};
use ports::{Label, Store};
use serde::{Deserialize, Serialize};

use crate::{RunError, keys};

/// A fact and when it was learnt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mail<F> {
    /// When it was learnt.
    pub(crate) at: Timestamp,
    /// The fact.
    pub(crate) fact: F,
    /// Which outcome it is, if it came of an action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) outcome: Option<OutcomeNumber>,
}

/// Numbers what came of the actions under one lease. An outcome is posted when its save failed; if only the answer to the save was
/// lost, it is known by its number and not taken in again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OutcomeNumber {
    /// The lease.
    pub(crate) epoch: u64,
    /// Counts up from 1.
    pub(crate) number: u32,
}

/// So many numbers without a mail end the look for mail: whoever took one of them died, or is about to run the entity.
const MISSING_MAX: u64 = 4;
/// At most so many numbers are looked at in one go.
const LOOK_MAX: u64 = 64;

/// Makes `fact`, learnt at `at`, durable for the entity `id`. Returns the mail's number, for [`crate::Runner::run`].
pub async fn post<E: Entity>(
    store: &impl Store,
    id: &E::Id,
    fact: &E::Fact,
    at: Timestamp,
) -> Result<u64, RunError> {
    let outcome = None;
    send(store, id, &Mail { at, fact, outcome }).await
}

/// Makes `mail` durable for the entity `id`, and returns its number.
pub(crate) async fn send<F: Serialize>(
    store: &impl Store,
    id: &impl std::fmt::Display,
    mail: &Mail<F>,
) -> Result<u64, RunError> {
    let counted = store
        .increment(Label::Default, &keys::mail_counter(id), 1)
        .await?;
    let number = u64::try_from(counted).unwrap_or_default();
    let key = keys::mail(id, number);
    let mail = serde_json::to_vec(mail).map_err(|error| RunError::Unwritable {
        key: key.clone(),
        reason: error.to_string(),
    })?;
    store.set(Label::Queue, &key, &mail).await?;
    Ok(number)
}

/// The mail with `number`; none if there is none (any more).
pub(crate) async fn get<E: Entity>(
    store: &impl Store,
    id: &E::Id,
    number: u64,
) -> Result<Option<Mail<E::Fact>>, RunError> {
    let key = keys::mail(id, number);
    let Some(bytes) = store.get(Label::Queue, &key).await? else {
        return Ok(None);
    };
    serde_json::from_slice(&bytes)
        .map(Some)
        .map_err(|error| RunError::Unreadable {
            key,
            reason: error.to_string(),
        })
}

/// The mail that follows number `after`, with the numbers.
pub(crate) async fn following<E: Entity>(
    store: &impl Store,
    id: &E::Id,
    after: u64,
) -> Result<Vec<(u64, Mail<E::Fact>)>, RunError> {
    let mut found = Vec::new();
    let mut missing = 0;
    for number in after + 1..=after + LOOK_MAX {
        match get::<E>(store, id, number).await? {
            Some(mail) => {
                missing = 0;
                found.push((number, mail));
            }
            None if E::IN_ORDER || missing + 1 >= MISSING_MAX => break,
            None => missing += 1,
        }
    }
    Ok(found)
}

/// The mail after number `after` up to `last`, however many numbers have none, with the numbers; and up to which number was
/// looked in this go. Numbers that were not given out yet are left alone: a mail may be left of an entity that was forgotten.
pub(crate) async fn up_to<E: Entity>(
    store: &impl Store,
    id: &E::Id,
    after: u64,
    last: u64,
) -> Result<(Vec<(u64, Mail<E::Fact>)>, u64), RunError> {
    let last = last.min(after + LOOK_MAX).min(newest(store, id).await?);
    let mut found = Vec::new();
    for number in after + 1..=last {
        if let Some(mail) = get::<E>(store, id, number).await? {
            found.push((number, mail));
        }
    }
    Ok((found, last))
}

/// The numbers of the mail after number `after`, up to the newest number given out so far: the look after a lease was given
/// back. Numbers without a mail, however many, do not end it.
pub(crate) async fn waiting(
    store: &impl Store,
    id: &impl std::fmt::Display,
    after: u64,
) -> Result<Vec<u64>, RunError> {
    let newest = newest(store, id).await?;
    let mut found = Vec::new();
    for number in (after + 1).max(newest.saturating_sub(LOOK_MAX))..=newest {
        if store
            .get(Label::Queue, &keys::mail(id, number))
            .await?
            .is_some()
        {
            found.push(number);
        }
    }
    Ok(found)
}

/// The newest number given out so far.
pub(crate) async fn newest(
    store: &impl Store,
    id: &impl std::fmt::Display,
) -> Result<u64, RunError> {
    let counted = store
        .increment(Label::Default, &keys::mail_counter(id), 0)
        .await?;
    Ok(u64::try_from(counted).unwrap_or_default())
}
