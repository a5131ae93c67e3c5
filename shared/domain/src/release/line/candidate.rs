//! A commit that waits to be released: what is known of it, of its build, and who approved it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Asked, Line, Relation, authorship::Authorship, state::Report};
use crate::{
    Account, CommitSha, Timestamp,
    preview::{RunProgress, WorkflowRun},
    release::{LineId, Push, Terms, judge, of_one_workflow},
};

/// A commit that may be released.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Candidate {
    /// When it became known.
    pub(super) since: Timestamp,
    /// The number of its renewal; 0 for a commit of which no release is known.
    #[serde(default)]
    pub(super) renewal: u64,
    /// The newest push of it.
    pub(super) push: Option<Push>,
    /// The first line of its message, once read.
    pub(super) title: Option<String>,
    /// The newest known attempt of each run on it.
    pub(super) runs: BTreeMap<u64, WorkflowRun>,
    /// When the runs were last read.
    pub(super) runs_read_at: Option<Timestamp>,
    /// When its build was seen to have succeeded.
    #[serde(default)]
    pub(super) built_at: Option<Timestamp>,
    /// Its message asks for no release.
    pub(super) skip: bool,
    /// The commit that it was last compared with, and how it stands to that.
    pub(super) relation: Option<(CommitSha, Relation)>,
    /// The commit that contains it, waits too, and goes first if it may go.
    #[serde(default)]
    pub(super) outrun_by: Option<CommitSha>,
    /// When GitHub last showed it in what is tracked.
    pub(super) checked_at: Option<Timestamp>,
    /// Whether it was the head of the branch then.
    #[serde(default)]
    pub(super) is_head: Option<bool>,
    /// A person lets it go on though it does not follow what is there.
    pub(super) diverged_allowed: bool,
    /// Who wrote what it would bring.
    #[serde(default)]
    pub(super) authorship: Authorship,
    /// What an approval would be of, and since when.
    #[serde(default)]
    pub(super) offered: Option<(Offer, Timestamp)>,
    /// What people approved of it.
    #[serde(default)]
    pub(super) approvals: Vec<Approval>,
    /// As what people were told that it waits for them.
    #[serde(default)]
    pub(super) announced: Announced,
    pub(super) report: Report,
}

/// What people were told that a commit waits for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Announced {
    /// The key of the release that waited.
    pub(super) key: String,
    /// The names of the notices.
    pub(super) reasons: BTreeSet<String>,
}

impl Announced {
    /// Notes that the release of this key waits for this, and says whether nobody was told so yet.
    pub(super) fn is_new(&mut self, key: String, reason: &str) -> bool {
        if self.key != key {
            *self = Self {
                key,
                reasons: BTreeSet::new(),
            };
        }
        self.reasons.insert(reason.to_owned())
    }
}

/// A person's approval. It holds for what was approved, and for nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Approval {
    /// Who.
    pub(super) by: String,
    /// Which account; none if it is not known, then it does not count.
    #[serde(default)]
    pub(super) account: Option<Account>,
    /// What the release would be known by: its commit and its build.
    pub(super) key: String,
    /// What Argo CD would be asked for.
    pub(super) asked: Asked,
}

/// What an approval is of: a build, and what Argo CD would be asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// What the release would be known by: its commit and its build.
    pub(super) key: String,
    /// What Argo CD would be asked for.
    pub(super) asked: Asked,
}

/// How far the build of a commit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Build<'a> {
    NotSeen,
    /// Two workflows bear the name that is configured.
    Ambiguous(&'a WorkflowRun, &'a WorkflowRun),
    Underway(&'a WorkflowRun),
    Succeeded(&'a WorkflowRun),
    Ended(&'a WorkflowRun),
}

impl Candidate {
    pub(super) fn new(since: Timestamp, renewal: u64) -> Self {
        Self {
            since,
            renewal,
            push: None,
            title: None,
            runs: BTreeMap::new(),
            runs_read_at: None,
            built_at: None,
            skip: false,
            relation: None,
            outrun_by: None,
            checked_at: None,
            is_head: None,
            diverged_allowed: false,
            authorship: Authorship::default(),
            offered: None,
            approvals: Vec::new(),
            announced: Announced::default(),
            report: Report::default(),
        }
    }

    /// The first line of the commit's message, as far as it is known.
    pub(super) fn title(&self) -> String {
        let pushed = self.push.as_ref().map(|push| push.title.clone());
        pushed.or_else(|| self.title.clone()).unwrap_or_default()
    }

    /// Whether it is known to contain the commit and more.
    pub(super) fn is_ahead_of(&self, commit: &CommitSha) -> bool {
        let compared = self.relation.as_ref();
        compared.is_some_and(|(of, relation)| of == commit && *relation == Relation::Ahead)
    }

    /// How far its build is, by the runs that may be trusted: the newest success counts, else the newest run.
    pub(super) fn build(&self, id: &LineId, terms: &Terms) -> Build<'_> {
        let trusted = self
            .runs
            .values()
            .filter(|run| judge(run, id.repository, terms).is_ok());
        let workflow = terms.workflow.as_deref().unwrap_or_default();
        let trusted = match of_one_workflow(trusted.collect(), workflow) {
            Ok(trusted) => trusted,
            Err((one, other)) => return Build::Ambiguous(one, other),
        };
        let succeeded = |run: &&&WorkflowRun| run.progress == RunProgress::Succeeded;
        if let Some(run) = trusted.iter().rev().find(succeeded) {
            return Build::Succeeded(run);
        }
        match trusted.last() {
            None => Build::NotSeen,
            Some(run) => match run.progress {
                RunProgress::Waiting | RunProgress::Running => Build::Underway(run),
                RunProgress::Succeeded => Build::Succeeded(run),
                RunProgress::Cancelled | RunProgress::Failed => Build::Ended(run),
            },
        }
    }

    /// What Argo CD is to be asked for to release it; an error says for people why that cannot be asked for.
    pub(super) fn asked(
        &self,
        commit: &CommitSha,
        line: &Line,
        terms: &Terms,
    ) -> Result<Asked, String> {
        let reported = match self.build(&line.id, terms) {
            Build::Succeeded(run) => line.images.of(run, &terms.image),
            Build::NotSeen | Build::Ambiguous(..) | Build::Underway(_) | Build::Ended(_) => None,
        };
        terms.asked(commit, reported)
    }

    /// What its release is known by: the same for the same build, unless it is released by the same build again.
    pub(super) fn key(&self, commit: &CommitSha, run: &WorkflowRun) -> String {
        self.renewed(format!("{commit}-{}-{}", run.id, run.attempt))
    }

    /// `key`, and the number of the renewal if it is one.
    pub(super) fn renewed(&self, key: String) -> String {
        match self.renewal {
            0 => key,
            renewal => format!("{key}-{renewal}"),
        }
    }

    /// Its order among those that wait, when nothing else tells.
    pub(super) fn order<'a>(&'a self, commit: &'a CommitSha) -> impl Ord + 'a {
        let pushed_at = self.push.as_ref().map(|push| push.pushed_at);
        (pushed_at, self.since, commit)
    }
}
