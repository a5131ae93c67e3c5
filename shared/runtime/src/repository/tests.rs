//! Surveys on a store in memory, with a GitHub that lists what a test says.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    time::Duration,
};

use domain::{
    PreviewId, PullRequestNumber, RepositoryId, Timestamp,
    preview::{self, Preview, PullRequest, PullRequestState},
    repository::{Brake, Fact, Key, Repository, SurveyFact, SurveyPolicy},
};
use ports::{
    Clock, Http, HttpError, Label, Level, Log, Request, Response, Store, memory::MemoryStore,
};
use serde_json::{Value, json};
use vendors::github::{self, Credentials};

use super::{Overview, RepositoryExecutor, StoredPreviews};
use crate::{Outcome, Runner, mailbox, reconcile, record::Record};

const KEY: Key = Key(RepositoryId(42));
const INTERVAL: Duration = Duration::from_secs(600);

/// A clock that stands still unless it is moved.
#[derive(Debug, Default)]
struct Hand(Cell<i64>);

impl Hand {
    fn pass(&self, duration: Duration) {
        self.0.set(self.now().after(duration).milliseconds());
    }
}

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_milliseconds(self.0.get())
    }

    async fn sleep(&self, duration: Duration) {
        self.pass(duration);
    }
}

/// Lists open pull requests, two a page, and fails a page if it is told to.
#[derive(Default)]
struct Lister {
    open: RefCell<BTreeSet<u64>>,
    failing_page: Cell<Option<usize>>,
    /// Whose list it is.
    owner: Cell<u64>,
    requests: Cell<u32>,
}

impl Lister {
    fn listed(&self, number: u64) -> Value {
        json!({
            "number": number, "state": "open", "title": "A change", "updated_at": "1970-01-01T00:00:05Z", "draft": false,
            "user": {"login": "ada"}, "labels": [],
            "head": {"ref": "feature", "sha": "a".repeat(40), "repo": {"id": 42}},
            "base": {"ref": "main", "repo": {"id": self.owner.get(), "full_name": "acme/shop", "default_branch": "main"}},
        })
    }
}

impl Http for Lister {
    async fn send(&self, request: Request) -> Result<Response, HttpError> {
        self.requests.set(self.requests.get() + 1);
        let mut headers = http::HeaderMap::new();
        if request.url.contains("/commits?path=") {
            return Ok(answer(200, headers, &json!([])));
        }
        if request.url.contains("/contents/") {
            return Ok(answer(404, headers, &json!({"message": "Not Found"})));
        }
        if !request.url.contains("/pulls") {
            let body = json!({"id": self.owner.get(), "full_name": "acme/shop", "private": false,
                "archived": false, "default_branch": "main"});
            return Ok(answer(200, headers, &body));
        }
        let page: usize = request
            .url
            .rsplit_once("&page=")
            .map_or(1, |(_, page)| page.parse().unwrap());
        if self.failing_page.get() == Some(page) {
            return Ok(answer(502, headers, &json!({"message": "Server Error"})));
        }
        let open = self.open.borrow();
        let shown: Vec<Value> = open
            .iter()
            .skip((page - 1) * 2)
            .take(2)
            .map(|number| self.listed(*number))
            .collect();
        if page * 2 < open.len() {
            let next = format!(
                "<https://api.test/repositories/42/pulls?state=open&page={}>; rel=\"next\"",
                page + 1
            );
            headers.insert("link", next.parse().unwrap());
        }
        Ok(answer(200, headers, &Value::Array(shown)))
    }
}

fn answer(status: u16, headers: http::HeaderMap, body: &Value) -> Response {
    Response {
        status: http::StatusCode::from_u16(status).unwrap(),
        headers,
        body: body.to_string().into_bytes(),
    }
}

/// Keeps the lines that a person must act on.
#[derive(Default)]
struct Alerts(RefCell<Vec<String>>);

impl Log for Alerts {
    fn write(&self, level: Level, message: &str, fields: &[(&str, Value)]) {
        if level == Level::Error {
            let fields: Vec<String> = fields
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            let line = format!("{message}: {}", fields.join(" "));
            self.0.borrow_mut().push(line);
        }
    }
}

#[derive(Default)]
struct World {
    store: MemoryStore,
    clock: Hand,
    lister: Lister,
    alerts: Alerts,
}

type Surveyor<'a> =
    RepositoryExecutor<'a, Preview, &'a Lister, &'a MemoryStore, &'a Hand, &'a Alerts>;

