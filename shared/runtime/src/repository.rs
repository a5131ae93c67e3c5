//! Repositories: noting that one was seen, doing what their plans ask for, and what people are told of them.

mod executor;
mod reach;
mod settings;
mod stored;
#[cfg(test)]
mod tests;

use domain::{
    RepositoryId, Timestamp,
    directory::Attention,
    entity::Entity as _,
    installation::Loss,
    repository::{Fact, HeldBack, Key, Repository, Summary},
};
use ports::{Clock, Log, Store};

use crate::{RunError, Runner, record::Record};

pub use executor::RepositoryExecutor;
pub use stored::StoredPreviews;

impl<S: Store, C: Clock, L: Log, X> Runner<S, C, L, X> {
    /// Makes `fact` durable if it is news: one read if it is not. Returns the number of its mail, to be taken in.
    pub async fn post_news(&self, id: Key, fact: &Fact) -> Result<Option<u64>, RunError> {
        let record: Option<Record<Repository>> = Record::read(&self.store, &id).await?;
        if record.is_some_and(|record| record.state.knows(fact)) {
            return Ok(None);
        }
        self.post::<Repository>(&id, fact).await.map(Some)
    }
}

/// What people are told of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overview {
    /// Which one.
    pub id: RepositoryId,
    /// Its name.
    pub name: String,
    /// Its last survey; none before the first.
    pub last_survey: Option<Summary>,
    /// Why the last try at a survey did not work; none if it did.
    pub trouble: Option<String>,
    /// Whether it is read-only: nothing new is deployed from it.
    pub archived: bool,
    /// Why the App does not reach it any more; none if it does, as far as is known.
    pub access_lost: Option<Loss>,
    /// The removals that wait for a person.
    pub held_back: Option<HeldBack>,
    /// How much it asks of people.
    pub attention: Attention,
}

impl Overview {
    /// Reads what is stored of the repository; none if nothing is.
    pub async fn read(store: &impl Store, id: Key) -> Result<Option<Self>, RunError> {
        let record: Option<Record<Repository>> = Record::read(store, &id).await?;
        Ok(record.map(|record| Self::of(&record.state)))
    }

    fn of(repository: &Repository) -> Self {
        Self {
            id: repository.id,
            name: repository
                .name()
                .map_or_else(|| repository.id.to_string(), ToString::to_string),
            last_survey: repository.last_survey().cloned(),
            trouble: repository.survey_trouble().map(str::to_owned),
            archived: repository.details().is_some_and(|details| details.archived),
            access_lost: repository.access_lost(),
            held_back: repository.held_back().cloned(),
            attention: repository.attention(),
        }
    }

    /// The survey of this repository, if it was made at `since` or later.
    pub fn surveyed_since(&self, since: Timestamp) -> Option<&Summary> {
        self.last_survey
            .as_ref()
            .filter(|survey| survey.at >= since)
    }
}
