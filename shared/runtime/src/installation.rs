//! Installations of the App: noting that one was heard of, finding those of which nobody told, doing what their plans ask for, and
//! what people are told of them.

mod executor;
#[cfg(test)]
mod tests;

use std::time::Duration;

use domain::{
    Timestamp,
    installation::{Fact, Hearsay, Installation, Key},
    repository::{self, Repository},
};
use ports::{Clock, Http, Label, Log, Store};
use serde::{Deserialize, Serialize};
use vendors::{CallError, github};

use crate::{RunError, Runner, mailbox, record::Record};

pub use executor::InstallationExecutor;

/// When the list of installations was last read.
const LISTED_KEY: &str = "github/installations";

#[derive(Serialize, Deserialize)]
struct Listed {
    at: Timestamp,
}

impl<S: Store, C: Clock, L: Log, X> Runner<S, C, L, X> {
    /// Makes `fact` durable if the repository is known: deliveries of all kinds come of repositories of which nothing else is ever
    /// needed. Returns the number of its mail, to be taken in.
    pub async fn post_if_known(
        &self,
        id: repository::Key,
        fact: &repository::Fact,
    ) -> Result<Option<u64>, RunError> {
        let stored = self.store.get(Label::Default, &id.to_string()).await?;
        match stored {
            Some(_) => self.post::<Repository>(&id, fact).await.map(Some),
            None => Ok(None),
        }
    }
}

/// Why installations were not looked for.
#[derive(Debug, thiserror::Error)]
pub enum NotListed {
    /// GitHub did not say.
    #[error(transparent)]
    GitHub(#[from] CallError),
    /// The store did not do what was asked.
    #[error(transparent)]
    Store(#[from] RunError),
}

/// Asks GitHub for all installations of the App, every `interval`, and notes those that are not known: the delivery that told of
/// them may be lost. Harmless if two do it at once. Returns how many were new.
pub async fn find<H: Http, C: Clock, S: Store>(
    github: &github::Client<H, C, S>,
    store: &impl Store,
    clock: &impl Clock,
    interval: Duration,
) -> Result<usize, NotListed> {
    if !github.has_delivery_log() {
        // A plain token is no App's, and has no installations.
        return Ok(0);
    }
    let failed = |error| NotListed::Store(RunError::Store(error));
    let now = clock.now();
    let stored = store
        .get(Label::Default, LISTED_KEY)
        .await
        .map_err(failed)?;
    let listed: Option<Listed> = stored.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    if listed.is_some_and(|listed| listed.at.after(interval) > now) {
        return Ok(0);
    }
    let mut new = 0;
    for id in github.installations().await? {
        let id = Key(id);
        let known: Option<Record<Installation>> = Record::read(store, &id).await?;
        if known.is_none() {
            let heard = Fact::Heard(Hearsay::default());
            mailbox::post::<Installation>(store, &id, &heard, now).await?;
            new += 1;
        }
    }
    let bytes = serde_json::to_vec(&Listed { at: now }).unwrap_or_default();
    store
        .set(Label::Default, LISTED_KEY, &bytes)
        .await
        .map_err(failed)?;
    Ok(new)
}

/// What is stored of the installation; none if nothing is.
pub async fn read(store: &impl Store, id: Key) -> Result<Option<Installation>, RunError> {
    let record: Option<Record<Installation>> = Record::read(store, &id).await?;
    Ok(record.map(|record| record.state))
}
