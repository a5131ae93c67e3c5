//! GitHub's REST API, version 2022-11-28: pull requests, files, workflow runs, comments (VENDORS 4), as an App or by a plain
//! token.
//!
//! - 4.4: every request has a `User-Agent`; without one GitHub answers 403.
//! - 4.5: the API version is pinned.
//! - 4.6: a limit is a 403 or a 429, and is told from a lack of rights by `Retry-After`, `X-RateLimit-Remaining` or the message.
//! - 4.6: a renamed repository answers with a redirect, which is followed with the same method, on the same host only.
//! - A name may come to belong to another repository: where an answer says whose it is, another id is refused.

mod app;
mod authorization;
mod brought;
mod budget;
mod changed_files;
mod checks;
mod collaborators;
mod comments;
mod commits;
mod compare;
mod contents;
mod credentials;
mod deliveries;
mod deployments;
mod details;
mod file_update;
mod limits;
mod link;
mod manifest;
mod merge_commit;
mod oidc;
mod pacing;
mod packages;
mod person;
mod protection;
mod pull_request;
mod reactions;
mod request;
mod seen;
mod user;
mod workflow_dispatch;
mod workflow_runs;
mod writers;

use std::{cell::RefCell, collections::BTreeMap, ops::Deref, time::Duration};

use domain::{Account, RepositoryId, RepositoryName};
use http::{Method, StatusCode};
use ports::{Clock, Http, Response, Store};

use crate::{
    CallError,
    address::Names,
    error::held_back,
    exchange::{Exchange, Repeat},
};

use app::{Pass, Purpose, TokenId};
use budget::Payer;
use credentials::{Login, Setup};
use request::Outgoing;

pub use app::{
    AppIdentity, CALLS_AS_APP, InstallationId, PERMISSION_TABLE, PERMISSIONS, Permission, Reach,
    events,
};
pub use authorization::{Authorization, Grant, UserAccess, UserToken};
pub use budget::{Budget, LIMIT_KEYS, RateLimit, rate_limit, rate_limit_of};
pub use changed_files::{CHANGED_FILES_MAX, ChangedFile};
pub use checks::{Annotation, Button, CheckRun, CheckStatus};
pub use comments::{Comment, Update};
pub use compare::{At, Commit};
pub use contents::FileContent;
pub use credentials::Credentials;
pub use deployments::{Deletion, Deployment, Status};
pub use details::FoundRepository;
pub use file_update::{FileUpdate, Written};
pub use manifest::{CALLBACK, Manifest, NewApp, convert_manifest};
pub use oidc::{Issuer, Job, NotBelieved};
pub use protection::{Review, Reviewed};
pub use reactions::Reaction;
pub use user::User;
pub use workflow_dispatch::{Dispatched, DispatchedRun, WorkflowDispatch};

/// GitHub's name for people.
pub const VENDOR: &str = "GitHub";

const NAMES: Names = Names {
    vendor: VENDOR,
    url_variable: "github_api_url",
    token_variable: "github_token",
};

/// How long an answer is waited for.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A request with an effect that must not come twice is not sent if getting a token took longer: whoever wants it may have lost its
/// right to it in the meantime.
const PREPARATION: Duration = Duration::from_secs(5);

/// A repository: its identity, and the name to reach it by, which may be an old one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repository<'a> {
    /// What answers are checked against.
    pub id: RepositoryId,
    /// What requests are addressed to.
    pub name: &'a RepositoryName,
}

/// A client of GitHub. One value serves one request of ours, with its background work.
pub struct Client<H, C, S> {
    http: H,
    clock: C,
    store: S,
    setup: Result<Setup, String>,
    /// What is known of rate limits, as of the last call of each payer.
    limits: RefCell<BTreeMap<Payer, RateLimit>>,
    /// Who wrote the commits of merged pull requests, where everybody is known. No more than what one run of an entity asks for.
    pulls: RefCell<BTreeMap<(RepositoryId, u64), Vec<Account>>>,
}

