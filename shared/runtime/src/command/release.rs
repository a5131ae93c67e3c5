//! Decides on commands for releases: by how the environment stands that is meant, and by what GitHub shows of the pull request.

use domain::{
    CommitSha, RepositoryId,
    command::{CommandId, Decision, Environments, Fact, Ground, ReleaseOrder, Written},
    preview::{Preview, PullRequest, PullRequestState, Trouble},
    release::{Intake, IntakeId, Line, LineId},
};
use ports::{Clock, Http, Log, Store};

use super::{CommandExecutor, failed};
use crate::browse;

impl<H: Http, C: Clock, L: Log, S: Store> CommandExecutor<'_, H, C, L, S> {
    /// The environments that the configuration in force names.
    pub(super) async fn environments(
        &self,
        repository: RepositoryId,
    ) -> Result<Vec<LineId>, Trouble> {
        let intake: Intake = browse::current(&self.store, &IntakeId(repository))
            .await
            .map_err(failed)?;
        Ok(intake.lines())
    }

    /// Decides on `order`. `preview` has taken in what GitHub shows.
    pub(super) async fn decide_release(
        &self,
        (id, written): (CommandId, &Written),
        order: &ReleaseOrder,
        (preview, pull_request): (&Preview, &PullRequest),
    ) -> Result<Fact, Trouble> {
        let merge_commit = self.merge_commit(id, written, pull_request).await?;
        let lines = self.environments(id.repository).await?;
        let line: Result<Line, String> = match order.line(&lines) {
            Ok(line) => Ok(browse::current(&self.store, &line).await.map_err(failed)?),
            Err(reason) => Err(reason),
        };
        let ground = Ground {
            pull_request,
            merge_commit: merge_commit.as_ref(),
            has_moved: preview.has_moved(pull_request, written.written_at),
        };
        let line = line.as_ref().map_err(String::clone);
        let now = self.clock.now();
        let decision = Decision::on_release(order, (id, written), line, ground, now);
        Ok(Fact::Decided(decision))
    }

    /// How the environments of the repository stand, and the commit that the pull request is there.
    pub(super) async fn standing(
        &self,
        (id, written): (CommandId, &Written),
        pull_request: &PullRequest,
    ) -> Result<Environments, Trouble> {
        let mut named = self.environments(id.repository).await?;
        if named.is_empty() {
            return Ok(Environments::default());
        }
        let unread = named.len().saturating_sub(Environments::READ_MAX);
        named.truncate(Environments::READ_MAX);
        let mut lines = Vec::new();
        for line in &named {
            lines.push(browse::current(&self.store, line).await.map_err(failed)?);
        }
        let merged = self.merge_commit(id, written, pull_request).await?;
        let commit = merged.unwrap_or_else(|| pull_request.head_commit.clone());
        Ok(Environments {
            lines,
            unread,
            commit: Some(commit),
        })
    }

    async fn merge_commit(
        &self,
        id: CommandId,
        written: &Written,
        pull_request: &PullRequest,
    ) -> Result<Option<CommitSha>, Trouble> {
        match pull_request.state {
            PullRequestState::Open | PullRequestState::Closed => Ok(None),
            PullRequestState::Merged => {
                let (github, repository) = self.github(id, &pull_request.repository)?;
                Ok(github.merge_commit(repository, written.number).await?)
            }
        }
    }
}
