//! A GitHub whose log is what a test says, and an inbox in memory.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
};

use domain::DeliveryGuid;
use futures_util::FutureExt;
use http::{HeaderMap, HeaderValue, StatusCode};
use ports::{HttpError, Request, Response, memory::MemoryStore};
use serde_json::json;
use vendors::github::{Client, Credentials};

use super::*;

/// A key that opens nothing, made for tests.
const KEY: &str = include_str!("../../../vendors/src/github/app/testdata/pkcs1.pem");

const PAYLOAD: &str =
    include_str!("../../../../tests/world/vendor/github/payloads/pull_request.opened.1.json");

const MINUTE: Duration = Duration::from_secs(60);
const RETENTION: Duration = Duration::from_secs(3 * 24 * 60 * 60);

/// A clock that stands still unless it is moved.
struct Hand(Cell<Timestamp>);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        self.0.get()
    }

    async fn sleep(&self, duration: Duration) {
        self.0.set(self.now().after(duration));
    }
}

#[derive(Default)]
struct Lines(RefCell<Vec<String>>);

impl Log for Lines {
    fn write(&self, level: Level, message: &str, _fields: &[(&str, Value)]) {
        let line = format!("{} {message}", level.name());
        self.0.borrow_mut().push(line);
    }
}

/// An attempt in the log: its delivery, when it was made, and how it ended.
#[derive(Clone)]
struct Attempt {
    guid: String,
    at: Timestamp,
    is_ok: bool,
    event: &'static str,
}

/// GitHub's log, oldest first, 100 a page; an attempt's id is its place in it, from 1.
#[derive(Default)]
struct GitHub {
    log: RefCell<Vec<Attempt>>,
    /// The payloads of deliveries that have another than usual; none: gone.
    payloads: RefCell<BTreeMap<u64, Option<String>>>,
    /// Statuses instead of an answer, by the end of the URL.
    failing: RefCell<BTreeMap<String, u16>>,
    asked: RefCell<Vec<String>>,
}

impl GitHub {
    fn page(&self, cursor: Option<usize>) -> Response {
        let log = self.log.borrow();
        let end = cursor.unwrap_or(log.len());
        let begin = end.saturating_sub(100);
        let listed: Vec<Value> = (begin..end)
            .rev()
            .map(|place| {
                let attempt = &log[place];
                let status = if attempt.is_ok { "OK" } else { "timed out" };
                json!({"id": place + 1, "guid": attempt.guid, "delivered_at": attempt.at.to_string(), "redelivery": false,
                    "duration": 0.1, "status": status, "status_code": 0, "event": attempt.event, "action": "opened",
                    "installation_id": 5, "repository_id": 42})
            })
            .collect();
        let mut response = answer(200, &json!(listed).to_string());
        if begin > 0 {
            let link = format!(
                "<https://api.github.com/app/hook/deliveries?cursor={begin}>; rel=\"next\""
            );
            let link = HeaderValue::from_str(&link).unwrap();
            response.headers.insert("link", link);
        }
        response
    }

    fn detail(&self, id: u64) -> Response {
        let payloads = self.payloads.borrow();
        let usual = Some(PAYLOAD.to_owned());
        let payload = payloads.get(&id).unwrap_or(&usual);
        let payload = payload.as_deref().unwrap_or("null");
        answer(
            200,
            &format!(
                r#"{{"id":{id},"request":{{"headers":null,"payload":{payload}}},"response":{{}}}}"#
            ),
        )
    }
}

fn answer(status: u16, body: &str) -> Response {
    Response {
        status: StatusCode::from_u16(status).unwrap(),
        headers: HeaderMap::new(),
        body: body.as_bytes().to_vec(),
    }
}

