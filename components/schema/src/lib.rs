//! `GET /schema/slipway.json`: the JSON Schema of `.github/slipway.yml`, for editors. The same bytes for everybody.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use http_body_util::Full;
use spin_sdk::{
    http::{IntoResponse, Request},
    http_service,
};

/// Made by `cargo run -p json-schema` of what the parser knows; a test holds that it is up to date.
const SCHEMA: &[u8] = include_bytes!("../../../docs/schema/slipway.json");

/// Editors may keep it for an hour; then they ask whether it is still the same.
const CACHE_CONTROL: &str = "public, max-age=3600";

#[http_service]
async fn handle(request: Request) -> impl IntoResponse {
    let method = request.method();
    if method != Method::GET && method != Method::HEAD {
        let mut response = Response::new(Full::new(Bytes::from_static(b"expected GET or HEAD\n")));
        *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        set(&mut response, header::ALLOW, "GET, HEAD");
        set(
            &mut response,
            header::CONTENT_TYPE,
            "text/plain; charset=utf-8",
        );
        return response;
    }
    let tag = entity_tag();
    let is_known = is_known(request.headers(), &tag);
    let body = if is_known || method == Method::HEAD {
        &[]
    } else {
        SCHEMA
    };
    let mut response = Response::new(Full::new(Bytes::from_static(body)));
    if is_known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        set(
            &mut response,
            header::CONTENT_TYPE,
            "application/schema+json",
        );
    }
    set(&mut response, header::CACHE_CONTROL, CACHE_CONTROL);
    // Editors in browsers ask from another origin.
    set(&mut response, header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    if let Ok(tag) = HeaderValue::try_from(tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

fn set(response: &mut Response<Full<Bytes>>, name: HeaderName, value: &'static str) {
    let value = HeaderValue::from_static(value);
    response.headers_mut().insert(name, value);
}

/// Whether the client has this version (RFC 9110, 13.1.2): compared weakly, and `*` is any.
fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let known = headers.get_all(header::IF_NONE_MATCH).iter();
    known
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

fn entity_tag() -> String {
    const HASH: u64 = fnv1a(SCHEMA);
    format!("\"{HASH:016x}\"")
}

/// FNV-1a: tells versions of one file apart, which is all that an entity tag is for.
const fn fnv1a(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325;
    let mut rest = bytes;
    while let [byte, after @ ..] = rest {
        hash = (hash ^ *byte as u64).wrapping_mul(0x0100_0000_01b3);
        rest = after;
    }
    hash
}
