//! Does what the plan of a waiting job's request asks for: looks at its run and at the environment, and tells GitHub.

use domain::{
    CommitSha, RepositoryId, RepositoryName, Timestamp,
    preview::{RunProgress, Trouble},
    protection::{Action, Asked, Fact, Judgement, Protection, ProtectionId, Requested, judge},
    release::{Intake, IntakeId, Line},
};
use ports::{Clock, Http, Level, Log, Store};
use vendors::{
    CallError,
    github::{Client, Repository, Review, Reviewed},
};

use crate::{Claim, Executor, RunError, browse};

/// Does what the plans of waiting jobs' requests ask for.
pub struct ProtectionExecutor<'a, H, C, L, S> {
    /// GitHub; none if it is not configured.
    pub github: Option<&'a Client<H, C, S>>,
    /// Where environments are.
    pub store: S,
    /// The time.
    pub clock: C,
    /// Where it is told what was done.
    pub log: L,
}

impl<H: Http, C: Clock, L: Log, S: Store> Executor<Protection>
    for ProtectionExecutor<'_, H, C, L, S>
{
    async fn execute(&self, id: &ProtectionId, action: &Action, _claim: Claim) -> Fact {
        let fact = match action {
            Action::Judge { requested, since } => match self.judge(id, requested, *since).await {
                Ok(judgement) => Fact::Judged(judgement),
                Err(trouble) => Fact::NotJudged { trouble },
            },
            Action::Tell { requested, comment } => {
                match self.review(id, requested, (None, comment)).await {
                    Ok(_) => Fact::Told {
                        comment: comment.clone(),
                    },
                    Err(trouble) => Fact::NotTold { trouble },
                }
            }
            Action::Answer {
                requested,
                is_approved,
                comment,
            } => match self
                .review(id, requested, (Some(*is_approved), comment))
                .await
            {
                Ok(reviewed) => {
                    self.answered(id, (*is_approved, comment), &reviewed);
                    Fact::Answered
                }
                Err(trouble) => Fact::NotTold { trouble },
            },
        };
        self.tell(id, &fact);
        fact
    }
}

impl<H: Http, C: Clock, L: Log, S: Store> ProtectionExecutor<'_, H, C, L, S> {
    fn github<'b>(
        &'b self,
        repository: RepositoryId,
        name: &'b RepositoryName,
    ) -> Result<(&'b Client<H, C, S>, Repository<'b>), Trouble> {
        match self.github {
            Some(github) => Ok((
                github,
                Repository {
                    id: repository,
                    name,
                },
            )),
            None => Err(CallError::Refused {
                reason: "the variable github_api_url is not set".to_owned(),
            }
            .into()),
        }
    }

    /// By the run as GitHub shows it, and the environments as they are stored with their mail.
    async fn judge(
        &self,
        id: &ProtectionId,
        requested: &Requested,
        since: Timestamp,
    ) -> Result<Judgement, Trouble> {
        let (github, repository) = self.github(id.repository, &requested.repository)?;
        let Some(run) = github.workflow_run(repository, id.run).await? else {
            return Ok(Judgement::Moot);
        };
        match run.progress {
            RunProgress::Waiting | RunProgress::Running => {}
            RunProgress::Succeeded | RunProgress::Cancelled | RunProgress::Failed => {
                return Ok(Judgement::Moot);
            }
        }
        let commit: CommitSha = requested
            .commit
            .clone()
            .unwrap_or_else(|| run.head_commit.clone());
        let lines = self.lines(id.repository, &requested.environment).await;
        let lines = lines.map_err(|error| Trouble::retry(error.to_string()))?;
        let asked = Asked {
            environment: &requested.environment,
            commit: &commit,
            run: id.run,
            is_own: run.head_repository == Some(id.repository),
            event: &run.event,
            head_commit: &run.head_commit,
            since,
        };
        Ok(judge(&asked, &lines, self.clock.now()))
    }

    /// The lines of the environment, of every service, as the intake knows the configuration.
    async fn lines(
        &self,
        repository: RepositoryId,
        environment: &str,
    ) -> Result<Vec<Line>, RunError> {
        let intake: Intake = browse::current(&self.store, &IntakeId(repository)).await?;
        let mut lines = Vec::new();
        // GitHub does not tell names of environments apart by their case.
        for id in intake
            .lines()
            .iter()
            .filter(|line| line.environment.as_str().eq_ignore_ascii_case(environment))
        {
            lines.push(browse::current::<Line>(&self.store, id).await?);
        }
        Ok(lines)
    }

    async fn review(
        &self,
        id: &ProtectionId,
        requested: &Requested,
        (is_approved, comment): (Option<bool>, &str),
    ) -> Result<Reviewed, Trouble> {
        let (github, repository) = self.github(id.repository, &requested.repository)?;
        let review = Review {
            run: id.run,
            environment: &requested.environment,
            is_approved,
            comment,
        };
        Ok(github.review_deployment(repository, review).await?)
    }

    fn answered(&self, id: &ProtectionId, (is_approved, why): (bool, &str), reviewed: &Reviewed) {
        let message = match (is_approved, reviewed) {
            (true, Reviewed::Taken) => "let a job deploy",
            (false, Reviewed::Taken) => "kept a job from deploying",
            (_, Reviewed::NotAsked(_)) => "nobody waits for an answer to a job any more",
        };
        let mut fields = fields(id);
        fields.push(("reason", why.into()));
        if let Reviewed::NotAsked(said) = reviewed {
            fields.push(("said", said.as_str().into()));
        }
        self.log.write(Level::Info, message, &fields);
    }

    /// Logs how it failed, if it did.
    fn tell(&self, id: &ProtectionId, fact: &Fact) {
        let (message, trouble) = match fact {
            Fact::NotJudged { trouble } => ("could not judge whether a job may deploy", trouble),
            Fact::NotTold { trouble } => {
                ("could not tell GitHub whether a job may deploy", trouble)
            }
            Fact::Requested(_) | Fact::Judged(_) | Fact::Told { .. } | Fact::Answered => return,
        };
        let mut fields = fields(id);
        fields.push(("reason", trouble.reason.as_str().into()));
        self.log.write(Level::Warn, message, &fields);
    }
}

fn fields(id: &ProtectionId) -> Vec<(&'static str, serde_json::Value)> {
    vec![
        ("entity", id.to_string().into()),
        ("repository", id.repository.0.into()),
        ("run", id.run.into()),
    ]
}
