//! The test of what is live: a workflow that is started against the environment once a release is verified, and followed by its
//! run. The environments after this one are told what is live together with what came of its test, and wait for that.
//!
//! Only a run that GitHub named in its answer counts, or, after a lost answer, one whose title names the commit: a second run of
//! a test does no harm, and somebody else's run proves nothing. A run that failed is looked at again, since it may be run again.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use super::{
    Action, Fact, Line,
    plan::{Wish, due, runs_pause},
    state::Verified,
};
use crate::{
    CommitSha, RepositoryName, Timestamp,
    configuration::Superseded,
    entity::GivenUp,
    preview::{Effort, Reaction, RunProgress, Trouble},
    release::Terms,
};

/// After a lost answer GitHub is asked for the run this much later: its lists lag.
const LISTED_AFTER: Duration = Duration::from_secs(10);
/// The next release waits for a test no longer than this.
const WAITED_FOR: Duration = Duration::from_secs(2 * 3_600);

/// What came of the test of what is live.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tested {
    /// The configuration asks for none.
    #[default]
    NotAsked,
    /// It is not over.
    Underway,
    /// It succeeded.
    Succeeded,
    /// It did not succeed, or cannot be started.
    Failed {
        /// Why, for people.
        reason: String,
    },
}

/// Something to do about the test of what is live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TestAction {
    /// Start the workflow, on the default branch.
    Start {
        /// The workflow's file.
        workflow: String,
        /// Its inputs.
        inputs: BTreeMap<String, String>,
    },
    /// Look for the run of a start whose answer was lost: one of the workflow, started by hand, whose title names the commit.
    Find {
        /// The workflow's file.
        workflow: String,
        /// The commit that is tested.
        commit: CommitSha,
        /// When it was started, or later.
        since: Timestamp,
    },
    /// Look how far the run is.
    Look {
        /// GitHub's id of it.
        run: u64,
    },
}

impl TestAction {
    /// What is noted before it is done.
    pub(super) fn intent(&self, number: u64) -> Option<Fact> {
        match self {
            Self::Start { workflow, .. } => Some(Fact::Test {
                number,
                test: TestFact::Intended {
                    workflow: workflow.clone(),
                },
            }),
            Self::Find { .. } | Self::Look { .. } => None,
        }
    }
}

/// What can be learnt about the test of what is live.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TestFact {
    /// The workflow is about to be started.
    Intended {
        /// Its file.
        workflow: String,
    },
    /// GitHub started it.
    Started {
        /// The run; none if GitHub, an older one, does not name it.
        run: Option<(u64, String)>,
    },
    /// GitHub's list of runs was looked through for the one that was started.
    Searched {
        /// The run and its page; none if none is known to be it.
        run: Option<(u64, String)>,
    },
    /// GitHub showed the run.
    Seen {
        /// How far it is; none if it was deleted.
        progress: Option<RunProgress>,
    },
    /// It could not be started, or it is not known whether it was.
    NotStarted {
        /// Why.
        trouble: Trouble,
    },
    /// GitHub could not be asked for the run.
    NotSeen {
        /// Why.
        trouble: Trouble,
    },
}

/// The test of a verified release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Test {
    /// Tells what is learnt of it from what is learnt of others.
    number: u64,
    /// The workflow's file.
    workflow: String,
    /// Since when it is to be.
    since: Timestamp,
    /// When it was started, as long as it is not known what came of that.
    #[serde(default)]
    unanswered_since: Option<Timestamp>,
    /// GitHub did start it, and did not name the run.
    #[serde(default)]
    is_unnamed: bool,
    /// The run, once known.
    #[serde(default)]
    run: Option<Run>,
    effort: Effort,
}

/// The run of a test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Run {
    id: u64,
    /// Its page.
    url: String,
    progress: RunProgress,
    look_at: Timestamp,
}

impl Test {
    fn new(number: u64, workflow: &str, at: Timestamp) -> Self {
        Self {
            number,
            workflow: workflow.to_owned(),
            since: at,
            unanswered_since: None,
            is_unnamed: false,
            run: None,
            effort: Effort::default(),
        }
    }

