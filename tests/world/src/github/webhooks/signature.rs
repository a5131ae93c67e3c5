//! GitHub's webhook signatures.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::Sha256;

/// `X-Hub-Signature-256` of a body: `sha256=` and the HMAC-SHA256 in hexadecimal.
#[must_use]
pub fn sign(secret: &str, body: &[u8]) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap_or_else(|_| unreachable_key());
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

/// `X-Hub-Signature` of a body, which GitHub still sends: `sha1=` and the HMAC-SHA1 in hexadecimal.
#[must_use]
pub fn sign_sha1(secret: &str, body: &[u8]) -> String {
    let mut mac =
        Hmac::<Sha1>::new_from_slice(secret.as_bytes()).unwrap_or_else(|_| unreachable_key());
    mac.update(body);
    format!("sha1={}", hex::encode(mac.finalize().into_bytes()))
}

#[expect(
    clippy::unreachable,
    reason = "HMAC takes keys of any length (RFC 2104)"
)]
fn unreachable_key<T>() -> T {
    unreachable!("HMAC takes keys of any length")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_githubs_published_test_vector() {
        assert_eq!(
            sign("It's a Secret to Everybody", b"Hello, World!"),
            "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
        );
        assert!(
            sign_sha1("key", b"The quick brown fox jumps over the lazy dog")
                .ends_with("de7c9b85b8b78aa6bc8a7a36f70a90701c9db4d9")
        );
    }
}
