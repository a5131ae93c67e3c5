//! Pages of entities. A page costs a read of the directory of their kind, and one for each entity that is looked at.

use std::{
    cmp::{Ordering, Reverse},
    fmt::Display,
    time::Duration,
};

use domain::{
    PreviewId, PullRequestNumber, RepositoryId,
    directory::Attention,
    entity::Entity as _,
    preview::{Preview, Standing},
    repository::Repository,
};
use ports::{Clock, Log, Store};
use runtime::{RunError, browse, repository::Overview};

use super::{Entities, view};
use crate::{
    Problem, Reply,
    caller::Sees,
    model::{PreviewList, RepositoryList},
    query::Query,
};

/// The most entities on one page.
pub(super) const PAGE_MAX: usize = 100;
/// So many entities are read at most for one page: a rare phase is looked for over several pages.
pub(super) const READ_MAX: usize = 200;

/// A preview is asked for that was idle for so many days at most.
const IDLE_DAYS_MAX: u32 = 366;
const DAY: Duration = Duration::from_secs(86_400);

/// The order of previews: by repository, the newest pull request first.
pub(super) fn place(id: PreviewId) -> (RepositoryId, Reverse<PullRequestNumber>) {
    (id.repository, Reverse(id.number))
}

pub(super) fn cursor(id: PreviewId) -> String {
    format!("{}.{}", id.repository, id.number)
}

fn parse_cursor(text: &str) -> Option<PreviewId> {
    let (repository, number) = text.split_once('.')?;
    Some(PreviewId {
        repository: RepositoryId(repository.parse().ok()?),
        number: PullRequestNumber(number.parse().ok()?),
    })
}

/// The preview after which a page begins.
pub(super) fn after(query: &Query) -> Result<Option<PreviewId>, Problem> {
    let cursor = query.one("cursor")?;
    let read = |text: &str| parse_cursor(text).ok_or_else(|| not_a_cursor(text));
    cursor.map(read).transpose()
}

pub(super) fn not_a_cursor(cursor: &str) -> Problem {
    Problem::bad_request(format!(
        "the parameter cursor is {cursor:?}, expected the value of next of an earlier page"
    ))
}

impl<S: Store, C: Clock, L: Log> Entities<S, C, L> {
    pub(super) async fn list_previews(&self, query: &Query, sees: &Sees) -> Result<Reply, Problem> {
        query.only(&[
            "repository",
            "phase",
            "attention",
            "idle_days",
            "limit",
            "cursor",
        ])?;
        let repository = repository_of(query)?;
        let phase = phase_of(query)?;
        let attention = attention_of(query)?;
        let idle_since = query
            .number("idle_days", IDLE_DAYS_MAX)?
            .map(|days| self.now().before(DAY * days));
        let is_wanted = |preview: &Preview| {
            phase.is_none_or(|phase| preview.standing() == phase)
                && attention.is_none_or(|wanted| preview.attention() == wanted)
                && idle_since.is_none_or(|since| preview.is_idle(since))
        };
        let limit = query.limit(PAGE_MAX)?;
        let after = after(query)?;
        let asking = phase.map(Standing::attention).or(attention);
        let mut ids = self
            .ids_asking::<Preview>(attentions(asking.as_ref()))
            .await?;
        ids.retain(|id| sees.repository(id.repository));
        ids.retain(|id| repository.is_none_or(|repository| id.repository == repository));
        ids.retain(|id| after.is_none_or(|after| place(*id) > place(after)));
        let ids = first(ids, |one, other| place(*one).cmp(&place(*other)));
        let (previews, last) = page(ids, limit, async |id| {
            let preview = self.readable(id, browse::state::<Preview>(&self.store, id).await)?;
            let wanted = preview.filter(is_wanted);
            Ok(wanted.map(|preview| view::preview(&preview, self.now())))
        })
        .await?;
        let next = last.map(cursor);
        Ok(Reply::ok(&PreviewList { previews, next }))
    }

    pub(super) async fn list_repositories(
        &self,
        query: &Query,
        sees: &Sees,
    ) -> Result<Reply, Problem> {
        query.only(&["attention", "limit", "cursor"])?;
        let limit = query.limit(PAGE_MAX)?;
        let attention = attention_of(query)?;
        let after = query
            .one("cursor")?
            .map(|text| text.parse::<u64>().map_err(|_| not_a_cursor(text)))
            .transpose()?;
        let asking = attentions(attention.as_ref());
        let mut keys = self.ids_asking::<Repository>(asking).await?;
        keys.retain(|key| sees.repository(key.0));
        keys.retain(|key| after.is_none_or(|after| key.0.0 > after));
        keys.sort_unstable();
        let (repositories, last) = page(keys, limit, async |key| {
            let overview = self.readable(key, Overview::read(&self.store, *key).await)?;
            let wanted = overview
                .filter(|overview| attention.is_none_or(|wanted| overview.attention == wanted));
            Ok(wanted.as_ref().map(view::repository))
        })
        .await?;
        let next = last.map(|key| key.0.to_string());
        Ok(Reply::ok(&RepositoryList { repositories, next }))
    }

