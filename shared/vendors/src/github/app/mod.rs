//! A GitHub App as the way to talk to GitHub: it shows who it is by a signed token of its own, and gets a token of the installation
//! for each repository, which is kept in the store until shortly before it expires.

mod identity;
mod installation;
mod installations;
mod jwt;
mod key;
mod mint;
mod permissions;
mod token;

use std::{
    cell::{Cell, OnceCell, RefCell},
    collections::BTreeMap,
    time::Duration,
};

use domain::{RepositoryId, Timestamp};
use http::{HeaderValue, Method, StatusCode, header};
use ports::{Clock, Http, Response, Store};

use super::{Client, NAMES, budget::Payer, limits, request::Outgoing};
use crate::{
    CallError,
    address::bearer,
    exchange::{Exchange, message},
};

use key::PrivateKey;

pub use domain::InstallationId;
pub use identity::AppIdentity;
pub(super) use installation::store_failed;
pub use installations::Reach;
pub(super) use mint::OWNERS_REPOSITORY;
pub use permissions::{CALLS_AS_APP, PERMISSIONS, Permission, TABLE as PERMISSION_TABLE, events};
pub(super) use token::{Pass, Purpose, TokenId};

/// How long an answer to the App itself is waited for. Others wait for it too, so it is short.
const TIMEOUT: Duration = Duration::from_secs(10);

/// For so long a token that the App signed is used again: far shorter than it is good for.
const SIGNED_FOR: Duration = Duration::from_secs(120);

/// An App. No `Debug`: it holds the key.
pub(crate) struct App {
    id: String,
    private_key: String,
    parsed: OnceCell<Result<PrivateKey, String>>,
    /// How far GitHub's clock is ahead of ours, in milliseconds, as far as it mattered.
    ahead: Cell<i64>,
    /// Tokens that were used already in the life of this client.
    tokens: RefCell<BTreeMap<TokenId, Pass>>,
    account: Cell<Option<u64>>,
    /// The token that the App signed last, and when by our clock.
    signed: RefCell<Option<(Timestamp, String)>>,
}

impl App {
    /// Checks the id; the key is only looked at when it is needed, since that takes its time.
    pub(super) fn new(id: &str, private_key: &str) -> Result<Self, String> {
        let id = id.trim();
        let is_id = (1..=40).contains(&id.len())
            && id
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'.');
        if !is_id {
            return Err(
                "the variable github_app_id is not an App's id: expected the number, or the client id, that the App's page shows"
                    .to_owned(),
            );
        }
        Ok(Self {
            id: id.to_owned(),
            private_key: private_key.to_owned(),
            parsed: OnceCell::new(),
            ahead: Cell::new(0),
            tokens: RefCell::default(),
            account: Cell::new(None),
            signed: RefCell::new(None),
        })
    }

    /// Uses no known token for the repository any more.
    pub(super) fn forget(&self, repository: RepositoryId) {
        let mut tokens = self.tokens.borrow_mut();
        tokens.retain(|id, _| id.repository != repository);
    }

    /// The signed token that shows who the App is. Signing takes its time, so one serves all requests of a while.
    fn jwt(&self, now: Timestamp) -> Result<String, String> {
        let known = self.signed.borrow().clone();
        let is_good = |begun: Timestamp| begun <= now && begun.after(SIGNED_FOR) > now;
        if let Some((_, token)) = known.filter(|(begun, _)| is_good(*begun)) {
            return Ok(token);
        }
        let key = self
            .parsed
            .get_or_init(|| PrivateKey::parse(&self.private_key))
            .as_ref()
            .map_err(Clone::clone)?;
        let there = now.milliseconds().saturating_add(self.ahead.get());
        let token = jwt::signed(key, &self.id, Timestamp::from_milliseconds(there))?;
        self.signed.replace(Some((now, token.clone())));
        Ok(token)
    }

    /// Takes over GitHub's time. Returns whether that changes anything worth another try.
    fn correct_clock(&self, response: &Response, now: Timestamp) -> bool {
        let Some(there) = date(response) else {
            return false;
        };
        let ahead = there.milliseconds().saturating_sub(now.milliseconds());
        let before = self.ahead.replace(ahead);
        self.signed.take();
        ahead.abs_diff(before) >= 1_000
    }
}

impl<H: Http, C: Clock, S: Store> Client<H, C, S> {
    /// Sends a request that the App makes as itself. A clock that differs from GitHub's is corrected once.
    pub(super) async fn send_as_app(
        &self,
        app: &App,
        exchange: &Exchange<'_>,
        method: Method,
        path: &str,
        body: Vec<u8>,
    ) -> Result<Response, CallError> {
        self.may_call(exchange, Payer::App, &method).await?;
        let setup = self.setup(&exchange.what)?;
        let mut corrected = false;
        loop {
            let now = self.clock.now();
            let refused = |problem: String| exchange.refused(exchange.reason(&problem), "");
            let token = app.jwt(now).map_err(refused)?;
            setup.secrets.add(&token);
            let bearer: HeaderValue = bearer(&token, NAMES).map_err(refused)?;
            let outgoing = Outgoing {
                bearer: &bearer,
                method: &method,
                url: setup.base.url(path),
                body: &body,
                timeout: TIMEOUT,
                etag: None,
            };
            let response = self.follow(exchange, outgoing).await?;
            self.note_limits(Payer::App, &response).await;
            if !corrected && is_about_time(&response) && app.correct_clock(&response, now) {
                corrected = true;
                continue;
            }
            return Ok(response);
        }
    }

    /// The error for an answer to the App itself that is no success.
    pub(super) fn app_failure(
        &self,
        app: &App,
        exchange: &Exchange<'_>,
        response: &Response,
    ) -> CallError {
        if let Some(pause) = limits::pause(response, self.clock.now()) {
            return exchange.retry(exchange.reason(&exchange.said(response)), Some(pause));
        }
        exchange.failure(response, &hint(app, response))
    }
}

/// GitHub's time when it answered.
fn date(response: &Response) -> Option<Timestamp> {
    jwt::http_date(response.headers.get(header::DATE)?.to_str().ok()?)
}

/// GitHub's words for an issue time in its future, and an end that is past or too far away.
fn is_about_time(response: &Response) -> bool {
    let text = message(response).unwrap_or_default();
    response.status == StatusCode::UNAUTHORIZED
        && (text.contains("('exp')") || text.contains("('iat')"))
}

/// What would be right, for each refusal that GitHub is known to give to an App.
fn hint(app: &App, response: &Response) -> String {
    let text = message(response).unwrap_or_default().to_ascii_lowercase();
    match response.status.as_u16() {
        401 if is_about_time(response) => {
            "The clock of the machine that Slipway runs on must be right".to_owned()
        }
        401 => format!(
            "The variable github_app_private_key must hold a key that GitHub still lists for the App {}, and github_app_id its id",
            app.id
        ),
        403 if text.contains("suspended") => {
            "The owner of the account must unsuspend the App's installation".to_owned()
        }
        404 if text.contains("integration") => {
            "The variable github_app_id must be the id of an App that exists".to_owned()
        }
        404 => format!("The App {} must be installed on the repository", app.id),
        422 if text.contains("permissions") => format!(
            "The App needs the permissions {}, and the owner of the installation must have accepted them",
            permissions::listed()
        ),
        422 => format!("The App {} must be installed on the repository", app.id),
        _ => String::new(),
    }
}
