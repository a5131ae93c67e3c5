//! What the caller reads.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::Full;
use runtime::reconcile::Report;
use serde_json::{Value, json};

use crate::deliveries::Deliveries;

/// What was done.
pub(crate) struct Done<'a> {
    pub(crate) deliveries: Deliveries,
    /// Old deliveries that were deleted.
    pub(crate) expired: usize,
    pub(crate) entities: &'a Report,
}

impl Done<'_> {
    /// `200` with the numbers; `next_at` is when something is due again, and is null if nothing is.
    pub(crate) fn response(&self) -> Response<Full<Bytes>> {
        let entities = self.entities;
        // An absent time sorts before any, so it is not just the lesser of the two.
        let next_at = [self.deliveries.next_at, entities.next_at]
            .into_iter()
            .flatten()
            .min();
        let body = json!({
            "deliveries": self.deliveries,
            "deliveries_expired": self.expired,
            "previews": {
                "advanced": entities.advanced,
                "busy": entities.busy,
                "failed": entities.failed,
                "left": entities.left,
            },
            "next_at": next_at.map(|at| at.to_string()),
        });
        json_response(StatusCode::OK, "application/json", &body)
    }

    /// The numbers for the log.
    pub(crate) fn fields(&self) -> [(&'static str, Value); 6] {
        [
            ("deliveries_done", self.deliveries.done.into()),
            ("deliveries_dead", self.deliveries.dead.into()),
            ("deliveries_expired", self.expired.into()),
            ("previews_advanced", self.entities.advanced.into()),
            ("previews_failed", self.entities.failed.into()),
            ("previews_left", self.entities.left.into()),
        ]
    }
}

/// An error (RFC 9457).
pub(crate) fn problem(status: StatusCode, detail: &str) -> Response<Full<Bytes>> {
    let title = status.canonical_reason().unwrap_or_default();
    let body = json!({ "status": status.as_u16(), "title": title, "detail": detail });
    json_response(status, "application/problem+json", &body)
}

fn json_response(
    status: StatusCode,
    content_type: &'static str,
    body: &Value,
) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
