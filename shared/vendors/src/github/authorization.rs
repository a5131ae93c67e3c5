//! People who authorize the App, and what they may see (GitHub's documentation, "Generating a user access token for a GitHub App"
//! and "Endpoints for GitHub App installations").
//!
//! A user access token says what the person *and* the App may: so what is listed with it is never more than either. It is asked
//! for with PKCE, lasts eight hours unless the App's owner chose otherwise, and the refresh token that comes with it is dropped.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use domain::{InstallationId, RepositoryId, preview::Permission};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use ports::{Clock, Http, Request, Response};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{NAMES, User, limits};
use crate::{
    CallError,
    address::{Base, Names, percent_encoded},
    error::{Secrets, excerpt},
    exchange::{Exchange, Repeat, USER_AGENT},
};

/// How long an answer is waited for: somebody looks at an empty page meanwhile.
const TIMEOUT: Duration = Duration::from_secs(10);
/// GitHub's longest page.
const PER_PAGE: usize = 100;
/// So many pages are read for one person at most: what is on further ones is not seen.
const PAGES_MAX: usize = 40;

/// Where people see GitHub.
const WEB: Names = Names {
    url_variable: "github_url",
    ..NAMES
};

/// The App as people authorize it. No `Debug`: it holds its secret.
#[derive(Clone)]
pub struct Authorization<H, C> {
    /// Reaches GitHub.
    pub http: H,
    /// For GitHub's limits.
    pub clock: C,
    /// Where people see GitHub: `https://github.com`.
    pub github_url: String,
    /// GitHub's API.
    pub github_api_url: String,
    /// The App's client id.
    pub client_id: String,
    /// A client secret of the App.
    pub client_secret: String,
}

/// What GitHub sent the person back with, and what was remembered from before.
#[derive(Debug, Clone, Copy)]
pub struct Grant<'a> {
    /// The code: good once, for ten minutes.
    pub code: &'a str,
    /// The text whose SHA-256 was the challenge (PKCE, S256).
    pub verifier: &'a str,
    /// Where the person was sent back to, as it was told to GitHub.
    pub redirect_uri: &'a str,
}

/// A person's token. No `Debug`.
#[derive(Clone)]
pub struct UserToken {
    /// The token.
    pub secret: String,
    /// How long it is good; none if the App's tokens do not end.
    pub lasts: Option<Duration>,
}

/// What a person may see and do, as far as the App reaches: only what they were given a permission for, not what is open to
/// anybody.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct UserAccess {
    /// Repositories that they may read at least.
    pub repositories: BTreeMap<RepositoryId, Permission>,
    /// Installations that they may see.
    pub installations: BTreeSet<InstallationId>,
}

#[derive(Deserialize)]
struct WireToken {
    access_token: Option<String>,
    expires_in: Option<u64>,
    error: Option<String>,
    error_description: Option<String>,
}

#[derive(Deserialize)]
struct WireInstallations {
    installations: Vec<WireInstallation>,
}

#[derive(Deserialize)]
struct WireInstallation {
    id: InstallationId,
    #[serde(default)]
    suspended_at: Option<String>,
}

#[derive(Deserialize)]
struct WireRepositories {
    repositories: Vec<WireRepository>,
}

#[derive(Deserialize)]
struct WireRepository {
    id: RepositoryId,
    #[serde(default)]
    permissions: WirePermissions,
}

/// What is not named is not permitted.
#[derive(Default, Deserialize)]
#[serde(default)]
struct WirePermissions {
    admin: bool,
    maintain: bool,
    push: bool,
    triage: bool,
    pull: bool,
}

impl WirePermissions {
    fn permission(&self) -> Permission {
        if self.admin {
            Permission::Admin
        } else if self.maintain || self.push {
            Permission::Write
        } else if self.triage || self.pull {
            Permission::Read
        } else {
            Permission::None
        }
    }
}

