//! Private: previews, repositories, environments and installations as `/api/v1` shows them, and wishes of people posted to their
//! mailboxes. Adapts Spin to `http_api::entities`.
//!
//! It is apart from `api` so that what anybody may talk to cannot open `default`, where tokens of GitHub lie too. It reaches
//! nothing and knows no secret; that its caller may ask was decided by `api`.

use http_api::{Asked, BODY_BYTES_MAX, Problem, entities::Entities};
use slipway_spin::{JsonLog, SpinClock, SpinStore, read_request_body, response};
use spin_sdk::{
    http::{IntoResponse, Request},
    http_service,
};

#[http_service]
async fn handle(request: Request) -> impl IntoResponse {
    let entities = Entities {
        store: SpinStore::new(),
        clock: SpinClock,
        log: JsonLog::new("entities"),
    };
    let (parts, body) = request.into_parts();
    let reply = match read_request_body(body, BODY_BYTES_MAX).await {
        Ok(body) => {
            let asked = Asked {
                method: &parts.method,
                path: parts.uri.path(),
                query: parts.uri.query(),
                headers: &parts.headers,
                body: &body,
            };
            entities.answer(asked).await
        }
        Err(_) => Problem::too_large().into(),
    };
    response(reply.status, reply.headers, reply.body)
}
