//! HMAC-SHA256 over the raw body, as GitHub signs it in `X-Hub-Signature-256`.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// What the header's value begins with.
const PREFIX: &[u8] = b"sha256=";

/// The length of an HMAC-SHA256 in bytes.
const DIGEST_BYTES: usize = 32;

/// The position of the first of `secrets` that made `signature` (the header's value) over `body`; none if no secret did.
///
/// Neither where two signatures differ nor which secret matches shows in the time taken: whole signatures are compared, and
/// every secret is tried. An empty secret never matches, since anybody can sign with it.
pub fn verify<S: AsRef<[u8]>>(secrets: &[S], body: &[u8], signature: &[u8]) -> Option<u32> {
    let claimed = parse(signature)?;
    let mut matching = None;
    for (position, secret) in (0..).zip(secrets) {
        let matches = matches(secret.as_ref(), body, &claimed);
        if matches && matching.is_none() {
            matching = Some(position);
        }
    }
    matching
}

fn matches(secret: &[u8], body: &[u8], claimed: &[u8; DIGEST_BYTES]) -> bool {
    // HMAC takes keys of every length, so this never fails.
    let Ok(mut hmac) = Hmac::<Sha256>::new_from_slice(secret) else {
        return false;
    };
    hmac.update(body);
    hmac.verify_slice(claimed).is_ok() && !secret.is_empty()
}

/// The signature that a header's value holds: `sha256=` and 64 hexadecimal digits, nothing around them.
fn parse(signature: &[u8]) -> Option<[u8; DIGEST_BYTES]> {
    let digits = signature.strip_prefix(PREFIX)?;
    if digits.len() != 2 * DIGEST_BYTES {
        return None;
    }
    let mut digest = [0; DIGEST_BYTES];
    for (byte, pair) in digest.iter_mut().zip(digits.chunks_exact(2)) {
        let &[high, low] = pair else { return None };
        *byte = value(high)? << 4 | value(low)?;
    }
    Some(digest)
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

    // GitHub's published example: "Validating webhook deliveries" in its documentation.
    const SECRET: &str = "It's a Secret to Everybody";
    const BODY: &[u8] = b"Hello, World!";
    const SIGNATURE: &[u8] =
        b"sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

    fn sign(secret: &[u8], body: &[u8]) -> Vec<u8> {
        let mut hmac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
        hmac.update(body);
        format!("sha256={}", hex::encode(hmac.finalize().into_bytes())).into_bytes()
    }

    #[test]
    fn githubs_own_example_is_verified() {
        assert_eq!(verify(&[SECRET], BODY, SIGNATURE), Some(0));
    }

    #[test]
    fn during_a_rotation_the_secret_that_matched_is_told() {
        assert_eq!(verify(&["new", SECRET, "older"], BODY, SIGNATURE), Some(1));
        assert_eq!(verify(&["new", SECRET, SECRET], BODY, SIGNATURE), Some(1));
        assert_eq!(verify(&["new", "older"], BODY, SIGNATURE), None);
    }

    #[test]
    fn without_a_secret_nothing_is_verified() {
        assert_eq!(verify::<&str>(&[], BODY, SIGNATURE), None);
        assert_eq!(verify(&[""], BODY, &sign(b"", BODY)), None);
        assert_eq!(verify(&["", SECRET], BODY, SIGNATURE), Some(1));
    }

    #[test]
    fn the_right_signature_over_other_bytes_is_refused() {
        assert_eq!(verify(&[SECRET], b"Hello, World", SIGNATURE), None);
        assert_eq!(verify(&[SECRET], b"", SIGNATURE), None);
    }

    #[test]
    fn anything_but_64_digits_after_sha256_is_refused() {
        let digits = SIGNATURE.strip_prefix(PREFIX).unwrap();
        let sha1 = [b"sha1=", &digits[..40]].concat();
        let padded = [SIGNATURE, b" "].concat();
        let longer = [SIGNATURE, b"00"].concat();
        for other in [
            &b""[..],
            b"sha256=",
            digits,
            &sha1,
            &padded,
            &longer,
            &SIGNATURE[..SIGNATURE.len() - 2],
            b"sha256=zz7107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
        ] {
            assert_eq!(
                verify(&[SECRET], BODY, other),
                None,
                "{}",
                String::from_utf8_lossy(other)
            );
        }
    }

    proptest! {
        #[test]
        fn what_a_secret_signed_only_that_secret_verifies(
            secret in prop::collection::vec(any::<u8>(), 1..200),
            other in prop::collection::vec(any::<u8>(), 1..200),
            body: Vec<u8>,
        ) {
            let signature = sign(&secret, &body);
            prop_assert_eq!(verify(&[&secret], &body, &signature), Some(0));
            // HMAC pads short keys with zeros, so keys that differ only in those are the same.
            let trimmed = |key: &[u8]| key.iter().rposition(|byte| *byte != 0).map(|last| key[..=last].to_vec());
            if trimmed(&secret) != trimmed(&other) && secret.len().max(other.len()) <= 64 {
                prop_assert_eq!(verify(&[&other], &body, &signature), None);
            }
        }

        #[test]
        fn any_bytes_are_a_signature_or_refused(signature: Vec<u8>, body: Vec<u8>) {
            prop_assert_eq!(verify(&[SECRET], &body, &signature), None);
        }

        #[test]
        fn one_changed_bit_is_enough(position in 0..32_usize, bit in 0..8_u8) {
            let mut digest = hex::decode(&SIGNATURE[PREFIX.len()..]).unwrap();
            digest[position] ^= 1 << bit;
            let signature = format!("sha256={}", hex::encode(digest));
            prop_assert_eq!(verify(&[SECRET], BODY, signature.as_bytes()), None);
        }
    }
}
