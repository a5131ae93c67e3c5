//! What a caller may ask for beyond what is due, in the query.

use domain::{RepositoryId, repository::Key};

/// What the caller asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Wishes {
    /// `survey=now`: compare open pull requests with previews now, in every repository.
    pub(crate) survey_now: bool,
    /// `allow_removals=<repository id>`: let the removals go on that are held back in this repository.
    pub(crate) allow_removals: Option<Key>,
}

impl Wishes {
    /// Reads a query. An error says which part of it means nothing.
    pub(crate) fn parse(query: &str) -> Result<Self, String> {
        let mut wishes = Self::default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("survey", "now")) => wishes.survey_now = true,
                Some(("allow_removals", id)) => {
                    let id = id.parse().map_err(|_| {
                        "allow_removals: expected the id of a repository, a whole number".to_owned()
                    })?;
                    wishes.allow_removals = Some(Key(RepositoryId(id)));
                }
                Some(_) | None => {
                    return Err(
                        "the query: expected survey=now or allow_removals=<repository id>"
                            .to_owned(),
                    );
                }
            }
        }
        Ok(wishes)
    }
}
