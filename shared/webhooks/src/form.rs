//! `application/x-www-form-urlencoded`, as far as a webhook needs it: one field, decoded strictly.

use crate::Malformed;

/// The field that GitHub puts the payload in.
const FIELD: &[u8] = b"payload=";

/// The bytes of the field `payload`.
pub(crate) fn payload(body: &[u8]) -> Result<Vec<u8>, Malformed> {
    let encoded = body
        .split(|byte| *byte == b'&')
        .find_map(|pair| pair.strip_prefix(FIELD))
        .ok_or_else(|| Malformed::new("body: no form field payload"))?;
    let mut decoded = Vec::with_capacity(encoded.len());
    let mut rest = encoded.iter();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => decoded.push(b' '),
            b'%' => {
                let high = rest.next().and_then(|digit| value(*digit));
                let low = rest.next().and_then(|digit| value(*digit));
                let (Some(high), Some(low)) = (high, low) else {
                    return Err(Malformed::new(&format!(
                        "body: form field payload: a % without two hexadecimal digits after {} decoded bytes",
                        decoded.len()
                    )));
                };
                decoded.push(high << 4 | low);
            }
            other => decoded.push(*other),
        }
    }
    Ok(decoded)
}

const fn value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_field_is_found_among_others_and_decoded() {
        let body = b"zen=x&payload=%7B%22a%22%3A+%22%C3%A9%2B%22%7d&last=1";
        assert_eq!(payload(body).unwrap(), "{\"a\": \"é+\"}".as_bytes());
    }

    #[test]
    fn a_missing_field_and_a_broken_escape_are_told() {
        let reason = |body: &[u8]| payload(body).unwrap_err().to_string();
        assert_eq!(reason(b""), "body: no form field payload");
        assert_eq!(reason(b"xpayload=1&pay=2"), "body: no form field payload");
        for broken in [&b"payload=ab%"[..], b"payload=ab%4", b"payload=ab%zz"] {
            assert_eq!(
                reason(broken),
                "body: form field payload: a % without two hexadecimal digits after 2 decoded bytes"
            );
        }
    }

    proptest! {
        #[test]
        fn whatever_is_encoded_comes_back(bytes: Vec<u8>) {
            let encoded: String = bytes.iter().map(|byte| format!("%{byte:02X}")).collect();
            let body = format!("payload={encoded}");
            prop_assert_eq!(payload(body.as_bytes()), Ok(bytes));
        }

        #[test]
        fn any_bytes_are_decoded_or_refused(bytes: Vec<u8>) {
            let body = [FIELD, &bytes].concat();
            if let Ok(decoded) = payload(&body) {
                prop_assert!(decoded.len() <= bytes.len());
            }
        }
    }
}
