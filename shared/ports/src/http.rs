//! Outgoing HTTP as a port. Bodies are whole: every request and answer of ours is small.

use std::time::Duration;

use ::http::{HeaderMap, Method, StatusCode};
use domain::Timestamp;

/// A request to send.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The absolute URL.
    pub url: String,
    /// The headers; secret ones are marked sensitive (`HeaderValue::set_sensitive`), so `Debug` does not print them.
    pub headers: HeaderMap,
    /// The whole body, empty for none.
    pub body: Vec<u8>,
    /// After how long the request is given up: [`HttpError::TimedOut`].
    pub timeout: Duration,
}

/// An answer, whatever its status.
#[derive(Debug, Clone)]
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body, at most [`Response::BODY_BYTES_MAX`].
    pub body: Vec<u8>,
}

impl Response {
    /// The longest body that is read; a longer one is [`HttpError::Broken`]. GitHub's and Coolify's lists stay far below.
    pub const BODY_BYTES_MAX: usize = 8 * 1024 * 1024;
}

/// Why there is no answer. What matters to a caller is whether the request can have had an effect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// The request never left: the host's allow-list refuses it, or the URL is not one. No effect; a repeat fails too.
    #[error("the request to {host} is not allowed: {reason}")]
    NotAllowed {
        /// Scheme, host and port of the request.
        host: String,
        /// What refused it.
        reason: String,
    },
    /// No connection came about: no effect.
    #[error("no connection to {host}: {reason}")]
    NoConnection {
        /// Scheme, host and port of the request.
        host: String,
        /// What happened.
        reason: String,
    },
    /// The request was held back, since the vendor does not answer others either: no effect, and it says nothing about this
    /// request.
    #[error("{vendor} has been failing since {since} and is left alone until it answers again")]
    Paused {
        /// Whom the request was for, by name.
        vendor: &'static str,
        /// Since when nothing works there.
        since: Timestamp,
        /// When to come back.
        after: Duration,
    },
    /// No answer in time: the request may have had its effect.
    #[error("no answer from {host} within {seconds} s")]
    TimedOut {
        /// Scheme, host and port of the request.
        host: String,
        /// The time limit.
        seconds: u64,
    },
    /// The answer is longer than is read: the request had its effect, and the next answer will be as long.
    #[error("the answer from {host} is longer than {bytes_max} bytes")]
    TooLong {
        /// Scheme, host and port of the request.
        host: String,
        /// So much is read.
        bytes_max: usize,
    },
    /// The connection broke, or the answer was not HTTP: the request may have had its effect.
    #[error("the answer from {host} broke off: {reason}")]
    Broken {
        /// Scheme, host and port of the request.
        host: String,
        /// What happened.
        reason: String,
    },
}

/// Sends requests.
#[expect(
    async_fn_in_trait,
    reason = "static dispatch on one thread: no auto traits are needed"
)]
pub trait Http {
    /// Sends `request` once and reads the whole answer. Redirects are not followed.
    async fn send(&self, request: Request) -> Result<Response, HttpError>;

    /// How a request would be held back at present, without one being made; none if it would be sent.
    async fn held_back(&self) -> Option<HttpError> {
        None
    }
}

impl<T: Http> Http for &T {
    async fn send(&self, request: Request) -> Result<Response, HttpError> {
        (**self).send(request).await
    }

    async fn held_back(&self) -> Option<HttpError> {
        (**self).held_back().await
    }
}
