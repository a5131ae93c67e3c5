//! What GitHub is told of a head commit besides the comment: a check run, and a deployment with its statuses.
//!
//! These are reports, as the comment is: nothing of the preview waits for them. Each is made once for each head commit, under an
//! intent and a claim, after a look whether it is there. What a superseded commit has is brought to its end: its check run to a
//! conclusion, its deployment to `inactive`.

mod check;
mod deployment;
mod sweep;

use serde::{Deserialize, Serialize};

use super::{
    Action, Preview, PullRequest, Trouble, Wish,
    plan::{Agenda, Next},
    publication::Publication,
    state::Sighting,
};
use crate::{CommitSha, RepositoryName, Timestamp};

pub use check::{CHECK, CheckState, CheckText, check_id, preview_of_check};
pub use deployment::{DeploymentText, environment};
use sweep::Sweep;

/// Superseded commits whose reports have not come to their end: of more the oldest are left as they are.
const SUPERSEDED_MAX: usize = 8;

/// A kind of report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportKind {
    /// A check run.
    Check,
    /// A deployment.
    Deployment,
}

/// A report: its kind, and the commit that it is on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The kind.
    pub kind: ReportKind,
    /// The commit.
    pub commit: CommitSha,
}

/// What can be learnt about a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportFact {
    /// It is about to be made for the `attempt`-th time.
    Intended {
        /// Counts up, over all commits.
        attempt: u32,
    },
    /// It is about to be changed: until that is known to have worked, nobody knows what it says.
    Changing,
    /// It says what it should.
    Published {
        /// GitHub's id of it.
        id: u64,
        /// The digest of what it says.
        digest: String,
    },
    /// There is none (any more).
    Gone,
    /// Nobody can make one: only an App makes check runs.
    Impossible,
    /// It could not be made or changed.
    NotPublished {
        /// Why.
        trouble: Trouble,
    },
}

/// A report as it is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportWish {
    /// The repository.
    pub repository: RepositoryName,
    /// Which one.
    pub report: Report,
    /// GitHub's id of it; none if it is to be found or made.
    pub known: Option<u64>,
    /// The attempt at making it, which counts up; none if it is not to be made where there is none.
    pub make: Option<u32>,
    /// What it is to say.
    pub text: ReportText,
    /// The digest of the text.
    pub digest: String,
}

/// What a report is to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReportText {
    /// A check run.
    Check(CheckText),
    /// A deployment.
    Deployment(DeploymentText),
}

impl ReportText {
    /// What tells two texts apart. It begins with the state, in GitHub's words.
    pub fn digest(&self) -> String {
        match self {
            Self::Check(text) => text.digest(),
            Self::Deployment(text) => text.digest(),
        }
    }
}

/// All reports of one preview.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Reports {
    #[serde(default)]
    checks: Series,
    #[serde(default)]
    deployments: Series,
    /// The deletion of deployments.
    #[serde(default)]
    pub(super) sweep: Sweep,
}

/// The reports of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Series {
    /// How often one was intended, whatever the commit.
    attempts: u32,
    /// By commit, the newest last.
    of: Vec<OnCommit>,
}

/// The report on one commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct OnCommit {
    commit: CommitSha,
    /// Nobody can make one, or somebody deleted it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    impossible: bool,
    publication: Publication,
}

impl OnCommit {
    fn new(commit: CommitSha) -> Self {
        Self {
            commit,
            impossible: false,
            publication: Publication::default(),
        }
    }

    /// The state that it shows, in GitHub's words, as far as that is known.
    fn shown(&self) -> Option<&str> {
        self.publication.digest.as_deref()?.split(' ').next()
    }
}

impl Series {
    fn on(&self, commit: &CommitSha) -> Option<&OnCommit> {
        self.of.iter().find(|known| known.commit == *commit)
    }

    fn on_mut(&mut self, commit: &CommitSha) -> Option<&mut OnCommit> {
        let found = match self.of.iter().position(|known| known.commit == *commit) {
            Some(found) => found,
            None => {
                self.of.push(OnCommit::new(commit.clone()));
                self.of.len() - 1
            }
        };
        self.of.get_mut(found)
    }

    fn fold(&mut self, report: &Report, fact: &ReportFact, at: Timestamp, seed: u64) {
        if let ReportFact::Intended { attempt } = fact {
            self.attempts = self.attempts.max(*attempt);
        }
        let Some(known) = self.on_mut(&report.commit) else {
            return;
        };
        match fact {
            ReportFact::Intended { attempt } => known.publication.intended(*attempt, at),
            ReportFact::Changing => {
                known.publication.changing();
                // Should the answer be lost, the request may still arrive: what is written next must not be undone by it, since
                // a verdict is the last word on a commit.
                known.publication.pending = Some((known.publication.attempts, at));
            }
            ReportFact::Published { id, digest } => known.publication.published(*id, digest, at),
            ReportFact::Gone => {
                // Who deletes a report wants none; what was looked for in vain is none.
                known.impossible = true;
                known.publication.gone();
            }
            ReportFact::Impossible => {
                known.impossible = true;
                known.publication.pending = None;
            }
            ReportFact::NotPublished { trouble } => known.publication.failed(trouble, at, seed),
        }
    }
}

impl Reports {
    fn series(&self, kind: ReportKind) -> &Series {
        match kind {
            ReportKind::Check => &self.checks,
            ReportKind::Deployment => &self.deployments,
        }
    }

