//! The `state` that goes to GitHub and comes back: signed, and good for an hour.
//!
//! The key is derived of the reconcile token, so nothing is stored. A state is bound to what it is for, and to the browser that began by
//! a cookie, where there is one.

use std::time::Duration;

use domain::Timestamp;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// GitHub's code is good for as long.
const LIFE: Duration = Duration::from_secs(3_600);

/// What a state is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The registration of an App.
    Register,
    /// Its installation on an account.
    Install,
}

impl Purpose {
    const fn name(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::Install => "install",
        }
    }
}

/// A state that is good from now on; `browser` is what the cookie holds.
pub(crate) fn sign(token: &str, purpose: Purpose, browser: &str, now: Timestamp) -> String {
    let until = now.after(LIFE).milliseconds();
    let signature = hex::encode(mac(token, purpose, browser, until).finalize().into_bytes());
    format!("{until}.{signature}")
}

/// Whether the state was signed for this and has not ended.
pub(crate) fn is_good(
    token: &str,
    purpose: Purpose,
    browser: &str,
    state: &str,
    now: Timestamp,
) -> bool {
    let Some((until, signature)) = state.split_once('.') else {
        return false;
    };
    let (Ok(until), Ok(signature)) = (until.parse::<i64>(), hex::decode(signature)) else {
        return false;
    };
    let is_signed = mac(token, purpose, browser, until)
        .verify_slice(&signature)
        .is_ok();
    is_signed && Timestamp::from_milliseconds(until) > now
}

fn mac(token: &str, purpose: Purpose, browser: &str, until: i64) -> Hmac<Sha256> {
    // Any length of key will do.
    let keyed = |key: &[u8]| {
        Hmac::<Sha256>::new_from_slice(key).unwrap_or_else(|_| Hmac::new(&Default::default()))
    };
    let mut derived = keyed(token.as_bytes());
    derived.update(b"slipway setup state");
    let mut mac = keyed(&derived.finalize().into_bytes());
    for part in [purpose.name(), browser, &until.to_string()] {
        mac.update(part.as_bytes());
        mac.update(b"\n");
    }
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_good_for_its_purpose_its_browser_and_an_hour() {
        let now = Timestamp::from_milliseconds(1_000_000);
        let state = sign("token", Purpose::Register, "b1", now);
        let good = |token: &str, purpose, browser: &str, seconds: u64| {
            let later = now.after(Duration::from_secs(seconds));
            is_good(token, purpose, browser, &state, later)
        };
        assert!(good("token", Purpose::Register, "b1", 3_599));
        assert!(!good("token", Purpose::Register, "b1", 3_600), "it ended");
        assert!(!good("other", Purpose::Register, "b1", 1), "another token");
        assert!(
            !good("token", Purpose::Install, "b1", 1),
            "for something else"
        );
        assert!(
            !good("token", Purpose::Register, "b2", 1),
            "another browser"
        );
        let (until, signature) = state.split_once('.').unwrap();
        let later = format!("{}.{signature}", until.parse::<i64>().unwrap() + 1);
        for other in ["", ".", "x.y", later.as_str(), until] {
            assert!(
                !is_good("token", Purpose::Register, "b1", other, now),
                "{other}"
            );
        }
    }
}
