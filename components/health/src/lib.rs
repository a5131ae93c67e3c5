//! `GET /healthz`: this process answers. `GET /readyz`: what it needs is there, and if not, what would be right.
//!
//! Holds no secret and no store: each component reports of its own, and is asked for it.

use bytes::Bytes;
use http::{HeaderValue, Method, Response, StatusCode, header};
use http_body_util::Full;
use slipway_spin::SpinHttp;
use spin_sdk::{
    http::{IntoResponse, Request},
    http_service,
};

#[http_service]
async fn handle(request: Request) -> impl IntoResponse {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut refused = response(
            StatusCode::METHOD_NOT_ALLOWED,
            "text/plain; charset=utf-8",
            b"expected GET or HEAD\n".to_vec(),
        );
        let allowed = HeaderValue::from_static("GET, HEAD");
        refused.headers_mut().insert(header::ALLOW, allowed);
        return refused;
    }
    let is_head = request.method() == Method::HEAD;
    let (status, content_type, body) = if request.uri().path() == "/readyz" {
        let (status, body) = readiness::collect(&SpinHttp).await;
        (status, "application/json", body)
    } else {
        (
            StatusCode::OK,
            "text/plain; charset=utf-8",
            b"ok\n".to_vec(),
        )
    };
    response(
        status,
        content_type,
        if is_head { Vec::new() } else { body },
    )
}

fn response(
    status: StatusCode,
    content_type: &'static str,
    body: Vec<u8>,
) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
