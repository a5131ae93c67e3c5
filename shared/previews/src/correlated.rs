//! Requests to vendors that name the delivery that led to them, as every line of the log does: whoever reads a vendor's log, or that
//! of a proxy before it, finds what belongs together.

use http::{HeaderName, HeaderValue};
use ports::{Http, HttpError, Request, Response};

/// GitHub's id of the delivery; absent from work that none led to, such as most of `POST /reconcile`.
const CORRELATION: HeaderName = HeaderName::from_static("x-correlation-id");

/// HTTP that adds the delivery to every request.
#[derive(Debug, Clone)]
pub struct Correlated<H> {
    /// What sends.
    pub(crate) http: H,
    /// The delivery that led to the work; none if none did.
    pub(crate) delivery: Option<HeaderValue>,
}

impl<H: Http> Http for Correlated<H> {
    async fn send(&self, mut request: Request) -> Result<Response, HttpError> {
        if let Some(delivery) = &self.delivery {
            request.headers.insert(CORRELATION, delivery.clone());
        }
        self.http.send(request).await
    }
}
