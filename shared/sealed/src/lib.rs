//! Values that others keep for Slipway, as text that only Slipway can read or make: XChaCha20-Poly1305, under a key that is
//! derived of a configured secret for one purpose.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use hmac::{Hmac, Mac};
use serde::{Serialize, de::DeserializeOwned};
use sha2::Sha256;

const NONCE_BYTES: usize = 24;

/// What values are sealed with for one purpose: what is sealed for it opens for no other.
#[derive(Clone)]
pub struct Key {
    key: [u8; 32],
    purpose: &'static str,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key of {}", self.purpose)
    }
}

impl Key {
    /// The key of a secret of any length, which is as hard to guess as that is.
    pub fn of(secret: &str, purpose: &'static str) -> Self {
        // HMAC takes keys of any length.
        let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(secret.as_bytes())
            .unwrap_or_else(|_| <Hmac<Sha256> as hmac::KeyInit>::new(&Default::default()));
        mac.update(purpose.as_bytes());
        Self {
            key: mac.finalize().into_bytes().into(),
            purpose,
        }
    }

    /// The value as text of letters, digits, `-` and `_`; none only if there is no randomness.
    pub fn seal(&self, value: &impl Serialize) -> Option<String> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).ok()?;
        let plain = serde_json::to_vec(value).ok()?;
        let payload = Payload {
            msg: &plain,
            aad: self.purpose.as_bytes(),
        };
        let sealed = self
            .cipher()
            .encrypt(XNonce::from_slice(&nonce), payload)
            .ok()?;
        Some(URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat()))
    }

    /// The value in a text that this key sealed; none for any other text.
    pub fn open<T: DeserializeOwned>(&self, text: &str) -> Option<T> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE_BYTES)?;
        let payload = Payload {
            msg: sealed,
            aad: self.purpose.as_bytes(),
        };
        let plain = self
            .cipher()
            .decrypt(XNonce::from_slice(nonce), payload)
            .ok()?;
        serde_json::from_slice(&plain).ok()
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new((&self.key).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_with_the_same_secret_for_the_same_purpose_alone() {
        let sealed = Key::of("secret", "sessions").seal(&"ada").unwrap();
        let opened = |secret: &str, purpose, text: &str| -> Option<String> {
            Key::of(secret, purpose).open(text)
        };
        assert_eq!(
            opened("secret", "sessions", &sealed).as_deref(),
            Some("ada")
        );
        assert_eq!(opened("secret", "passes", &sealed), None);
        assert_eq!(opened("other", "sessions", &sealed), None);
        assert!(!sealed.contains("ada"));
        let again = Key::of("secret", "sessions").seal(&"ada");
        assert_ne!(again, Some(sealed.clone()), "each has its own nonce");
        let flipped = if sealed.starts_with('A') { "B" } else { "A" };
        let changed = sealed.replacen(&sealed[..1], flipped, 1);
        for broken in [changed.as_str(), "", "AAAA", "not base64!", &sealed[..40]] {
            assert_eq!(opened("secret", "sessions", broken), None, "{broken}");
        }
    }
}
