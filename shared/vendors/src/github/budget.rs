//! GitHub's rate limits, kept by whoever they are counted for: a token that ran into one is not used before the limit is over, by
//! nobody (VENDORS 4.6: going on may get an App banned).
//!
//! All that is known of a payer is one note in the store. A call costs one read of it. It is written when a limit is hit, and when the
//! budget begins anew or another tenth of it is used up: eleven times in an hour at most, however many calls are made.

use std::{fmt, time::Duration};

use domain::Timestamp;
use http::Method;
use ports::{Clock, Http, Label, Response, Store, StoreError};
use serde::{Deserialize, Serialize};

use super::{Client, app::InstallationId, limits, pacing};
use crate::{CallError, exchange::Exchange};

/// For whom GitHub counts a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
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

/// What is known of a payer's rate limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RateLimit {
    /// Until when nobody calls; past, or none, if people may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// How much was left of it; none before GitHub told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Budget>,
}

/// How much of its rate limit a payer had left: what GitHub told with the answer that used up the last tenth of it, so the present
/// figure is less than a tenth of the limit smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// So many requests are taken in an hour.
    pub limit: u64,
    /// So many of them were left.
    pub remaining: u64,
    /// When the hour is over, and all of them are there again.
    pub reset: Timestamp,
}

/// Times of reset that differ by less are of the same hour.
const SAME_HOUR: Duration = Duration::from_secs(60);

impl Budget {
    /// How much is left at `now`: all of it once the hour is over, since any call after that would have told of another one.
    pub fn remaining(&self, now: Timestamp) -> u64 {
        if self.reset <= now {
            self.limit
        } else {
            self.remaining
        }
    }

    fn tenths(&self) -> Option<u64> {
        self.remaining.saturating_mul(10).checked_div(self.limit)
    }

    /// Whether this is worth a write, after `known`. Answers may come in another order than they were made.
    fn is_news_after(&self, known: Option<&Self>) -> bool {
        let Some(known) = known else {
            return true;
        };
        if self.reset > known.reset.after(SAME_HOUR) {
            return true;
        }
        let is_of_the_same_hour = known.reset <= self.reset.after(SAME_HOUR);
        is_of_the_same_hour && (self.limit != known.limit || self.tenths() < known.tenths())
    }
}

fn key(payer: Payer) -> String {
    format!("{LIMIT_KEYS}{payer}")
}

/// What a key of the store `default` begins with that holds what is known of a rate limit; the rest is whose: `token`, `app` or
/// `installation/<id>`.
pub const LIMIT_KEYS: &str = "github/limit/";

/// What is known of the rate limit at `key`; none if nothing is.
pub async fn rate_limit(store: &impl Store, key: &str) -> Result<Option<RateLimit>, StoreError> {
    let stored = store.get(Label::Default, key).await?;
    Ok(stored.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

/// What is known of an installation's rate limit; none if nothing is.
pub async fn rate_limit_of(
    store: &impl Store,
    installation: InstallationId,
) -> Result<Option<RateLimit>, StoreError> {
    rate_limit(store, &key(Payer::Installation(installation))).await
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
        let stored = rate_limit(&self.store, &key(payer)).await.ok().flatten();
        self.limits
            .borrow_mut()
            .insert(payer, stored.unwrap_or_default());
        let until = stored.and_then(|limit| limit.until);
        if let Some(until) = until.filter(|until| *until > now) {
            let happened = format!("GitHub's rate limit was reached, until {until}");
            return Err(held_back(exchange, &happened, until.since(now)));
        }
        if stored.is_some_and(|limit| limit.budget.is_none()) {
            // It told of nothing but a limit that is over. If it cannot be deleted, the next call does it.
            let spent = key(payer);
            drop(self.store.delete_many(Label::Default, &[&spent]).await);
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

    /// Notes a limit that the answer tells of, and how much is left if that is news.
    pub(super) async fn note_limits(&self, payer: Payer, response: &Response) {
        let now = self.clock.now();
        let pause = limits::pause(response, now).or_else(|| limits::used_up(response, now));
        let told = limits::budget(response);
        let known = self.limits.borrow().get(&payer).copied();
        let known = known.unwrap_or_default();
        let is_news = told.is_some_and(|told| told.is_news_after(known.budget.as_ref()));
        if pause.is_none() && !is_news {
            return;
        }
        // Others may have noted something since.
        let key = key(payer);
        let stored = rate_limit(&self.store, &key).await.ok().flatten();
        let mut limit = stored.unwrap_or_default();
        if let Some(pause) = pause {
            // An answer to a request that was under way may tell of a shorter limit than the one that is known.
            limit.until = limit.until.max(Some(now.after(pause)));
        }
        if let Some(told) = told.filter(|told| told.is_news_after(limit.budget.as_ref())) {
            limit.budget = Some(told);
        }
        self.limits.borrow_mut().insert(payer, limit);
        if stored != Some(limit) {
            let bytes = serde_json::to_vec(&limit).unwrap_or_default();
            // If it cannot be noted, the next call is told by GitHub itself.
            drop(self.store.set(Label::Default, &key, &bytes).await);
        }
    }

    /// Deletes all that is stored of an installation's rate limit and pace: it is none of the App's any more.
    pub async fn forget_installation(
        &self,
        installation: InstallationId,
    ) -> Result<(), StoreError> {
        let mut spent = pacing::keys(&self.store, installation).await?;
        spent.push(key(Payer::Installation(installation)));
        let spent: Vec<&str> = spent.iter().map(String::as_str).collect();
        self.store.delete_many(Label::Default, &spent).await
    }
}

fn held_back(exchange: &Exchange<'_>, happened: &str, pause: Duration) -> CallError {
    CallError::Paused {
        reason: exchange.reason(happened),
        after: pause,
    }
}
