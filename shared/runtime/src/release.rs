//! Does what the plans of release lines and of intakes ask for, with the clients of GitHub and Argo CD.

mod github;
mod gitops;
mod intake;
mod step;
mod test;

use std::cell::RefCell;

use domain::{
    CommitSha, RepositoryName, Timestamp,
    argocd::ApplicationId,
    outbox::{Fact as OutboxFact, Letter, Outbox, OutboxId},
    preview::Trouble,
    release::{Action, Brought, Fact, Line, LineId, Overview, ReportFact, StepFact, mark},
};
use ports::{Clock, Http, Level, Log, Store};
use vendors::{CallError, argocd};

use crate::{Claim, Executor, RunError, mailbox, outbox, reconcile, record::Record};

/// Does what the plans of release lines and of intakes ask for.
pub struct ReleaseExecutor<V, H, C, L, S> {
    /// GitHub; none if it is not configured.
    pub github: Option<vendors::github::Client<V, C, S>>,
    /// GitHub, as whoever may commit to the repositories of manifests; none if nobody is configured for that.
    pub gitops: Option<vendors::github::Client<V, C, S>>,
    /// Argo CD; none if it is not configured.
    pub argocd: Option<argocd::Client<V>>,
    /// For the probes: an environment that does not answer is an answer too, so no circuit breaker is between.
    pub http: H,
    /// Where the mail of lines goes.
    pub store: S,
    /// The time.
    pub clock: C,
    /// Where it is told what was done.
    pub log: L,
    /// The lines that were told something, with the numbers of their mail: whoever ran the intake runs them next.
    pub told: RefCell<Vec<(LineId, u64)>>,
}

impl<V: Http, H: Http, C: Clock, L: Log, S: Store> Executor<Line>
    for ReleaseExecutor<V, H, C, L, S>
{
    async fn execute(&self, id: &LineId, action: &Action, _claim: Claim) -> Fact {
        let fact = match action {
            Action::ReadRuns { repository, commit } => {
                match self.read_runs(id, repository, commit).await {
                    Ok(runs) => Fact::RunsRead {
                        commit: commit.clone(),
                        runs,
                    },
                    Err(trouble) => Fact::NotRead { trouble },
                }
            }
            Action::Compare {
                repository,
                base,
                head,
            } => match self.compare(id, repository, base, head).await {
                Ok(relation) => Fact::Compared {
                    base: base.clone(),
                    head: head.clone(),
                    relation,
                },
                Err(trouble) => Fact::NotRead { trouble },
            },
            Action::Check {
                repository,
                commit,
                source,
                tag,
                writers,
            } => match self
                .check(id, repository, commit, (source, tag.as_deref()), *writers)
                .await
            {
                Ok(fact) => fact,
                Err(trouble) => Fact::NotRead { trouble },
            },
            Action::ListBrought {
                repository,
                commit,
                live,
            } => self.list_brought((id, repository), commit, live).await,
            Action::ReadWriters {
                repository,
                commit,
                live,
                of,
            } => match self.read_writers(id, repository, of).await {
                Ok(writers) => Fact::WritersRead {
                    commit: commit.clone(),
                    live: live.clone(),
                    of: of.clone(),
                    writers,
                },
                Err(trouble) => Fact::NotRead { trouble },
            },
            Action::ReadWindows { application } => self.read_windows(application).await,
            Action::Begin {
                key,
                kind,
                commit,
                asked,
            } => match asked {
                Ok(asked) => Fact::Begun {
                    key: key.clone(),
                    kind: kind.clone(),
                    commit: commit.clone(),
                    asked: asked.clone(),
                },
                Err(reason) => Fact::NotBegun {
                    commit: commit.clone(),
                    reason: reason.clone(),
                },
            },
            Action::Step {
                key,
                application,
                step,
            } => Fact::Step {
                key: key.clone(),
                step: self
                    .step(&mark(id, key), application, step)
                    .await
                    .unwrap_or_else(|trouble| StepFact::Troubled { trouble }),
            },
            Action::Report {
                key,
                repository,
                report,
            } => Fact::Report {
                key: key.clone(),
                report: self
                    .report(id, key, repository, report)
                    .await
                    .unwrap_or_else(|trouble| ReportFact::Troubled { trouble }),
            },
            Action::Test {
                number,
                repository,
                step,
            } => Fact::Test {
                number: *number,
                test: self.test(id, repository, step).await,
            },
            Action::Announce { letter } => match self.announce(letter).await {
                Ok(()) => Fact::Announced {
                    number: letter.number,
                },
                Err(error) => Fact::NotAnnounced {
                    trouble: Trouble::retry(error.to_string()),
                },
            },
            Action::Pass {
                line,
                environment,
                live,
                as_of,
            } => {
                let fact = Fact::UpstreamLive {
                    environment: id.environment.clone(),
                    live: live.clone(),
                    as_of: *as_of,
                };
                match self.post(line, &fact).await {
                    Ok(()) => Fact::Passed {
                        environment: environment.clone(),
                        live: live.clone(),
                    },
                    Err(error) => Fact::NotPassed {
                        trouble: Trouble::retry(error.to_string()),
                    },
                }
            }
        };
        self.tell(id, &fact);
        fact
    }
}

