//! Environments and previews in one list: both keep builds and decisions.

use std::{cmp::Ordering, fmt, str::FromStr};

use domain::{
    NotParsed, PreviewId, RepositoryId,
    preview::Preview,
    release::{Line, LineId},
};
use ports::{Clock, Log, Store};

use super::{
    Entities,
    pages::{not_a_cursor, place},
};
use crate::{Problem, caller::Sees, query::Query};

/// An environment or a preview, in the order of a page: of a repository its environments, then its previews, the newest pull request first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Keeper {
    Line(LineId),
    Preview(PreviewId),
}

impl Keeper {
    /// The repository that it is of.
    pub(super) fn repository(&self) -> RepositoryId {
        match self {
            Self::Line(line) => line.repository,
            Self::Preview(id) => id.repository,
        }
    }

    /// There may be ten thousand to sort: nothing is copied.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        let repositories = self.repository().cmp(&other.repository());
        repositories.then_with(|| match (self, other) {
            (Self::Line(one), Self::Line(other)) => one.cmp(other),
            (Self::Line(_), Self::Preview(_)) => Ordering::Less,
            (Self::Preview(_), Self::Line(_)) => Ordering::Greater,
            (Self::Preview(one), Self::Preview(other)) => place(*one).cmp(&place(*other)),
        })
    }

    /// Whether it comes after this one, if there is one.
    pub(super) fn follows(&self, after: Option<&Self>) -> bool {
        after.is_none_or(|after| self.order(after) == Ordering::Greater)
    }
}

impl fmt::Display for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => line.fmt(f),
            Self::Preview(id) => id.fmt(f),
        }
    }
}

impl FromStr for Keeper {
    type Err = NotParsed;

    fn from_str(text: &str) -> Result<Self, NotParsed> {
        text.parse()
            .map(Self::Line)
            .or_else(|_| text.parse().map(Self::Preview))
    }
}

impl<S: Store, C: Clock, L: Log> Entities<S, C, L> {
    /// All of them that are seen, in no order.
    pub(super) async fn keepers(
        &self,
        repository: Option<RepositoryId>,
        sees: &Sees,
    ) -> Result<Vec<Keeper>, Problem> {
        let lines = self.ids::<Line>().await?.into_iter().map(Keeper::Line);
        let previews = self.ids::<Preview>().await?;
        let mut keepers: Vec<Keeper> = lines
            .chain(previews.into_iter().map(Keeper::Preview))
            .collect();
        keepers.retain(|keeper| {
            let id = keeper.repository();
            sees.repository(id) && repository.is_none_or(|repository| repository == id)
        });
        Ok(keepers)
    }
}

/// The one after which a page begins.
pub(super) fn keeper_after(query: &Query) -> Result<Option<Keeper>, Problem> {
    let cursor = query.one("cursor")?;
    let read = |text: &str| parse_cursor(text).ok_or_else(|| not_a_cursor(text));
    cursor.map(read).transpose()
}

/// `release.42.web.production` or `preview.42.7`: names hold no dots.
pub(super) fn cursor(keeper: &Keeper) -> String {
    keeper.to_string().replace('/', ".")
}

fn parse_cursor(text: &str) -> Option<Keeper> {
    text.replace('.', "/").parse().ok()
}