    /// What was read, without what cannot be: one damaged value must not hide all others. It is told in the log.
    pub(crate) fn readable<T>(
        &self,
        id: &impl Display,
        read: Result<Option<T>, RunError>,
    ) -> Result<Option<T>, Problem> {
        match read {
            Ok(read) => Ok(read),
            Err(RunError::Store(error)) => Err(error.into()),
            Err(error @ (RunError::Unreadable { .. } | RunError::Unwritable { .. })) => {
                let message = "left an entity out of a list";
                self.could_not(message, &id.to_string(), &error.to_string());
                Ok(None)
            }
        }
    }
}

/// The first of them in their order, as many as a page may read and one more: of thousands the others need not be sorted.
pub(super) fn first<T>(mut all: Vec<T>, order: impl Fn(&T, &T) -> Ordering) -> Vec<T> {
    if all.len() > READ_MAX + 1 {
        all.select_nth_unstable_by(READ_MAX, &order);
        all.truncate(READ_MAX + 1);
    }
    all.sort_unstable_by(order);
    all
}

/// Shows one after another until the page is full, or as many were read as a page may. Returns them, and the last one that was
/// read if more follow.
pub(super) async fn page<Id, T>(
    ids: Vec<Id>,
    limit: usize,
    mut show: impl AsyncFnMut(&Id) -> Result<Option<T>, Problem>,
) -> Result<(Vec<T>, Option<Id>), Problem> {
    let mut shown = Vec::new();
    let mut rest = ids.into_iter().take(READ_MAX + 1).enumerate().peekable();
    while let Some((before, id)) = rest.next() {
        shown.extend(show(&id).await?);
        if shown.len() == limit || before + 1 == READ_MAX {
            return Ok((shown, rest.peek().is_some().then_some(id)));
        }
    }
    Ok((shown, None))
}

/// Those that are looked for: one, or all if none is asked for.
pub(super) fn attentions(asked: Option<&Attention>) -> &[Attention] {
    asked.map_or(&Attention::ALL, std::slice::from_ref)
}

pub(super) fn repository_of(query: &Query) -> Result<Option<RepositoryId>, Problem> {
    let Some(text) = query.one("repository")? else {
        return Ok(None);
    };
    let id: Result<u64, _> = text.parse();
    id.map(|id| Some(RepositoryId(id))).map_err(|_| {
        Problem::bad_request(format!(
            "the parameter repository is {text:?}, expected GitHub's id of a repository, a whole number"
        ))
    })
}

pub(super) fn attention_of(query: &Query) -> Result<Option<Attention>, Problem> {
    let Some(text) = query.one("attention")? else {
        return Ok(None);
    };
    let found = Attention::ALL.into_iter().find(|one| one.name() == text);
    found.map(Some).ok_or_else(|| {
        let known = Attention::ALL.map(Attention::name).join(", ");
        Problem::bad_request(format!(
            "the parameter attention is {text:?}, expected one of {known}"
        ))
    })
}

fn phase_of(query: &Query) -> Result<Option<Standing>, Problem> {
    let Some(text) = query.one("phase")? else {
        return Ok(None);
    };
    let found = Standing::ALL.into_iter().find(|phase| phase.name() == text);
    found.map(Some).ok_or_else(|| {
        let known = Standing::ALL.map(Standing::name).join(", ");
        Problem::bad_request(format!(
            "the parameter phase is {text:?}, expected one of {known}"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_thousands_are_those_that_sorting_all_would_bring_first() {
        for many in [0, 1, READ_MAX, READ_MAX + 1, READ_MAX + 2, 10 * READ_MAX] {
            // Each once, in no order: 7 and these numbers have no divisor in common.
            let all: Vec<usize> = (0..many).map(|number| number * 7 % many.max(1)).collect();
            let mut sorted = all.clone();
            sorted.sort_unstable();
            sorted.truncate(READ_MAX + 1);
            assert_eq!(first(all, usize::cmp), sorted, "of {many}");
        }
    }
}
