//! Installation tokens: kept in the store for everybody, renewed by one while the others go on with the old one or wait.
//!
//! Each renewal has a number, and whoever increments the claim of a number first asks GitHub. Nobody can do so twice under one
//! number; a claim whose owner is gone is passed over by the next number after a bounded wait.

use std::time::Duration;

use domain::{RepositoryId, Timestamp};
use http::HeaderValue;
use ports::{Clock, Http, Label, Store, StoreError};
use serde::{Deserialize, Serialize};

use super::{App, InstallationId, installation::store_failed};
use crate::{
    CallError,
    address::bearer,
    exchange::Exchange,
    github::{Client, NAMES, Repository, budget::Payer},
};

/// A token that lasts less than this is renewed.
const RENEWED_BEFORE: Duration = Duration::from_secs(300);
/// A token that lasts less than this is not used any more: the longest call, and clocks that differ.
const USED_BEFORE: Duration = Duration::from_secs(90);
/// How often the store is looked at while somebody else gets a token, and how many times: six seconds.
const LOOK_AGAIN: Duration = Duration::from_millis(200);
const LOOKS: u32 = 30;
/// So many owners of claims may be gone before it is left for later.
const NUMBERS_TRIED: u64 = 3;
/// For so long a failure holds for everybody: GitHub is not asked once more by each of those who waited.
const FAILURE_HOLDS: Duration = Duration::from_secs(10);

/// What is stored of a repository's token, a secret included: in the label `default`, which only the components that call
/// GitHub may open.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Record {
    /// The number of the last renewal.
    pub(super) number: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) token: Option<Token>,
    /// How the last renewal failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) failure: Option<Failure>,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Token {
    pub(super) token: String,
    pub(super) expires_at: Timestamp,
    pub(super) installation: InstallationId,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Failure {
    reason: String,
    /// Whether it was not even tried.
    #[serde(default)]
    held_back: bool,
    until: Timestamp,
}

/// What a request goes with.
#[derive(Clone)]
pub(in crate::github) struct Pass {
    pub(in crate::github) bearer: HeaderValue,
    pub(in crate::github) payer: Payer,
    /// The installation token; none for a plain one, which cannot be renewed.
    token: Option<Token>,
    /// Whether GitHub gave it just now.
    pub(in crate::github) fresh: bool,
}

impl Pass {
    pub(in crate::github) fn plain(bearer: HeaderValue) -> Self {
        Self {
            bearer,
            payer: Payer::Token,
            token: None,
            fresh: false,
        }
    }

    fn lasts(&self, now: Timestamp, at_least: Duration) -> bool {
        self.token
            .as_ref()
            .is_none_or(|token| token.lasts(now, at_least))
    }
}

impl Token {
    fn lasts(&self, now: Timestamp, at_least: Duration) -> bool {
        self.expires_at > now.after(at_least)
    }
}

impl Failure {
    pub(super) fn of(error: &CallError, now: Timestamp) -> Self {
        Self {
            reason: error.reason().to_owned(),
            held_back: matches!(error, CallError::Paused { .. }),
            until: now.after(FAILURE_HOLDS),
        }
    }

    /// Somebody else was told so: a person may have mended it since, and whoever tries again asks GitHub.
    fn error(&self, now: Timestamp) -> CallError {
        let reason = self.reason.clone();
        let after = self.until.since(now).max(Duration::from_secs(1));
        if self.held_back {
            CallError::Paused { reason, after }
        } else {
            CallError::Retry {
                reason,
                after: Some(after),
            }
        }
    }
}

impl Record {
    /// The token, if it can be used and need not be renewed yet.
    fn good(&self, now: Timestamp) -> Option<&Token> {
        self.token
            .as_ref()
            .filter(|token| token.lasts(now, RENEWED_BEFORE))
    }

    fn usable(&self, now: Timestamp) -> Option<&Token> {
        self.token
            .as_ref()
            .filter(|token| token.lasts(now, USED_BEFORE))
    }
}

fn key(repository: RepositoryId) -> String {
    format!("github/token/{repository}")
}

pub(super) fn claim_key(repository: RepositoryId, number: u64) -> String {
    format!("github/token/{repository}/claim/{number}")
}