impl Http for &GitHub {
    async fn send(&self, request: Request) -> Result<Response, HttpError> {
        let url = request.url;
        let path = url
            .strip_prefix("https://api.github.com/app/hook/deliveries")
            .unwrap();
        self.asked
            .borrow_mut()
            .push(format!("{} {path}", request.method));
        let failing = self.failing.borrow();
        if let Some((_, status)) = failing.iter().find(|(end, _)| path.ends_with(end.as_str())) {
            return Ok(answer(*status, r#"{"message":"no"}"#));
        }
        Ok(match path.strip_prefix('/') {
            Some(id) => self.detail(id.parse().unwrap()),
            None => self.page(
                path.split_once("cursor=")
                    .map(|(_, cursor)| cursor.parse().unwrap()),
            ),
        })
    }
}

/// A component that takes everything.
#[derive(Default)]
struct Taker(Cell<u32>);

impl Http for &Taker {
    async fn send(&self, _request: Request) -> Result<Response, HttpError> {
        self.0.set(self.0.get() + 1);
        Ok(answer(200, ""))
    }
}

struct Setting {
    github: GitHub,
    store: MemoryStore,
    taker: Taker,
    clock: Hand,
    lines: Lines,
    as_app: bool,
}

fn setting() -> Setting {
    Setting {
        github: GitHub::default(),
        store: MemoryStore::default(),
        taker: Taker::default(),
        clock: Hand(Cell::new(Timestamp::from_milliseconds(1_795_257_067_000))),
        lines: Lines::default(),
        as_app: true,
    }
}

type TestInbox<'a> = Inbox<&'a MemoryStore, &'a Taker, &'a Hand, &'a Lines>;

impl Setting {
    fn inbox(&self) -> TestInbox<'_> {
        Inbox {
            store: &self.store,
            http: &self.taker,
            clock: &self.clock,
            log: &self.lines,
        }
    }

    /// An attempt so many minutes ago, later than all before.
    fn delivered(&self, guid: &str, minutes_ago: u32, is_ok: bool) {
        self.github.log.borrow_mut().push(Attempt {
            guid: guid.to_owned(),
            at: self.clock.now().before(MINUTE * minutes_ago),
            is_ok,
            event: "pull_request",
        });
    }

    /// One that came as it should.
    fn came(&self, guid: &str, minutes_ago: u32) {
        self.delivered(guid, minutes_ago, true);
        let id = guid.parse().unwrap();
        let inbox = self.inbox();
        let came = inbox.recover(&id, "pull_request", PAYLOAD);
        came.now_or_never().unwrap().unwrap();
    }

    #[expect(clippy::unwrap_in_result, reason = "a helper of a test fails the test")]
    fn repair(&self) -> Option<Report> {
        let credentials = if self.as_app {
            Credentials::of(Some("12345"), Some(KEY), None)
        } else {
            Credentials::of(None, None, Some("ghp_0123456789"))
        };
        let url = "https://api.github.com";
        let github = Client::new(&self.github, &self.clock, &self.store, url, &credentials);
        let inbox = self.inbox();
        let deadline = self.clock.now().after(Duration::from_secs(10));
        let repaired = repair(&github, &inbox, RETENTION, deadline);
        repaired.now_or_never().unwrap().unwrap()
    }

    /// What a run that is due finds.
    fn report(&self) -> Report {
        self.clock.0.set(self.clock.now().after(MINUTE * 6));
        self.repair().expect("an App")
    }

    fn has(&self, guid: &str) -> bool {
        let guid: DeliveryGuid = guid.parse().unwrap();
        let inbox = self.inbox();
        inbox.has(&guid).now_or_never().unwrap().unwrap()
    }

    fn asked(&self) -> Vec<String> {
        self.github.asked.take()
    }
}

#[test]
fn what_never_came_is_fetched_and_taken_in_and_nothing_else() {
    let setting = setting();
    setting.came("came", 30);
    setting.delivered("failed", 20, false);
    setting.delivered("lost-by-us", 15, true);
    setting.delivered("failed", 10, false);
    let handed_on = setting.taker.0.take();
    let report = setting.report();
    assert_eq!(
        (report.attempts, report.missing, report.recovered),
        (4, 2, 2)
    );
    assert!(!report.behind);
    assert_eq!(report.problem, None);
    assert!(setting.has("failed") && setting.has("lost-by-us"));
    assert_eq!(
        setting.asked(),
        ["GET ?per_page=100", "GET /3", "GET /4"],
        "each by its newest attempt"
    );
    assert_eq!((handed_on, setting.taker.0.get()), (1, 2));
}

#[test]
fn a_plain_token_asks_for_nothing() {
    let mut setting = setting();
    setting.as_app = false;
    assert_eq!(setting.repair(), None);
    assert_eq!(setting.asked(), Vec::<String>::new());
    assert!(setting.store.is_empty());
}

#[test]
fn the_log_is_read_every_few_minutes_and_only_what_is_new_of_it() {
    let setting = setting();
    for number in 0..250 {
        setting.came(&format!("old-{number}"), 600 - number);
    }
    assert_eq!(setting.report().attempts, 250);
    setting.asked();
    let soon = setting.repair().expect("an App");
    assert_eq!((soon.attempts, setting.asked().len()), (0, 0), "too soon");
    assert!(
        soon.complete_to.is_some(),
        "what was found before is told still"
    );
    setting.delivered("new", 0, false);
    let report = setting.report();
    assert_eq!((report.attempts, report.recovered), (100, 1));
    assert_eq!(report.recovered_total, 1);
    assert_eq!(setting.asked(), ["GET ?per_page=100", "GET /251"]);
}

#[test]
fn a_gap_of_many_pages_is_closed_over_several_runs() {
    let setting = setting();
    for number in 0..1_950 {
        // Every twentieth concerns nobody here.
        setting.delivered(&format!("gap-{number}"), 3_000 - number, false);
        if number % 20 != 0 {
            setting.github.log.borrow_mut().last_mut().unwrap().event = "issues";
        }
    }
    let first = setting.repair().expect("an App");
    assert!(first.behind, "{first:?}");
    assert_eq!(first.recovered, 50);
    let mut runs = 1;
    loop {
        setting.clock.0.set(setting.clock.now().after(MINUTE));
        runs += 1;
        let report = setting.repair().expect("an App");
        if !report.behind {
            assert_eq!(report.recovered_total, 98, "{report:?}");
            break;
        }
        assert!(runs < 10, "{report:?}");
    }
    assert_eq!(runs, 2);
    for number in (0..1_950).step_by(20) {
        assert!(setting.has(&format!("gap-{number}")), "{number}");
    }
}

#[test]
fn two_at_once_do_not_both_look() {
    let setting = setting();
    setting.delivered("failed", 20, false);
    let claim = claim_key(setting.clock.now().milliseconds().div_euclid(45_000));
    let claimed = setting.store.increment(Label::Default, &claim, 1);
    claimed.now_or_never().unwrap().unwrap();
    let report = setting.repair().expect("an App");
    assert_eq!((report.attempts, setting.asked().len()), (0, 0));
    // Whoever claimed it died: the next one does it, and takes the claim away.
    assert_eq!(setting.report().recovered, 1);
    setting.report();
    let keys = setting.store.all_keys();
    let claims: Vec<&String> = keys.iter().filter(|key| key.contains("/claim/")).collect();
    assert_eq!(claims.len(), 1, "only the last one's: {claims:?}");
}

#[test]
fn trouble_with_github_stops_the_run_and_the_next_one_goes_on() {
    let setting = setting();
    setting.delivered("one", 20, false);
    setting.delivered("two", 10, false);
    let failing = |end: &str, status: Option<u16>| {
        let mut failing = setting.github.failing.borrow_mut();
        match status {
            Some(status) => drop(failing.insert(end.to_owned(), status)),
            None => drop(failing.remove(end)),
        }
    };
    failing("per_page=100", Some(502));
    let report = setting.report();
    assert_eq!(report.attempts, 0);
    let problem = report.problem.expect("a problem");
    assert!(
        problem.starts_with("reading the App's deliveries: GitHub answered 502"),
        "{problem}"
    );
    failing("per_page=100", None);
    failing("/2", Some(503));
    let report = setting.report();
    assert_eq!((report.recovered, report.behind), (1, true));
    assert!(report.problem.is_some());
    failing("/2", None);
    let report = setting.report();
    assert_eq!((report.recovered, report.behind), (1, false));
    assert_eq!(report.recovered_total, 2);
}

#[test]
fn one_that_cannot_be_had_or_understood_is_told_once_and_holds_nobody_up() {
    let setting = setting();
    setting.delivered("gone", 3, false);
    setting.delivered("odd", 2, false);
    setting.delivered("stuck", 1, false);
    setting.delivered("fine", 0, false);
    let mut payloads = setting.github.payloads.borrow_mut();
    payloads.insert(1, None);
    payloads.insert(2, Some("{}".to_owned()));
    drop(payloads);
    let mut failing = setting.github.failing.borrow_mut();
    failing.insert("/3".to_owned(), 500);
    drop(failing);
    let first = setting.report();
    assert_eq!((first.passed_over, first.recovered), (2, 0), "{first:?}");
    let passed_over: u64 = (0..5).map(|_| setting.report().passed_over).sum();
    assert_eq!(passed_over, 1);
    assert!(setting.has("fine"));
    let lines = setting.lines.0.borrow();
    let told = lines
        .iter()
        .filter(|line| *line == "error a delivery never came and cannot be recovered");
    assert_eq!(told.count(), 3, "{lines:#?}");
}

#[test]
fn a_page_that_github_knows_no_more_is_read_from_the_newest_again() {
    let setting = setting();
    for number in 0..1_150 {
        setting.came(&format!("old-{number}"), 2_000 - number);
    }
    setting.github.log.borrow_mut()[20].guid = "failed-once".to_owned();
    assert!(setting.report().behind);
    let mut failing = setting.github.failing.borrow_mut();
    failing.insert("cursor=150".to_owned(), 422);
    drop(failing);
    assert!(setting.report().problem.is_some());
    setting.github.failing.borrow_mut().clear();
    setting.asked();
    setting.report();
    assert_eq!(
        setting.asked().first().map(String::as_str),
        Some("GET ?per_page=100")
    );
    assert!(!setting.report().behind);
    assert!(setting.has("failed-once"));
}
