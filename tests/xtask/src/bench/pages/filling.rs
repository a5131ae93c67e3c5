//! What a store is filled with: facts that entities take in and deliveries that are taken, by Slipway's own code.

use std::cell::Cell;
use std::marker::PhantomData;
use std::path::Path;
use std::time::Duration;

use anyhow::{bail, ensure};
use domain::directory::Directory;
use domain::entity::Entity;
use domain::preview::{Preview, Settings};
use domain::release::{self, Line, LineId};
use domain::repository::{self, Repository, SurveyFact, SurveyPolicy};
use domain::{RepositoryId, Timestamp};
use http::{HeaderMap, StatusCode};
use inbox::{Acceptance, Inbox, Incoming};
use ports::{Clock, Http, HttpError, NoLog, Request, Response};
use runtime::directory::{self, DirectoryExecutor};
use runtime::{Runner, reconcile};

use super::{Amount, bulk::Bulk, lives};

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
        repositories: amount.repositories,
        runner: Runner {
            store: &bulk,
            clock: &clock,
            log: NoLog,
            executor: (),
        },
    };
    filling.name_repositories().await?;
    filling.previews(amount).await?;
    let each = amount.of_each_environment;
    let lines = amount.releases.div_ceil(each);
    filling.lines(lines, each).await?;
    filling.deliveries(amount.deliveries).await?;
    filling.directories().await?;
    bulk.commit()
}

struct Filling<'bulk> {
    repositories: u64,
    runner: Runner<&'bulk Bulk, &'bulk Steps, NoLog, ()>,
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

    /// The repository that the thing with this number is of.
    const fn repository_of(&self, number: u64) -> u64 {
        FIRST_REPOSITORY + number % self.repositories
    }

    async fn name_repositories(&self) -> anyhow::Result<()> {
        for number in 0..self.repositories {
            let compared = repository::Fact::Survey(SurveyFact::Compared {
                name: Some(lives::parsed(&format!("acme/shop-{number}"))?),
                comparison: repository::Comparison::default(),
                policy: SurveyPolicy::new(SurveyPolicy::INTERVAL, SurveyPolicy::REMOVAL_LIMIT),
            });
            let id = repository::Key(RepositoryId(self.repository_of(number)));
            self.learn::<Repository>(&id, &[compared]).await?;
        }
        Ok(())
    }

    /// Previews, most of which are up; the others wait for their build.
    async fn previews(&self, amount: Amount) -> anyhow::Result<()> {
        let settings = Settings::of(lives::configuration()?);
        for number in 0..amount.previews {
            let repository = self.repository_of(number);
            let number_there = 1 + number / self.repositories;
            let now = self.runner.clock.now();
            let opened = lives::opened(repository, number_there, now)?;
            let mut facts = lives::built(opened, &settings)?.to_vec();
            if !number_there.is_multiple_of(amount.one_waits_in) {
                facts.extend(lives::comes_up(repository, number_there)?);
            }
            let id = lives::parsed(&format!("preview/{repository}/{number_there}"))?;
            self.learn::<Preview>(&id, &facts).await?;
        }
        Ok(())
    }

    /// Environments, each with so many releases, all of which arrived.
    async fn lines(&self, many: u64, each: u64) -> anyhow::Result<()> {
        let terms = lives::terms()?;
        for number in 0..many {
            let id = line(self.repository_of(number), number)?;
            let mut facts = vec![release::Fact::Configured {
                repository: Some(lives::parsed("acme/shop")?),
                terms: Some(Box::new(terms.clone())),
                as_of: self.runner.clock.now(),
            }];
            for release in 0..each {
                facts.extend(lives::arrives(
                    &terms,
                    (id.repository.0, release),
                    self.runner.clock.now(),
                )?);
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
                preview: PhantomData::<Preview>,
            },
        };
        for _ in 0..DIRECTORY_ROUNDS {
            let mut work = reconcile::work(runner.store).await?;
            let due = work.take::<Directory>();
            let compared = directory::compare_when_due(runner.store, runner.clock.now()).await?;
            if due.is_empty() && compared.is_none() {
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
                guid: lives::parsed(&format!("00000000-0000-4000-8000-{number:012x}"))?,
                event: "pull_request".to_owned(),
                action: Some("opened".to_owned()),
                repository: Some(RepositoryId(self.repository_of(number))),
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

/// The environment with this number, which is of this repository.
pub(super) fn line(repository: u64, number: u64) -> anyhow::Result<LineId> {
    lives::parsed(&format!("release/{repository}/web-{number}/production"))
}
