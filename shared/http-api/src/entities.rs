//! Previews, repositories, environments with their releases, operations, and installations: listed, shown, and told what a person
//! wishes. Answered by the private component `entities`, which alone of those that people reach may open `default`; who may ask was
//! decided before, by the component `api`.

mod asking;
mod audit;
pub mod builds;
pub mod decisions;
mod environments;
mod installations;
mod keepers;
mod operations;
mod pages;
mod release_view;
mod tag;
#[cfg(test)]
pub(crate) mod tests;
mod vendors;
mod view;

use domain::{
    PreviewId, RepositoryId, Speaker, Timestamp,
    audit::{Act, Door},
    directory::Attention,
    entity::Entity,
    preview::Preview,
    release::Line,
    repository::{self, Key, Repository, SurveyFact},
};
use http::{HeaderMap, StatusCode, header};
use ports::{Clock, Label, Level, Log, Store};
use runtime::{RunError, Runner, breaker, browse, repository::Overview};

use crate::{
    Asked, Problem, Reply,
    caller::Sees,
    elsewhere, metrics,
    model::{self, Noted},
    query::Query,
    route::{EntityRoute, List, Route, Thing},
};

/// So many previews are looked at at most to count those in hand.
const COUNTED_MAX: usize = 50;

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

/// A request that was let through.
#[derive(Debug, Clone, Copy)]
struct Wanted<'a> {
    query: &'a Query,
    headers: &'a HeaderMap,
    body: &'a [u8],
    /// Who asks.
    speaker: &'a Speaker,
    /// Through what.
    door: Door,
    /// What is shown to them.
    sees: &'a Sees,
}

impl<S: Store, C: Clock, L: Log> Entities<S, C, L> {
    /// Answers a request about entities. It does not ask whether that may be asked: only components of ours reach it.
    pub async fn answer(&self, asked: Asked<'_>) -> Reply {
        match self.decide(asked).await {
            Ok(reply) => reply,
            Err(problem) => {
                if problem.status.is_server_error() {
                    self.could_not("could not answer a request", asked.path, &problem.detail);
                }
                problem.into()
            }
        }
    }

    async fn decide(&self, asked: Asked<'_>) -> Result<Reply, Problem> {
        if asked.path == metrics::PATH {
            return Ok(Reply::ok(&self.measures().await?));
        }
        if asked.path == crate::audit::PATH {
            return self.note_for_api(asked).await;
        }
        let route = Route::of(asked.method, asked.path)?;
        let query = Query::of(asked.query);
        let sees = Sees::of(&self.store, asked.headers).await?;
        let wanted = Wanted {
            query: &query,
            headers: asked.headers,
            body: asked.body,
            speaker: &elsewhere::speaker(asked.headers),
            door: crate::audit::door(asked.headers),
            sees: &sees,
        };
        match route {
            Route::Overview => {
                query.only(&[])?;
                self.overview(&sees).await
            }
            Route::Entities(route) => self.entity(route, wanted).await,
            Route::Me
            | Route::ListDeliveries
            | Route::ShowDelivery(_)
            | Route::ReplayDelivery(_)
            | Route::ReplayDeliveries => {
                let path = asked.path;
                Err(Problem::not_found(format!("there is nothing at {path}")))
            }
        }
    }

    async fn list(&self, list: List, query: &Query, sees: &Sees) -> Result<Reply, Problem> {
        match list {
            List::Previews => self.list_previews(query, sees).await,
            List::Repositories => self.list_repositories(query, sees).await,
            List::Environments => self.list_environments(query, sees).await,
            List::Releases => self.list_releases(query, sees).await,
            List::Installations => self.list_installations(query, sees).await,
            List::Decisions => self.list_decisions(query, sees).await,
            List::Audit => self.list_audit(query, sees).await,
            List::Builds => self.list_builds(query, sees).await,
            List::Vendors => self.list_vendors(query, sees).await,
            List::Operations => self.list_operation_runs(query, sees).await,
        }
    }

