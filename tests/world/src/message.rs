//! Requests as the simulated vendors see them, and the answers that they give.

use bytes::Bytes;
use http::HeaderMap;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::Vendor;
use crate::journal::Effect;

/// One request, read whole.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) vendor: Vendor,
    pub(crate) method: String,
    /// As sent, without the query.
    pub(crate) path: String,
    /// The path's parts, percent-decoded, without empty ones.
    pub(crate) segments: Vec<String>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Request {
    pub(crate) fn new(vendor: Vendor, head: &http::request::Parts, body: Bytes) -> Self {
        let path = head.uri.path().to_owned();
        let segments = path
            .split('/')
            .filter(|part| !part.is_empty())
            .map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned())
            .collect();
        let query = url::form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes())
            .into_owned()
            .collect();
        Self {
            vendor,
            method: head.method.to_string(),
            path,
            segments,
            query,
            headers: head.headers.clone(),
            body,
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The token of `Authorization: Bearer …` (or GitHub's older `token …`).
    pub(crate) fn token(&self) -> Option<&str> {
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        ["bearer", "token"]
            .contains(&scheme.to_ascii_lowercase().as_str())
            .then_some(token.trim())
    }
}

/// One answer, and what it did to the world.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) effects: Vec<Effect>,
}

impl Reply {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        let headers = vec![(
            "content-type".to_owned(),
            "application/json; charset=utf-8".to_owned(),
        )];
        Self {
            status,
            headers,
            body: body.to_string().into_bytes(),
            effects: Vec::new(),
        }
    }

    pub(crate) fn text(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Self {
            status,
            headers,
            body: body.into(),
            effects: Vec::new(),
        }
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self {
            status,
            ..Self::default()
        }
    }

    pub(crate) fn header(mut self, name: &str, value: impl ToString) -> Self {
        self.headers.push((name.to_owned(), value.to_string()));
        self
    }

    pub(crate) fn effect(mut self, effect: Effect) -> Self {
        self.effects.push(effect);
        self
    }
}
