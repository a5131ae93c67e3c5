//! The HTTP API under `/api/v1`: who may ask, what can be asked, and the answers. Reached over HTTP by the component `api`.
//!
//! Nothing is answered without a token of `api_tokens` whose role allows the route: see [`Token`] and [`Role`]. The dashboard
//! asks for people who signed in by GitHub with their pass, too: then what is answered is what they may see, and the rest is not
//! there.

mod audit;
mod caller;
mod deliveries;
mod elsewhere;
pub mod entities;
mod limit;
pub mod metrics;
pub mod model;
mod once;
mod operations;
mod problem;
mod query;
pub mod report;
mod route;
#[cfg(test)]
mod tests;
mod tokens;

use domain::{DeliveryGuid, audit::Act};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use inbox::Inbox;
use ports::{Clock, Http, Level, Log, Store};
use serde::Serialize;

pub use audit::DOOR;
pub use limit::REQUESTS_PER_MINUTE;
pub use operations::{OPERATIONS, Operation};
pub use problem::Problem;
pub use tokens::{Role, Token, TokensError, parse_tokens};

use caller::Caller;
use model::Overview;
use once::Turn;
use route::Route;

/// Made by `cargo run -p openapi` of the operations and the types; a test holds that it is up to date.
const DOCUMENT: &[u8] = include_bytes!("../../../docs/openapi.json");
const DOCUMENT_PATH: &str = "/api/openapi.json";

/// The longest body that any route takes is far shorter.
pub const BODY_BYTES_MAX: usize = 16 * 1024;

/// A request.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The method.
    pub method: &'a Method,
    /// The path, from `/api/v1` on.
    pub path: &'a str,
    /// What stands after `?`.
    pub query: Option<&'a str>,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The body: an object as JSON, for the routes that take one.
    pub body: &'a [u8],
}

/// An answer, and what is to be done after it.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers, `Content-Type` among them.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body.
    pub body: Vec<u8>,
    /// Deliveries to be processed once the answer is sent; they are in the queue in any case.
    pub process: Vec<DeliveryGuid>,
}

impl Reply {
    fn json(status: StatusCode, content_type: &'static str, body: &impl Serialize) -> Self {
        // Plain data with text keys: serde_json cannot fail on it.
        let body = serde_json::to_vec(body).unwrap_or_default();
        Self::new(status, HeaderValue::from_static(content_type), body)
    }

    fn new(status: StatusCode, content_type: HeaderValue, body: Vec<u8>) -> Self {
        let headers = vec![
            (header::CONTENT_TYPE, content_type),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        ];
        Self {
            status,
            headers,
            body,
            process: Vec::new(),
        }
    }

    fn ok(body: &impl Serialize) -> Self {
        Self::json(StatusCode::OK, "application/json", body)
    }

    fn accepted(body: &impl Serialize, process: Vec<DeliveryGuid>) -> Self {
        let reply = Self::json(StatusCode::ACCEPTED, "application/json", body);
        Self { process, ..reply }
    }
}

/// Who may ask, and how often.
#[derive(Debug, Clone, Copy)]
pub struct Access<'a> {
    /// All tokens that are configured.
    pub tokens: &'a [Token],
    /// So many requests of one token are taken in a minute; 0 for any number.
    pub requests_per_minute: u64,
}

/// Answers a request.
pub async fn answer<S: Store, H: Http, C: Clock, L: Log>(
    inbox: &Inbox<S, H, C, L>,
    access: Access<'_>,
    asked: Asked<'_>,
) -> Reply {
    if asked.path == DOCUMENT_PATH {
        return document(asked.method);
    }
    let caller = match Caller::of(access.tokens, asked.headers, &inbox.http).await {
        Ok(caller) => caller,
        Err(problem) => return problem.into(),
    };
    let ports = (&inbox.store, &inbox.clock, &inbox.log);
    let rate = limit::count(ports, &caller, access.requests_per_minute).await;
    let taken = rate.as_ref().map_or(Ok(()), limit::check);
    let decided = match taken {
        Ok(()) => decide(inbox, &caller, asked).await,
        Err(problem) => Err(problem),
    };
    let mut reply = told(inbox, asked, decided);
    reply.headers.extend(rate.iter().flat_map(limit::headers));
    reply
}

/// An answer, and what went wrong in the log.
fn told<S, H, C, L: Log>(
    inbox: &Inbox<S, H, C, L>,
    asked: Asked<'_>,
    decided: Result<Reply, Problem>,
) -> Reply {
    decided.unwrap_or_else(|problem| {
        if problem.status.is_server_error() {
            let fields = [
                ("path", asked.path.into()),
                ("reason", problem.detail.as_str().into()),
            ];
            inbox
                .log
                .write(Level::Error, "could not answer a request", &fields);
        }
        problem.into()
    })
}

