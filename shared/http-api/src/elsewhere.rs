//! What another component answers: the request is sent on once it is known who asks and that he may.

use std::time::Duration;

use domain::{Account, Speaker, audit::Act};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use ports::{Http, HttpError, Request};
use url::form_urlencoded;

use crate::{Asked, Problem, Reply, audit, caller::Caller};

/// The private component that reads and tells entities.
const ENTITIES: &str = "http://entities.spin.internal";
/// Longer than listing all keys of a large store takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// The header in which `entities` is told who asks: the name of a token, escaped as in a form. Only `api` reaches it.
pub(crate) const PERSON: HeaderName = HeaderName::from_static("slipway-person");

/// The header in which `entities` is told which account asks, as a form of `id` and `login`; none for a token that is nobody's.
pub(crate) const ACCOUNT: HeaderName = HeaderName::from_static("slipway-account");

/// The header in which `entities` is told what who asks may see: everything, or what is noted under a key.
pub(crate) const SEES: HeaderName = HeaderName::from_static("slipway-sees");

/// What goes along with a request, beside its path, query and body.
const ALONG: [HeaderName; 2] = [header::IF_MATCH, header::IF_NONE_MATCH];
/// What comes back with an answer, beside its status, type and body.
const BACK: [HeaderName; 2] = [header::ALLOW, header::ETAG];

/// Asks `entities` in the name of who asks. Of the caller's headers only conditions go along, and never the token.
pub(crate) async fn ask(
    http: &impl Http,
    asked: Asked<'_>,
    caller: &Caller<'_>,
) -> Result<Reply, Problem> {
    let query = asked.query.map(|query| format!("?{query}"));
    let person: String = form_urlencoded::byte_serialize(caller.name().as_bytes()).collect();
    let mut headers = HeaderMap::new();
    if let Ok(person) = HeaderValue::try_from(person) {
        headers.insert(PERSON, person);
    }
    if let Some(account) = caller.account()
        && let Ok(account) = HeaderValue::try_from(form_of(&account))
    {
        headers.insert(ACCOUNT, account);
    }
    if let Ok(sees) = HeaderValue::from_str(caller.sees_key()) {
        headers.insert(SEES, sees);
    }
    let door = audit::door(asked.headers).name();
    headers.insert(audit::DOOR, HeaderValue::from_static(door));
    for name in ALONG {
        if let Some(value) = asked.headers.get(&name) {
            headers.insert(name, value.clone());
        }
    }
    let sent = send(
        http,
        Request {
            method: asked.method.clone(),
            url: format!("{ENTITIES}{}{}", asked.path, query.unwrap_or_default()),
            headers,
            body: asked.body.to_vec(),
            timeout: PATIENCE,
        },
    );
    sent.await
}

/// Has `entities` note an act.
pub(crate) async fn note(http: &impl Http, act: &Act, query: Option<&str>) -> Result<(), Problem> {
    let query = query.map(|query| format!("?{query}"));
    let sent = send(
        http,
        Request {
            method: Method::POST,
            url: format!("{ENTITIES}{}{}", audit::PATH, query.unwrap_or_default()),
            headers: HeaderMap::new(),
            // Plain data with text keys: serde_json cannot fail on it.
            body: serde_json::to_vec(act).unwrap_or_default(),
            timeout: PATIENCE,
        },
    );
    let reply = sent.await?;
    if reply.status == StatusCode::OK {
        return Ok(());
    }
    let detail = "the act could not be noted in the audit, so nothing was done";
    Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).retry_after())
}

async fn send(http: &impl Http, request: Request) -> Result<Reply, Problem> {
    let answer = http
        .send(request)
        .await
        .map_err(|error| unavailable(&error))?;
    let content_type = answer.headers.get(header::CONTENT_TYPE).cloned();
    let Some(content_type) = content_type else {
        // Ours always names one: this is the host's own answer, for a component that failed.
        return Err(Problem::new(
            StatusCode::BAD_GATEWAY,
            format!("the component entities answered {}", answer.status),
        ));
    };
    let mut reply = Reply::new(answer.status, content_type, answer.body);
    for name in BACK {
        let value = answer.headers.get(&name).cloned();
        reply.headers.extend(value.map(|value| (name, value)));
    }
    Ok(reply)
}

/// Who asks, as `api` says.
pub(crate) fn person(headers: &HeaderMap) -> String {
    let escaped = headers
        .get(PERSON)
        .map(HeaderValue::as_bytes)
        .unwrap_or_default();
    let mut decoded = form_urlencoded::parse(escaped);
    decoded
        .next()
        .map(|(name, _)| name.into_owned())
        .unwrap_or_default()
}

fn form_of(account: &Account) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    if let Some(id) = account.id {
        form.append_pair("id", &id.to_string());
    }
    if let Some(login) = &account.login {
        form.append_pair("login", login);
    }
    form.finish()
}

/// Who asks, with the account, as `api` says.
pub(crate) fn speaker(headers: &HeaderMap) -> Speaker {
    let account = headers.get(ACCOUNT).map(|form| {
        let mut account = Account {
            id: None,
            login: None,
        };
        for (name, value) in form_urlencoded::parse(form.as_bytes()) {
            match name.as_ref() {
                "id" => account.id = value.parse().ok(),
                "login" => account.login = Some(value.into_owned()),
                _ => {}
            }
        }
        account
    });
    Speaker {
        name: person(headers),
        account,
    }
}

fn unavailable(error: &HttpError) -> Problem {
    let detail = format!("the component entities cannot be asked: {error}");
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).retry_after()
}