impl<V: Http, H: Http, C: Clock, L: Log, S: Store> ReleaseExecutor<V, H, C, L, S> {
    /// `live` begins with what is live.
    async fn list_brought(
        &self,
        (id, repository): (&LineId, &RepositoryName),
        commit: &CommitSha,
        live: &[CommitSha],
    ) -> Fact {
        let brought = self.brought(id, repository, commit, live).await;
        match (brought, live.first()) {
            (Ok(brought), Some(live)) => Fact::Brought {
                commit: commit.clone(),
                live: live.clone(),
                brought,
            },
            (Ok(_), None) => Fact::NotRead {
                trouble: Trouble::retry("nothing is live to compare with"),
            },
            (Err(trouble), _) => Fact::NotRead { trouble },
        }
    }

    /// Makes a fact durable for a line, and remembers that the line is to be run.
    async fn post(&self, line: &LineId, fact: &Fact) -> Result<(), RunError> {
        let mail = mailbox::post::<Line>(&self.store, line, fact, self.clock.now()).await?;
        self.told.borrow_mut().push((line.clone(), mail));
        Ok(())
    }

    /// Makes a letter durable in the repository's outbox, and wakes up whoever runs that. If nobody wakes up, `POST /reconcile`
    /// finds the letter.
    async fn announce(&self, letter: &Letter) -> Result<(), RunError> {
        let id = OutboxId(letter.line.repository);
        let fact = OutboxFact::Posted {
            letter: Box::new(letter.clone()),
        };
        let mail = mailbox::post::<Outbox>(&self.store, &id, &fact, self.clock.now()).await?;
        if let Err(reason) = outbox::wake(&self.http, id, mail).await {
            let fields = [("entity", id.to_string().into()), ("reason", reason.into())];
            let message = "a notice waits for the next reconciliation";
            self.log.write(Level::Warn, message, &fields);
        }
        Ok(())
    }

    /// Logs what was done, and how it failed if it did.
    fn tell(&self, id: &LineId, fact: &Fact) {
        let (message, trouble) = told(fact);
        let level = if trouble.is_some() {
            Level::Warn
        } else {
            Level::Info
        };
        let mut fields = vec![
            ("entity", id.to_string().into()),
            ("repository", id.repository.0.into()),
        ];
        match fact {
            Fact::Step { key, .. } | Fact::Report { key, .. } => {
                fields.push(("release", key.as_str().into()));
            }
            Fact::Begun { commit, .. }
            | Fact::NotBegun { commit, .. }
            | Fact::Brought { commit, .. }
            | Fact::WritersRead { commit, .. }
            | Fact::Checked { commit, .. } => fields.push(("commit", commit.as_str().into())),
            Fact::Compared { base, head, .. } => {
                fields.push(("base", base.as_str().into()));
                fields.push(("commit", head.as_str().into()));
            }
            Fact::Test { number, .. } => fields.push(("test", (*number).into())),
            Fact::ImageReported { image } => {
                fields.push(("commit", image.commit.as_str().into()));
                fields.push(("digest", image.digest.as_str().into()));
            }
            Fact::TestRunSeen { run } => fields.push(("run", (*run).into())),
            Fact::Configured { .. }
            | Fact::WindowsRead { .. }
            | Fact::WindowsNotRead { .. }
            | Fact::Pushed { .. }
            | Fact::RunSeen { .. }
            | Fact::UpstreamLive { .. }
            | Fact::RunsRead { .. }
            | Fact::NotRead { .. }
            | Fact::Passed { .. }
            | Fact::NotPassed { .. }
            | Fact::Announced { .. }
            | Fact::NotAnnounced { .. }
            | Fact::HoldLifted { .. }
            | Fact::Locked { .. }
            | Fact::Unlocked { .. }
            | Fact::RollbackAsked { .. }
            | Fact::DivergedAllowed { .. }
            | Fact::Approved { .. }
            | Fact::Wished { .. }
            | Fact::RetryAsked => {}
            Fact::ReleaseAsked { commit } => fields.push(("commit", commit.as_str().into())),
        }
        if let Some(reason) = trouble {
            fields.push(("reason", reason.into()));
        }
        self.log.write(level, message, &fields);
    }
}

