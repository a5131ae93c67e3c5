//! Talking to GitHub as an App: who it is, its tokens, and what is wrong when it cannot.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};

use domain::{PullRequestNumber, Timestamp};
use ports::{Clock, memory::MemoryStore};
use vendors::{
    CallError,
    github::{Client, Credentials, InstallationId},
};

use crate::{
    github_pull_request::{name, pull_request, repository},
    script::{Script, now, told},
};

pub const KEY: &str = include_str!("../../src/github/app/testdata/pkcs1.pem");

/// A clock that goes on when somebody waits, and lets something happen meanwhile.
pub struct Waiting {
    pub now: Cell<Timestamp>,
    meanwhile: RefCell<Vec<Box<dyn Fn()>>>,
}

impl Waiting {
    /// 2026-11-21T10:31:07Z.
    pub fn new() -> Self {
        Self {
            now: Cell::new(Timestamp::from_milliseconds(1_795_257_067_000)),
            meanwhile: RefCell::default(),
        }
    }

    /// Lets this happen the next time that somebody waits.
    pub fn meanwhile(&self, happens: impl Fn() + 'static) {
        self.meanwhile.borrow_mut().push(Box::new(happens));
    }

    pub fn pass(&self, seconds: u64) {
        self.now
            .set(self.now.get().after(Duration::from_secs(seconds)));
    }
}

impl Clock for Waiting {
    fn now(&self) -> Timestamp {
        self.now.get()
    }

    async fn sleep(&self, duration: Duration) {
        self.now.set(self.now.get().after(duration));
        if let Some(happens) = self.meanwhile.borrow_mut().pop() {
            happens();
        }
    }
}

/// What outlives a request of ours, and the time.
pub struct Rest {
    pub store: Rc<MemoryStore>,
    pub clock: Waiting,
}

pub fn rest() -> Rest {
    Rest {
        store: Rc::default(),
        clock: Waiting::new(),
    }
}

/// A client of the App 12345, as each request of ours makes one.
pub fn client<'a>(
    script: &'a Script,
    rest: &'a Rest,
) -> Client<&'a Script, &'a Waiting, &'a MemoryStore> {
    client_with(script, rest, KEY)
}

pub fn client_with<'a>(
    script: &'a Script,
    rest: &'a Rest,
    key: &str,
) -> Client<&'a Script, &'a Waiting, &'a MemoryStore> {
    let credentials = Credentials::of(Some("12345"), Some(key), None);
    Client::new(
        script,
        &rest.clock,
        &*rest.store,
        "https://api.github.com",
        &credentials,
    )
}

/// Reads pull request 7 as in a request of its own, and tells what came of it.
pub fn reads(script: &Script, rest: &Rest) -> String {
    let read = now(client(script, rest).pull_request(repository(&name()), PullRequestNumber(7)));
    told(read.map(|found| found.map(|pull_request| pull_request.title)))
}

pub const DATE: (&str, &str) = ("date", "Sat, 21 Nov 2026 10:31:07 GMT");

/// The same script with an answer about the installation 5.
pub trait Answers: Sized {
    fn installed(self) -> Self;
    fn token(self, token: &str) -> Self;
    fn pull_request(self) -> Self;
}

impl Answers for Script {
    fn installed(self) -> Self {
        self.then(
            200,
            &[DATE],
            r#"{"id":5,"app_id":12345,"suspended_at":null}"#,
        )
    }

