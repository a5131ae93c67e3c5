//! Reading the configuration of a repository: its own file as of the commit that changed it last, else the owner's.

use domain::{
    configuration::{self, BYTES_MAX, ConfigurationError, PATH},
    repository::{Origin, Outcome, Reading, Version},
};
use ports::{Clock, Http, Store};
use vendors::{
    CallError,
    github::{Client, FileContent, Repository},
};

/// Reads it; none if it is still what it was in `known`. Mostly that is one request whose answer has not changed.
///
/// The file is read as of a commit, so that the reading and the commit belong together whatever copy of GitHub's API answers.
pub(crate) async fn read<H: Http, C: Clock, S: Store>(
    github: &Client<H, C, S>,
    repository: Repository<'_>,
    known: Option<&Version>,
) -> Result<Option<Reading>, CallError> {
    let commit = github.last_change(repository, PATH).await?;
    if let Some(commit) = &commit {
        let version = Version {
            origin: Origin::Own,
            id: Some(commit.clone()),
        };
        if known == Some(&version) {
            return Ok(None);
        }
        let content = github.file(repository, PATH, commit.as_str()).await?;
        if let Some(outcome) = outcome(&content) {
            return Ok(Some(Reading { version, outcome }));
        }
        // The commit took the file away.
    }
    let content = github.owner_file(repository, PATH).await?;
    let id = match &content {
        FileContent::Found { sha, .. } => sha.parse().ok(),
        FileContent::Missing
        | FileContent::TooLarge { .. }
        | FileContent::NotAFile
        | FileContent::NotText => None,
    };
    let (origin, outcome) = match outcome(&content) {
        Some(outcome) => (Origin::Owner, outcome),
        None => (Origin::Own, Outcome::Missing),
    };
    let version = Version { origin, id };
    Ok((known != Some(&version)).then_some(Reading { version, outcome }))
}

/// What a file says; none if there is none.
fn outcome(content: &FileContent) -> Option<Outcome> {
    let invalid = |message: String| Some(Outcome::Invalid(ConfigurationError::about_file(message)));
    match content {
        FileContent::Missing => None,
        FileContent::Found { text, .. } => Some(match configuration::parse(text) {
            Ok(configuration) => Outcome::Valid(Box::new(configuration)),
            Err(error) => Outcome::Invalid(error),
        }),
        FileContent::TooLarge { bytes } => invalid(format!(
            "the file has {bytes} bytes, and at most {BYTES_MAX} are read"
        )),
        FileContent::NotAFile => {
            invalid("found something that is not a file, expected a YAML file".to_owned())
        }
        FileContent::NotText => {
            invalid("found something that is not UTF-8, expected a YAML file".to_owned())
        }
    }
}
