//! The newest decisions on previews, from the previews' own states. What was decided on releases stands in the releases themselves.

use domain::{
    PreviewId, PullRequestNumber,
    preview::{Preview, Ruling},
};
use ports::{Clock, Log, Store};
use runtime::browse;

use super::{
    Entities,
    environments::name_of,
    pages::{READ_MAX, after, cursor, place, repository_of},
};
use crate::{
    Problem, Reply,
    caller::Sees,
    model::{Decision, DecisionList},
    query::Query,
};

/// The decisions of so many previews at most are on one page.
pub const PAGE_MAX: usize = 20;

impl<S: Store, C: Clock, L: Log> Entities<S, C, L> {
    /// Page by page of previews, the newest pull request first, and of each the newest decision first.
    pub(super) async fn list_decisions(
        &self,
        query: &Query,
        sees: &Sees,
    ) -> Result<Reply, Problem> {
        query.only(&["repository", "pull_request", "service", "limit", "cursor"])?;
        let repository = repository_of(query)?;
        let pull_request = pull_request_of(query)?;
        let service = name_of(query, "service")?.map(|name| name.to_string());
        let limit = query.limit(PAGE_MAX)?;
        let after = after(query)?;
        let mut ids = match (repository, pull_request) {
            // Of one nobody needs to know the others.
            (Some(repository), Some(number)) => vec![PreviewId {
                repository,
                number: PullRequestNumber(number),
            }],
            (Some(_) | None, _) => self.ids::<Preview>().await?,
        };
        ids.retain(|id| sees.repository(id.repository));
        ids.retain(|id| repository.is_none_or(|repository| id.repository == repository));
        ids.retain(|id| pull_request.is_none_or(|number| id.number.0 == number));
        ids.retain(|id| after.is_none_or(|after| place(*id) > place(after)));
        ids.sort_unstable_by_key(|id| place(*id));
        let mut list = DecisionList {
            decisions: Vec::new(),
            next: None,
        };
        let mut found = 0;
        let mut rest = ids.into_iter().take(READ_MAX + 1).enumerate().peekable();
        while let Some((read, id)) = rest.next() {
            let preview = self.readable(&id, browse::state::<Preview>(&self.store, &id).await)?;
            let before = list.decisions.len();
            if let Some(preview) = &preview {
                let wanted = preview.rulings().iter().rev();
                let wanted = wanted.filter(|ruling| {
                    service
                        .as_ref()
                        .is_none_or(|service| ruling.service == *service)
                });
                list.decisions
                    .extend(wanted.map(|ruling| shown(preview, ruling)));
            }
            found += usize::from(list.decisions.len() > before);
            if found == limit || read + 1 == READ_MAX {
                list.next = rest.peek().map(|_| cursor(id));
                break;
            }
        }
        Ok(Reply::ok(&list))
    }
}

fn pull_request_of(query: &Query) -> Result<Option<u64>, Problem> {
    let Some(text) = query.one("pull_request")? else {
        return Ok(None);
    };
    let number: Result<u64, _> = text.parse();
    number.map(Some).map_err(|_| {
        Problem::bad_request(format!(
            "the parameter pull_request is {text:?}, expected the number of a pull request"
        ))
    })
}

fn shown(preview: &Preview, ruling: &Ruling) -> Decision {
    Decision {
        repository_id: preview.id.repository.0,
        pull_request: preview.id.number.0,
        service: ruling.service.clone(),
        at: ruling.at.to_string(),
        verdict: ruling.verdict.name().to_owned(),
        rule: ruling.rule.clone(),
        reason: ruling.reason.clone(),
        cause: ruling.cause.clone(),
    }
}
