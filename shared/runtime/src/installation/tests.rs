//! Installations on a store in memory, with a GitHub that answers what a test says.

use std::{cell::Cell, cell::RefCell, time::Duration};

use domain::{
    InstallationId, RepositoryId, Timestamp,
    installation::{Fact, Hearsay, Installation, Key},
    preview::Preview,
    repository::{self, Repository, SurveyPolicy},
};
use ports::{
    Clock, Http, HttpError, Label, Level, Log, Request, Response, Store, memory::MemoryStore,
};
use serde_json::Value;
use vendors::github::{Client, Credentials};

use super::{InstallationExecutor, find};
use crate::{Runner, reconcile, repository::StoredPreviews};

const KEY: &str = include_str!("../../../vendors/src/github/app/testdata/pkcs1.pem");
const FIVE: Key = Key(InstallationId(5));

/// A clock that stands still unless it is moved.
#[derive(Default)]
struct Hand(Cell<i64>);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_milliseconds(self.0.get())
    }

    async fn sleep(&self, _duration: Duration) {}
}

struct Silent;

impl Log for Silent {
    fn write(&self, _level: Level, _message: &str, _fields: &[(&str, Value)]) {}
}

/// The App 3 with the installation 5, which reaches two repositories.
#[derive(Default)]
struct GitHub {
    asked: RefCell<Vec<String>>,
}

impl Http for GitHub {
    async fn send(&self, request: Request) -> Result<Response, HttpError> {
        let path = request.url.trim_start_matches("https://api.test");
        let path = path.split('?').next().unwrap_or_default().to_owned();
        self.asked.borrow_mut().push(path.clone());
        let (status, body) = match path.as_str() {
            "/app/installations" => (200, r#"[{"id":5,"suspended_at":null}]"#),
            "/app/installations/5" => (
                200,
                r#"{"id":5,"app_id":3,"account":{"id":9,"login":"acme"},"target_type":"Organization","repository_selection":"all",
                    "permissions":{},"events":[],"suspended_at":null,"created_at":"2026-11-20T10:00:00Z","updated_at":"2026-11-20T10:00:00Z"}"#,
            ),
            "/app/installations/5/access_tokens" => (
                201,
                r#"{"token":"ghs_0123456789","expires_at":"2026-11-21T11:31:07Z"}"#,
            ),
            "/installation/repositories" => (
                200,
                r#"{"total_count":2,"repositories":[{"id":1,"full_name":"acme/shop"},{"id":2,"full_name":"acme/till"}]}"#,
            ),
            _ => (404, r#"{"message":"Not Found"}"#),
        };
        Ok(Response {
            status: http::StatusCode::from_u16(status).unwrap(),
            headers: http::HeaderMap::new(),
            body: body.as_bytes().to_vec(),
        })
    }
}

#[derive(Default)]
struct World {
    github: GitHub,
    clock: Hand,
    store: MemoryStore,
}

type Asker<'a> = Client<&'a GitHub, &'a Hand, &'a MemoryStore>;

impl World {
    fn client(&self, credentials: &Credentials) -> Asker<'_> {
        Client::new(
            &self.github,
            &self.clock,
            &self.store,
            "https://api.test",
            credentials,
        )
    }

    fn app(&self) -> Asker<'_> {
        self.client(&Credentials::of(Some("3"), Some(KEY), None))
    }

    fn pass(&self, seconds: i64) {
        self.clock.0.set(self.clock.0.get() + seconds * 1_000);
    }

    async fn reconcile(&self) {
        let client = self.app();
        let previews = StoredPreviews::<Preview>::default();
        let runner = Runner {
            store: &self.store,
            clock: &self.clock,
            log: &Silent,
            executor: InstallationExecutor {
                github: Some(&client),
                store: &self.store,
                clock: &self.clock,
                log: &Silent,
                policy: SurveyPolicy::default(),
                previews: &previews,
            },
        };
        let mut work = reconcile::work(&self.store).await.unwrap();
        let installations = work.take::<Installation>();
        let deadline = self.clock.now().after(Duration::from_secs(20));
        let report = runner
            .advance_all::<Installation>(&installations, deadline)
            .await;
        assert_eq!((report.busy, report.failed), (0, 0));
    }

    async fn mail_of_repositories(&self) -> Vec<String> {
        let keys = self.store.keys(Label::Queue).await.unwrap();
        let mail = keys
            .into_iter()
            .filter(|key| key.starts_with("mail/repository/"));
        mail.collect()
    }
}

#[tokio::test]
async fn the_list_is_read_once_in_an_interval_and_only_news_are_noted() {
    let world = World::default();
    let found = async || {
        let interval = Duration::from_secs(600);
        let found = find(&world.app(), &world.store, &world.clock, interval).await;
        found.unwrap()
    };
    assert_eq!(found().await, 1);
    world.reconcile().await;
    assert_eq!(found().await, 0);
    world.pass(600);
    assert_eq!(found().await, 0, "it is known");
    let lists = world.github.asked.borrow().clone();
    let lists = lists.iter().filter(|path| *path == "/app/installations");
    assert_eq!(lists.count(), 2);

    let plain = World::default();
    let token = plain.client(&Credentials::of(None, None, Some("ghp_0123456789")));
    let none = find(&token, &plain.store, &plain.clock, Duration::ZERO).await;
    let none = none.unwrap();
    assert_eq!((none, plain.store.len()), (0, 0));
}

#[tokio::test]
async fn only_repositories_that_are_known_are_told() {
    let world = World::default();
    let runner = Runner {
        store: &world.store,
        clock: &world.clock,
        log: &Silent,
        executor: (),
    };
    let shop = repository::Key(RepositoryId(1));
    let seen = repository::Fact::Seen {
        full_name: "acme/shop".parse().unwrap(),
        as_of: Timestamp::default(),
    };
    let unknown = runner.post_if_known(shop, &seen).await.unwrap();
    assert_eq!(unknown, None);
    let mail = runner.post::<Repository>(&shop, &seen).await.unwrap();
    runner.take_in::<Repository>(&shop, &[mail]).await.unwrap();
    let heard = Fact::Heard(Hearsay::default());
    runner.post::<Installation>(&FIVE, &heard).await.unwrap();
    world.pass(1);
    world.reconcile().await;
    assert_eq!(world.mail_of_repositories().await, ["mail/repository/1/2"]);
    let known = super::read(&world.store, FIVE).await.unwrap().unwrap();
    assert_eq!(known.reached(), 2);
    let asked = world.github.asked.borrow().len();
    world.reconcile().await;
    assert_eq!(world.github.asked.borrow().len(), asked, "it is not due");
}
