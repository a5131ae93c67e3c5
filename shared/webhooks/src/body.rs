//! From the raw body to the payload's text.

use std::borrow::Cow;

use crate::{ContentType, Malformed, form};

/// The payload's JSON text, which is the body itself or a field of a form.
pub fn payload_text(content_type: ContentType, body: &[u8]) -> Result<Cow<'_, str>, Malformed> {
    if body.is_empty() {
        return Err(Malformed::new("body: empty"));
    }
    match content_type {
        ContentType::Json => match std::str::from_utf8(body) {
            Ok(text) => Ok(Cow::Borrowed(text)),
            Err(error) => Err(not_utf8(error)),
        },
        ContentType::Form => match String::from_utf8(form::payload(body)?) {
            Ok(text) => Ok(Cow::Owned(text)),
            Err(error) => Err(not_utf8(error.utf8_error())),
        },
    }
}

pub(crate) fn not_utf8(error: std::str::Utf8Error) -> Malformed {
    Malformed::new(&format!(
        "payload: not UTF-8 after {} bytes",
        error.valid_up_to()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_body_give_the_same_text() {
        assert_eq!(
            payload_text(ContentType::Json, b"{\"a\":1}").unwrap(),
            "{\"a\":1}"
        );
        assert_eq!(
            payload_text(ContentType::Form, b"payload=%7B%22a%22%3A1%7D").unwrap(),
            "{\"a\":1}"
        );
    }

    #[test]
    fn an_empty_body_and_bytes_that_are_no_text_are_refused() {
        let reason = |content_type, body| payload_text(content_type, body).unwrap_err().to_string();
        assert_eq!(reason(ContentType::Json, b""), "body: empty");
        assert_eq!(reason(ContentType::Form, b""), "body: empty");
        assert_eq!(
            reason(ContentType::Json, b"{\"a\":\"\xff\"}"),
            "payload: not UTF-8 after 6 bytes"
        );
        assert_eq!(
            reason(ContentType::Form, b"payload=%7B%FF"),
            "payload: not UTF-8 after 1 bytes"
        );
    }
}
