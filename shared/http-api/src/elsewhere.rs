//! What another component answers: the request is sent on once it is known who asks and that he may.

use std::time::Duration;

use http::{HeaderMap, Method, StatusCode, header};
use ports::{Http, HttpError, Request};

use crate::{Problem, Reply};

/// The private component that reads and tells entities.
const ENTITIES: &str = "http://entities.spin.internal";
/// Longer than listing all keys of a large store takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// Asks `entities`. Nothing of the caller's goes along but path and query: no token, no header.
pub(crate) async fn ask(
    http: &impl Http,
    method: &Method,
    path: &str,
    query: Option<&str>,
) -> Result<Reply, Problem> {
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    let answer = http
        .send(Request {
            method: method.clone(),
            url: format!("{ENTITIES}{path}{query}"),
            headers: HeaderMap::new(),
            body: Vec::new(),
            timeout: PATIENCE,
        })
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
    if let Some(allow) = answer.headers.get(header::ALLOW) {
        reply.headers.push((header::ALLOW, allow.clone()));
    }
    Ok(reply)
}

fn unavailable(error: &HttpError) -> Problem {
    let detail = format!("the component entities cannot be asked: {error}");
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).retry_after()
}