    fn run_known(&mut self, run: Option<&(u64, String)>, at: Timestamp) {
        if let Some((id, url)) = run {
            self.effort.succeed();
            self.unanswered_since = None;
            self.is_unnamed = false;
            self.run = Some(Run {
                id: *id,
                url: url.clone(),
                progress: RunProgress::Waiting,
                look_at: at,
            });
        }
    }

    fn fold(&mut self, fact: &TestFact, at: Timestamp, seed: u64) {
        match fact {
            TestFact::Intended { .. } => self.unanswered_since = Some(at),
            TestFact::Started { run } => {
                self.is_unnamed = run.is_none();
                self.run_known(run.as_ref(), at);
            }
            TestFact::Searched { run: None } if self.is_unnamed => {
                let reason = format!(
                    "GitHub does not say which run of {} it started: name the commit in its run-name",
                    self.workflow
                );
                self.effort.fail(&Trouble::retry(reason), at, seed);
            }
            TestFact::Searched { run: None } => self.unanswered_since = None,
            TestFact::Searched { run } => self.run_known(run.as_ref(), at),
            TestFact::Seen { progress } => {
                self.effort.succeed();
                let waited = at.since(self.since);
                if let Some(run) = &mut self.run {
                    run.progress = progress.unwrap_or(RunProgress::Cancelled);
                    run.look_at = at.after(runs_pause(waited));
                }
            }
            TestFact::NotStarted { trouble } => {
                if trouble.reaction != Reaction::Look {
                    self.unanswered_since = None;
                }
                self.effort.fail(trouble, at, seed);
            }
            TestFact::NotSeen { trouble } => self.effort.fail(trouble, at, seed),
        }
    }

    fn tested(&self) -> Tested {
        let workflow = &self.workflow;
        match &self.run {
            Some(run) => match run.progress {
                RunProgress::Waiting | RunProgress::Running => Tested::Underway,
                RunProgress::Succeeded => Tested::Succeeded,
                RunProgress::Cancelled | RunProgress::Failed => Tested::Failed {
                    reason: format!("{workflow} did not succeed: {}", run.url),
                },
            },
            None if self.effort.is_exhausted() => {
                let error = self.effort.last_error.as_deref().unwrap_or_default();
                Tested::Failed {
                    reason: format!("{workflow} cannot be run: {error}"),
                }
            }
            None => Tested::Underway,
        }
    }
}

impl Verified {
    /// The test by what the configuration says now.
    fn test_by(&self, terms: &Terms) -> Option<&Test> {
        let is_it = |test: &&Test| terms.test.as_ref() == Some(&test.workflow);
        self.test.as_ref().filter(is_it)
    }

    /// What came of its test.
    pub(super) fn tested(&self, terms: Option<&Terms>) -> Tested {
        match terms.filter(|terms| terms.test.is_some()) {
            Some(terms) => self.test_by(terms).map_or(Tested::Underway, Test::tested),
            None => Tested::NotAsked,
        }
    }
}

impl Line {
    /// The next step of the test of what is live.
    pub(super) fn test_next(
        &self,
        repository: &RepositoryName,
        terms: &Terms,
        now: Timestamp,
    ) -> Wish {
        let (Some(workflow), Some(live), None) = (&terms.test, self.live(), &self.way_back) else {
            return Wish::Nothing;
        };
        let act = |number: u64, step: TestAction| Action::Test {
            number,
            repository: repository.clone(),
            step,
        };
        let start = || TestAction::Start {
            workflow: workflow.clone(),
            inputs: inputs(&live.commit, terms),
        };
        let Some(test) = live.test_by(terms) else {
            return Wish::Act(act(self.tests + 1, start()));
        };
        match (&test.run, test.unanswered_since) {
            (Some(run), _) if run.progress == RunProgress::Succeeded => Wish::Nothing,
            (Some(run), _) => due(&test.effort, run.look_at, now, || {
                act(test.number, TestAction::Look { run: run.id })
            }),
            (None, Some(since)) => due(&test.effort, since.after(LISTED_AFTER), now, || {
                let (workflow, commit) = (workflow.clone(), live.commit.clone());
                let find = TestAction::Find {
                    workflow,
                    commit,
                    since,
                };
                act(test.number, find)
            }),
            (None, None) => due(&test.effort, now, now, || act(test.number, start())),
        }
    }

