//! Commits a version to the repository of an application's manifests: one commit for a release, on top of what was read.

use domain::{
    CommitSha, RepositoryName,
    argocd::{ApplicationId, GitPlace},
    manifest::{self, Edit},
    preview::Trouble,
    release::StepFact,
};
use ports::{Clock, Http, Log, Store};
use vendors::{
    CallError,
    argocd::Refresh,
    github::{Client, FileContent, FileUpdate, Repository, Written},
};

use super::{ReleaseExecutor, not_set};

/// Somebody else may commit in between so often; then it is tried again later.
const TRIES: u32 = 3;

impl<V: Http, H: Http, C: Clock, L: Log, S: Store> ReleaseExecutor<V, H, C, L, S> {
    /// Commits what the file is to say, unless it says so already, and has Argo CD look at Git then. A repeat is harmless: it finds
    /// what was committed.
    pub(super) async fn commit(
        &self,
        application: &ApplicationId,
        place: &GitPlace,
        message: &str,
    ) -> Result<StepFact, Trouble> {
        let github = self.gitops.as_ref().ok_or_else(|| {
            not_set("the variable gitops_token, a token that may commit there, is")
        })?;
        if !github.serves(&place.host) {
            let reason = format!(
                "the application's manifests are at {}, which is not the GitHub of github_api_url: release by another `update`",
                place.host
            );
            return Err(CallError::Refused { reason }.into());
        }
        let found = github.find_repository(&place.repository).await?;
        let repository = Repository {
            id: found.id,
            name: &place.repository,
        };
        let branch = place.branch.as_ref().unwrap_or(&found.default_branch);
        for _ in 0..TRIES {
            let written = write(github, (repository, branch), place, message).await?;
            if let Some(commit) = written {
                // What was committed by a try whose answer was lost may not have been looked at either.
                self.refresh(application).await;
                return Ok(StepFact::Committed { commit });
            }
        }
        Err(Trouble::retry(format!(
            "somebody else commits to {branch} of {} at the same moment",
            place.repository
        )))
    }

    /// Argo CD looks at Git every few minutes by itself: that it does not now is no trouble.
    async fn refresh(&self, application: &ApplicationId) {
        if let Some(argocd) = &self.argocd {
            drop(argocd.refreshed(application, Refresh::Normal).await);
        }
    }
}

/// Reads, edits and commits once. Gives the commit, or none if the file says so already; nothing at all if it changed meanwhile.
async fn write<V: Http, C: Clock, S: Store>(
    github: &Client<V, C, S>,
    (repository, branch): (Repository<'_>, &str),
    place: &GitPlace,
    message: &str,
) -> Result<Option<Option<CommitSha>>, Trouble> {
    for path in &place.paths {
        let (text, sha) = match github.file(repository, path, branch).await? {
            FileContent::Found { text, sha } => (text, sha),
            FileContent::Missing => continue,
            FileContent::TooLarge { .. } | FileContent::NotAFile | FileContent::NotText => {
                return Err(refused(
                    repository.name,
                    branch,
                    path,
                    "it is no file of text",
                ));
            }
        };
        let edited = manifest::set(&text, &place.setting);
        let edited =
            edited.map_err(|error| refused(repository.name, branch, path, &error.to_string()))?;
        let Edit::Changed { text, .. } = edited else {
            return Ok(Some(None));
        };
        let update = FileUpdate {
            path,
            branch,
            read: &sha,
            text: &text,
            message,
        };
        return Ok(match github.update_file(repository, update).await? {
            Written::Committed { commit, .. } => Some(Some(commit)),
            Written::ChangedMeanwhile => None,
        });
    }
    let looked_for = place.paths.join(", ");
    Err(refused(
        repository.name,
        branch,
        &looked_for,
        "there is no such file",
    ))
}

/// A person must change something in the repository.
fn refused(repository: &RepositoryName, branch: &str, path: &str, problem: &str) -> Trouble {
    CallError::Refused {
        reason: format!("setting the version in {path} on {branch} of {repository}: {problem}"),
    }
    .into()
}
