//! The audit: which person did what, or tried to, when, through which door, and what came of it.
//!
//! Each act is one small record with a key of its own, which says when it was, so that pages, filters by time and what is too old
//! are found by the keys alone. The same act noted again has the same key: noting twice changes nothing.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{NotParsed, RepositoryId, Timestamp};

/// Acts are kept for so long.
pub const KEPT: Duration = Duration::from_secs(90 * 86_400);

/// The longest text that is kept of what was said, or why it was refused, in characters.
const TEXT_CHARACTERS: usize = 300;

const HOUR_MILLISECONDS: i64 = 3_600_000;

/// Through what a person acted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Door {
    /// The API, with a token.
    Api,
    /// The dashboard, with the token of who signed in.
    Dashboard,
    /// A comment on a pull request.
    Comment,
    /// The query of `POST /reconcile`, with its token.
    Reconcile,
    /// GitHub's own pages: a label, or a button of a check run.
    GitHub,
}

impl Door {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Api,
        Self::Dashboard,
        Self::Comment,
        Self::Reconcile,
        Self::GitHub,
    ];

    /// Its name for people and machines.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Dashboard => "dashboard",
            Self::Comment => "comment",
            Self::Reconcile => "reconcile",
            Self::GitHub => "github",
        }
    }
}

/// What came of an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was let through, and what follows is brought about.
    Allowed,
    /// Nothing came of it.
    Refused,
    /// Something of Slipway's failed, and perhaps nothing came of it.
    Failed,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Allowed, Self::Refused, Self::Failed];

    /// Its name for people and machines.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// What somebody did, or tried to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    /// When.
    pub at: Timestamp,
    /// Who: the name of a token, or a login of GitHub's.
    pub by: String,
    /// Through what.
    pub door: Door,
    /// What, by name: `rollback`.
    pub act: String,
    /// On what: `release/42/web/production`, `preview/42/7`.
    pub on: String,
    /// The repository of that, if it is of one.
    pub repository: Option<RepositoryId>,
    /// What was said beside it: a reason, a commit, the command.
    pub said: Option<String>,
    /// What came of it.
    pub outcome: Outcome,
    /// Why, if nothing did.
    pub reason: Option<String>,
}

impl Act {
    /// The same with what came of it, and why.
    #[must_use]
    pub fn ended(&self, outcome: Outcome, reason: &str) -> Self {
        Self {
            outcome,
            reason: Some(reason.chars().take(TEXT_CHARACTERS).collect()),
            ..self.clone()
        }
    }

    /// The same with what was said beside it, not at length.
    #[must_use]
    pub fn saying(self, said: &str) -> Self {
        let said: String = said.chars().take(TEXT_CHARACTERS).collect();
        Self {
            said: (!said.is_empty()).then_some(said),
            ..self
        }
    }

    /// Its key. `mark` tells apart what is the same in who, what, on what and when.
    pub fn key(&self, mark: &str) -> ActKey {
        let said = self.said.as_deref().unwrap_or_default();
        let parts = [
            self.by.as_str(),
            self.door.name(),
            &self.act,
            &self.on,
            said,
            mark,
        ];
        ActKey::new(self.at, &parts)
    }

    /// The key of an act that its person may not do at all: one for each hour, so that nobody fills the audit by trying.
    pub fn hourly_key(&self) -> ActKey {
        let hour = self.at.milliseconds().div_euclid(HOUR_MILLISECONDS);
        let at = Timestamp::from_milliseconds(hour.saturating_mul(HOUR_MILLISECONDS));
        ActKey::new(at, &[self.by.as_str(), self.door.name(), &self.act])
    }
}

/// The key of an act. A later act has a greater one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ActKey {
    /// When it was.
    pub at: Timestamp,
    /// Tells apart what was at the same time: 16 hexadecimal digits.
    mark: String,
}

impl ActKey {
    fn new(at: Timestamp, parts: &[&str]) -> Self {
        let digest = Sha256::digest(parts.join("\n"));
        let mark = hex::encode(digest.get(..8).unwrap_or_default());
        Self { at, mark }
    }

    /// Whether the act is to be kept no longer.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.at.after(KEPT) <= now
    }
}

impl fmt::Display for ActKey {
    /// `audit/<milliseconds, 14 digits>/<mark>`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "audit/{:014}/{}", self.at.milliseconds(), self.mark)
    }
}

impl FromStr for ActKey {
    type Err = NotParsed;

    fn from_str(text: &str) -> Result<Self, NotParsed> {
        let parts = text
            .strip_prefix("audit/")
            .and_then(|rest| rest.split_once('/'));
        let is_mark =
            |mark: &&str| mark.len() == 16 && mark.bytes().all(|byte| byte.is_ascii_hexdigit());
        let read =
            parts.and_then(|(at, mark)| Some((at.parse().ok()?, is_mark(&mark).then_some(mark)?)));
        match read {
            Some((at, mark)) => Ok(Self {
                at: Timestamp::from_milliseconds(at),
                mark: mark.to_owned(),
            }),
            None => Err(NotParsed::new(
                "the key of an act (audit/<milliseconds>/<mark>)",
                text,
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn act(milliseconds: i64) -> Act {
        Act {
            at: Timestamp::from_milliseconds(milliseconds),
            by: "ada".to_owned(),
            door: Door::Api,
            act: "lock".to_owned(),
            on: "release/42/web/production".to_owned(),
            repository: Some(RepositoryId(42)),
            said: None,
            outcome: Outcome::Allowed,
            reason: None,
        }
    }

    #[test]
    fn the_same_act_has_the_same_key_whatever_came_of_it_and_another_one_another() {
        let key = act(1_795_257_067_123).key("");
        assert_eq!(
            act(1_795_257_067_123).ended(Outcome::Refused, "no").key(""),
            key
        );
        for other in [
            act(1_795_257_067_124).key(""),
            act(1_795_257_067_123).key("comment 7"),
            act(1_795_257_067_123).saying("coins").key(""),
            Act {
                by: "bob".to_owned(),
                ..act(1_795_257_067_123)
            }
            .key(""),
        ] {
            assert_ne!(other, key);
        }
        assert_eq!(key.to_string().parse(), Ok(key));
    }

    #[test]
    fn keys_are_in_the_order_of_time_as_texts_too() {
        let (early, late) = (act(999).key(""), act(1_795_257_067_123).key(""));
        assert!(early < late && early.to_string() < late.to_string());
        assert!(early.is_over(late.at) && !late.is_over(late.at));
        assert!(late.is_over(late.at.after(KEPT)));
    }

    #[test]
    fn what_a_person_may_not_do_is_noted_once_in_an_hour() {
        let hour = |milliseconds: i64| act(milliseconds).hourly_key();
        assert_eq!(hour(3_600_001), hour(7_199_999));
        assert_ne!(hour(3_600_001), hour(7_200_000));
        let elsewhere = Act {
            on: "release/42/web/staging".to_owned(),
            ..act(3_600_001)
        };
        assert_eq!(elsewhere.hourly_key(), hour(3_600_001));
    }

    #[test]
    fn no_other_key_is_taken_for_an_act() {
        for other in [
            "audit",
            "audit/",
            "audit/1",
            "audit/1/x",
            "audit/x/0123456789abcdef",
            "preview/1/7",
        ] {
            assert!(other.parse::<ActKey>().is_err(), "{other}");
        }
    }
}
