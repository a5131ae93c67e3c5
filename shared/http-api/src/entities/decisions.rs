//! The newest decisions on releases and previews. Those on previews are kept in their states; the decision on a release stands in the
//! release itself.

use domain::{
    PreviewId, PullRequestNumber,
    preview::{Preview, Ruling},
    release::{Line, LineId, Name, Release},
};
use ports::{Clock, Log, Store};
use runtime::browse;

use super::{
    Entities,
    environments::name_of,
    keepers::{Keeper, cursor, keeper_after},
    pages::{READ_MAX, first, repository_of},
};
use crate::{
    Problem, Reply,
    caller::Sees,
    model::{Decision, DecisionList},
    query::Query,
};

/// The decisions of so many environments and previews at most are on one page.
pub const PAGE_MAX: usize = 20;
/// Of one environment so many are shown, the newest.
const OF_ENVIRONMENT_MAX: usize = 5;

/// Which decisions are asked for.
struct Filter {
    pull_request: Option<u64>,
    service: Option<Name>,
    environment: Option<Name>,
}

impl Filter {
    fn of(query: &Query) -> Result<Self, Problem> {
        Ok(Self {
            pull_request: pull_request_of(query)?,
            service: name_of(query, "service")?,
            environment: name_of(query, "environment")?,
        })
    }

    /// Whether it may keep decisions that are asked for.
    fn takes(&self, keeper: &Keeper) -> bool {
        match keeper {
            Keeper::Line(line) => {
                let is_it = |asked: &Option<Name>, name: &Name| {
                    asked.as_ref().is_none_or(|one| one == name)
                };
                self.pull_request.is_none()
                    && is_it(&self.service, &line.service)
                    && is_it(&self.environment, &line.environment)
            }
            Keeper::Preview(id) => {
                self.environment.is_none()
                    && self.pull_request.is_none_or(|number| id.number.0 == number)
            }
        }
    }
}

impl<S: Store, C: Clock, L: Log> Entities<S, C, L> {
    /// Page by page of a repository's environments and then of its previews, the newest pull request first, and of each the newest
    /// decision first.
    pub(super) async fn list_decisions(
        &self,
        query: &Query,
        sees: &Sees,
    ) -> Result<Reply, Problem> {
        const KNOWN: [&str; 6] = [
            "repository",
            "pull_request",
            "service",
            "environment",
            "limit",
            "cursor",
        ];
        query.only(&KNOWN)?;
        let repository = repository_of(query)?;
        let filter = Filter::of(query)?;
        let limit = query.limit(PAGE_MAX)?;
        let after = keeper_after(query)?;
        let mut keepers = match (repository, filter.pull_request) {
            // Of one nobody needs to know the others.
            (Some(repository), Some(number)) => vec![Keeper::Preview(PreviewId {
                repository,
                number: PullRequestNumber(number),
            })],
            (Some(_) | None, _) => self.keepers(repository, sees).await?,
        };
        keepers.retain(|keeper| {
            sees.repository(keeper.repository())
                && filter.takes(keeper)
                && keeper.follows(after.as_ref())
        });
        let keepers = first(keepers, Keeper::order);
        let mut list = DecisionList {
            decisions: Vec::new(),
            next: None,
        };
        let mut found = 0;
        let mut rest = keepers.iter().take(READ_MAX + 1).enumerate().peekable();
        while let Some((read, keeper)) = rest.next() {
            let decisions = self.decisions_of(keeper, &filter).await?;
            found += usize::from(!decisions.is_empty());
            list.decisions.extend(decisions);
            if found == limit || read + 1 == READ_MAX {
                list.next = rest.peek().map(|_| cursor(keeper));
                break;
            }
        }
        Ok(Reply::ok(&list))
    }

    async fn decisions_of(
        &self,
        keeper: &Keeper,
        filter: &Filter,
    ) -> Result<Vec<Decision>, Problem> {
        match keeper {
            Keeper::Line(id) => {
                let line = self.readable(id, browse::state::<Line>(&self.store, id).await)?;
                let releases = line.map(|line| line.releases(self.now()));
                let newest = releases.into_iter().flatten().take(OF_ENVIRONMENT_MAX);
                Ok(newest.map(|release| on_release(id, release)).collect())
            }
            Keeper::Preview(id) => {
                let preview = browse::state::<Preview>(&self.store, id).await;
                let preview = self.readable(id, preview)?;
                let rulings = preview
                    .iter()
                    .flat_map(|preview| preview.rulings().iter().rev());
                let service = filter.service.as_ref().map(Name::as_str);
                let wanted = rulings
                    .filter(|ruling| service.is_none_or(|service| ruling.service == service));
                Ok(wanted.map(|ruling| on_preview(*id, ruling)).collect())
            }
        }
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

fn on_preview(id: PreviewId, ruling: &Ruling) -> Decision {
    Decision {
        repository_id: id.repository.0,
        pull_request: Some(id.number.0),
        environment: None,
        commit: None,
        service: ruling.service.clone(),
        at: ruling.at.to_string(),
        verdict: ruling.verdict.name().to_owned(),
        rule: ruling.rule.clone(),
        reason: ruling.reason.clone(),
        cause: Some(ruling.cause.clone()),
    }
}

fn on_release(line: &LineId, release: Release) -> Decision {
    Decision {
        repository_id: line.repository.0,
        pull_request: None,
        environment: Some(line.environment.to_string()),
        commit: Some(release.shown.commit.to_string()),
        service: line.service.to_string(),
        at: release.ended_at.unwrap_or(release.known_at).to_string(),
        verdict: release.verdict().name().to_owned(),
        rule: release.deciding_rule().to_owned(),
        reason: release.shown.reason,
        cause: None,
    }
}