    async fn entity(&self, route: EntityRoute, wanted: Wanted<'_>) -> Result<Reply, Problem> {
        if !matches!(route, EntityRoute::List(_)) {
            wanted.query.only(&[])?;
        }
        match route {
            EntityRoute::List(list) => self.list(list, wanted.query, wanted.sees).await,
            EntityRoute::Show(thing) => {
                let reply = self.show(thing, wanted.sees).await?;
                Ok(tag::tagged(reply, wanted.headers))
            }
            EntityRoute::Ask(..)
            | EntityRoute::Survey(_)
            | EntityRoute::AllowRemovals(_)
            | EntityRoute::Intervene(..)
            | EntityRoute::Operate(..)
            | EntityRoute::AllowLosses(_) => match self.act_of(&route, wanted) {
                Some(act) => {
                    let done = self.act(route, wanted, &act).await;
                    if let Err(problem) = &done {
                        self.note_problem(&act, problem).await;
                    }
                    done
                }
                None => Err(Problem::not_found("there is no such act")),
            },
        }
    }

    async fn act(
        &self,
        route: EntityRoute,
        wanted: Wanted<'_>,
        act: &Act,
    ) -> Result<Reply, Problem> {
        if let Some(thing) = route.about()
            && wanted.headers.contains_key(header::IF_MATCH)
        {
            tag::check(&self.show(thing, wanted.sees).await?, wanted.headers)?;
        }
        match route {
            EntityRoute::List(_) | EntityRoute::Show(_) => {
                Err(Problem::not_found("there is no such act"))
            }
            EntityRoute::Ask(id, ask) => self.ask(id, ask, (wanted, act)).await,
            EntityRoute::Survey(key) => {
                let wish = repository::Fact::Survey(SurveyFact::Requested);
                self.tell::<Repository>(&key, &wish, act).await
            }
            EntityRoute::AllowRemovals(key) => self.allow_removals(key, act).await,
            EntityRoute::Intervene(line, wish) => self.intervene(&line, wish, (wanted, act)).await,
            EntityRoute::Operate(key, name) => self.operate(key, &name, (wanted, act)).await,
            EntityRoute::AllowLosses(key) => self.allow_losses(key, act).await,
        }
    }

    async fn show(&self, thing: Thing, sees: &Sees) -> Result<Reply, Problem> {
        match thing {
            Thing::Preview(id) => self.show_preview(id).await,
            Thing::Repository(key) => self.show_repository(key).await,
            Thing::Environment(line) => self.show_environment(&line).await,
            Thing::Release(line, release) => self.show_release(&line, &release).await,
            Thing::Installation(key) => self.show_installation(key, sees).await,
            Thing::Operations(key) => self.show_operations(key).await,
            Thing::Operation(id) => self.show_operation_run(&id).await,
        }
    }

    async fn show_preview(&self, id: PreviewId) -> Result<Reply, Problem> {
        match browse::state::<Preview>(&self.store, &id).await? {
            Some(preview) => Ok(Reply::ok(&view::preview(&preview, self.clock.now()))),
            None => Err(Problem::unknown(&id)),
        }
    }

    async fn show_repository(&self, key: Key) -> Result<Reply, Problem> {
        match Overview::read(&self.store, key).await? {
            Some(overview) => Ok(Reply::ok(&view::repository(&overview))),
            None => Err(Problem::unknown(&key)),
        }
    }

    /// Refused if nothing is held back: whoever asks looked at something that has changed since.
    async fn allow_removals(&self, key: Key, act: &Act) -> Result<Reply, Problem> {
        let overview = Overview::read(&self.store, key).await?;
        let overview = overview.ok_or_else(|| Problem::unknown(&key))?;
        if overview.held_back.is_none() {
            let name = overview.name;
            return Err(Problem::conflict(format!(
                "no removals are held back in {name}"
            )));
        }
        let wish = repository::Fact::Survey(SurveyFact::RemovalsAllowed);
        self.tell::<Repository>(&key, &wish, act).await
    }

