//! GitHub's rate limits, kept by whoever they are counted for: a token that ran into one is not used before the limit is over, by
//! nobody (VENDORS 4.6: going on may get an App banned).
//!
//! A limit is one note in the store, written when it is hit and deleted when it is over. A call costs one read of it.

use std::{fmt, time::Duration};

use domain::Timestamp;
use http::Method;
use ports::{Clock, Http, Label, Response, Store};
use serde::{Deserialize, Serialize};

use super::{Client, app::InstallationId, limits, pacing};
use crate::{CallError, exchange::Exchange};

/// For whom GitHub counts a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Payer {
    /// The plain token.
    Token,
    /// The App as itself.
    App,
    /// An installation of the App, with all its repositories and tokens.
    Installation(InstallationId),
}

impl fmt::Display for Payer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token => f.write_str("token"),
            Self::App => f.write_str("app"),
            Self::Installation(id) => write!(f, "installation/{id}"),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Note {
    until: Timestamp,
}

fn key(payer: Payer) -> String {
    format!("{LIMIT_KEYS}{payer}")
}

/// What a key of the store `default` begins with that holds a limit; the rest is for whom it holds: `token`, `app` or
/// `installation/<id>`.
pub const LIMIT_KEYS: &str = "github/limit/";

/// Until when the limit at `key` holds; none if there is none.
pub async fn limited_until(
    store: &impl Store,
    key: &str,
) -> Result<Option<Timestamp>, ports::StoreError> {
    let stored = store.get(Label::Default, key).await?;
    let note: Option<Note> = stored.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    Ok(note.map(|note| note.until))
}

impl<H: Http, C: Clock, S: Store> Client<H, C, S> {
    /// Whether the call may be made now, as far as limits are known. Without the store nobody knows of any.
    pub(super) async fn may_call(
        &self,
        exchange: &Exchange<'_>,
        payer: Payer,
        method: &Method,
    ) -> Result<(), CallError> {
        let now = self.clock.now();
        let key = key(payer);
        let stored = self.store.get(Label::Default, &key).await.ok().flatten();
        let note: Option<Note> = stored.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        if let Some(note) = note {
            if note.until > now {
                let happened = format!("GitHub's rate limit was reached, until {}", note.until);
                return Err(held_back(exchange, &happened, note.until.since(now)));
            }
            // If it cannot be deleted, the next call does it.
            drop(self.store.delete_many(Label::Default, &[&key]).await);
        }
        if let (Payer::Installation(installation), &Method::POST) = (payer, method) {
            let pause = pacing::pause(&self.store, installation, now).await;
            if let Ok(Some(pause)) = pause {
                let happened =
                    "GitHub takes only so many new comments and the like in a minute and an hour";
                return Err(held_back(exchange, happened, pause));
            }
        }
        Ok(())
    }

    /// Notes a limit that the answer tells of.
    pub(super) async fn note_limits(&self, payer: Payer, response: &Response) {
        let now = self.clock.now();
        let Some(pause) = limits::pause(response, now).or_else(|| limits::used_up(response, now))
        else {
            return;
        };
        let key = key(payer);
        let stored = self.store.get(Label::Default, &key).await.ok().flatten();
        let noted: Option<Note> = stored.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        // An answer to a request that was under way may tell of a shorter limit than the one that is known.
        let until = noted.map_or(now.after(pause), |note| note.until.max(now.after(pause)));
        let note = Note { until };
        let bytes = serde_json::to_vec(&note).unwrap_or_default();
        // If it cannot be noted, the next call is told by GitHub itself.
        drop(self.store.set(Label::Default, &key, &bytes).await);
    }
}

fn held_back(exchange: &Exchange<'_>, happened: &str, pause: Duration) -> CallError {
    CallError::Paused {
        reason: exchange.reason(happened),
        after: pause,
    }
}
