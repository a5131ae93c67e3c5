//! Deployment protection rules: a job on GitHub that deploys to a protected environment waits until Slipway lets it go on.
//!
//! Each request is an entity of its own, known by run, environment and deployment. It is judged by the release lines of the environment, for
//! the commit that would be deployed: approved when the rules of all of them are fulfilled, rejected when those of one cannot be
//! fulfilled any more, and looked at again until then, with a word on GitHub whenever what is waited for changes. A rejection stays and is
//! repeated until GitHub has it. An approval holds for the moment: what could not be told at once is judged again before it is told. GitHub
//! takes one answer and refuses a second.

mod fact;
mod step;
#[cfg(test)]
mod tests;

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use fact::{Action, Asked, Fact, Judgement, Requested, judge};

use crate::{
    NotParsed, RepositoryId, Timestamp,
    directory::Kind,
    entity::{Entity, GivenUp, Step},
    preview::Effort,
};

/// For so long after it was answered a request is known, so that no replay of its delivery asks anew. Longer than GitHub delivers again.
const KEPT: Duration = Duration::from_secs(8 * 86_400);

/// One request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ProtectionId {
    /// The repository.
    pub repository: RepositoryId,
    /// GitHub's id of the run whose job waits.
    pub run: u64,
    /// Of the environment and the deployment: 16 hexadecimal digits.
    mark: String,
}

impl ProtectionId {
    /// That of the job's deployment to an environment; a run that is run again makes another deployment.
    pub fn new(
        repository: RepositoryId,
        run: u64,
        (environment, deployment): (&str, Option<u64>),
    ) -> Self {
        let deployment = deployment.unwrap_or_default();
        let digest = Sha256::digest(format!("{deployment}\n{environment}"));
        Self {
            repository,
            run,
            mark: hex::encode(digest.get(..8).unwrap_or_default()),
        }
    }
}

impl fmt::Display for ProtectionId {
    /// `protection/<repository id>/<run id>/<mark>`: the start of its keys in the store.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "protection/{}/{}/{}",
            self.repository, self.run, self.mark
        )
    }
}

impl FromStr for ProtectionId {
    type Err = NotParsed;

    fn from_str(text: &str) -> Result<Self, NotParsed> {
        let mut parts = text.split('/');
        let is_mark =
            |mark: &&str| mark.len() == 16 && mark.bytes().all(|byte| byte.is_ascii_hexdigit());
        let read = (
            parts.next(),
            parts.next().and_then(|id| id.parse().ok()),
            parts.next().and_then(|id| id.parse().ok()),
            parts.next().filter(is_mark),
            parts.next(),
        );
        match read {
            (Some("protection"), Some(repository), Some(run), Some(mark), None) => Ok(Self {
                repository: RepositoryId(repository),
                run,
                mark: mark.to_owned(),
            }),
            _ => Err(NotParsed::new(
                "a request of a job (protection/<repository id>/<run id>/<mark>)",
                text,
            )),
        }
    }
}

/// A request of a job that waits: an entity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Protection {
    /// Which one.
    pub id: ProtectionId,
    #[serde(default)]
    requested: Option<Requested>,
    /// When it became known here.
    #[serde(default)]
    known_at: Timestamp,
    /// What was found last.
    #[serde(default)]
    judgement: Option<Judgement>,
    /// When that was found.
    #[serde(default)]
    judged_at: Timestamp,
    /// When it is judged next.
    #[serde(default)]
    judge_at: Timestamp,
    /// What was said on GitHub of what is waited for, the newest last.
    #[serde(default)]
    said: Vec<String>,
    /// When it was over, whether Slipway answered or nobody has to.
    #[serde(default)]
    over_at: Option<Timestamp>,
    /// The tries at judging it.
    #[serde(default)]
    judging: Effort,
    /// The tries at telling GitHub.
    #[serde(default)]
    telling: Effort,
}

impl Entity for Protection {
    type Id = ProtectionId;
    type Fact = Fact;
    type Action = Action;

    const LISTED: Option<Kind> = None;

    fn new(id: ProtectionId) -> Self {
        Self {
            id,
            requested: None,
            known_at: Timestamp::default(),
            judgement: None,
            judged_at: Timestamp::default(),
            judge_at: Timestamp::default(),
            said: Vec::new(),
            over_at: None,
            judging: Effort::default(),
            telling: Effort::default(),
        }
    }

    fn record(&mut self, fact: &Fact, at: Timestamp) {
        self.fold(fact, at);
    }

    fn plan(&self, now: Timestamp) -> Step<Action> {
        self.next_step(now)
    }

    fn given_up(&self) -> Vec<GivenUp> {
        let efforts = [
            ("judging whether a job may deploy", &self.judging),
            ("telling GitHub whether a job may deploy", &self.telling),
        ];
        let exhausted = efforts
            .into_iter()
            .filter(|(_, effort)| effort.is_exhausted() && self.over_at.is_none());
        exhausted
            .map(|(what, effort)| GivenUp {
                what: what.to_owned(),
                reason: effort.last_error.clone().unwrap_or_default(),
            })
            .collect()
    }

    fn claims(&self) -> Vec<String> {
        Vec::new()
    }
}

impl Protection {
    /// What was found last; none before anybody looked.
    pub fn judgement(&self) -> Option<&Judgement> {
        self.judgement.as_ref()
    }
}
