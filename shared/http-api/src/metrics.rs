//! `GET /metrics`: how things stand, for Prometheus. Whoever bears a token of `api_tokens` that may read may ask.
//!
//! An instance of a component lives for a request or a while, so nothing is counted in memory, and a counter in the store would cost a
//! write for each event. What is told is what is stored anyway, counted when it is asked for: by keys where they tell enough, and by
//! a bounded number of reads.

mod exposition;
mod families;
pub(crate) mod measures;
#[cfg(test)]
mod tests;

use http::{HeaderValue, Method, StatusCode};
use inbox::Inbox;
use ports::{Clock, Http, Level, Log, Store};

use crate::{Asked, Problem, Reply, Role, Token, caller::Caller, elsewhere, tokens};
use exposition::Exposition;
use measures::Measures;

/// Where metrics are; `entities` answers what it measures at the same path.
pub const PATH: &str = "/metrics";

/// Answers a request. `tokens` are all that are configured.
pub async fn answer<S: Store, H: Http, C: Clock, L: Log>(
    inbox: &Inbox<S, H, C, L>,
    tokens: &[Token],
    asked: Asked<'_>,
) -> Reply {
    match measure(inbox, tokens, asked).await {
        Ok(reply) => reply,
        Err(problem) => {
            if problem.status.is_server_error() {
                let fields = [("reason", problem.detail.as_str().into())];
                let message = "could not measure";
                inbox.log.write(Level::Error, message, &fields);
            }
            problem.into()
        }
    }
}

async fn measure<S: Store, H: Http, C: Clock, L: Log>(
    inbox: &Inbox<S, H, C, L>,
    tokens: &[Token],
    asked: Asked<'_>,
) -> Result<Reply, Problem> {
    let Some(token) = tokens::authenticate(tokens, asked.headers) else {
        return Err(Problem::unauthorized());
    };
    if !token.role.allows(Role::Viewer) {
        return Err(Problem::forbidden(token.role, Role::Viewer));
    }
    if asked.path.trim_end_matches('/') != PATH {
        let path = asked.path;
        return Err(Problem::not_found(format!("there is nothing at {path}")));
    }
    if asked.method != Method::GET {
        return Err(Problem::method_not_allowed("GET"));
    }
    let asked = Asked {
        path: PATH,
        query: None,
        ..asked
    };
    let reply = elsewhere::ask(&inbox.http, asked, &Caller::Token(token)).await?;
    if reply.status != StatusCode::OK {
        return Ok(reply);
    }
    let measures: Measures = serde_json::from_slice(&reply.body).map_err(|error| {
        let detail = format!("the component entities answered what are no measures: {error}");
        Problem::new(StatusCode::BAD_GATEWAY, detail)
    })?;
    let now = inbox.clock.now();
    let mut exposition = Exposition::default();
    families::of_deliveries(&mut exposition, &inbox.tally().await?, now);
    families::of_entities(&mut exposition, &measures);
    families::of_vendors(&mut exposition, &measures);
    let content_type = HeaderValue::from_static(exposition::CONTENT_TYPE);
    let text = exposition.into_text().into_bytes();
    Ok(Reply::new(StatusCode::OK, content_type, text))
}