impl<H: Http, C: Clock, S: Store> Client<H, C, S> {
    /// A token for the repository: the one that is known, or a new one.
    pub(in crate::github) async fn installation_pass(
        &self,
        app: &App,
        exchange: &Exchange<'_>,
        repository: Repository<'_>,
    ) -> Result<Pass, CallError> {
        let now = self.clock.now();
        let known = app.tokens.borrow().get(&repository.id).cloned();
        if let Some(pass) = known.filter(|pass| pass.lasts(now, RENEWED_BEFORE)) {
            return Ok(pass);
        }
        let record = self.token_record(exchange, repository.id).await?;
        if let Some(token) = record.as_ref().and_then(|record| record.good(now)) {
            return self.passing(app, exchange, repository.id, token.clone());
        }
        let failure = record.as_ref().and_then(|record| record.failure.as_ref());
        let usable = record.as_ref().and_then(|record| record.usable(now));
        if let Some(failure) = failure.filter(|failure| failure.until > now) {
            return match usable {
                Some(token) => self.passing(app, exchange, repository.id, token.clone()),
                None => Err(failure.error(now)),
            };
        }
        let before = record.as_ref().map_or(0, |record| record.number);
        for number in before + 1..=before + NUMBERS_TRIED {
            let claim = claim_key(repository.id, number);
            let claimed = self.store.increment(Label::Default, &claim, 1).await;
            if claimed.map_err(|error| store_failed(exchange, &error))? == 1 {
                let token = self
                    .renew_token(app, repository, record.as_ref(), number)
                    .await?;
                let mut pass = self.passing(app, exchange, repository.id, token)?;
                pass.fresh = true;
                return Ok(pass);
            }
            if let Some(token) = usable {
                return self.passing(app, exchange, repository.id, token.clone());
            }
            if let Some(record) = self.wait_for(exchange, repository.id, number).await? {
                let now = self.clock.now();
                if let Some(token) = record.usable(now) {
                    return self.passing(app, exchange, repository.id, token.clone());
                }
                if let Some(failure) = &record.failure {
                    return Err(failure.error(now));
                }
            }
        }
        let reason =
            exchange.reason("others are asking for a token of the App and have got none yet");
        Err(exchange.retry(reason, Some(FAILURE_HOLDS)))
    }

    /// The record once a renewal of at least this number has an outcome; none after waiting for a while.
    async fn wait_for(
        &self,
        exchange: &Exchange<'_>,
        repository: RepositoryId,
        number: u64,
    ) -> Result<Option<Record>, CallError> {
        for _ in 0..LOOKS {
            self.clock.sleep(LOOK_AGAIN).await;
            let record = self.token_record(exchange, repository).await?;
            if let Some(record) = record.filter(|record| record.number >= number) {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }

    fn passing(
        &self,
        app: &App,
        exchange: &Exchange<'_>,
        repository: RepositoryId,
        token: Token,
    ) -> Result<Pass, CallError> {
        exchange.secrets.add(&token.token);
        let bearer = bearer(&token.token, NAMES).map_err(|_| {
            let reason =
                exchange.reason("GitHub's token holds characters that no header may carry");
            exchange.retry(reason, None)
        })?;
        let pass = Pass {
            bearer,
            payer: Payer::Installation(token.installation),
            token: Some(token),
            fresh: false,
        };
        app.tokens.borrow_mut().insert(repository, pass.clone());
        Ok(pass)
    }

    /// Nobody uses this token any more. One that somebody else got in the meantime stays.
    pub(in crate::github) async fn drop_pass(
        &self,
        app: &App,
        exchange: &Exchange<'_>,
        repository: RepositoryId,
        pass: &Pass,
    ) -> Result<(), CallError> {
        app.tokens.borrow_mut().remove(&repository);
        let record = self.token_record(exchange, repository).await?;
        let Some(mut record) = record.filter(|record| record.token == pass.token) else {
            return Ok(());
        };
        record.token = None;
        record.failure = None;
        let written = self.write_token(repository, &record).await;
        written.map_err(|error| store_failed(exchange, &error))
    }

    async fn token_record(
        &self,
        exchange: &Exchange<'_>,
        repository: RepositoryId,
    ) -> Result<Option<Record>, CallError> {
        let stored = self.store.get(Label::Default, &key(repository)).await;
        let stored = stored.map_err(|error| store_failed(exchange, &error))?;
        // One that cannot be read is as good as none: the next renewal overwrites it.
        Ok(stored.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    }

    pub(super) async fn write_token(
        &self,
        repository: RepositoryId,
        record: &Record,
    ) -> Result<(), StoreError> {
        let bytes = serde_json::to_vec(record).unwrap_or_default();
        self.store
            .set(Label::Default, &key(repository), &bytes)
            .await
    }

    /// All keys of the repository's token.
    pub(super) async fn token_keys(
        &self,
        repository: RepositoryId,
    ) -> Result<Vec<String>, StoreError> {
        let stored = self.store.get(Label::Default, &key(repository)).await?;
        let record: Option<Record> = stored.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let number = record.map_or(0, |record| record.number);
        let mut keys = vec![key(repository)];
        keys.extend((number..=number + NUMBERS_TRIED).map(|number| claim_key(repository, number)));
        Ok(keys)
    }
}
