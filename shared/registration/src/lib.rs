//! The pages by which the GitHub App is registered (`/setup`, GitHub's App manifest flow) and by which people come back from installing
//! it (`/api/github/setup`). Reached over HTTP by the component `setup`.
//!
//! Registering needs the reconcile token, and is closed once Slipway is an App: what it ends with are the keys of a new App, shown once
//! and kept nowhere. Coming back from GitHub needs nothing: all that is noted is what GitHub's API confirms, and it is no more than
//! that an installation is to be looked at.

mod installed;
mod page;
mod register;
mod state;
#[cfg(test)]
mod tests;

use http::{Method, StatusCode, header};
use ports::{Clock, Http, Log, Store};

pub use page::Reply;

/// The path of the registration.
const SETUP: &str = "/setup";
/// Where GitHub sends people after it made the App.
const CREATED: &str = "/setup/created";
/// Where GitHub sends people after they installed it.
const INSTALLED: &str = "/api/github/setup";
/// The cookie that binds a registration to the browser that began it.
pub const COOKIE: &str = "slipway_setup";

/// What the variables say. No `Debug`: it holds a secret.
#[derive(Clone)]
pub struct Settings {
    /// `reconcile_token`.
    pub reconcile_token: Option<String>,
    /// `public_url`, without a slash at its end.
    pub public_url: Option<String>,
    /// `github_url`: where people see GitHub.
    pub github_url: Option<String>,
    /// `github_api_url`.
    pub github_api_url: Option<String>,
    /// Whether Slipway is an App, or half of one.
    pub is_app: bool,
}

/// A request.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The method.
    pub method: &'a Method,
    /// The path.
    pub path: &'a str,
    /// What stands after `?`.
    pub query: &'a str,
    /// The value of [`COOKIE`]; empty if there is none.
    pub cookie: &'a str,
    /// The body of a `POST`: a form.
    pub form: &'a [u8],
}

/// What the pages work with.
pub struct Ports<H, C, S, L> {
    /// To GitHub's API, for whom Slipway is nobody yet, and to the dashboard.
    pub http: H,
    /// The time.
    pub clock: C,
    /// Where installations are noted.
    pub store: S,
    /// Where it is told what was done, without secrets.
    pub log: L,
}

/// Answers a request. `github` is the App, if Slipway is one; `random` is new for every request.
pub async fn answer<H: Http, C: Clock, S: Store, L: Log, G: Http, K: Clock, T: Store>(
    ports: &Ports<H, C, S, L>,
    github: Option<&vendors::github::Client<G, K, T>>,
    settings: &Settings,
    asked: Asked<'_>,
    random: &[u8; 16],
) -> Reply {
    match (asked.method, asked.path) {
        (&Method::GET, INSTALLED) => installed::answer(ports, github, settings, asked).await,
        (_, SETUP | CREATED) if settings.is_app => page::told(
            StatusCode::NOT_FOUND,
            "Slipway is a GitHub App already",
            "This page registers a new App. It is closed as long as github_app_id or github_app_private_key is set.",
        ),
        (&Method::GET, SETUP) => register::begin(settings),
        (&Method::POST, SETUP) => register::confirm(ports, settings, asked, random),
        (&Method::GET, CREATED) => register::created(ports, settings, asked).await,
        (_, SETUP | CREATED | INSTALLED) => {
            let mut reply = page::told(
                StatusCode::METHOD_NOT_ALLOWED,
                "Not like this",
                "This page is read with GET.",
            );
            let allowed = if asked.path == SETUP {
                "GET, POST"
            } else {
                "GET"
            };
            let allowed = http::HeaderValue::from_static(allowed);
            reply.headers.push((header::ALLOW, allowed));
            reply
        }
        _ => page::told(
            StatusCode::NOT_FOUND,
            "Nothing here",
            "There is no such page.",
        ),
    }
}

/// The values of a query or form by their names; the first one counts.
fn value(pairs: &[u8], name: &str) -> Option<String> {
    url::form_urlencoded::parse(pairs)
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}
