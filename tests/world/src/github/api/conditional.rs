//! Conditional requests: an answer that is what it was comes as 304 and costs nothing (GHDOCS rest best practices).

use sha2::{Digest, Sha256};

use crate::message::{Reply, Request};

/// The reply with its `ETag`, or 304 if the request names that. It holds for one token: GitHub's differ from token to token.
pub(super) fn answer(request: &Request, reply: Reply) -> Reply {
    if request.method != "GET" || reply.status != 200 {
        return reply;
    }
    let mut digest = Sha256::new();
    digest.update(request.token().unwrap_or_default());
    digest.update(&reply.body);
    let etag: String = hex::encode(digest.finalize()).chars().take(32).collect();
    let etag = format!("W/\"{etag}\"");
    if request.header("if-none-match") == Some(etag.as_str()) {
        return Reply::empty(304).header("etag", etag);
    }
    reply.header("etag", etag)
}