mod intake;

impl World {
    /// A repository that a delivery named, with deployed previews of these pull requests, which are open.
    async fn with(numbers: impl IntoIterator<Item = u64>) -> Self {
        let world = Self::default();
        world.lister.owner.set(42);
        world.clock.pass(Duration::from_secs(1_000));
        for number in numbers {
            world.lister.open.borrow_mut().insert(number);
            world.store_preview(42, number).await;
        }
        // Another repository's, which is none of this one's business.
        world.store_preview(43, 77).await;
        let runner = world.noting();
        let seen = seen("acme/shop", 5);
        let mail = runner.post_news(KEY, &seen).await.unwrap().unwrap();
        let outcome = runner.take_in::<Repository>(&KEY, &[mail]).await.unwrap();
        assert_eq!(
            outcome,
            Outcome::Waiting {
                until: world.clock.now()
            },
            "whoever reconciles is to make the first survey"
        );
        world
    }

    fn noting(&self) -> Runner<&MemoryStore, &Hand, &Alerts, ()> {
        Runner {
            store: &self.store,
            clock: &self.clock,
            log: &self.alerts,
            executor: (),
        }
    }

    async fn store_preview(&self, repository: u64, number: u64) {
        let id = PreviewId {
            repository: RepositoryId(repository),
            number: PullRequestNumber(number),
        };
        let mut record = Record::<Preview>::new(id);
        let at = self.clock.now();
        let pull_request = PullRequest {
            updated_at: Timestamp::from_milliseconds(5_000),
            state: PullRequestState::Open,
            title: "A change".into(),
            author: "ada".into(),
            draft: false,
            labels: Vec::new(),
            head_branch: "feature".into(),
            head_commit: "a".repeat(40).parse().unwrap(),
            head_repository: Some(RepositoryId(42)),
            base_branch: "main".into(),
            repository: "acme/shop".parse().unwrap(),
            default_branch: "main".into(),
            archived: false,
        };
        use domain::entity::Entity;
        record
            .state
            .record(&preview::Fact::PullRequestRead { pull_request }, at);
        record.state.record(
            &preview::Fact::Target {
                application: "web".parse().unwrap(),
                fact: preview::TargetFact::StartUncertain { attempt: 1 },
            },
            at,
        );
        record.state.record(
            &preview::Fact::Target {
                application: "web".parse().unwrap(),
                fact: preview::TargetFact::RemovalIntended,
            },
            at,
        );
        assert!(record.state.is_deployed());
        record.write(&self.store, &id).await.unwrap();
    }

    /// Reconciles the repositories, an interval later. Returns the pull requests whose previews have new mail.
    async fn survey(&self) -> Vec<u64> {
        self.clock.pass(INTERVAL);
        self.reconcile().await
    }

    async fn reconcile(&self) -> Vec<u64> {
        let credentials = Credentials::Token("a-token".into());
        let github = github::Client::new(
            &self.lister,
            &self.clock,
            &self.store,
            "https://api.test",
            &credentials,
        );
        let previews = StoredPreviews::default();
        let runner = Runner {
            store: &self.store,
            clock: &self.clock,
            log: &self.alerts,
            executor: Surveyor {
                github: Some(&github),
                store: &self.store,
                clock: &self.clock,
                log: &self.alerts,
                policy: SurveyPolicy::new(INTERVAL, 10),
                previews: &previews,
            },
        };
        let mut work = reconcile::work(&self.store).await.unwrap();
        let repositories = work.take::<Repository>();
        assert_eq!(repositories.len(), 1, "it is always due at some time");
        let deadline = self.clock.now().after(Duration::from_secs(20));
        let report = runner
            .advance_all::<Repository>(&repositories, deadline)
            .await;
        assert_eq!((report.busy, report.failed), (0, 0));
        let mut told = Vec::new();
        for key in self.store.keys(Label::Queue).await.unwrap() {
            if let Some(rest) = key.strip_prefix("mail/preview/42/") {
                told.push(rest.split('/').next().unwrap().parse().unwrap());
                self.store.delete_many(Label::Queue, &[&key]).await.unwrap();
            }
        }
        told.sort_unstable();
        told
    }

    async fn overview(&self) -> Overview {
        Overview::read(&self.store, KEY).await.unwrap().unwrap()
    }
}

fn seen(name: &str, seconds: i64) -> Fact {
    Fact::Seen {
        full_name: name.parse().unwrap(),
        as_of: Timestamp::from_milliseconds(seconds * 1_000),
    }
}