impl<H: Http, C: Clock> Authorization<H, C> {
    /// Exchanges GitHub's code for the person's token. GitHub answers 200 to a code that it does not take, too, and says so in
    /// the body: that is [`CallError::Refused`].
    pub async fn exchange(&self, grant: Grant<'_>) -> Result<UserToken, CallError> {
        let secrets = self.secrets(&[grant.code, grant.verifier]);
        let what = "exchanging GitHub's code for a person's token";
        let exchange = exchange(WEB, what, Repeat::Harmful, &secrets);
        let refused = |problem: String| exchange.refused(exchange.reason(&problem), "");
        let base = Base::new(&self.github_url, WEB).map_err(refused)?;
        let fields = [
            ("client_id", self.client_id.as_str()),
            ("client_secret", &self.client_secret),
            ("code", grant.code),
            ("code_verifier", grant.verifier),
            ("redirect_uri", grant.redirect_uri),
        ];
        let form = fields.map(|(name, value)| format!("{name}={}", percent_encoded(value, false)));
        let mut headers = HeaderMap::new();
        for (name, value) in [
            (header::ACCEPT, "application/json"),
            (header::CONTENT_TYPE, "application/x-www-form-urlencoded"),
            (header::USER_AGENT, USER_AGENT),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        let request = Request {
            method: Method::POST,
            url: base.url("/login/oauth/access_token"),
            headers,
            body: form.join("&").into_bytes(),
            timeout: TIMEOUT,
        };
        let answer = self.http.send(request).await;
        let response = answer.map_err(|error| exchange.no_answer(&error))?;
        if response.status != StatusCode::OK {
            let hint =
                "The variables github_app_client_id and github_app_client_secret must be the App's";
            return Err(self.failure(&exchange, &response, hint));
        }
        // What cannot be read may hold secrets: only the problem is told, without the text.
        let wire: Option<WireToken> = serde_json::from_slice(&response.body).ok();
        match wire {
            Some(WireToken {
                access_token: Some(secret),
                expires_in,
                ..
            }) if is_token(&secret) => Ok(UserToken {
                secret,
                lasts: expires_in.map(Duration::from_secs),
            }),
            Some(WireToken {
                error: Some(error),
                error_description,
                ..
            }) => {
                let said = error_description.unwrap_or_default();
                let said = exchange.without_secrets(&format!("{error}: {said}"));
                Err(refused(format!("GitHub answered \"{}\"", excerpt(&said))))
            }
            Some(_) | None => Err(exchange.unreadable(&response, "no access_token and no error")),
        }
    }

    /// Whose token it is; none if GitHub takes it no more.
    pub async fn user(&self, token: &str) -> Result<Option<User>, CallError> {
        let what = "asking who signs in";
        Ok(self.get(what, "/user", token).await?.flatten())
    }

    /// What the person may see; none if GitHub takes the token no more.
    pub async fn access(&self, token: &str) -> Result<Option<UserAccess>, CallError> {
        let mut access = UserAccess::default();
        let mut pages = PAGES_MAX;
        let Some(installations) = self.installations(token, &mut pages).await? else {
            return Ok(None);
        };
        for id in installations {
            access.installations.insert(id);
            let what = "listing the repositories that a person may see";
            let path = format!("/user/installations/{id}/repositories");
            let mut page = 0;
            while pages > 0 {
                (page, pages) = (page + 1, pages - 1);
                let path = format!("{path}?per_page={PER_PAGE}&page={page}");
                let read: Option<Option<WireRepositories>> = self.get(what, &path, token).await?;
                let Some(read) = read else {
                    return Ok(None);
                };
                // An installation that was taken away meanwhile, or that the person may not see without signing in to the
                // organisation, shows nothing.
                let repositories = read.map(|read| read.repositories).unwrap_or_default();
                let is_last = repositories.len() < PER_PAGE;
                let readable = repositories.into_iter().filter_map(|repository| {
                    let permission = repository.permissions.permission();
                    (permission != Permission::None).then_some((repository.id, permission))
                });
                access.repositories.extend(readable);
                if is_last {
                    break;
                }
            }
        }
        Ok(Some(access))
    }

    /// The installations that are not suspended.
    async fn installations(
        &self,
        token: &str,
        pages: &mut usize,
    ) -> Result<Option<Vec<InstallationId>>, CallError> {
        let what = "listing the installations that a person may see";
        let mut found = Vec::new();
        let mut page = 0;
        while *pages > 0 {
            (page, *pages) = (page + 1, *pages - 1);
            let path = format!("/user/installations?per_page={PER_PAGE}&page={page}");
            let read: Option<Option<WireInstallations>> = self.get(what, &path, token).await?;
            let Some(read) = read else {
                return Ok(None);
            };
            let installations = read.map(|read| read.installations).unwrap_or_default();
            let is_last = installations.len() < PER_PAGE;
            let active = installations
                .into_iter()
                .filter(|installation| installation.suspended_at.is_none());
            found.extend(active.map(|installation| installation.id));
            if is_last {
                break;
            }
        }
        Ok(Some(found))
    }

    /// Ends the token at GitHub, wherever copies of it are. One that ended already is no error.
    pub async fn revoke(&self, token: &str) -> Result<(), CallError> {
        let secrets = self.secrets(&[token]);
        let what = "ending a person's token";
        let exchange = exchange(NAMES, what, Repeat::Harmless, &secrets);
        let pair = format!("{}:{}", self.client_id, self.client_secret);
        let basic = format!("Basic {}", BASE64_STANDARD.encode(pair));
        let path = format!("/applications/{}/token", self.client_id);
        let body = serde_json::json!({ "access_token": token });
        let body = body.to_string().into_bytes();
        let asked = (Method::DELETE, path.as_str(), basic, body);
        let response = self.send(&exchange, asked).await?;
        match response.status {
            StatusCode::NO_CONTENT | StatusCode::NOT_FOUND | StatusCode::UNPROCESSABLE_ENTITY => {
                Ok(())
            }
            _ => Err(self.failure(&exchange, &response, "")),
        }
    }

    /// What is at a path of the API; none if GitHub takes the token no more, and none in that if there is nothing to see.
    async fn get<T: DeserializeOwned>(
        &self,
        what: &str,
        path: &str,
        token: &str,
    ) -> Result<Option<Option<T>>, CallError> {
        let secrets = self.secrets(&[token]);
        let exchange = exchange(NAMES, what, Repeat::Harmless, &secrets);
        let asked = (Method::GET, path, format!("Bearer {token}"), Vec::new());
        let response = self.send(&exchange, asked).await?;
        match response.status {
            StatusCode::OK => Ok(Some(Some(exchange.read(&response)?))),
            StatusCode::UNAUTHORIZED => Ok(None),
            StatusCode::FORBIDDEN | StatusCode::NOT_FOUND
                if limits::pause(&response, self.clock.now()).is_none() =>
            {
                Ok(Some(None))
            }
            _ => Err(self.failure(&exchange, &response, "")),
        }
    }

    async fn send(
        &self,
        exchange: &Exchange<'_>,
        (method, path, credentials, body): (Method, &str, String, Vec<u8>),
    ) -> Result<Response, CallError> {
        let refused = |problem: String| exchange.refused(exchange.reason(&problem), "");
        let base = Base::new(&self.github_api_url, NAMES).map_err(refused)?;
        let mut credentials = HeaderValue::try_from(credentials)
            .map_err(|_| refused("a token holds what no header may carry".to_owned()))?;
        credentials.set_sensitive(true);
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, credentials);
        for (name, value) in [
            (header::ACCEPT.as_str(), "application/vnd.github+json"),
            (header::USER_AGENT.as_str(), USER_AGENT),
            ("x-github-api-version", "2022-11-28"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        if !body.is_empty() {
            let json = HeaderValue::from_static("application/json");
            headers.insert(header::CONTENT_TYPE, json);
        }
        let request = Request {
            method,
            url: base.url(path),
            headers,
            body,
            timeout: TIMEOUT,
        };
        let answer = self.http.send(request).await;
        answer.map_err(|error| exchange.no_answer(&error))
    }

    fn failure(&self, exchange: &Exchange<'_>, response: &Response, hint: &str) -> CallError {
        match limits::pause(response, self.clock.now()) {
            Some(pause) => {
                let reason = exchange.reason(&exchange.said(response));
                exchange.retry(reason, Some(pause))
            }
            None => exchange.failure(response, hint),
        }
    }

    /// What no error may tell.
    fn secrets(&self, more: &[&str]) -> Secrets {
        let secrets = Secrets::default();
        secrets.add(&self.client_secret);
        for secret in more {
            secrets.add(secret);
        }
        secrets
    }
}

fn exchange<'a>(names: Names, what: &str, repeat: Repeat, secrets: &'a Secrets) -> Exchange<'a> {
    Exchange {
        names,
        what: what.to_owned(),
        repeat,
        secrets,
    }
}

/// GitHub's tokens are far shorter, and are sent in a header.
fn is_token(text: &str) -> bool {
    (1..=512).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}
