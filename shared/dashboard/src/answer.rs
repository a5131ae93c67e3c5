//! Answers to a browser, with the headers that every one of them has.

use http::{HeaderName, HeaderValue, StatusCode, header};
use maud::Markup;
use sha2::{Digest, Sha256};

/// Only what Slipway itself serves is loaded, run or sent to, and nobody frames it.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    pub(crate) fn new(status: StatusCode, content_type: &'static str, body: Vec<u8>) -> Self {
        let fixed = [
            (header::CONTENT_TYPE, content_type),
            (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::REFERRER_POLICY, "same-origin"),
            // What is shown is for who signed in.
            (header::CACHE_CONTROL, "no-store"),
        ];
        Self {
            status,
            headers: fixed
                .into_iter()
                .map(|(name, value)| (name, HeaderValue::from_static(value)))
                .collect(),
            body,
        }
    }

    pub(crate) fn page(status: StatusCode, page: Markup) -> Self {
        let body = page.into_string().into_bytes();
        Self::new(status, "text/html; charset=utf-8", body)
    }

    /// Sends the browser elsewhere, to be read with GET.
    pub(crate) fn see_other(path: &str) -> Self {
        let mut answer = Self::new(StatusCode::SEE_OTHER, "text/plain", Vec::new());
        answer.set(header::LOCATION, path);
        answer
    }

    pub(crate) fn text(status: StatusCode, text: &str) -> Self {
        Self::new(
            status,
            "text/plain; charset=utf-8",
            text.as_bytes().to_vec(),
        )
    }

    /// Adds a header whose value is ours; one that cannot be a header's is left out.
    pub(crate) fn set(&mut self, name: HeaderName, value: &str) {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.retain(|(known, _)| *known != name);
            self.headers.push((name, value));
        }
    }

    /// Adds a header beside others of the same name.
    pub(crate) fn add(&mut self, name: HeaderName, value: &str) {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
    }

    /// With an entity tag, and without its body if the browser has the same.
    pub(crate) fn unless_known(mut self, known: Option<&HeaderValue>) -> Self {
        let digest = Sha256::digest(&self.body);
        let words: Vec<String> = digest
            .iter()
            .take(12)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let tag = format!("\"{}\"", words.concat());
        if known.is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
            self.status = StatusCode::NOT_MODIFIED;
            self.body.clear();
        }
        self.set(header::ETAG, &tag);
        self
    }
}
