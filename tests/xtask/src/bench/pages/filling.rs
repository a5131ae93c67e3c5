//! What a store is filled with: facts that entities take in and deliveries that are taken, by Slipway's own code.

use std::cell::Cell;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use domain::directory::Directory;
use domain::entity::Entity;
use domain::preview::{self, Preview, PullRequest, PullRequestState, Reading, Settings};
use domain::release::{self, Line, LineId, StepFact, Terms};
use domain::repository::{self, Repository, SurveyFact, SurveyPolicy};
use domain::{CommitSha, RepositoryId, Timestamp, argocd};
use http::{HeaderMap, StatusCode};
use inbox::{Acceptance, Inbox, Incoming};
use ports::{Clock, Http, HttpError, NoLog, Request, Response};
use runtime::directory::{self, DirectoryExecutor};
use runtime::{Runner, reconcile};

use super::{Amount, bulk::Bulk};

/// So many repositories have them.
pub(super) const REPOSITORIES: u64 = 20;
/// The id of the first repository.
pub(super) const FIRST_REPOSITORY: u64 = 42;
/// Facts are so far apart.
const STEP: Duration = Duration::from_millis(500);
/// The first fact is so old; the retention of deliveries is three days.
const SPAN: Duration = Duration::from_secs(2 * 86_400);
/// Between two rounds of `POST /reconcile`: what a directory was told is looked at after two minutes.
const ROUND: Duration = Duration::from_secs(150);
/// Each takes in some hundreds of what the directories were told.
const DIRECTORY_ROUNDS: usize = 1_000;

const CONFIGURATION: &str = "\
version: 1
build: { workflow: CI }
services:
  web:
    preview:
      coolify: { application: web-app, tag: 'pr-{number}' }
      url: https://pr-{number}.example.com
    environments:
      production:
        branch: main
        argocd: { application: shop, update: kustomize-image }
";

/// A clock that goes on with each fact.
struct Steps(Cell<Timestamp>);

impl Clock for Steps {
    fn now(&self) -> Timestamp {
        self.0.get()
    }

    async fn sleep(&self, duration: Duration) {
        self.0.set(self.0.get().after(duration));
    }
}

/// A component that takes every delivery.
struct Taking;

impl Http for Taking {
    async fn send(&self, _: Request) -> Result<Response, HttpError> {
        Ok(Response {
            status: StatusCode::NO_CONTENT,
            headers: HeaderMap::new(),
            body: Vec::new(),
        })
    }
}

/// Fills stores in `directory`.
pub(super) async fn fill(directory: &Path, amount: Amount, now: Timestamp) -> anyhow::Result<()> {
    let bulk = Bulk::begin(directory)?;
    let clock = Steps(Cell::new(now.before(SPAN)));
    let filling = Filling {
        runner: Runner {
            store: &bulk,
            clock: &clock,
            log: NoLog,
            executor: (),
        },
    };
    filling.repositories().await?;
    filling.previews(amount.previews).await?;
    let each = amount.of_each_environment;
    let lines = amount.releases.div_ceil(each);
    filling.lines(lines, each).await?;
    filling.deliveries(amount.deliveries).await?;
    filling.directories().await?;
    bulk.commit()
}

struct Filling<'bulk> {
    runner: Runner<&'bulk Bulk, &'bulk Steps, NoLog, ()>,
}

/// The repository that the thing with this number is of.
pub(super) const fn repository_of(number: u64) -> u64 {
    FIRST_REPOSITORY + number % REPOSITORIES
}

fn sha(number: u64) -> anyhow::Result<CommitSha> {
    format!("{number:040x}").parse().ok().context("a commit")
}

fn parsed<T: std::str::FromStr>(text: &str) -> anyhow::Result<T> {
    text.parse().ok().with_context(|| text.to_owned())
}

