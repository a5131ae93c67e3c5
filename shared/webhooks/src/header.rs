//! The headers of a delivery.

use std::fmt;

use domain::DeliveryGuid;
use http::{HeaderMap, HeaderName};

use crate::Malformed;

/// Says what happened: `pull_request`, `ping` …
pub const EVENT_HEADER: HeaderName = HeaderName::from_static("x-github-event");
/// GitHub's id of the delivery, the same when it is sent again.
pub const DELIVERY_HEADER: HeaderName = HeaderName::from_static("x-github-delivery");
/// `sha256=` and the hexadecimal HMAC-SHA256 of the raw body.
pub const SIGNATURE_HEADER: HeaderName = HeaderName::from_static("x-hub-signature-256");

/// How the payload is written in the body; a webhook is configured for one of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentType {
    /// `application/json`: the body is the payload.
    Json,
    /// `application/x-www-form-urlencoded`: the payload is the field `payload`.
    Form,
}

impl ContentType {
    /// What the `Content-Type` header says; none if it is missing or anything else.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let value = headers.get(http::header::CONTENT_TYPE)?.to_str().ok()?;
        let essence = value.split(';').next()?.trim();
        if essence.eq_ignore_ascii_case("application/json") {
            Some(Self::Json)
        } else if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            Some(Self::Form)
        } else {
            None
        }
    }
}

/// The name of an event: lower-case letters and underscores, as all of GitHub's. Safe in a header, a log and a key.
#[derive(Clone, PartialEq, Eq)]
pub struct EventName(String);

impl EventName {
    /// A name, if it is one: 1 to 64 lower-case letters and underscores.
    pub fn parse(text: &str) -> Option<Self> {
        let named = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
        let is_name = text.bytes().all(named) && (1..=64).contains(&text.len());
        is_name.then(|| Self(text.to_owned()))
    }

    /// The name as GitHub writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EventName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for EventName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What the headers say of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// `X-GitHub-Event`.
    pub event: EventName,
    /// `X-GitHub-Delivery`.
    pub guid: DeliveryGuid,
}

impl Envelope {
    /// Parses the headers of a delivery.
    pub fn parse(headers: &HeaderMap) -> Result<Self, Malformed> {
        let event = text(headers, "X-GitHub-Event", &EVENT_HEADER)?;
        let event = EventName::parse(event).ok_or_else(|| {
            Malformed::new(&format!(
                "header X-GitHub-Event: found {event:?}, expected the name of an event (lower-case letters and underscores)"
            ))
        })?;
        let guid = text(headers, "X-GitHub-Delivery", &DELIVERY_HEADER)?;
        let guid = guid.parse::<DeliveryGuid>().map_err(|error| {
            Malformed::new(&format!(
                "header X-GitHub-Delivery: found {:?}, expected {}",
                error.found, error.expected
            ))
        })?;
        Ok(Self { event, guid })
    }
}

fn text<'a>(headers: &'a HeaderMap, shown: &str, name: &HeaderName) -> Result<&'a str, Malformed> {
    let value = headers
        .get(name)
        .ok_or_else(|| Malformed::new(&format!("header {shown}: missing")))?;
    value
        .to_str()
        .map_err(|_| Malformed::new(&format!("header {shown}: not printable ASCII")))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect()
    }

    #[test]
    fn the_content_type_may_have_parameters_and_any_case() {
        for (value, expected) in [
            ("application/json", Some(ContentType::Json)),
            ("Application/JSON; charset=utf-8", Some(ContentType::Json)),
            ("application/x-www-form-urlencoded", Some(ContentType::Form)),
            ("text/plain", None),
            ("application/jsonp", None),
            ("", None),
        ] {
            assert_eq!(
                ContentType::of(&headers(&[("content-type", value)])),
                expected,
                "{value:?}"
            );
        }
        assert_eq!(ContentType::of(&HeaderMap::new()), None);
    }

    #[test]
    fn headers_that_are_missing_or_odd_are_named() {
        let reason = |pairs: &[(&'static str, &'static str)]| {
            Envelope::parse(&headers(pairs)).unwrap_err().to_string()
        };
        insta::assert_snapshot!(reason(&[]), @"header X-GitHub-Event: missing");
        insta::assert_snapshot!(reason(&[("x-github-event", "ping")]), @"header X-GitHub-Delivery: missing");
        insta::assert_snapshot!(
            reason(&[("x-github-event", "Ping!")]),
            @r#"header X-GitHub-Event: found "Ping!", expected the name of an event (lower-case letters and underscores)"#
        );
        insta::assert_snapshot!(
            reason(&[("x-github-event", "ping"), ("x-github-delivery", "../../secrets")]),
            @r#"header X-GitHub-Delivery: found "../../secrets", expected a delivery id (1 to 64 letters, digits and hyphens)"#
        );
    }

    #[test]
    fn the_envelope_names_event_and_delivery() {
        let envelope = Envelope::parse(&headers(&[
            ("x-github-event", "pull_request"),
            ("x-github-delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958"),
        ]))
        .unwrap();
        assert_eq!(envelope.event.as_str(), "pull_request");
        assert_eq!(
            envelope.guid.as_str(),
            "72d3162e-cc78-11e3-81ab-4c9367dc0958"
        );
    }
}
