//! The App's JSON Web Token, by which it shows who it is (VENDORS 4.4).

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::Timestamp;
use serde::Serialize;

use super::key::PrivateKey;

/// GitHub refuses a token that was made in its future; its documentation asks for this much.
const BACKDATED_SECONDS: i64 = 60;

/// GitHub refuses a token that ends later than 600 seconds from now. A minute is left for clocks that differ.
const LIFE_SECONDS: i64 = 540;

const HEADER: &[u8] = br#"{"alg":"RS256","typ":"JWT"}"#;

#[derive(Serialize)]
struct Claims<'a> {
    iat: i64,
    exp: i64,
    iss: &'a str,
}

/// A token for the App `issuer`, at `now` on GitHub's clock.
pub(crate) fn signed(key: &PrivateKey, issuer: &str, now: Timestamp) -> Result<String, String> {
    let now = now.milliseconds().div_euclid(1000);
    let claims = Claims {
        iat: now.saturating_sub(BACKDATED_SECONDS),
        exp: now.saturating_add(LIFE_SECONDS),
        iss: issuer,
    };
    let claims = serde_json::to_vec(&claims).map_err(|error| error.to_string())?;
    let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let message = format!("{}.{}", encode(HEADER), encode(&claims));
    let signature = key.sign(message.as_bytes())?;
    Ok(format!("{message}.{}", encode(&signature)))
}

/// The time in a `Date` header: `Sat, 21 Nov 2026 10:31:07 GMT`, the one form that is in use (RFC 9110, 5.6.7).
pub(crate) fn http_date(text: &str) -> Option<Timestamp> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let (_, rest) = text.split_once(", ")?;
    let mut parts = rest.split_ascii_whitespace();
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    let (time, zone) = (parts.next()?, parts.next()?);
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    if zone != "GMT" {
        return None;
    }
    Timestamp::parse(&format!("{year}-{month:02}-{day:0>2}T{time}Z"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rsa::{
        RsaPublicKey,
        pkcs1v15::{Signature, VerifyingKey},
        pkcs8::DecodePublicKey,
        signature::Verifier,
    };
    use sha2::Sha256;

    #[test]
    fn a_token_is_backdated_ends_within_ten_minutes_and_is_signed_by_the_key() {
        let key = PrivateKey::parse(include_str!("testdata/pkcs1.pem")).expect("a key");
        let now = Timestamp::parse("2026-11-21T10:31:07Z").expect("a time");
        let token = signed(&key, "12345", now).expect("a token");
        let (message, signature) = token.rsplit_once('.').expect("three parts");
        let (header, claims) = message.split_once('.').expect("three parts");
        let text = |part: &str| {
            let bytes = BASE64_URL_SAFE_NO_PAD.decode(part).expect("base64");
            String::from_utf8(bytes).expect("text")
        };
        assert_eq!(text(header), r#"{"alg":"RS256","typ":"JWT"}"#);
        assert_eq!(
            text(claims),
            r#"{"iat":1795257007,"exp":1795257607,"iss":"12345"}"#,
            "600 seconds from beginning to end, and 540 from now on"
        );
        let public = RsaPublicKey::from_public_key_pem(include_str!("testdata/public.pem"))
            .expect("a public key");
        let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).expect("base64");
        let signature = Signature::try_from(signature.as_slice()).expect("a signature");
        VerifyingKey::<Sha256>::new(public)
            .verify(message.as_bytes(), &signature)
            .expect("it verifies with the public key");
    }

    #[test]
    fn a_date_header_is_read() {
        assert_eq!(
            http_date("Sat, 21 Nov 2026 10:31:07 GMT"),
            Timestamp::parse("2026-11-21T10:31:07Z")
        );
        for other in [
            "",
            "Sat, 21 Nov 2026 10:31:07 CET",
            "Saturday, 21-Nov-26 10:31:07 GMT",
            "21 Nov 2026",
        ] {
            assert_eq!(http_date(other), None, "{other}");
        }
    }
}
