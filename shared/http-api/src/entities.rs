//! Previews and repositories: listed, shown, and told what a person wishes. Answered by the private component `entities`, which alone
//! of those that people reach may open `default`; who may ask was decided before, by the component `api`.

mod pages;
#[cfg(test)]
pub(crate) mod tests;
mod view;

use domain::{
    PreviewId, Timestamp,
    entity::Entity,
    preview::{self, Preview},
    repository::{self, Key, Repository, SurveyFact},
};
use http::{Method, StatusCode};
use ports::{Clock, Level, Log, Store};
use runtime::{
    RunError,
    browse::{self, Listing},
    reconcile,
    repository::Overview,
};

use crate::{
    Problem, Reply,
    model::{self, DeliveryCounts, Noted},
    query::Query,
    route::{EntityRoute, Route},
};

/// What entities are read from and written to.
#[derive(Debug, Clone)]
pub struct Entities<S, C, L> {
    /// Where they are.
    pub store: S,
    /// The time.
    pub clock: C,
    /// Where it is told what could not be read.
    pub log: L,
}

impl<S: Store, C: Clock, L: Log> Entities<S, C, L> {
    /// Answers a request about entities. It does not ask who asks: only components of ours reach it.
    pub async fn answer(&self, method: &Method, path: &str, query: Option<&str>) -> Reply {
        match self.decide(method, path, query).await {
            Ok(reply) => reply,
            Err(problem) => {
                if problem.status.is_server_error() {
                    self.could_not("could not answer a request", path, &problem.detail);
                }
                problem.into()
            }
        }
    }

    async fn decide(
        &self,
        method: &Method,
        path: &str,
        query: Option<&str>,
    ) -> Result<Reply, Problem> {
        let route = Route::of(method, path)?;
        let query = Query::of(query);
        match route {
            Route::Overview => {
                query.only(&[])?;
                self.overview().await
            }
            Route::Entities(route) => self.entity(route, &query).await,
            Route::Me
            | Route::ListDeliveries
            | Route::ShowDelivery(_)
            | Route::ReplayDelivery(_)
            | Route::ReplayDeliveries => {
                Err(Problem::not_found(format!("there is nothing at {path}")))
            }
        }
    }

    async fn entity(&self, route: EntityRoute, query: &Query) -> Result<Reply, Problem> {
        match route {
            EntityRoute::ListPreviews => return self.list_previews(query).await,
            EntityRoute::ListRepositories => return self.list_repositories(query).await,
            EntityRoute::ShowPreview(_)
            | EntityRoute::RetryPreview(_)
            | EntityRoute::ShowRepository(_)
            | EntityRoute::Survey(_)
            | EntityRoute::AllowRemovals(_) => query.only(&[])?,
        }
        match route {
            EntityRoute::ListPreviews | EntityRoute::ListRepositories => {
                Err(Problem::not_found("there is nothing here"))
            }
            EntityRoute::ShowPreview(id) => self.show_preview(id).await,
            EntityRoute::RetryPreview(id) => {
                self.tell::<Preview>(&id, &preview::Fact::RetryAsked).await
            }
            EntityRoute::ShowRepository(key) => self.show_repository(key).await,
            EntityRoute::Survey(key) => {
                let wish = repository::Fact::Survey(SurveyFact::Requested);
                self.tell::<Repository>(&key, &wish).await
            }
            EntityRoute::AllowRemovals(key) => self.allow_removals(key).await,
        }
    }

    async fn show_preview(&self, id: PreviewId) -> Result<Reply, Problem> {
        match browse::state::<Preview>(&self.store, &id).await? {
            Some(preview) => Ok(Reply::ok(&view::preview(&preview, self.clock.now()))),
            None => Err(unknown(&id)),
        }
    }

    async fn show_repository(&self, key: Key) -> Result<Reply, Problem> {
        match Overview::read(&self.store, key).await? {
            Some(overview) => Ok(Reply::ok(&view::repository(&overview))),
            None => Err(unknown(&key)),
        }
    }

    /// Refused if nothing is held back: whoever asks looked at something that has changed since.
    async fn allow_removals(&self, key: Key) -> Result<Reply, Problem> {
        let overview = Overview::read(&self.store, key).await?;
        let overview = overview.ok_or_else(|| unknown(&key))?;
        if overview.held_back.is_none() {
            return Err(Problem::new(
                StatusCode::CONFLICT,
                format!("no removals are held back in {}", overview.name),
            ));
        }
        let wish = repository::Fact::Survey(SurveyFact::RemovalsAllowed);
        self.tell::<Repository>(&key, &wish).await
    }

    async fn tell<E: Entity>(&self, id: &E::Id, fact: &E::Fact) -> Result<Reply, Problem> {
        if !browse::tell::<E>(&self.store, id, fact, self.clock.now()).await? {
            return Err(unknown(id));
        }
        let noted = Noted {
            outcome: "noted".to_owned(),
        };
        Ok(Reply::accepted(&noted, Vec::new()))
    }

    /// The part that is known here; `api` adds the deliveries.
    async fn overview(&self) -> Result<Reply, Problem> {
        let listing = Listing::of(&self.store).await?;
        let mut work = reconcile::work(&self.store).await?;
        let paused = listing.paused_vendors(&self.store).await?;
        Ok(Reply::ok(&model::Overview {
            vendors_paused: paused.into_iter().map(view::paused).collect(),
            previews: view::count(listing.ids::<Preview>().len()),
            repositories: view::count(listing.ids::<Repository>().len()),
            previews_waiting: view::count(work.take::<Preview>().len()),
            deliveries: DeliveryCounts {
                pending: 0,
                done: 0,
                dead: 0,
            },
        }))
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn could_not(&self, message: &str, what: &str, reason: &str) {
        let fields = [("what", what.into()), ("reason", reason.into())];
        self.log.write(Level::Error, message, &fields);
    }
}

fn unknown(id: &impl std::fmt::Display) -> Problem {
    Problem::not_found(format!("no {id} is known"))
}

impl From<RunError> for Problem {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Store(error) => error.into(),
            RunError::Unreadable { .. } | RunError::Unwritable { .. } => {
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
            }
        }
    }
}
