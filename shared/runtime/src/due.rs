//! When entities are to be looked at again.

use std::fmt::Display;

use domain::Timestamp;
use ports::{Label, Store};

use crate::{RunError, keys};

/// Notes that the entity, run under lease `epoch`, is to be looked at again at `at`.
pub(crate) async fn note(
    store: &impl Store,
    id: &impl Display,
    epoch: u64,
    at: Timestamp,
) -> Result<(), RunError> {
    Ok(store
        .set(
            Label::Queue,
            &keys::due(id, epoch),
            at.milliseconds().to_string().as_bytes(),
        )
        .await?)
}

/// When the note of lease `epoch` says that the entity is to be looked at; none if the note is gone.
pub(crate) async fn read(
    store: &impl Store,
    id: &impl Display,
    epoch: u64,
) -> Result<Option<Timestamp>, RunError> {
    let Some(bytes) = store.get(Label::Queue, &keys::due(id, epoch)).await? else {
        return Ok(None);
    };
    let milliseconds = std::str::from_utf8(&bytes)
        .ok()
        .and_then(|text| text.parse().ok());
    // A note that cannot be read is due: looking is harmless, and replaces it.
    Ok(Some(Timestamp::from_milliseconds(
        milliseconds.unwrap_or_default(),
    )))
}
