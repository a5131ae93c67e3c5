//! Passes: by which the dashboard and the API show for whom they ask. A pass is a person's token at GitHub, sealed with a key
//! that is derived of the App's client secret: only the component `people` can read or make one, and it is stored nowhere.

use domain::Timestamp;
use sealed::Key;
use serde::{Deserialize, Serialize};

const PURPOSE: &str = "slipway pass, version 1";

/// By which a pass is told from a token of `api_tokens`. No such token begins like this.
pub const PREFIX: &str = "github.";

/// What a pass holds. No `Debug`: it is a token.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Pass {
    /// The person's token at GitHub.
    pub(crate) token: String,
    /// GitHub's id of the account.
    pub(crate) account: u64,
    /// When it ends.
    pub(crate) expires_at: Timestamp,
}

impl Pass {
    pub(crate) fn seal(&self, client_secret: &str) -> Option<String> {
        let sealed = Key::of(client_secret, PURPOSE).seal(self)?;
        Some(format!("{PREFIX}{sealed}"))
    }

    /// The pass in a text, if it was made here and has not ended.
    pub(crate) fn open(text: &str, client_secret: &str, now: Timestamp) -> Option<Self> {
        let sealed = text.strip_prefix(PREFIX)?;
        let pass: Self = Key::of(client_secret, PURPOSE).open(sealed)?;
        (pass.expires_at > now).then_some(pass)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_pass_is_good_until_it_ends_and_shows_nothing_of_its_token() {
        let now = Timestamp::from_milliseconds(1_795_257_000_000);
        let pass = Pass {
            token: "ghu_secret".to_owned(),
            account: 7,
            expires_at: now.after(Duration::from_secs(60)),
        };
        let text = pass.seal("client secret").unwrap();
        assert!(!text.contains("secret"));
        let opened = |secret: &str, seconds| {
            let later = now.after(Duration::from_secs(seconds));
            Pass::open(&text, secret, later).map(|pass| pass.token)
        };
        assert_eq!(opened("client secret", 59).as_deref(), Some("ghu_secret"));
        assert_eq!(opened("client secret", 60), None);
        assert_eq!(opened("another secret", 0), None, "it was replaced");
    }
}