    fn series_mut(&mut self, kind: ReportKind) -> &mut Series {
        match kind {
            ReportKind::Check => &mut self.checks,
            ReportKind::Deployment => &mut self.deployments,
        }
    }

    /// The names of all claims that were ever made.
    pub(super) fn claims(&self) -> impl Iterator<Item = String> {
        [ReportKind::Check, ReportKind::Deployment]
            .into_iter()
            .flat_map(|kind| {
                (1..=self.series(kind).attempts).map(move |attempt| claim(kind, attempt))
            })
    }

    /// Lets what was given up be tried again.
    pub(super) fn start_afresh(&mut self) {
        for series in [&mut self.checks, &mut self.deployments] {
            for known in &mut series.of {
                known.publication.effort.start_afresh();
            }
        }
        self.sweep.effort.start_afresh();
    }

    /// The tries at reports, with what they are at.
    pub(super) fn efforts(&self) -> [(&'static str, Option<&super::Effort>); 3] {
        let [checks, deployments] = [&self.checks, &self.deployments]
            .map(|series| series.of.last().map(|known| &known.publication.effort));
        [
            ("telling of it in a check run", checks),
            ("telling of it in a deployment", deployments),
            ("deleting old deployments", Some(&self.sweep.effort)),
        ]
    }
}

/// The claim of one attempt to make a report.
pub(super) fn claim(kind: ReportKind, attempt: u32) -> String {
    match kind {
        ReportKind::Check => format!("check/{attempt}"),
        ReportKind::Deployment => format!("github-deployment/{attempt}"),
    }
}

impl Preview {
    /// Whether the head commit has a check run with this button.
    pub(super) fn offers(&self, wish: Wish) -> bool {
        let on_head = |shown: &PullRequest| self.reports.checks.on(&shown.head_commit);
        let known = self.pull_request().and_then(on_head);
        known.is_some_and(|known| known.publication.id.is_some()) && self.buttons().contains(&wish)
    }

    pub(super) fn report_told(&mut self, report: &Report, fact: &ReportFact, at: Timestamp) {
        let seed = self.seed();
        self.reports
            .series_mut(report.kind)
            .fold(report, fact, at, seed);
        self.tidy_reports(report.kind);
    }

    /// Forgets the reports of superseded commits that came to their end.
    fn tidy_reports(&mut self, kind: ReportKind) {
        let Some(head) = self.pull_request().map(|shown| shown.head_commit.clone()) else {
            return;
        };
        let series = self.reports.series_mut(kind);
        series.of.retain(|known| {
            let over = match kind {
                ReportKind::Check => known.shown().is_some_and(check::is_conclusion),
                // What is inactive is deleted one day, so it is remembered until then.
                ReportKind::Deployment => false,
            };
            let none = !known.publication.may_exist();
            known.commit == head || !(over || none || known.publication.effort.is_exhausted())
        });
        let superseded = series
            .of
            .iter()
            .filter(|known| known.commit != head)
            .count();
        let oldest = series.of.iter().position(|known| known.commit != head);
        if let Some(oldest) = oldest
            && kind == ReportKind::Check
            && superseded > SUPERSEDED_MAX
        {
            series.of.remove(oldest);
        }
    }

    /// Brings the reports to say what is so.
    pub(super) fn publish_reports(&self, sighting: &Sighting, agenda: &mut Agenda, now: Timestamp) {
        if sighting.pull_request.archived {
            return;
        }
        let head = &sighting.pull_request.head_commit;
        for kind in [ReportKind::Check, ReportKind::Deployment] {
            let series = self.reports.series(kind);
            let fresh = OnCommit::new(head.clone());
            let on_head = series.on(head).unwrap_or(&fresh);
            let superseded = series.of.iter().filter(|known| known.commit != *head);
            for known in [on_head].into_iter().chain(superseded) {
                agenda.add(self.publish_report(sighting, kind, known, now));
            }
        }
        agenda.add(self.sweep_deployments(sighting, now));
    }

    fn publish_report(
        &self,
        sighting: &Sighting,
        kind: ReportKind,
        known: &OnCommit,
        now: Timestamp,
    ) -> Next {
        if known.impossible {
            return Next::Nothing;
        }
        let text = match kind {
            ReportKind::Check => self.check_text(sighting, known).map(ReportText::Check),
            ReportKind::Deployment => self
                .deployment_text(sighting, known)
                .map(ReportText::Deployment),
        };
        let Some(text) = text else {
            return Next::Nothing;
        };
        let publication = &known.publication;
        let digest = text.digest();
        if publication.digest.as_ref() == Some(&digest) {
            return Next::Nothing;
        }
        let head = &sighting.pull_request.head_commit;
        // What is over is brought to its end if it is there, and not made for that.
        let make = known.commit == *head && !text.is_last();
        if !make && !publication.may_exist() {
            return Next::Nothing;
        }
        publication.when_free(now, || {
            Action::PublishReport(ReportWish {
                repository: sighting.pull_request.repository.clone(),
                report: Report {
                    kind,
                    commit: known.commit.clone(),
                },
                known: publication.id,
                make: make.then(|| self.reports.series(kind).attempts + 1),
                text,
                digest,
            })
        })
    }
}

impl ReportText {
    /// Whether nothing is to be said any more after this.
    fn is_last(&self) -> bool {
        match self {
            Self::Check(text) => text.is_last,
            Self::Deployment(text) => text.is_last(),
        }
    }
}