    /// Notes what a person wishes, makes it durable, and takes it in at once, so that whoever looks next sees it. What is to be
    /// done about it is due, and `POST /reconcile` does it: here is no right to.
    async fn tell<E: Entity>(
        &self,
        id: &E::Id,
        fact: &E::Fact,
        act: &Act,
    ) -> Result<Reply, Problem> {
        let stored = self.store.get(Label::Default, &id.to_string()).await?;
        if stored.is_none() {
            return Err(Problem::unknown(id));
        }
        self.note(act).await?;
        let told = browse::tell::<E>(&self.store, id, fact, self.clock.now()).await?;
        let mail = told.ok_or_else(|| Problem::unknown(id))?;
        let runner = self.runner();
        if let Err(error) = runner.take_in::<E>(id, &[mail]).await {
            let message = "left it to reconcile to take a wish in";
            self.could_not(message, &id.to_string(), &error.to_string());
        }
        let noted = Noted {
            outcome: "noted".to_owned(),
        };
        Ok(Reply::accepted(&noted, Vec::new()))
    }

    /// The part that is known here; `api` adds the deliveries.
    async fn overview(&self, sees: &Sees) -> Result<Reply, Problem> {
        let paused = breaker::paused(&self.store).await?;
        let mut vendors_paused: Vec<_> = paused.into_iter().map(view::paused).collect();
        if !sees.is_everything() {
            for vendor in &mut vendors_paused {
                // What failed last may be another repository's.
                "how is shown to who has a token of the API".clone_into(&mut vendor.last_error);
            }
        }
        let runner = self.runner();
        let seen = |mut counts: Vec<(u64, usize)>| {
            counts.retain(|(repository, _)| sees.repository(RepositoryId(*repository)));
            view::count(counts.into_iter().map(|(_, count)| count).sum())
        };
        Ok(Reply::ok(&model::Overview {
            vendors_paused,
            environments: seen(runner.counts::<Line>().await?),
            previews: seen(runner.counts::<Preview>().await?),
            repositories: seen(runner.counts::<Repository>().await?),
            previews_in_hand: self.in_hand(sees).await?,
            deliveries: None,
        }))
    }

    /// How many previews wait for something, are deployed or removed. Few are looked at; among many, those that changed in the last
    /// minutes make no great difference.
    async fn in_hand(&self, sees: &Sees) -> Result<u64, Problem> {
        let mut ids = self.ids_asking::<Preview>(&[Attention::InHand]).await?;
        ids.retain(|id| sees.repository(id.repository));
        if ids.len() > COUNTED_MAX {
            return Ok(view::count(ids.len()));
        }
        let mut count = 0;
        for id in &ids {
            let preview = self.readable(id, browse::state::<Preview>(&self.store, id).await)?;
            let is_in_hand = |preview: Preview| preview.attention() == Attention::InHand;
            count += u64::from(preview.is_some_and(is_in_hand));
        }
        Ok(count)
    }

    /// The ids of all entities of one kind, in no order.
    async fn ids<E: Entity<Id: Ord>>(&self) -> Result<Vec<E::Id>, Problem> {
        self.ids_asking::<E>(&Attention::ALL).await
    }

    /// The ids of all who may ask for one of these attentions, in no order. Whoever changed in the last minutes is among them.
    async fn ids_asking<E: Entity<Id: Ord>>(
        &self,
        wanted: &[Attention],
    ) -> Result<Vec<E::Id>, Problem> {
        Ok(self.runner().ids_asking::<E>(wanted).await?)
    }

    /// Takes mail in, and does nothing of what follows.
    fn runner(&self) -> Runner<&S, &C, &L, ()> {
        Runner {
            store: &self.store,
            clock: &self.clock,
            log: &self.log,
            executor: (),
        }
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn could_not(&self, message: &str, what: &str, reason: &str) {
        let fields = [("what", what.into()), ("reason", reason.into())];
        self.log.write(Level::Error, message, &fields);
    }
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
