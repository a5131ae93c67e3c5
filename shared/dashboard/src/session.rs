//! Sessions: a cookie that only Slipway can read or make, and that ends.
//!
//! A session is not stored anywhere: the cookie holds it, sealed with XChaCha20-Poly1305. Signing out deletes the cookie; a copy of it
//! holds until it expires, or the token leaves `api_tokens`, or `session_secret` changes.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use domain::Timestamp;
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// After this somebody has to sign in again.
const SIGNED_IN_FOR: Duration = Duration::from_secs(12 * 60 * 60);
/// For so long the sign-in form can be sent.
const FORM_FOR: Duration = Duration::from_secs(60 * 60);
/// The secret is as long as the output of `openssl rand -hex 16` at least.
const SECRET_MIN: usize = 32;
/// What is sealed for this purpose opens for no other.
const PURPOSE: &[u8] = b"slipway session, version 1";
const NONCE_BYTES: usize = 24;

/// Why nobody can sign in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The variable is empty.
    #[error("the variable session_secret is not set")]
    Missing,
    /// It can be guessed.
    #[error("the variable session_secret has {length} characters, expected at least {SECRET_MIN}")]
    Short {
        /// Its length.
        length: usize,
    },
    /// It could not be read.
    #[error("the variable session_secret cannot be read: {reason}")]
    Unreadable {
        /// Why.
        reason: String,
    },
}

/// What sessions are sealed with.
#[derive(Clone)]
pub struct SessionKey([u8; 32]);

impl std::fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionKey")
    }
}

/// Who uses the dashboard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Session {
    /// What every form of this session bears.
    pub(crate) csrf: String,
    /// Who signed in; none before.
    pub(crate) person: Option<Person>,
    /// When it ends.
    pub(crate) expires_at: Timestamp,
}

/// Who signed in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Person {
    /// The API's token.
    pub(crate) token: String,
    /// The token's name.
    pub(crate) name: String,
    /// The token's role, to show what may be done; the API decides.
    pub(crate) role: String,
}

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.name, self.role)
    }
}

impl Person {
    /// Whether the role allows acting.
    pub(crate) fn is_deployer(&self) -> bool {
        matches!(self.role.as_str(), "deployer" | "admin")
    }

    /// Whether the role allows everything.
    pub(crate) fn is_admin(&self) -> bool {
        self.role == "admin"
    }
}

impl Session {
    /// The session of somebody who has not signed in.
    pub(crate) fn anonymous(now: Timestamp) -> Self {
        Self {
            csrf: random_text(),
            person: None,
            expires_at: now.after(FORM_FOR),
        }
    }

    /// The session of somebody who just signed in: nothing of the one before is left.
    pub(crate) fn of(person: Person, now: Timestamp) -> Self {
        Self {
            csrf: random_text(),
            person: Some(person),
            expires_at: now.after(SIGNED_IN_FOR),
        }
    }
}

impl SessionKey {
    /// The key of the value of `session_secret`.
    pub fn of(secret: &str) -> Result<Self, KeyError> {
        match secret.len() {
            0 => return Err(KeyError::Missing),
            length @ 1..SECRET_MIN => return Err(KeyError::Short { length }),
            SECRET_MIN.. => {}
        }
        // HMAC takes keys of any length.
        let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(secret.as_bytes()).map_err(
            |error| KeyError::Unreadable {
                reason: error.to_string(),
            },
        )?;
        mac.update(PURPOSE);
        Ok(Self(mac.finalize().into_bytes().into()))
    }

    /// The session as text for a cookie; none only if there is no randomness.
    pub(crate) fn seal(&self, session: &Session) -> Option<String> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).ok()?;
        let plain = serde_json::to_vec(session).ok()?;
        let payload = Payload {
            msg: &plain,
            aad: PURPOSE,
        };
        let sealed = self
            .cipher()
            .encrypt(XNonce::from_slice(&nonce), payload)
            .ok()?;
        Some(URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat()))
    }

    /// The session in a cookie, if we made it and it has not ended.
    pub(crate) fn open(&self, cookie: &str, now: Timestamp) -> Option<Session> {
        let bytes = URL_SAFE_NO_PAD.decode(cookie).ok()?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE_BYTES)?;
        let payload = Payload {
            msg: sealed,
            aad: PURPOSE,
        };
        let plain = self
            .cipher()
            .decrypt(XNonce::from_slice(nonce), payload)
            .ok()?;
        let session: Session = serde_json::from_slice(&plain).ok()?;
        (session.expires_at > now).then_some(session)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new((&self.0).into())
    }
}

/// 128 bits that nobody can guess; nothing without randomness, and then no form is taken.
fn random_text() -> String {
    let mut bytes = [0; 16];
    match getrandom::fill(&mut bytes) {
        Ok(()) => URL_SAFE_NO_PAD.encode(bytes),
        Err(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    fn session() -> Session {
        let person = Person {
            token: "tell-me-all".to_owned(),
            name: "ops".to_owned(),
            role: "admin".to_owned(),
        };
        Session::of(person, Timestamp::default())
    }

    #[test]
    fn a_session_is_read_back_until_it_ends_and_does_not_show_its_token() {
        let key = SessionKey::of(SECRET).unwrap();
        let session = session();
        let cookie = key.seal(&session).unwrap();
        assert!(!cookie.contains("tell-me-all"));
        assert_eq!(
            key.open(&cookie, Timestamp::default()),
            Some(session.clone())
        );
        assert_eq!(key.open(&cookie, session.expires_at), None);
        assert_ne!(
            key.seal(&session),
            Some(cookie),
            "every cookie has its own nonce"
        );
    }

    #[test]
    fn a_cookie_that_was_changed_or_made_by_another_is_none() {
        let key = SessionKey::of(SECRET).unwrap();
        let cookie = key.seal(&session()).unwrap();
        let other = SessionKey::of(&SECRET.replace('0', "1")).unwrap();
        assert_eq!(other.open(&cookie, Timestamp::default()), None);
        let flipped = if cookie.starts_with('A') { "B" } else { "A" };
        let changed = cookie.replacen(&cookie[..1], flipped, 1);
        for broken in [changed.as_str(), "", "AAAA", "not base64!", &cookie[..40]] {
            assert_eq!(key.open(broken, Timestamp::default()), None, "{broken}");
        }
    }

    #[test]
    fn a_secret_that_can_be_guessed_is_refused_without_being_told() {
        assert_eq!(SessionKey::of("").unwrap_err(), KeyError::Missing);
        let short = SessionKey::of("hunter2").unwrap_err().to_string();
        assert!(!short.contains("hunter2"), "{short}");
    }
}
