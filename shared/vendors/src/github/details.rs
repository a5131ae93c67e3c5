//! What GitHub shows of a repository itself.

use domain::{
    RepositoryId, RepositoryName,
    repository::{COMPOSE_FILES, Details},
};
use http::{Method, StatusCode};
use ports::{Clock, Http, Store};
use serde::Deserialize;

use super::{Client, FileContent, Repository};
use crate::{CallError, exchange::Repeat};

#[derive(Deserialize)]
struct Wire {
    id: RepositoryId,
    full_name: RepositoryName,
    private: bool,
    archived: bool,
    default_branch: String,
}

/// A repository that is known by its name alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundRepository {
    /// Its id.
    pub id: RepositoryId,
    /// Its default branch.
    pub default_branch: String,
}

impl<H: Http, C: Clock, S: Store> Client<H, C, S> {
    /// The repository of this name. For plain tokens: an App gets its tokens by the id of a repository.
    pub async fn find_repository(
        &self,
        name: &RepositoryName,
    ) -> Result<FoundRepository, CallError> {
        let nobody_knows = Repository {
            id: RepositoryId(0),
            name,
        };
        let what = format!("looking for the repository {name}");
        let call = self.exchange(nobody_knows, what, Repeat::Harmless)?;
        let path = format!("/repos/{name}");
        let response = self.send(&call, Method::GET, &path, Vec::new()).await?;
        if response.status != StatusCode::OK {
            return Err(self.failure(&call, &response));
        }
        let wire: Wire = call.read(&response)?;
        Ok(FoundRepository {
            id: wire.id,
            default_branch: wire.default_branch,
        })
    }

    /// The repository as it is now, with the first compose file that Docker would find at the root of its default branch.
    pub async fn describe(&self, repository: Repository<'_>) -> Result<Details, CallError> {
        let wire = self.own(repository).await?;
        let now = Repository {
            id: repository.id,
            name: &wire.full_name,
        };
        let compose_path = self.compose_path(now, &wire.default_branch).await?;
        Ok(Details {
            full_name: wire.full_name,
            private: wire.private,
            archived: wire.archived,
            default_branch: wire.default_branch,
            compose_path,
        })
    }

    /// The repository's default branch as it is now.
    pub async fn default_branch(&self, repository: Repository<'_>) -> Result<String, CallError> {
        Ok(self.own(repository).await?.default_branch)
    }

    async fn own(&self, repository: Repository<'_>) -> Result<Wire, CallError> {
        let call = self.exchange(
            repository,
            format!("reading the repository {}", repository.name),
            Repeat::Harmless,
        )?;
        let path = format!("/repos/{}", repository.name);
        let response = self.send(&call, Method::GET, &path, Vec::new()).await?;
        if response.status != StatusCode::OK {
            return Err(self.failure(&call, &response));
        }
        let wire: Wire = call.read(&response)?;
        if wire.id == repository.id {
            Ok(wire)
        } else {
            Err(Self::another_repository(&call, repository, wire.id))
        }
    }

    async fn compose_path(
        &self,
        repository: Repository<'_>,
        branch: &str,
    ) -> Result<Option<String>, CallError> {
        for path in COMPOSE_FILES {
            match self.file(repository, path, branch).await? {
                FileContent::Found { .. } | FileContent::TooLarge { .. } => {
                    return Ok(Some(path.to_owned()));
                }
                FileContent::Missing | FileContent::NotAFile | FileContent::NotText => {}
            }
        }
        Ok(None)
    }
}
