//! Why a call has no result, by what the caller does about it.

use std::{cell::RefCell, time::Duration};

use domain::preview::{Reaction, Trouble};
use ports::{Http, HttpError};

/// Why a call has no result. The reasons are for people, and hold neither tokens nor control characters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// Certainly nothing happened, or a repeat is harmless: try again.
    #[error("{reason}")]
    Retry {
        /// What was asked and what happened.
        reason: String,
        /// Not before so long, if the vendor says so.
        after: Option<Duration>,
    },
    /// It was not even tried, since it cannot work now: come back after a while. That is no failure of this call.
    #[error("{reason}")]
    Paused {
        /// What was to be asked and why it was not.
        reason: String,
        /// Not before so long.
        after: Duration,
    },
    /// It will not work until a person changes something.
    #[error("{reason}")]
    Refused {
        /// What was asked, what the vendor said, and what would be right.
        reason: String,
    },
    /// There is an answer, and it is longer than is read: it will be the next time, too.
    #[error("{reason}")]
    TooLong {
        /// What was asked, and how long an answer may be.
        reason: String,
    },
    /// The answer was lost or cannot be read, and the request may have had its effect: look before trying again.
    #[error("{reason}")]
    Unknown {
        /// What was asked and what happened.
        reason: String,
    },
}

impl CallError {
    /// What happened, for people.
    pub fn reason(&self) -> &str {
        match self {
            Self::Retry { reason, .. }
            | Self::Paused { reason, .. }
            | Self::Refused { reason }
            | Self::TooLong { reason }
            | Self::Unknown { reason } => reason,
        }
    }
}

/// Why `http` would hold `what` back at present; none if it would send it.
pub(crate) async fn held_back(http: &impl Http, what: &str) -> Option<CallError> {
    match http.held_back().await? {
        error @ HttpError::Paused { after, .. } => Some(CallError::Paused {
            reason: format!("{what}: {error}"),
            after,
        }),
        // Nobody can say this without a request.
        HttpError::NotAllowed { .. }
        | HttpError::NoConnection { .. }
        | HttpError::TimedOut { .. }
        | HttpError::TooLong { .. }
        | HttpError::Broken { .. } => None,
    }
}

impl From<CallError> for Trouble {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Retry { reason, after } => Self {
                reason,
                reaction: Reaction::Retry {
                    after_milliseconds: after.map(milliseconds),
                },
            },
            CallError::Paused { reason, after } => Self {
                reason,
                reaction: Reaction::ComeBack {
                    after_milliseconds: milliseconds(after),
                },
            },
            CallError::Refused { reason } => Self {
                reason,
                reaction: Reaction::GiveUp,
            },
            // What is read may be shorter some day: a hopeless one costs little, and is given up after some tries.
            CallError::TooLong { reason } => Self {
                reason,
                reaction: Reaction::Retry {
                    after_milliseconds: None,
                },
            },
            CallError::Unknown { reason } => Self {
                reason,
                reaction: Reaction::Look,
            },
        }
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// How much of a vendor's text is shown, in characters.
const EXCERPT_CHARACTERS: usize = 300;

/// The start of a vendor's text on one line: runs of white space and control characters (terminal escapes, and the marks that
/// turn the direction of text around) become one space.
pub(crate) fn excerpt(text: &str) -> String {
    let is_gap = |character: char| {
        character.is_whitespace()
            || character.is_control()
            || matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    let mut short = String::new();
    let mut count = 0;
    for word in text.split(is_gap).filter(|word| !word.is_empty()) {
        if count > 0 {
            short.push(' ');
            count += 1;
        }
        for character in word.chars() {
            if count >= EXCERPT_CHARACTERS {
                short.push('…');
                return short;
            }
            short.push(character);
            count += 1;
        }
    }
    short
}

/// A shorter secret than this is a word or a number in many texts; real tokens are far longer.
const SECRET_BYTES_MIN: usize = 8;

/// What must never be shown. It grows: a client gets tokens while it works. No `Debug`.
#[derive(Default)]
pub(crate) struct Secrets(RefCell<Vec<String>>);

impl Secrets {
    /// Adds one.
    pub(crate) fn add(&self, secret: &str) {
        let mut known = self.0.borrow_mut();
        if secret.len() >= SECRET_BYTES_MIN && !known.iter().any(|one| one == secret) {
            known.push(secret.to_owned());
        }
    }

    /// `text` with every occurrence replaced: a vendor or a proxy may echo a request.
    pub(crate) fn removed_from(&self, text: &str) -> String {
        let known = self.0.borrow();
        known.iter().fold(text.to_owned(), |clean, secret| {
            clean.replace(secret.as_str(), "[secret]")
        })
    }
}

/// Appends a sentence to a reason.
pub(crate) fn append(reason: &mut String, sentence: &str) {
    if !sentence.is_empty() {
        reason.push_str(if reason.ends_with('.') { " " } else { ". " });
        reason.push_str(sentence);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vendors_text_is_shown_on_one_line_without_control_characters_and_not_at_length() {
        assert_eq!(
            excerpt(" a\r\n\tb\u{1b}[31mc \u{202e}d\u{0} "),
            "a b [31mc d"
        );
        let long = excerpt(&"ü".repeat(10_000));
        assert_eq!(long.chars().count(), EXCERPT_CHARACTERS + 1);
        assert!(long.ends_with('…'), "the cut must show: {long}");
    }

    #[test]
    fn what_the_caller_does_becomes_the_reaction() {
        let reason = || "reading: it broke".to_owned();
        let cases = [
            (
                CallError::Retry {
                    reason: reason(),
                    after: Some(Duration::from_secs(60)),
                },
                Reaction::Retry {
                    after_milliseconds: Some(60_000),
                },
            ),
            (
                CallError::Paused {
                    reason: reason(),
                    after: Duration::from_secs(30),
                },
                Reaction::ComeBack {
                    after_milliseconds: 30_000,
                },
            ),
            (CallError::Refused { reason: reason() }, Reaction::GiveUp),
            (CallError::Unknown { reason: reason() }, Reaction::Look),
        ];
        for (error, reaction) in cases {
            assert_eq!(error.to_string(), error.reason());
            assert_eq!(
                Trouble::from(error),
                Trouble {
                    reason: reason(),
                    reaction
                }
            );
        }
    }
}