/// What is to be sent.
struct Wish {
    method: Method,
    url: String,
    body: Vec<u8>,
    etag: Option<String>,
}

impl Wish {
    fn get(url: String) -> Self {
        Self {
            method: Method::GET,
            url,
            body: Vec::new(),
            etag: None,
        }
    }
}

/// A request about a repository under way.
struct Call<'a> {
    exchange: Exchange<'a>,
    repository: Repository<'a>,
    /// With which token of the App.
    purpose: Purpose,
}

impl<'a> Deref for Call<'a> {
    type Target = Exchange<'a>;

    fn deref(&self) -> &Exchange<'a> {
        &self.exchange
    }
}

impl<H: Http, C: Clock, S: Store> Client<H, C, S> {
    /// A client of the API at `base_url` (`https://api.github.com`). A URL or credentials that cannot work are reported by every
    /// call as [`CallError::Refused`]. The clock is for limits and tokens that end at a time; the store holds the App's tokens and
    /// what is known of limits, for everybody.
    pub fn new(http: H, clock: C, store: S, base_url: &str, credentials: &Credentials) -> Self {
        Self {
            http,
            clock,
            store,
            setup: Setup::new(base_url, credentials),
            limits: RefCell::default(),
            pulls: RefCell::default(),
        }
    }

    /// Why no call can be made with the credentials that it was given: what is wrong with them, for people; none if they make sense.
    pub fn problem(&self) -> Option<&str> {
        self.setup.as_ref().err().map(String::as_str)
    }

    /// Whether repositories of this host are this GitHub's, as far as the address of its API tells.
    pub fn serves(&self, host: &str) -> bool {
        let setup = self.setup.as_ref().ok();
        let own = setup.and_then(|setup| setup.base.web_host());
        let alias = ["ssh.", "www."]
            .iter()
            .find_map(|alias| host.strip_prefix(alias));
        own.is_none_or(|own| host == own || alias == Some(&own))
    }

    /// Why a request would be held back at present, without making it: GitHub does not answer others either. None if it would be made.
    pub async fn held_back(&self) -> Option<CallError> {
        held_back(&self.http, "Asking GitHub").await
    }

    fn setup(&self, what: &str) -> Result<&Setup, CallError> {
        self.setup.as_ref().map_err(|problem| CallError::Refused {
            reason: format!("{what}: {problem}"),
        })
    }

