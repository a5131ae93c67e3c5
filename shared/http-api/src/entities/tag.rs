//! Entity tags: whether what somebody knows is so still (RFC 9110, section 13).

use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{Problem, Reply};

/// What changes without anything having happened.
const VOLATILE: &str = "next_look_at";

/// The tag of a thing as it is shown: the same as long as the same is known of it.
fn tag(body: &[u8]) -> String {
    let mut shown: Value = serde_json::from_slice(body).unwrap_or_default();
    if let Value::Object(fields) = &mut shown {
        fields.remove(VOLATILE);
    }
    let digest = Sha256::digest(shown.to_string().as_bytes());
    let digest: String = hex::encode(digest).chars().take(24).collect();
    format!("\"{digest}\"")
}

/// Whether a condition names the tag, or is `*`.
fn names(condition: &HeaderValue, tag: &str) -> bool {
    let text = condition.to_str().unwrap_or_default();
    text.split(',').map(str::trim).any(|known| {
        let known = known.strip_prefix("W/").unwrap_or(known);
        known == "*" || known == tag
    })
}

/// With its tag, and without its body if whoever asks has the same.
pub(super) fn tagged(mut reply: Reply, headers: &HeaderMap) -> Reply {
    let tag = tag(&reply.body);
    let known = headers.get(header::IF_NONE_MATCH);
    if known.is_some_and(|known| names(known, &tag)) {
        reply.status = StatusCode::NOT_MODIFIED;
        reply.body.clear();
    }
    let tag = HeaderValue::try_from(tag).ok();
    reply.headers.extend(tag.map(|tag| (header::ETAG, tag)));
    reply
}

/// Refuses an act on what is not any more as whoever asks knows it.
pub(super) fn check(shown: &Reply, headers: &HeaderMap) -> Result<(), Problem> {
    match headers.get(header::IF_MATCH) {
        Some(known) if !names(known, &tag(&shown.body)) => Err(Problem::new(
            StatusCode::PRECONDITION_FAILED,
            "it is not any more as If-Match says: look again, and decide anew",
        )),
        Some(_) | None => Ok(()),
    }
}