    fn token(self, token: &str) -> Self {
        let body = format!(r#"{{"token":"{token}","expires_at":"2026-11-21T11:31:07Z"}}"#);
        self.then(201, &[DATE], &body)
    }

    fn pull_request(self) -> Self {
        self.then(200, &[], &pull_request().to_string())
    }
}

#[test]
fn the_app_gets_a_token_for_the_one_repository_with_the_least_permissions() {
    let rest = rest();
    let script = Script::default()
        .installed()
        .token("ghs_0123456789")
        .pull_request();
    assert_eq!(
        reads(&script, &rest),
        r#"Some("Update the README with new information.")"#
    );
    insta::assert_snapshot!(script.asked(), @r#"
    GET https://api.github.com/repos/acme/shop/installation
    accept: "application/vnd.github+json"
    authorization: Sensitive
    user-agent: "slipway/0.0.0"
    x-github-api-version: "2022-11-28"
    time limit: 10 s
    ---
    POST https://api.github.com/app/installations/5/access_tokens
    accept: "application/vnd.github+json"
    authorization: Sensitive
    user-agent: "slipway/0.0.0"
    x-github-api-version: "2022-11-28"
    content-type: "application/json"
    time limit: 10 s
    {"repository_ids":[1296269],"permissions":{"actions":"write","checks":"write","contents":"read","deployments":"write","issues":"read","metadata":"read","pull_requests":"write"}}
    ---
    GET https://api.github.com/repos/acme/shop/pulls/7
    accept: "application/vnd.github+json"
    authorization: Sensitive
    user-agent: "slipway/0.0.0"
    x-github-api-version: "2022-11-28"
    time limit: 30 s
    "#);
}

#[test]
fn the_installation_that_a_delivery_named_is_not_asked_for() {
    let rest = rest();
    let script = Script::default().token("ghs_0123456789").pull_request();
    let github = client(&script, &rest);
    now(github.remember_installation(repository(&name()).id, InstallationId(9))).unwrap();
    reads(&script, &rest);
    assert_eq!(
        script.lines(),
        [
            "POST https://api.github.com/app/installations/9/access_tokens",
            "GET https://api.github.com/repos/acme/shop/pulls/7",
        ]
    );
}

#[test]
fn an_installation_that_proved_wrong_is_asked_for_anew() {
    let rest = rest();
    let script = Script::default()
        .then(404, &[DATE], r#"{"message":"Not Found"}"#)
        .installed()
        .token("ghs_0123456789")
        .pull_request();
    let github = client(&script, &rest);
    now(github.remember_installation(repository(&name()).id, InstallationId(9))).unwrap();
    reads(&script, &rest);
    assert_eq!(
        script.lines(),
        [
            "POST https://api.github.com/app/installations/9/access_tokens",
            "GET https://api.github.com/repos/acme/shop/installation",
            "POST https://api.github.com/app/installations/5/access_tokens",
            "GET https://api.github.com/repos/acme/shop/pulls/7",
        ]
    );
}

#[test]
fn a_clock_that_differs_is_corrected_once_by_githubs_own_time() {
    let late = ("date", "Sat, 21 Nov 2026 09:31:07 GMT");
    let too_far = r#"{"message":"'Expiration time' claim ('exp') is too far in the future"}"#;
    let rest = rest();
    let script = Script::default()
        .then(401, &[late], too_far)
        .installed()
        .token("ghs_0123456789")
        .pull_request();
    assert!(reads(&script, &rest).starts_with("Some"), "it works");
    assert_eq!(script.lines().len(), 4, "the lookup is made twice");

    let rest = self::rest();
    let script = Script::default()
        .then(401, &[late], too_far)
        .then(401, &[late], too_far);
    insta::assert_snapshot!(reads(&script, &rest), @r#"
    refused: looking up the App's installation on acme/shop: GitHub answered 401 "'Expiration time'
        claim ('exp') is too far in the future". The clock of the machine that Slipway runs on must be
        right
    "#);
}

#[test]
fn each_way_in_which_the_app_cannot_work_says_what_would_be_right() {
    let message = |text: &str| format!(r#"{{"message":"{text}"}}"#);
    let asked = |status: u16, text: &str| Script::one(status, &message(text));
    let installed = |status: u16, text: &str| {
        Script::default()
            .installed()
            .then(status, &[DATE], &message(text))
    };
    let cases = [
        asked(401, "A JSON web token could not be decoded"),
        asked(404, "Integration not found"),
        asked(404, "Not Found"),
        installed(403, "This installation has been suspended"),
        installed(
            422,
            "The permissions requested are not granted to this installation.",
        ),
        installed(
            422,
            "There is at least one repository that does not exist or is not accessible to the parent installation.",
        ),
        asked(500, "Server Error"),
    ];
    let mut all: Vec<String> = cases.iter().map(|script| reads(script, &rest())).collect();
    for (id, key, token) in [
        (Some("12345"), Some("nonsense!"), None),
        (Some("my app"), Some(KEY), None),
        (Some("12345"), None, Some("ghp_0123456789")),
        (None, Some(KEY), None),
        (None, None, None),
    ] {
        let rest = rest();
        let script = Script::default();
        let github = Client::new(
            &script,
            &rest.clock,
            &*rest.store,
            "https://api.github.com",
            &Credentials::of(id, key, token),
        );
        let read = now(github.pull_request(repository(&name()), PullRequestNumber(7)));
        assert!(matches!(read, Err(CallError::Refused { .. })), "{read:?}");
        all.push(told(read));
    }
    insta::assert_snapshot!(all.join("\n"), @r#"
    refused: looking up the App's installation on acme/shop: GitHub answered 401 "A JSON web token could
        not be decoded". The variable github_app_private_key must hold a key that GitHub still lists for
        the App 12345, and github_app_id its id
    refused: looking up the App's installation on acme/shop: GitHub answered 404 "Integration not
        found". The variable github_app_id must be the id of an App that exists
    refused: looking up the App's installation on acme/shop: GitHub answered 404 "Not Found". The App
        12345 must be installed on the repository
    refused: getting a token of the App for acme/shop: GitHub answered 403 "This installation has been
        suspended". The owner of the account must unsuspend the App's installation
    refused: getting a token of the App for acme/shop: GitHub answered 422 "The permissions requested
        are not granted to this installation.". The App needs the permissions actions: write, checks:
        write, contents: read, deployments: write, issues: read, metadata: read, pull_requests: write,
        and the owner of the installation must have accepted them
    refused: getting a token of the App for acme/shop: GitHub answered 422 "There is at least one
        repository that does not exist or is not accessible to the parent installation.". The App 12345
        must be installed on the repository
    retry: looking up the App's installation on acme/shop: GitHub answered 500 "Server Error"
    refused: looking up the App's installation on acme/shop: the variable github_app_private_key is
        neither PEM nor base64: expected the whole .pem file that GitHub made for the App (it begins
        with -----BEGIN RSA PRIVATE KEY-----), or that file in base64
    refused: reading pull request acme/shop#7: the variable github_app_id is not an App's id: expected
        the number, or the client id, that the App's page shows
    refused: reading pull request acme/shop#7: the variable github_app_id is set and
        github_app_private_key is not: an App needs both
    refused: reading pull request acme/shop#7: the variable github_app_private_key is set and
        github_app_id is not: an App needs both
    refused: reading pull request acme/shop#7: GitHub is not configured: set the variables github_app_id
        and github_app_private_key, or github_token
    "#);
}

#[test]
fn the_account_of_the_app_is_asked_for_once_and_then_known_to_everybody() {
    let rest = rest();
    let script = Script::default()
        .then(
            200,
            &[],
            r#"{"id":12345,"slug":"slipway-acme","name":"Slipway at Acme"}"#,
        )
        .installed()
        .token("ghs_0123456789")
        .then(
            200,
            &[],
            r#"{"id":777,"login":"slipway-acme[bot]","type":"Bot"}"#,
        );
    for _ in 0..2 {
        let account = now(client(&script, &rest).account(repository(&name())));
        assert_eq!(account.unwrap(), 777);
    }
    assert_eq!(
        script.lines(),
        [
            "GET https://api.github.com/app",
            "GET https://api.github.com/repos/acme/shop/installation",
            "POST https://api.github.com/app/installations/5/access_tokens",
            "GET https://api.github.com/users/slipway-acme%5Bbot%5D",
        ]
    );
}
