//! The audit: a page of what people did, and noting what they do through the API.
//!
//! An act is noted before it is told to its entity, and again if it is refused or fails. So nothing is done that is not noted,
//! and an act that works costs its number and one write for it.

use domain::{
    RepositoryId,
    audit::{Act, Outcome},
};
use http::StatusCode;
use ports::{Clock, Log, Store};
use runtime::audit;

use super::{
    Entities, Wanted, asking,
    environments::said,
    operations,
    pages::{PAGE_MAX, not_a_cursor, repository_of},
};
use crate::{
    Asked, Problem, Reply,
    caller::Sees,
    model::{AuditEntry, AuditList, Noted},
    query::Query,
    route::EntityRoute,
};

impl<S: Store, C: Clock, L: Log> Entities<S, C, L> {
    /// Page by page, the newest first.
    pub(super) async fn list_audit(&self, query: &Query, sees: &Sees) -> Result<Reply, Problem> {
        query.only(&["by", "act", "outcome", "repository", "limit", "cursor"])?;
        let (by, act) = (query.one("by")?, query.one("act")?);
        let outcome = outcome_of(query)?;
        let repository = repository_of(query)?;
        let after = query
            .one("cursor")?
            .map(|text| text.parse::<i64>().map_err(|_| not_a_cursor(text)))
            .transpose()?;
        // What is of no repository is of all.
        let is_shown = |repository: Option<RepositoryId>| match repository {
            Some(repository) => sees.repository(repository),
            None => sees.is_everything(),
        };
        let is_wanted = |noted: &Act| {
            is_shown(noted.repository)
                && by.is_none_or(|by| noted.by.eq_ignore_ascii_case(by))
                && act.is_none_or(|act| noted.act == act)
                && outcome.is_none_or(|outcome| noted.outcome == outcome)
                && repository.is_none_or(|repository| noted.repository == Some(repository))
        };
        let limit = query.limit(PAGE_MAX)?;
        let page = audit::page(&self.store, after, limit, is_wanted).await?;
        Ok(Reply::ok(&AuditList {
            acts: page.acts.iter().map(shown).collect(),
            next: page.next.map(|number| number.to_string()),
        }))
    }

    /// Notes what `api` does itself, or lets nobody do.
    pub(super) async fn note_for_api(&self, asked: Asked<'_>) -> Result<Reply, Problem> {
        let act: Act = serde_json::from_slice(asked.body)
            .map_err(|error| Problem::bad_request(format!("this is no act: {error}")))?;
        let key = match asked.query {
            Some(crate::audit::HOURLY) => act.hourly_key(),
            Some(_) | None => act.key(""),
        };
        audit::note(&self.store, &key, &act).await?;
        Ok(Reply::ok(&Noted {
            outcome: "noted".to_owned(),
        }))
    }

    /// Notes that an act is let through.
    pub(super) async fn note(&self, act: &Act) -> Result<(), Problem> {
        Ok(audit::note(&self.store, &act.key(""), act).await?)
    }

    /// Notes that nothing came of an act, or that nobody knows what did; not of a request that was none.
    pub(super) async fn note_problem(&self, act: &Act, problem: &Problem) {
        let outcome = match problem.status {
            StatusCode::CONFLICT | StatusCode::PRECONDITION_FAILED => Outcome::Refused,
            status if status.is_server_error() => Outcome::Failed,
            _ => return,
        };
        if let Err(error) = self.note(&act.ended(outcome, &problem.detail)).await {
            self.could_not("could not note an act", &act.on, &error.detail);
        }
    }

    /// What is asked, as the audit has it.
    pub(super) fn act_of(&self, route: &EntityRoute, wanted: Wanted<'_>) -> Option<Act> {
        let about = route.about()?;
        let act = Act {
            at: self.clock.now(),
            by: wanted.speaker.name.clone(),
            door: wanted.door,
            act: route.act()?.to_owned(),
            on: about.to_string(),
            repository: about.repository(),
            said: None,
            outcome: Outcome::Allowed,
            reason: None,
        };
        Some(match route {
            EntityRoute::Intervene(_, wish) => act.saying(&said(*wish, wanted.body)),
            EntityRoute::Ask(_, ask) => act.saying(&asking::said(*ask, wanted.body)),
            EntityRoute::Operate(_, name) => act.saying(&operations::said(name, wanted.body)),
            EntityRoute::List(_)
            | EntityRoute::Show(_)
            | EntityRoute::Survey(_)
            | EntityRoute::AllowRemovals(_)
            | EntityRoute::AllowLosses(_) => act,
        })
    }
}

fn outcome_of(query: &Query) -> Result<Option<Outcome>, Problem> {
    let Some(text) = query.one("outcome")? else {
        return Ok(None);
    };
    let found = Outcome::ALL.into_iter().find(|one| one.name() == text);
    found.map(Some).ok_or_else(|| {
        let known = Outcome::ALL.map(Outcome::name).join(", ");
        Problem::bad_request(format!(
            "the parameter outcome is {text:?}, expected one of {known}"
        ))
    })
}

fn shown(act: &Act) -> AuditEntry {
    AuditEntry {
        at: act.at.to_string(),
        by: act.by.clone(),
        via: act.door.name().to_owned(),
        act: act.act.clone(),
        on: act.on.clone(),
        repository_id: act.repository.map(|RepositoryId(id)| id),
        said: act.said.clone(),
        outcome: act.outcome.name().to_owned(),
        reason: act.reason.clone(),
    }
}
