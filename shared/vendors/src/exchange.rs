//! One request and its answer: what every vendor's answers have in common, and the words for people.

use std::time::Duration;

use http::{HeaderMap, StatusCode, header};
use ports::{HttpError, Response};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    CallError,
    address::{Names, origin},
    error::{Secrets, append, excerpt},
};

/// The `User-Agent` of every request; GitHub refuses requests without one (VENDORS 4.4).
pub(crate) const USER_AGENT: &str = concat!("slipway/", env!("CARGO_PKG_VERSION"));

/// No vendor is asked to wait longer than this for us: a wish beyond it is a mistake or nonsense.
const LONGEST_WISH: Duration = Duration::from_secs(3600);

/// Whether a request may be sent again when its answer was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// It reads, or a second one changes nothing more.
    Harmless,
    /// A second one has a second effect.
    Harmful,
}

/// A request under way, for the classification of its answer.
pub(crate) struct Exchange<'a> {
    pub(crate) names: Names,
    /// What is asked, as `reading pull request acme/shop#7`.
    pub(crate) what: String,
    pub(crate) repeat: Repeat,
    pub(crate) secrets: &'a Secrets,
}

#[derive(Deserialize)]
struct ErrorBody {
    message: String,
    #[serde(default)]
    errors: Value,
}

impl Exchange<'_> {
    /// The error for a request without an answer.
    pub(crate) fn no_answer(&self, error: &HttpError) -> CallError {
        let reason = self.reason(&excerpt(&self.without_secrets(&error.to_string())));
        match error {
            HttpError::NotAllowed { .. } => {
                let hint = format!(
                    "The variable {} must name a host that Slipway may reach",
                    self.names.url_variable
                );
                self.refused(reason, &hint)
            }
            HttpError::NoConnection { .. } => self.retry(reason, None),
            HttpError::Paused { after, .. } => CallError::Paused {
                reason,
                after: *after,
            },
            HttpError::TooLong { .. } if self.repeat == Repeat::Harmless => {
                CallError::TooLong { reason }
            }
            HttpError::TooLong { .. } | HttpError::TimedOut { .. } | HttpError::Broken { .. } => {
                self.lost(reason, None)
            }
        }
    }

    /// The value in the body of a success; an unreadable one is a lost answer.
    pub(crate) fn read<'b, T: Deserialize<'b>>(
        &self,
        response: &'b Response,
    ) -> Result<T, CallError> {
        serde_json::from_slice(&response.body)
            .map_err(|error| self.unreadable(response, &error.to_string()))
    }

    /// The error for a success that does not say what it should.
    pub(crate) fn unreadable(&self, response: &Response, problem: &str) -> CallError {
        let vendor = self.names.vendor;
        let reason = self.reason(&format!(
            "{vendor} answered {} with something else than expected ({})",
            response.status.as_u16(),
            excerpt(&self.without_secrets(problem))
        ));
        self.lost(reason, None)
    }

    /// The error for an answer that is no success and that the vendor's own rules did not explain. `hint` is for refusals.
    pub(crate) fn failure(&self, response: &Response, hint: &str) -> CallError {
        let reason = self.reason(&self.said(response));
        let status = response.status;
        let after = retry_after(&response.headers);
        if status == StatusCode::TOO_MANY_REQUESTS {
            return self.retry(reason, after);
        }
        if status == StatusCode::NOT_FOUND && message(response).is_none() {
            let mut reason = reason;
            append(
                &mut reason,
                &format!(
                    "That is not {}'s way to say so: a proxy in front of it answered",
                    self.names.vendor
                ),
            );
            return self.retry(reason, after);
        }
        if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT {
            return self.lost(reason, after);
        }
        if status.is_redirection() {
            return self.refused(reason, &self.redirect_hint(response));
        }
        if status.is_client_error() {
            return self.refused(reason, hint);
        }
        self.lost(reason, None)
    }

    /// `what: happened`, without secrets.
    pub(crate) fn reason(&self, happened: &str) -> String {
        self.without_secrets(&format!("{}: {happened}", self.what))
    }

    /// `Coolify answered 403 "API is disabled."`
    pub(crate) fn said(&self, response: &Response) -> String {
        let text = message(response)
            .unwrap_or_else(|| String::from_utf8_lossy(&response.body).into_owned());
        let (vendor, status) = (self.names.vendor, response.status.as_u16());
        // Secrets go before the text is cut: half a token is too much.
        let text = excerpt(&self.without_secrets(&text));
        if text.is_empty() {
            format!("{vendor} answered {status}")
        } else {
            format!("{vendor} answered {status} \"{text}\"")
        }
    }

    /// A text of the vendor's without secrets.
    pub(crate) fn without_secrets(&self, text: &str) -> String {
        self.secrets.removed_from(text)
    }

    /// Try again: nothing happened, or it is harmless.
    pub(crate) fn retry(&self, reason: String, after: Option<Duration>) -> CallError {
        CallError::Retry { reason, after }
    }

    /// A person must change something.
    pub(crate) fn refused(&self, mut reason: String, hint: &str) -> CallError {
        append(&mut reason, hint);
        CallError::Refused { reason }
    }

    /// It may have happened.
    pub(crate) fn lost(&self, reason: String, after: Option<Duration>) -> CallError {
        match self.repeat {
            Repeat::Harmless => CallError::Retry { reason, after },
            Repeat::Harmful => CallError::Unknown { reason },
        }
    }

    fn redirect_hint(&self, response: &Response) -> String {
        let location = response
            .headers
            .get(header::LOCATION)
            .and_then(|value| value.to_str().ok());
        let variable = self.names.url_variable;
        match location.and_then(origin) {
            Some(origin) => format!(
                "It points to {origin}: if that is right, the variable {variable} should say so"
            ),
            None => format!(
                "Requests are not followed elsewhere: the variable {variable} should be the final address"
            ),
        }
    }
}

/// The `message` of an error body, with its `errors`; none if the vendor did not write the body.
pub(crate) fn message(response: &Response) -> Option<String> {
    let body: ErrorBody = serde_json::from_slice(&response.body).ok()?;
    let mut text = body.message;
    if !body.errors.is_null() {
        text.push(' ');
        text.push_str(&body.errors.to_string());
    }
    Some(text)
}

/// `Retry-After` in seconds (the vendors send no dates), at most [`LONGEST_WISH`].
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    seconds(headers, header::RETRY_AFTER.as_str()).map(bounded)
}

/// A header that is a whole number.
pub(crate) fn seconds(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

/// A pause of so many seconds, within bounds.
pub(crate) fn bounded(seconds: u64) -> Duration {
    Duration::from_secs(seconds).min(LONGEST_WISH)
}