impl Filling<'_> {
    async fn learn<E: Entity>(&self, id: &E::Id, facts: &[E::Fact]) -> anyhow::Result<()> {
        let mut mail = Vec::new();
        for fact in facts {
            self.runner.clock.sleep(STEP).await;
            mail.push(self.runner.post::<E>(id, fact).await?);
        }
        match self.runner.take_in::<E>(id, &mail).await? {
            runtime::Outcome::Waiting { .. } | runtime::Outcome::Settled => Ok(()),
            other @ (runtime::Outcome::Busy
            | runtime::Outcome::Lost
            | runtime::Outcome::Forgotten) => bail!("{id}: {other:?}"),
        }
    }

    async fn repositories(&self) -> anyhow::Result<()> {
        for number in 0..REPOSITORIES {
            let compared = repository::Fact::Survey(SurveyFact::Compared {
                name: Some(parsed(&format!("acme/shop-{number}"))?),
                comparison: repository::Comparison::default(),
                policy: SurveyPolicy::new(SurveyPolicy::INTERVAL, SurveyPolicy::REMOVAL_LIMIT),
            });
            let id = repository::Key(RepositoryId(repository_of(number)));
            self.learn::<Repository>(&id, &[compared]).await?;
        }
        Ok(())
    }

    async fn previews(&self, many: u64) -> anyhow::Result<()> {
        let configuration = domain::configuration::parse(CONFIGURATION);
        let configuration = configuration.map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
        let settings = Settings::of(configuration);
        for number in 0..many {
            let repository = repository_of(number);
            let read = preview::Fact::PullRequestRead {
                pull_request: pull_request(repository, number, self.runner.clock.now())?,
            };
            let configured = preview::Fact::ConfigurationRead {
                commit: sha(number)?,
                changes: 0,
                reading: Reading::Valid {
                    settings: settings.clone(),
                },
            };
            let id = parsed(&format!(
                "preview/{repository}/{}",
                1 + number / REPOSITORIES
            ))?;
            self.learn::<Preview>(&id, &[read, configured]).await?;
        }
        Ok(())
    }

    /// Environments, each with so many releases, all of which arrived.
    async fn lines(&self, many: u64, each: u64) -> anyhow::Result<()> {
        let terms = terms()?;
        for number in 0..many {
            let id = line(number)?;
            let mut facts = vec![release::Fact::Configured {
                repository: Some(parsed("acme/shop")?),
                terms: Some(Box::new(terms.clone())),
                as_of: self.runner.clock.now(),
            }];
            for release in 0..each {
                facts.extend(arrives(&terms, release, self.runner.clock.now())?);
            }
            self.learn::<Line>(&id, &facts).await?;
        }
        Ok(())
    }

    /// What `POST /reconcile` does every minute, which names everything that is stored in the directories.
    async fn directories(&self) -> anyhow::Result<()> {
        let runner = Runner {
            store: self.runner.store,
            clock: self.runner.clock,
            log: NoLog,
            executor: DirectoryExecutor {
                store: self.runner.store,
                log: NoLog,
            },
        };
        directory::compare(runner.store, runner.clock.now()).await?;
        for _ in 0..DIRECTORY_ROUNDS {
            let mut work = reconcile::work(runner.store).await?;
            let due = work.take::<Directory>();
            if due.is_empty() {
                return Ok(());
            }
            if due.values().all(|pending| pending.mail.is_empty()) {
                runner.clock.sleep(ROUND).await;
            }
            let deadline = runner.clock.now().after(ROUND);
            let report = runner.advance_all::<Directory>(&due, deadline).await;
            ensure!(report.failed == 0, "a directory: {report:?}");
        }
        bail!("the directories never settle");
    }

    async fn deliveries(&self, many: u64) -> anyhow::Result<()> {
        let inbox = Inbox {
            store: self.runner.store,
            http: Taking,
            clock: self.runner.clock,
            log: NoLog,
        };
        // What comes before an answer is read with the delivery: about as much as a small payload.
        let payload = format!(
            "{{\"action\":\"opened\",\"text\":\"{}\"}}",
            "x".repeat(2_000)
        );
        for number in 0..many {
            self.runner.clock.sleep(STEP / 2).await;
            let incoming = Incoming {
                guid: parsed(&format!("00000000-0000-4000-8000-{number:012x}"))?,
                event: "pull_request".to_owned(),
                action: Some("opened".to_owned()),
                repository: Some(RepositoryId(repository_of(number))),
                secret: Some(0),
                payload: payload.clone().into_bytes(),
            };
            match inbox.accept(incoming).await? {
                Acceptance::Accepted(claimed) => drop(inbox.run(claimed).await?),
                Acceptance::Duplicate => bail!("the delivery {number} is known"),
            }
        }
        Ok(())
    }
}

/// The environment with this number.
pub(super) fn line(number: u64) -> anyhow::Result<LineId> {
    let repository = repository_of(number);
    parsed(&format!("release/{repository}/web-{number}/production"))
}

fn pull_request(repository: u64, number: u64, at: Timestamp) -> anyhow::Result<PullRequest> {
    Ok(PullRequest {
        archived: false,
        updated_at: at,
        state: PullRequestState::Open,
        title: format!("Add cart {number}"),
        author: "ada".to_owned(),
        draft: false,
        labels: Vec::new(),
        head_branch: format!("feature/{number}"),
        head_commit: sha(number)?,
        head_repository: Some(RepositoryId(repository)),
        base_branch: "main".to_owned(),
        repository: parsed("acme/shop")?,
        default_branch: "main".to_owned(),
    })
}

fn terms() -> anyhow::Result<Terms> {
    let configuration = domain::configuration::parse(CONFIGURATION);
    let configuration = configuration.map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
    let all = release::terms_of(&configuration, &parsed("acme/shop")?);
    all.into_values().next().context("one environment")
}

/// A release that is begun and found in Argo CD, healthy.
fn arrives(terms: &Terms, number: u64, at: Timestamp) -> anyhow::Result<[release::Fact; 3]> {
    let commit = sha(number + 1)?;
    let key = format!("release-{number}");
    let application = argocd::Application {
        resource_version: "1".into(),
        deleting: false,
        sources: vec![argocd::Source {
            kustomize_images: vec![format!("ghcr.io/acme/shop:{commit}")],
            kind: argocd::SourceKind::Kustomize,
            ..argocd::Source::default()
        }],
        has_several_sources: false,
        automation: None,
        requested: None,
        operation: None,
        sync: argocd::Sync {
            status: argocd::SyncStatus::Synced,
            revisions: Vec::new(),
            is_of_this_specification: true,
        },
        health: argocd::Health::Healthy,
        reconciled_at: Some(at),
        conditions: Vec::new(),
        images: vec![format!("ghcr.io/acme/shop:{commit}")],
        history: Vec::new(),
        troubles: Vec::new(),
        managed_by: None,
    };
    let asked = terms.asked(&commit, None);
    let begun = release::Fact::Begun {
        key: key.clone(),
        kind: release::Kind::Deploy,
        commit,
        asked: asked.ok().context("what Argo CD is asked for")?,
    };
    let seen = release::Fact::Step {
        key,
        step: StepFact::Seen {
            application: Box::new(application),
            windows: None,
        },
    };
    Ok([begun, seen.clone(), seen])
}