    /// Takes in what is learnt of the test `number`; of one that is not known any more it comes too late to matter.
    pub(super) fn fold_test(&mut self, number: u64, fact: &TestFact, at: Timestamp) {
        let seed = self.seed();
        if let TestFact::Intended { workflow } = fact
            && number == self.tests + 1
            && self.live().is_some()
            && let Some(live) = self.verified.last_mut()
        {
            live.test = Some(Test::new(number, workflow, at));
            self.tests = number;
        }
        let mut tests = self
            .verified
            .iter_mut()
            .filter_map(|verified| verified.test.as_mut());
        if let Some(test) = tests.find(|test| test.number == number) {
            test.fold(fact, at, seed);
        }
    }

    /// A delivery told of this run: if a test waits for it, it is looked at now.
    pub(super) fn test_run_seen(&mut self, run: u64, at: Timestamp) {
        let tests = self
            .verified
            .iter_mut()
            .filter_map(|verified| verified.test.as_mut()?.run.as_mut());
        for known in tests.filter(|known| known.id == run) {
            known.look_at = known.look_at.min(at);
        }
    }

    /// A person's word: what is live is tested anew if its test did not succeed.
    pub(super) fn test_anew(&mut self) {
        let terms = self.terms.as_ref();
        if let Some(live) = self.verified.last_mut()
            && matches!(live.tested(terms), Tested::Failed { .. })
        {
            live.test = None;
        }
    }

    /// The commit whose test the next release waits for; none if it may go, since tests are cut short here or it takes too long.
    pub(super) fn being_tested(&self, terms: &Terms, now: Timestamp) -> Option<&CommitSha> {
        let live = self.live()?;
        let is_new = || {
            let since = live.test_by(terms).map_or(live.at, |test| test.since);
            now.since(since) <= WAITED_FOR
        };
        let waits = terms.superseded == Superseded::Queue
            && live.tested(Some(terms)) == Tested::Underway
            && is_new();
        waits.then_some(&live.commit)
    }

    /// What came of the test of what is live, for people; none if there is none.
    pub(super) fn shown_test(&self) -> Option<String> {
        let terms = self.terms.as_ref()?;
        let (workflow, live) = (terms.test.as_ref()?, self.live()?);
        let test = live.test_by(terms);
        let run = test.and_then(|test| test.run.as_ref());
        Some(match (live.tested(Some(terms)), run) {
            (Tested::NotAsked, _) => return None,
            (Tested::Failed { reason }, _) => reason,
            (Tested::Succeeded, Some(run)) => format!("{workflow} succeeded: {}", run.url),
            (Tested::Underway, Some(run)) => format!("{workflow} is at it: {}", run.url),
            (Tested::Underway | Tested::Succeeded, None) => format!("{workflow} is to be started"),
        })
    }

    /// The tries at the test of what is live.
    pub(super) fn testing(&self) -> Option<&Effort> {
        let live = self.live()?;
        live.test_by(self.terms.as_ref()?).map(|test| &test.effort)
    }

    /// That what is live did not pass its test, as an alert for people.
    pub(super) fn test_failure(&self) -> Option<GivenUp> {
        let live = self.live()?;
        match live.tested(self.terms.as_ref()) {
            Tested::Failed { reason } => Some(GivenUp {
                what: format!("the test of {}", live.commit.short()),
                reason,
            }),
            Tested::NotAsked | Tested::Underway | Tested::Succeeded => None,
        }
    }
}

/// What the workflow is told: the commit that is live, and where, if the configuration says that.
fn inputs(commit: &CommitSha, terms: &Terms) -> BTreeMap<String, String> {
    let commit = ("commit".to_owned(), commit.to_string());
    let url = terms.url.as_deref().map(|url| {
        let url = url.trim_end_matches('/').to_owned();
        ("url".to_owned(), url)
    });
    [commit].into_iter().chain(url).collect()
}
