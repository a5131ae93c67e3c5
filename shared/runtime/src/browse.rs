//! Reads entities for people: which there are, and what the saved state of one says. Changes nothing.
//!
//! Which there are say directories ([`crate::directory`]), or the keys of a whole store, which only those list whom nobody waits for.
//! Values that nobody asked for are never read: beside entities `default` holds tokens.

use std::collections::BTreeMap;

use domain::{
    Timestamp,
    command::Command,
    directory::{Directory, Entry, Kind},
    entity::Entity,
    installation::Installation,
    operation::OperationRun,
    outbox::Outbox,
    places::Places,
    preview::Preview,
    protection::Protection,
    release::{Intake, Line},
    repository::Repository,
};
use ports::{Label, Store, StoreError};
use vendors::github;
pub use vendors::github::{RateLimit, rate_limit_of};

use crate::{RunError, mailbox, record::Record};

/// The keys of `default`, listed once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing(Vec<String>);

impl Listing {
    /// Lists the keys: as many as there are entities, with about four counters and tokens for each.
    pub async fn of(store: &impl Store) -> Result<Self, StoreError> {
        store.keys(Label::Default).await.map(Self)
    }

    /// The ids of all entities of one kind, in no order.
    pub fn ids<E: Entity>(&self) -> Vec<E::Id> {
        self.0.iter().filter_map(|key| key.parse().ok()).collect()
    }

    /// The entities of one kind as their directory names them.
    pub(crate) fn entries(&self, kind: Kind) -> impl Iterator<Item = Entry> {
        self.0.iter().filter_map(move |key| kind.entry(key))
    }

    /// How many entities of all kinds there are, by the first word of their ids.
    pub fn kinds(&self) -> BTreeMap<&'static str, u64> {
        BTreeMap::from([
            ("preview", self.count::<Preview>()),
            ("repository", self.count::<Repository>()),
            ("installation", self.count::<Installation>()),
            ("intake", self.count::<Intake>()),
            ("release", self.count::<Line>()),
            ("outbox", self.count::<Outbox>()),
            ("command", self.count::<Command>()),
            ("places", self.count::<Places>()),
            ("operation", self.count::<OperationRun>()),
            ("protection", self.count::<Protection>()),
            ("directory", self.count::<Directory>()),
        ])
    }

    fn count<E: Entity>(&self) -> u64 {
        u64::try_from(self.ids::<E>().len()).unwrap_or(u64::MAX)
    }

    /// What is known of GitHub's rate limits, by whom they are counted for: `token`, `app` or `installation/<id>`.
    pub async fn github_limits(
        &self,
        store: &impl Store,
    ) -> Result<Vec<(String, RateLimit)>, StoreError> {
        let mut limits = Vec::new();
        for key in &self.0 {
            if let Some(payer) = key.strip_prefix(github::LIMIT_KEYS) {
                let limit = github::rate_limit(store, key).await?;
                limits.extend(limit.map(|limit| (payer.to_owned(), limit)));
            }
        }
        Ok(limits)
    }
}

/// What is known of GitHub's rate limit for this payer, who is no installation: `token` or `app`.
pub async fn rate_limit_for(
    store: &impl Store,
    payer: &str,
) -> Result<Option<RateLimit>, StoreError> {
    github::rate_limit(store, &format!("{}{payer}", github::LIMIT_KEYS)).await
}

/// The saved state of an entity, without the facts that still lie in its mailbox; none if there is none.
pub async fn state<E: Entity>(store: &impl Store, id: &E::Id) -> Result<Option<E>, RunError> {
    let record: Option<Record<E>> = Record::read(store, id).await?;
    Ok(record.map(|record| record.state))
}

/// The state of an entity with the facts that were posted to it and not taken in yet; as new if nothing is stored of it.
pub async fn current<E: Entity>(store: &impl Store, id: &E::Id) -> Result<E, RunError> {
    let stored: Option<Record<E>> = Record::read(store, id).await?;
    let (mut state, mail_read) = stored.map_or_else(
        || (E::new(id.clone()), 0),
        |record| (record.state, record.mail_read),
    );
    for (_, posted) in mailbox::following::<E>(store, id, mail_read).await? {
        state.record(&posted.fact, posted.at);
    }
    Ok(state)
}

/// Posts `fact` to the mailbox of an entity that is stored, and returns the number of its mail; none if nothing is stored of it.
/// What follows is brought about by `POST /reconcile`, which finds the mail.
pub async fn tell<E: Entity>(
    store: &impl Store,
    id: &E::Id,
    fact: &E::Fact,
    now: Timestamp,
) -> Result<Option<u64>, RunError> {
    if store.get(Label::Default, &id.to_string()).await?.is_none() {
        return Ok(None);
    }
    mailbox::post::<E>(store, id, fact, now).await.map(Some)
}

#[cfg(test)]
mod tests {
    use domain::{PreviewId, PullRequestNumber, RepositoryId, preview::Fact, repository::Key};
    use ports::memory::MemoryStore;

    use super::*;

    const ID: PreviewId = PreviewId {
        repository: RepositoryId(1),
        number: PullRequestNumber(7),
    };

    /// The store in memory answers at once.
    fn wait<T>(future: impl Future<Output = T>) -> T {
        futures_util::FutureExt::now_or_never(future).unwrap()
    }

    fn stored() -> MemoryStore {
        let store = MemoryStore::default();
        let record = Record::<Preview>::new(ID);
        wait(record.write(&store, &ID)).unwrap();
        wait(store.increment(Label::Default, "preview/1/7/seq", 3)).unwrap();
        for (key, value) in [
            ("github/token/1", b"ghs_secret".as_slice()),
            ("preview/1/7/contested", b"1"),
        ] {
            wait(store.set(Label::Default, key, value)).unwrap();
        }
        store
    }

    #[test]
    fn only_keys_that_are_an_entitys_own_are_taken_for_entities() {
        let listing = wait(Listing::of(&stored())).unwrap();
        assert_eq!(listing.ids::<Preview>(), [ID]);
        assert_eq!(listing.ids::<Repository>(), Vec::<Key>::new());
    }

    #[test]
    fn a_wish_is_posted_only_to_an_entity_that_is_stored() {
        let store = stored();
        let now = Timestamp::from_milliseconds(1);
        let told = wait(tell::<Preview>(&store, &ID, &Fact::RetryAsked, now));
        assert_eq!(told, Ok(Some(4)));
        assert!(
            store
                .all_keys()
                .contains(&"queue mail/preview/1/7/4".to_owned())
        );
        let nobody = PreviewId {
            number: PullRequestNumber(8),
            ..ID
        };
        let told = wait(tell::<Preview>(&store, &nobody, &Fact::RetryAsked, now));
        assert_eq!(told, Ok(None));
        assert!(
            !store
                .all_keys()
                .iter()
                .any(|key| key.contains("preview/1/8"))
        );
    }
}
