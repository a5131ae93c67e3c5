//! Sessions: a cookie that only Slipway can read or make, and that ends.
//!
//! A session is not stored anywhere: the cookie holds it, sealed. Signing out deletes the cookie; a copy of it holds until it
//! expires, or the token leaves `api_tokens`, or `session_secret` changes. A session by GitHub ends with the person's token
//! there, which signing out ends.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::Timestamp;
use sealed::Key;
use serde::{Deserialize, Serialize};

use crate::github::Pending;

/// After this somebody has to sign in again.
const SIGNED_IN_FOR: Duration = Duration::from_secs(12 * 60 * 60);
/// For so long the sign-in form can be sent.
const FORM_FOR: Duration = Duration::from_secs(60 * 60);
/// The secret is as long as the output of `openssl rand -hex 16` at least.
const SECRET_MIN: usize = 32;
const SESSIONS: &str = "slipway session, version 1";
const SIGN_INS: &str = "slipway sign-in, version 1";

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

/// What sessions are sealed with, and what a browser keeps while it is at GitHub to sign in.
#[derive(Debug, Clone)]
pub struct SessionKey {
    sessions: Key,
    sign_ins: Key,
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
    /// By which the API is asked: a token of its own, or a pass of who signed in by GitHub.
    pub(crate) token: String,
    /// The token's name, or the login at GitHub.
    pub(crate) name: String,
    /// The token's role, to show what may be done; the API decides. Empty for who signed in by GitHub, who has one in each
    /// repository.
    pub(crate) role: String,
    /// Whether they signed in by GitHub.
    #[serde(default)]
    pub(crate) by_github: bool,
}

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.name, self.role)
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

    /// The same, that ends earlier if what it rests on does.
    pub(crate) fn until(self, end: Timestamp) -> Self {
        Self {
            expires_at: self.expires_at.min(end),
            ..self
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
        Ok(Self {
            sessions: Key::of(secret, SESSIONS),
            sign_ins: Key::of(secret, SIGN_INS),
        })
    }

    /// The session as text for a cookie; none only if there is no randomness.
    pub(crate) fn seal(&self, session: &Session) -> Option<String> {
        self.sessions.seal(session)
    }

    /// The session in a cookie, if we made it and it has not ended.
    pub(crate) fn open(&self, cookie: &str, now: Timestamp) -> Option<Session> {
        let session: Session = self.sessions.open(cookie)?;
        (session.expires_at > now).then_some(session)
    }

    /// What a browser keeps while it is at GitHub, as text for a cookie; none only if there is no randomness.
    pub(crate) fn seal_sign_in(&self, pending: &Pending) -> Option<String> {
        self.sign_ins.seal(pending)
    }

    /// That, if we made it and it has not ended.
    pub(crate) fn open_sign_in(&self, cookie: &str, now: Timestamp) -> Option<Pending> {
        let pending: Pending = self.sign_ins.open(cookie)?;
        (pending.until > now).then_some(pending)
    }
}

/// 256 bits that nobody can guess; nothing without randomness, and then no form is taken.
pub(crate) fn random_text() -> String {
    let mut bytes = [0; 32];
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
            by_github: false,
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
        let other = SessionKey::of(&SECRET.replace('0', "1")).unwrap();
        assert_eq!(other.open(&cookie, Timestamp::default()), None);
    }

    #[test]
    fn a_session_that_rests_on_something_ends_with_it_and_never_later() {
        let sooner = Timestamp::default().after(Duration::from_secs(60));
        assert_eq!(session().until(sooner).expires_at, sooner);
        let later = session().expires_at.after(Duration::from_secs(60));
        assert_eq!(session().until(later).expires_at, session().expires_at);
    }

    #[test]
    fn a_secret_that_can_be_guessed_is_refused_without_being_told() {
        assert_eq!(SessionKey::of("").unwrap_err(), KeyError::Missing);
        let short = SessionKey::of("hunter2").unwrap_err().to_string();
        assert!(!short.contains("hunter2"), "{short}");
    }
}
