//! The HTTP API under `/api/v1`: who may ask, what can be asked, and the answers. Reached over HTTP by the component `api`.
//!
//! Nothing is answered without a token of `api_tokens` whose role allows the route: see [`Token`] and [`Role`].

mod deliveries;
mod problem;
mod query;
mod route;
#[cfg(test)]
mod tests;
mod tokens;

use domain::DeliveryGuid;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use inbox::Inbox;
use ports::{Clock, Level, Log, Store};
use serde::Serialize;

pub use problem::Problem;
pub use tokens::{Role, Token, TokensError, parse_tokens};

use route::Route;

/// A request; its body is not needed by any route so far.
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
        let headers = vec![
            (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        ];
        Self {
            status,
            headers,
            // Plain data with text keys: serde_json cannot fail on it.
            body: serde_json::to_vec(body).unwrap_or_default(),
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

/// Answers a request. `tokens` are all that are configured.
pub async fn answer<S: Store, H, C: Clock, L: Log>(
    inbox: &Inbox<S, H, C, L>,
    tokens: &[Token],
    asked: Asked<'_>,
) -> Reply {
    match decide(inbox, tokens, asked).await {
        Ok(reply) => reply,
        Err(problem) => {
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
        }
    }
}

async fn decide<S: Store, H, C: Clock, L: Log>(
    inbox: &Inbox<S, H, C, L>,
    tokens: &[Token],
    asked: Asked<'_>,
) -> Result<Reply, Problem> {
    let Some(token) = tokens::authenticate(tokens, asked.headers) else {
        return Err(Problem::unauthorized());
    };
    let route = Route::of(asked.method, asked.path)?;
    let needed = route.role();
    if !token.role.allows(needed) {
        return Err(Problem::forbidden(token.role, needed));
    }
    if route.changes() {
        let fields = [
            ("token", token.name.as_str().into()),
            ("role", token.role.name().into()),
            ("method", asked.method.as_str().into()),
            ("path", asked.path.into()),
        ];
        inbox
            .log
            .write(Level::Info, "somebody acts through the API", &fields);
    }
    let query = query::Query::of(asked.query);
    match route {
        Route::ListDeliveries => deliveries::list(inbox, &query).await,
        Route::ShowDelivery(guid) => deliveries::show(inbox, &guid).await,
        Route::ReplayDelivery(guid) => deliveries::replay(inbox, guid).await,
        Route::ReplayDeliveries => deliveries::replay_many(inbox, &query).await,
    }
}
