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
    let counted = store
        .increment(Label::Default, &keys::mail_counter(id), 1)
        .await?;
    let number = u64::try_from(counted).unwrap_or_default();
    let key = keys::mail(id, number);
    let mail = serde_json::to_vec(&Mail { at, fact }).map_err(|error| RunError::Unwritable {
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
            None if missing + 1 >= MISSING_MAX => break,
            None => missing += 1,
        }
    }
    Ok(found)
}

/// The numbers of the mail after number `after`, up to the newest number given out so far: the look after a lease was given
/// back. Numbers without a mail, however many, do not end it.
pub(crate) async fn waiting(
    store: &impl Store,
    id: &impl std::fmt::Display,
    after: u64,
) -> Result<Vec<u64>, RunError> {
    let counted = store
        .increment(Label::Default, &keys::mail_counter(id), 0)
        .await?;
    let newest = u64::try_from(counted).unwrap_or_default();
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
