//! GitHub's App manifest flow: what an App is to be registered with, and the exchange of the code that GitHub gives for the new
//! App's keys (GitHub's documentation, "Registering a GitHub App from a manifest").

use std::{collections::BTreeMap, time::Duration};

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use ports::{Http, Request};
use serde::{Deserialize, Serialize};

use super::{NAMES, app};
use crate::{
    CallError,
    address::Base,
    error::Secrets,
    exchange::{Exchange, Repeat, USER_AGENT},
};

/// Where GitHub sends people back to who sign in to the dashboard, below `public_url`.
pub const CALLBACK: &str = "/dashboard/sign-in/github/callback";

/// How long the exchange is waited for.
const TIMEOUT: Duration = Duration::from_secs(20);

/// What an App is to be registered with.
#[derive(Debug, Serialize)]
pub struct Manifest {
    name: String,
    url: String,
    description: &'static str,
    public: bool,
    hook_attributes: Hook,
    redirect_url: String,
    setup_url: String,
    setup_on_update: bool,
    callback_urls: Vec<String>,
    default_permissions: BTreeMap<&'static str, &'static str>,
    default_events: Vec<&'static str>,
}

#[derive(Debug, Serialize)]
struct Hook {
    url: String,
    active: bool,
}

impl Manifest {
    /// That of an App called `name` for the Slipway at `public_url` (without a slash at its end): all that Slipway needs, and
    /// nothing more.
    pub fn new(name: &str, public_url: &str) -> Self {
        Self {
            name: name.to_owned(),
            url: public_url.to_owned(),
            description: "Previews of pull requests, and one comment that says where they are.",
            public: false,
            hook_attributes: Hook {
                url: format!("{public_url}/webhooks/github"),
                active: true,
            },
            redirect_url: format!("{public_url}/setup/created"),
            setup_url: format!("{public_url}/api/github/setup"),
            setup_on_update: true,
            // Where people come back to who sign in. They are not asked to while they install: then GitHub leaves out setup_url.
            callback_urls: vec![format!("{public_url}{CALLBACK}")],
            default_permissions: app::PERMISSIONS.into_iter().collect(),
            default_events: app::events(),
        }
    }
}

/// A new App, with its secrets: they are shown to whoever made it, once, and kept nowhere. No `Debug`.
#[derive(Deserialize)]
pub struct NewApp {
    /// GitHub's numeric id.
    pub id: u64,
    /// The name in URLs.
    pub slug: String,
    /// The private key, as PEM.
    pub pem: String,
    /// The secret that deliveries are signed with.
    pub webhook_secret: String,
    /// By which GitHub knows the App where people authorize it.
    pub client_id: String,
    /// The secret that goes with it.
    pub client_secret: String,
}

/// Exchanges the code, which works once and for an hour, for the new App. `base_url` is the API's.
pub async fn convert_manifest(
    http: &impl Http,
    base_url: &str,
    code: &str,
) -> Result<NewApp, CallError> {
    let secrets = Secrets::default();
    secrets.add(code);
    let exchange = Exchange {
        names: NAMES,
        what: "exchanging GitHub's code for the new App".to_owned(),
        repeat: Repeat::Harmful,
        secrets: &secrets,
    };
    let refused = |problem: String| exchange.refused(exchange.reason(&problem), "");
    let is_code = (1..=100).contains(&code.len())
        && code
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if !is_code {
        return Err(refused("the code is none of GitHub's".to_owned()));
    }
    let base = Base::new(base_url, NAMES).map_err(refused)?;
    let mut headers = HeaderMap::new();
    for (name, value) in [
        (header::ACCEPT.as_str(), "application/vnd.github+json"),
        (header::USER_AGENT.as_str(), USER_AGENT),
        ("x-github-api-version", "2022-11-28"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let request = Request {
        method: Method::POST,
        url: base.url(&format!("/app-manifests/{code}/conversions")),
        headers,
        body: Vec::new(),
        timeout: TIMEOUT,
    };
    let answer = http.send(request).await;
    let response = answer.map_err(|error| exchange.no_answer(&error))?;
    if response.status != StatusCode::CREATED {
        let hint = "The code works once, and for an hour: begin again";
        return Err(exchange.failure(&response, hint));
    }
    // What cannot be read may hold secrets: only the problem is told, without the text.
    serde_json::from_slice(&response.body).map_err(|_| {
        exchange.unreadable(
            &response,
            "no id, slug, pem, webhook_secret, client_id and client_secret",
        )
    })
}
