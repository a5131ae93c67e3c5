//! What a caller may ask for beyond what is due, in the query.

use domain::{PreviewId, RepositoryId, repository::Key};

/// What the caller asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Wishes {
    /// `survey=now`: compare open pull requests with previews now, in every repository.
    pub(crate) survey_now: bool,
    /// `allow_removals=<repository id>`: let the removals go on that are held back in this repository.
    pub(crate) allow_removals: Option<Key>,
    /// `retry=<repository id>/<number>`: let this preview try again what it has given up, or what has failed.
    pub(crate) retry: Option<PreviewId>,
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
                Some(("retry", id)) => {
                    let id = format!("preview/{id}").parse().map_err(|_| {
                        "retry: expected <repository id>/<number of the pull request>".to_owned()
                    })?;
                    wishes.retry = Some(id);
                }
                Some(_) | None => {
                    return Err("the query: expected survey=now, \
                         allow_removals=<repository id> or retry=<repository id>/<number>"
                        .to_owned());
                }
            }
        }
        Ok(wishes)
    }
}