/// What a fact says, for the log, and what is wrong if anything is.
fn told(fact: &Fact) -> (&'static str, Option<&str>) {
    match fact {
        Fact::Configured { .. } => ("the configuration says this of the environment", None),
        Fact::Pushed { .. } => ("a delivery told of a push", None),
        Fact::RunSeen { .. } => ("a delivery told of a workflow run", None),
        Fact::ImageReported { .. } => ("a run reported the image that it built", None),
        Fact::UpstreamLive { .. } => ("another environment told what is live", None),
        Fact::RunsRead { .. } => ("read the workflow runs", None),
        Fact::Compared { .. } => ("compared two commits", None),
        Fact::Checked { missing: None, .. } => ("checked the commit and its runs", None),
        Fact::Checked {
            missing: Some(reason),
            ..
        } => ("the commit is not to be released any more", Some(reason)),
        Fact::Brought {
            brought: Brought::Lost,
            ..
        } => ("GitHub knows nothing any more of what was live", None),
        Fact::Brought { .. } => ("listed what the commit would bring", None),
        Fact::WritersRead { .. } => ("asked who wrote what the commit would bring", None),
        Fact::NotRead { trouble } => ("could not ask GitHub about commits", Some(&trouble.reason)),
        Fact::WindowsRead { .. } => ("looked at the sync windows", None),
        Fact::WindowsNotRead { trouble, .. } => {
            ("could not look at the sync windows", Some(&trouble.reason))
        }
        Fact::Begun { .. } => ("a release begins", None),
        Fact::NotBegun { reason, .. } => ("a release cannot begin", Some(reason)),
        Fact::Step { step, .. } => step::told(step),
        Fact::Test { test, .. } => test::told(test),
        Fact::TestRunSeen { .. } => ("a delivery told of the run of a test", None),
        Fact::Report { report, .. } => match report {
            ReportFact::Known { .. } => ("GitHub has the deployment", None),
            ReportFact::StatusSet { .. } => ("set the deployment's status", None),
            ReportFact::Troubled { trouble } => (
                "could not tell GitHub of the release",
                Some(&trouble.reason),
            ),
        },
        Fact::Passed { .. } => ("told another environment what is live", None),
        Fact::NotPassed { trouble } => (
            "could not tell another environment what is live",
            Some(&trouble.reason),
        ),
        Fact::Announced { .. } => ("handed a notice over", None),
        Fact::NotAnnounced { trouble } => ("could not hand a notice over", Some(&trouble.reason)),
        Fact::HoldLifted { .. } => ("a person lifted the hold", None),
        Fact::Locked { .. } => ("a person locked the environment", None),
        Fact::Unlocked { .. } => ("a person unlocked the environment", None),
        Fact::RollbackAsked { .. } => ("a person asks to go back", None),
        Fact::DivergedAllowed { .. } => ("a person lets a commit go on", None),
        Fact::Approved { .. } => ("a person approves a release", None),
        Fact::Wished { wish, .. } => told(wish),
        Fact::ReleaseAsked { .. } => ("a person asks to try one commit again", None),
        Fact::RetryAsked => ("a person asks to try again", None),
    }
}

/// Why a vendor cannot be asked at all.
fn not_set(variables: &str) -> Trouble {
    CallError::Refused {
        reason: format!("{variables} not set"),
    }
    .into()
}

/// What people see of a line at `now`; none if nothing is stored of it.
pub async fn overview(
    store: &impl Store,
    id: &LineId,
    now: Timestamp,
) -> Result<Option<Overview>, RunError> {
    let record: Option<Record<Line>> = Record::read(store, id).await?;
    Ok(record.map(|record| record.state.overview(now)))
}

/// The lines with a release in hand that this application rolls out. They are looked for among what is due, which a release in
/// hand always is: so no more is read than is under way.
pub async fn rolled_out_by(
    store: &impl Store,
    application: &ApplicationId,
) -> Result<Vec<LineId>, RunError> {
    let due = reconcile::work(store).await?.take::<Line>();
    let mut lines = Vec::new();
    for id in due
        .keys()
        .filter_map(|entity| entity.parse::<LineId>().ok())
    {
        let record: Option<Record<Line>> = Record::read(store, &id).await?;
        if record.is_some_and(|record| record.state.is_rolled_out_by(application)) {
            lines.push(id);
        }
    }
    Ok(lines)
}