    /// A request about the repository.
    fn exchange<'a>(
        &'a self,
        repository: Repository<'a>,
        what: String,
        repeat: Repeat,
    ) -> Result<Call<'a>, CallError> {
        Ok(Call {
            exchange: self.exchange_of(what, repeat)?,
            repository,
            purpose: Purpose::Work,
        })
    }

    /// A request about the App or the token.
    fn exchange_of(&self, what: String, repeat: Repeat) -> Result<Exchange<'_>, CallError> {
        let secrets = &self.setup(&what)?.secrets;
        Ok(Exchange {
            names: NAMES,
            what,
            repeat,
            secrets,
        })
    }

    /// Sends a request to a path, and on to where a renamed repository is now.
    async fn send(
        &self,
        call: &Call<'_>,
        method: Method,
        path: &str,
        body: Vec<u8>,
    ) -> Result<Response, CallError> {
        let url = self.setup(&call.what)?.base.url(path);
        let wish = Wish {
            method,
            url,
            body,
            etag: None,
        };
        self.send_to(call, wish).await
    }

    /// Reads a path, or is told that it is still what it was with this `ETag`: 304.
    async fn read_again(
        &self,
        call: &Call<'_>,
        path: &str,
        etag: Option<String>,
    ) -> Result<Response, CallError> {
        let url = self.setup(&call.what)?.base.url(path);
        let wish = Wish {
            etag,
            ..Wish::get(url)
        };
        self.send_to(call, wish).await
    }

    /// Sends a request with a token that GitHub takes: one of the App's that it takes no more is dropped and renewed, once.
    async fn send_to(&self, call: &Call<'_>, wish: Wish) -> Result<Response, CallError> {
        let begun = self.clock.now();
        let mut renewed = false;
        loop {
            let pass = self.pass(call).await?;
            self.may_call(call, pass.payer, &wish.method).await?;
            if call.repeat == Repeat::Harmful && self.clock.now().since(begun) > PREPARATION {
                let reason =
                    call.reason("getting a token of the App took so long that it is not done now");
                return Err(call.retry(reason, None));
            }
            let outgoing = Outgoing {
                bearer: &pass.bearer,
                method: &wish.method,
                url: wish.url.clone(),
                body: &wish.body,
                timeout: TIMEOUT,
                etag: wish.etag.as_deref(),
            };
            let response = self.follow(call, outgoing).await?;
            self.note_limits(pass.payer, &response).await;
            if renewed || !self.dropped(call, &pass, &response).await? {
                return Ok(response);
            }
            renewed = true;
        }
    }

    async fn pass(&self, call: &Call<'_>) -> Result<Pass, CallError> {
        match &self.setup(&call.what)?.login {
            Login::Token { bearer, .. } => Ok(Pass::plain(bearer.clone())),
            Login::App(app) => {
                self.installation_pass(app, call, call.repository, call.purpose)
                    .await
            }
        }
    }

    /// Drops the token if that is what the refusal is about. Returns whether another one may do better.
    async fn dropped(
        &self,
        call: &Call<'_>,
        pass: &Pass,
        response: &Response,
    ) -> Result<bool, CallError> {
        let Login::App(app) = &self.setup(&call.what)?.login else {
            return Ok(false);
        };
        // A new token that may not do it is as good as the next one.
        let useless = response.status == StatusCode::FORBIDDEN && pass.fresh;
        if useless || !limits::is_about_token(response, self.clock.now()) {
            return Ok(false);
        }
        let id = TokenId {
            repository: call.repository.id,
            purpose: call.purpose,
        };
        self.drop_pass(app, call, id, pass).await?;
        Ok(!pass.fresh)
    }

    /// The token may be one from before the App lost the repository, or got another installation on it: the next call gets a new
    /// one. Nothing is done for a plain token.
    async fn distrust(&self, call: &Call<'_>) -> Result<(), CallError> {
        if let Login::App(app) = &self.setup(&call.what)?.login {
            app.forget(call.repository.id);
            let forgotten = self.forget_repository(call.repository.id).await;
            forgotten.map_err(|error| app::store_failed(call, &error))?;
        }
        Ok(())
    }

    /// The error for an answer that is no success: limits first, then what all vendors have in common.
    fn failure(&self, exchange: &Exchange<'_>, response: &Response) -> CallError {
        let said = || exchange.reason(&exchange.said(response));
        if let Some(pause) = limits::pause(response, self.clock.now()) {
            return exchange.retry(said(), Some(pause));
        }
        if response.status == StatusCode::NOT_MODIFIED {
            return exchange.unreadable(response, "not modified, of which nothing is known");
        }
        if let Ok(setup) = &self.setup
            && let Login::Token { kind, .. } = &setup.login
        {
            return exchange.failure(response, &limits::hint(response, *kind));
        }
        if response.status == StatusCode::UNAUTHORIZED {
            // Whether id and key are right shows when the next token is asked for. A new token may not be known everywhere yet.
            return exchange.retry(said(), None);
        }
        exchange.failure(response, &limits::app_hint(response))
    }

    /// The error for an answer about another repository than the one that was asked for.
    fn another_repository(
        exchange: &Exchange<'_>,
        repository: Repository<'_>,
        found: RepositoryId,
    ) -> CallError {
        let happened = format!(
            "{} is now the repository with id {found}, not {}",
            repository.name, repository.id
        );
        let hint = "It was replaced: the repository's present name would be right, which its next delivery brings";
        exchange.refused(exchange.reason(&happened), hint)
    }
}