#[tokio::test]
async fn what_is_known_of_a_repository_is_not_posted_again() {
    let world = World::with([]).await;
    let runner = world.noting();
    let keys = world.store.all_keys();
    for known in [
        seen("acme/shop", 5),
        seen("acme/shop", 9),
        seen("old/name", 1),
    ] {
        assert_eq!(runner.post_news(KEY, &known).await.unwrap(), None);
    }
    assert_eq!(world.store.all_keys(), keys, "nothing was written");
    let renamed = runner.post_news(KEY, &seen("acme/store", 9)).await.unwrap();
    assert!(renamed.is_some());
}

#[tokio::test]
async fn what_was_missed_is_told_to_the_previews_that_it_concerns() {
    let world = World::with([1, 2, 3]).await;
    assert_eq!(
        world.survey().await,
        Vec::<u64>::new(),
        "the first only looks"
    );
    assert_eq!(
        world.survey().await,
        Vec::<u64>::new(),
        "all is as it is known"
    );
    world.lister.open.borrow_mut().insert(8);
    world.lister.open.borrow_mut().remove(&2);
    assert_eq!(
        world.survey().await,
        [8],
        "8 was opened; 2 is missing for the first time"
    );
    assert_eq!(world.survey().await, [2, 8], "8 is still not stored here");
    let survey = world.overview().await.last_survey.unwrap();
    assert_eq!(
        (survey.open, survey.deployed, survey.news, survey.gone),
        (3, 3, 1, 1)
    );
    assert_eq!(
        mailbox::waiting(&world.store, &KEY, 0).await.unwrap(),
        Vec::<u64>::new()
    );
}

#[tokio::test]
async fn a_page_that_fails_ends_the_survey_and_nothing_follows() {
    let world = World::with([1, 2, 3]).await;
    world.survey().await;
    world.lister.open.borrow_mut().remove(&1);
    world.survey().await;
    world.lister.open.borrow_mut().insert(9);
    world.lister.failing_page.set(Some(2));
    assert_eq!(world.survey().await, Vec::<u64>::new());
    let trouble = world.overview().await.trouble.unwrap();
    assert!(trouble.contains("502"), "{trouble}");
    world.lister.failing_page.set(None);
    world.clock.pass(Duration::from_secs(3));
    assert_eq!(world.reconcile().await, [1, 9]);
    assert_eq!(world.overview().await.trouble, None);
}

#[tokio::test]
async fn an_empty_list_of_another_repository_that_took_the_name_is_no_list() {
    let world = World::with([1]).await;
    world.survey().await;
    world.lister.open.borrow_mut().clear();
    world.lister.owner.set(999);
    world.survey().await;
    assert_eq!(world.survey().await, Vec::<u64>::new());
    let trouble = world.overview().await.trouble.unwrap();
    assert!(trouble.contains("id 999"), "{trouble}");
}

#[tokio::test]
async fn what_is_held_back_is_told_once_and_goes_when_a_person_says_so() {
    let world = World::with([1, 2, 3]).await;
    world.survey().await;
    world.lister.open.borrow_mut().clear();
    for _ in 0..3 {
        assert_eq!(world.survey().await, Vec::<u64>::new());
    }
    let held_back = world.overview().await.held_back.unwrap();
    assert_eq!(held_back.brake, Brake::EmptyList { removals: 3 });
    assert_eq!(
        *world.alerts.0.borrow(),
        [
            "removals are held back until a person allows them: entity=\"repository/42\" repository=42 name=\"acme/shop\" \
          reason=\"GitHub lists no open pull request at all, and 3 previews would be removed\" pull_requests=[1,2,3]"
        ]
    );
    let allowed = Fact::Survey(SurveyFact::RemovalsAllowed);
    world
        .noting()
        .post::<Repository>(&KEY, &allowed)
        .await
        .unwrap();
    assert_eq!(world.reconcile().await, [1, 2, 3]);
    assert_eq!(world.overview().await.held_back, None);
}

#[tokio::test]
async fn between_two_surveys_github_is_asked_for_nothing() {
    let world = World::with([1]).await;
    world.survey().await;
    let asked = world.lister.requests.get();
    for _ in 0..5 {
        world.clock.pass(Duration::from_secs(60));
        world.reconcile().await;
    }
    assert_eq!(world.lister.requests.get(), asked);
}
