//! Errors as `application/problem+json` (RFC 9457): what was wrong, where, and what would be right.

use http::{HeaderName, HeaderValue, StatusCode, header};
use ports::StoreError;

use crate::{Reply, Role, model::ProblemDetails};

/// Why a request has no other answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The status.
    pub status: StatusCode,
    /// What is wrong with this request, and what would be right.
    pub detail: String,
    /// A header that belongs to the status.
    pub header: Option<(HeaderName, HeaderValue)>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            detail: detail.into(),
            header: None,
        }
    }

    /// With the wish to be asked again in half a minute.
    pub(crate) fn retry_after(self) -> Self {
        Self {
            header: Some((header::RETRY_AFTER, HeaderValue::from_static("30"))),
            ..self
        }
    }

    /// `413`, for a body that was not read.
    pub fn too_large() -> Self {
        let detail = format!("expected a body of at most {} bytes", crate::BODY_BYTES_MAX);
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
    }

    /// `400`, for a body that broke off or did not come in time.
    pub fn broken(reason: &str) -> Self {
        Self::bad_request(format!("the body could not be read: {reason}"))
    }

    /// `503`, with the wish to be asked again in half a minute.
    pub fn unavailable(reason: &str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, reason).retry_after()
    }

    pub(crate) fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, detail)
    }

    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// `401`; always the same, so that it tells nothing about what was wrong.
    pub fn unauthorized() -> Self {
        let detail = "expected Authorization: Bearer with a token of the variable api_tokens";
        Self {
            header: Some((
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"slipway\""),
            )),
            ..Self::new(StatusCode::UNAUTHORIZED, detail)
        }
    }

    pub(crate) fn forbidden(role: Role, needed: Role) -> Self {
        let detail = format!(
            "this needs the role {}, and the token has the role {}",
            needed.name(),
            role.name()
        );
        Self::new(StatusCode::FORBIDDEN, detail)
    }

    /// `403`, for somebody who signed in by GitHub.
    pub(crate) fn not_permitted(role: Role, needed: Role) -> Self {
        let detail = format!(
            "this needs the role {}, and your permission at GitHub is worth the role {}",
            needed.name(),
            role.name()
        );
        Self::new(StatusCode::FORBIDDEN, detail)
    }

    /// `404`, for what is not there, or not to be seen by who asks.
    pub(crate) fn unknown(id: &impl std::fmt::Display) -> Self {
        Self::not_found(format!("no {id} is known"))
    }

    pub(crate) fn method_not_allowed(allowed: &'static str) -> Self {
        Self {
            header: Some((header::ALLOW, HeaderValue::from_static(allowed))),
            ..Self::new(
                StatusCode::METHOD_NOT_ALLOWED,
                format!("expected {allowed}"),
            )
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string()).retry_after()
    }
}

impl From<Problem> for Reply {
    fn from(problem: Problem) -> Self {
        let title = problem.status.canonical_reason().unwrap_or_default();
        let body = ProblemDetails {
            r#type: "about:blank".to_owned(),
            title: title.to_owned(),
            status: problem.status.as_u16(),
            detail: problem.detail,
        };
        let mut reply = Self::json(problem.status, "application/problem+json", &body);
        reply.headers.extend(problem.header);
        reply
    }
}