/// The OpenAPI document, for everybody: it tells nothing of this installation.
fn document(method: &Method) -> Reply {
    if method != Method::GET {
        return Problem::method_not_allowed("GET").into();
    }
    let json = HeaderValue::from_static("application/json");
    Reply::new(StatusCode::OK, json, DOCUMENT.to_vec())
}

async fn decide<S: Store, H: Http, C: Clock, L: Log>(
    inbox: &Inbox<S, H, C, L>,
    caller: &Caller<'_>,
    asked: Asked<'_>,
) -> Result<Reply, Problem> {
    let route = Route::of(asked.method, asked.path)?;
    if let Err(problem) = caller.check(&route) {
        // What somebody may not see they cannot fill the audit of, either.
        if route.changes() && problem.status == StatusCode::FORBIDDEN {
            let act = audit::act_of(&route, caller.name(), asked.headers, &inbox.clock);
            audit::forbidden(&inbox.http, &inbox.log, &act, &problem).await;
        }
        return Err(problem);
    }
    if route.changes() {
        let fields = [
            ("by", caller.name().into()),
            ("role", caller.highest().name().into()),
            ("method", asked.method.as_str().into()),
            ("path", asked.path.into()),
        ];
        inbox
            .log
            .write(Level::Info, "somebody acts through the API", &fields);
    }
    check_body(asked)?;
    match once::turn(&inbox.store, &inbox.clock, caller, asked).await? {
        Turn::Plain => perform(inbox, caller, asked, route).await,
        Turn::Again(reply) => Ok(reply),
        Turn::First(once) => {
            let reply = told(inbox, asked, perform(inbox, caller, asked, route).await);
            // Of what failed here nobody knows how far it came: that is no answer to be given for a day.
            if reply.status.is_server_error() {
                return Ok(reply);
            }
            if let Err(error) = once.end(&inbox.store, once::answer(&reply)).await {
                let fields = [("reason", error.to_string().into())];
                let message = "could not keep an answer for its Idempotency-Key";
                inbox.log.write(Level::Error, message, &fields);
            }
            Ok(reply)
        }
    }
}

/// Does what may be asked.
async fn perform<S: Store, H: Http, C: Clock, L: Log>(
    inbox: &Inbox<S, H, C, L>,
    caller: &Caller<'_>,
    asked: Asked<'_>,
    route: Route,
) -> Result<Reply, Problem> {
    let query = query::Query::of(asked.query);
    let act = || audit::act_of(&route, caller.name(), asked.headers, &inbox.clock);
    match &route {
        Route::Me => {
            query.only(&[])?;
            Ok(Reply::ok(&caller.me()))
        }
        Route::Overview => overview(inbox, asked, caller).await,
        Route::Entities(_) => elsewhere::ask(&inbox.http, asked, caller).await,
        Route::ListDeliveries => deliveries::list(inbox, &query, caller).await,
        Route::ShowDelivery(guid) => deliveries::show(inbox, guid, caller).await,
        Route::ReplayDelivery(guid) => {
            let repository = deliveries::check(inbox, guid, caller).await?;
            let act = Act {
                repository,
                ..act()
            };
            let doing = deliveries::replay(inbox, guid);
            audit::noted(&inbox.http, &inbox.log, &act, doing).await
        }
        Route::ReplayDeliveries => {
            let limit = deliveries::asked_for(&query)?;
            let doing = deliveries::replay_many(inbox, limit, caller);
            audit::noted(&inbox.http, &inbox.log, &act(), doing).await
        }
    }
}

/// A body is JSON, or there is none.
fn check_body(asked: Asked<'_>) -> Result<(), Problem> {
    if asked.body.is_empty() {
        return Ok(());
    }
    let content_type = asked.headers.get(header::CONTENT_TYPE);
    let essence = content_type
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .unwrap_or_default();
    if essence.trim().eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    let detail = "expected a body of the type application/json, or none";
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail))
}

/// What `entities` knows, and the deliveries.
async fn overview<S: Store, H: Http, C, L>(
    inbox: &Inbox<S, H, C, L>,
    asked: Asked<'_>,
    caller: &Caller<'_>,
) -> Result<Reply, Problem> {
    let reply = elsewhere::ask(&inbox.http, asked, caller).await?;
    if reply.status != StatusCode::OK {
        return Ok(reply);
    }
    let mut overview: Overview = serde_json::from_slice(&reply.body).map_err(|error| {
        let detail = format!("the component entities answered what is no overview: {error}");
        Problem::new(StatusCode::BAD_GATEWAY, detail)
    })?;
    // Their keys do not tell of which repositories they are.
    if let Caller::Token(_) = caller {
        overview.deliveries = Some(deliveries::count(inbox).await?);
    }
    Ok(Reply::ok(&overview))
}
