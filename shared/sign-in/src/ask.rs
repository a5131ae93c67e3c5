//! How other components ask the component `people`.

use std::time::Duration;

use domain::Timestamp;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use ports::{Http, Request, Response};
use runtime::access::Known;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

pub use crate::pass::PREFIX;
/// Where GitHub sends people back to, below `public_url`.
pub use vendors::github::CALLBACK;

const PEOPLE: &str = "http://people.spin.internal";
/// Longer than a few requests to GitHub take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Somebody is about to try to sign in with a token of the API.
pub(crate) const ATTEMPT: &str = "/attempt";
/// Somebody comes back from GitHub.
pub(crate) const SIGN_IN: &str = "/sign-in";
/// Who bears a pass, and what they may see.
pub(crate) const WHO: &str = "/who";
/// Whoever bears a pass signs out.
pub(crate) const SIGN_OUT: &str = "/sign-out";

/// Why the answer is no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Too many tries.
    TooMany {
        /// When another one may be taken.
        after: Duration,
    },
    /// Something else.
    Told {
        /// What it comes to for whoever asked.
        status: StatusCode,
        /// Why, for people.
        detail: String,
    },
}

/// A try to sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Attempt {
    /// Whose tries are counted together: an address.
    pub(crate) client: String,
}

/// What GitHub sent a browser back with, whose `state` is the one that the browser was sent with.
#[derive(Clone, Serialize, Deserialize)]
pub struct Returned {
    /// Whose tries are counted together: an address.
    pub client: String,
    /// The state: good once.
    pub state: String,
    /// When the state ends; the same whenever it is used.
    pub until: Timestamp,
    /// GitHub's code.
    pub code: String,
    /// The text whose SHA-256 was the challenge (PKCE).
    pub verifier: String,
    /// Where GitHub sent the browser, as it was told to.
    pub redirect_uri: String,
}

/// Somebody who signed in.
#[derive(Clone, Serialize, Deserialize)]
pub struct SignedIn {
    /// The name of the account.
    pub login: String,
    /// By which the API is asked for them; a secret.
    pub pass: String,
    /// When that ends.
    pub expires_at: Timestamp,
}

/// Who bears a pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Where in `queue` it is noted what they may see.
    pub key: String,
    /// That.
    pub known: Known,
}

/// A pass that is asked about.
#[derive(Serialize, Deserialize)]
pub(crate) struct Borne {
    pub(crate) pass: String,
}

/// What stands in an answer that is no success.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Told {
    /// Why, for people.
    pub(crate) detail: String,
}

/// Counts a try to sign in by `client`, an address; refused if there were too many.
pub async fn attempt(http: &impl Http, client: &str) -> Result<(), Refusal> {
    let attempt = Attempt {
        client: client.to_owned(),
    };
    send(http, ATTEMPT, &attempt).await.map(drop)
}

/// Signs somebody in who comes back from GitHub. Counts as a try, too.
pub async fn sign_in(http: &impl Http, returned: &Returned) -> Result<SignedIn, Refusal> {
    read(&send(http, SIGN_IN, returned).await?)
}

/// Who bears the pass, and what they may see; `401` if it is good no more.
pub async fn who(http: &impl Http, pass: &str) -> Result<Person, Refusal> {
    let pass = pass.to_owned();
    read(&send(http, WHO, &Borne { pass }).await?)
}

/// Ends the pass, copies of it included.
pub async fn sign_out(http: &impl Http, pass: &str) -> Result<(), Refusal> {
    let pass = pass.to_owned();
    send(http, SIGN_OUT, &Borne { pass }).await.map(drop)
}

async fn send(http: &impl Http, path: &str, body: &impl Serialize) -> Result<Response, Refusal> {
    let json = HeaderValue::from_static("application/json");
    let request = Request {
        method: Method::POST,
        url: format!("{PEOPLE}{path}"),
        headers: HeaderMap::from_iter([(header::CONTENT_TYPE, json)]),
        // Plain data with text keys: serde_json cannot fail on it.
        body: serde_json::to_vec(body).unwrap_or_default(),
        timeout: PATIENCE,
    };
    let answer = http.send(request).await.map_err(|error| Refusal::Told {
        status: StatusCode::SERVICE_UNAVAILABLE,
        detail: format!("The component people cannot be asked: {error}."),
    })?;
    if answer.status.is_success() {
        return Ok(answer);
    }
    let after = answer.headers.get(header::RETRY_AFTER);
    let after = after.and_then(|value| value.to_str().ok()?.parse().ok());
    if let (StatusCode::TOO_MANY_REQUESTS, Some(seconds)) = (answer.status, after) {
        let after = Duration::from_secs(seconds);
        return Err(Refusal::TooMany { after });
    }
    let told: Option<Told> = serde_json::from_slice(&answer.body).ok();
    let detail = told.map_or_else(
        || format!("The component people answered {}.", answer.status),
        |told| told.detail,
    );
    Err(Refusal::Told {
        status: answer.status,
        detail,
    })
}

fn read<T: DeserializeOwned>(answer: &Response) -> Result<T, Refusal> {
    // The text may hold a secret: it is not told.
    serde_json::from_slice(&answer.body).map_err(|_| Refusal::Told {
        status: StatusCode::BAD_GATEWAY,
        detail: "The component people answered what is not known here.".to_owned(),
    })
}
