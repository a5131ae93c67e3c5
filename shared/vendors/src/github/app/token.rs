//! Installation tokens: kept in the store for everybody, renewed by one while the others go on with the old one or wait.
//!
//! Each renewal has a number, and whoever increments the claim of a number first asks GitHub. Nobody can do so twice under one
//! number; a claim whose owner is gone is passed over by the next number after a bounded wait.
//!
//! A repository has a second token only if its configuration is looked for in the owner's repository `.github` and that one is not
//! public: that token reads contents of `.github` and can do nothing else. Where the installation does not cover it, there is none.

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
/// For so long it holds that the installation does not cover the owner's repository, which people seldom change.
const UNCOVERED_HOLDS: Duration = Duration::from_secs(600);

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::github) enum Purpose {
    /// All that Slipway does with the repository.
    Work,
    /// Reading files in the repository `.github` of the repository's owner.
    OwnersFiles,
}

/// Which token: for which repository, and what for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::github) struct TokenId {
    pub(in crate::github) repository: RepositoryId,
    pub(in crate::github) purpose: Purpose,
}

impl TokenId {
    fn key(self) -> String {
        match self.purpose {
            Purpose::Work => format!("github/token/{}", self.repository),
            Purpose::OwnersFiles => format!("github/token/{}/owner", self.repository),
        }
    }

    pub(super) fn claim_key(self, number: u64) -> String {
        format!("{}/claim/{number}", self.key())
    }
}

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
    /// Whether the installation does not cover what the token was to be for.
    #[serde(default)]
    uncovered: bool,
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
            uncovered: false,
            until: now.after(FAILURE_HOLDS),
        }
    }

    /// There is no such token: the installation does not cover the owner's repository.
    pub(super) fn uncovered(error: &CallError, now: Timestamp) -> Self {
        Self {
            uncovered: true,
            until: now.after(UNCOVERED_HOLDS),
            ..Self::of(error, now)
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

impl<H: Http, C: Clock, S: Store> Client<H, C, S> {
    /// A token for the repository: the one that is known, or a new one.
    pub(in crate::github) async fn installation_pass(
        &self,
        app: &App,
        exchange: &Exchange<'_>,
        repository: Repository<'_>,
        purpose: Purpose,
    ) -> Result<Pass, CallError> {
        let id = TokenId {
            repository: repository.id,
            purpose,
        };
        let now = self.clock.now();
        let known = app.tokens.borrow().get(&id).cloned();
        if let Some(pass) = known.filter(|pass| pass.lasts(now, RENEWED_BEFORE)) {
            return Ok(pass);
        }
        let record = self.token_record(exchange, id).await?;
        if let Some(token) = record.as_ref().and_then(|record| record.good(now)) {
            return self.passing(app, exchange, id, token.clone());
        }
        let failure = record.as_ref().and_then(|record| record.failure.as_ref());
        let usable = record.as_ref().and_then(|record| record.usable(now));
        if let Some(failure) = failure.filter(|failure| failure.until > now) {
            return match usable {
                Some(token) => self.passing(app, exchange, id, token.clone()),
                None => Err(failure.error(now)),
            };
        }
        let before = record.as_ref().map_or(0, |record| record.number);
        for number in before + 1..=before + NUMBERS_TRIED {
            let claim = id.claim_key(number);
            let claimed = self.store.increment(Label::Default, &claim, 1).await;
            if claimed.map_err(|error| store_failed(exchange, &error))? == 1 {
                let before = record.as_ref();
                let token = self
                    .renew_token(app, (repository, purpose), before, number)
                    .await?;
                let mut pass = self.passing(app, exchange, id, token)?;
                pass.fresh = true;
                return Ok(pass);
            }
            if let Some(token) = usable {
                return self.passing(app, exchange, id, token.clone());
            }
            if let Some(record) = self.wait_for(exchange, id, number).await? {
                let now = self.clock.now();
                if let Some(token) = record.usable(now) {
                    return self.passing(app, exchange, id, token.clone());
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

    /// Whether the App may read the `.github` of the repository's owner: gets the token for it, unless it is known that there is none.
    pub(in crate::github) async fn covers_owners_files(
        &self,
        app: &App,
        exchange: &Exchange<'_>,
        repository: Repository<'_>,
    ) -> Result<bool, CallError> {
        let purpose = Purpose::OwnersFiles;
        let error = match self
            .installation_pass(app, exchange, repository, purpose)
            .await
        {
            Ok(_) => return Ok(true),
            Err(error) => error,
        };
        let id = TokenId {
            repository: repository.id,
            purpose,
        };
        let record = self.token_record(exchange, id).await?;
        let failure = record.and_then(|record| record.failure);
        match failure.filter(|failure| failure.uncovered) {
            Some(_) => Ok(false),
            None => Err(error),
        }
    }

    /// The record once a renewal of at least this number has an outcome; none after waiting for a while.
    async fn wait_for(
        &self,
        exchange: &Exchange<'_>,
        id: TokenId,
        number: u64,
    ) -> Result<Option<Record>, CallError> {
        for _ in 0..LOOKS {
            self.clock.sleep(LOOK_AGAIN).await;
            let record = self.token_record(exchange, id).await?;
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
        id: TokenId,
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
        app.tokens.borrow_mut().insert(id, pass.clone());
        Ok(pass)
    }

    /// Nobody uses this token any more. One that somebody else got in the meantime stays.
    pub(in crate::github) async fn drop_pass(
        &self,
        app: &App,
        exchange: &Exchange<'_>,
        id: TokenId,
        pass: &Pass,
    ) -> Result<(), CallError> {
        app.tokens.borrow_mut().remove(&id);
        let record = self.token_record(exchange, id).await?;
        let Some(mut record) = record.filter(|record| record.token == pass.token) else {
            return Ok(());
        };
        record.token = None;
        record.failure = None;
        let written = self.write_token(id, &record).await;
        written.map_err(|error| store_failed(exchange, &error))
    }

    async fn token_record(
        &self,
        exchange: &Exchange<'_>,
        id: TokenId,
    ) -> Result<Option<Record>, CallError> {
        let stored = self.store.get(Label::Default, &id.key()).await;
        let stored = stored.map_err(|error| store_failed(exchange, &error))?;
        // One that cannot be read is as good as none: the next renewal overwrites it.
        Ok(stored.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    }

    pub(super) async fn write_token(&self, id: TokenId, record: &Record) -> Result<(), StoreError> {
        let bytes = serde_json::to_vec(record).unwrap_or_default();
        self.store.set(Label::Default, &id.key(), &bytes).await
    }

    /// All keys of the repository's tokens.
    pub(super) async fn token_keys(
        &self,
        repository: RepositoryId,
    ) -> Result<Vec<String>, StoreError> {
        let mut keys = Vec::new();
        for purpose in [Purpose::Work, Purpose::OwnersFiles] {
            let id = TokenId {
                repository,
                purpose,
            };
            let stored = self.store.get(Label::Default, &id.key()).await?;
            let record: Option<Record> =
                stored.and_then(|bytes| serde_json::from_slice(&bytes).ok());
            let number = record.map_or(0, |record| record.number);
            keys.push(id.key());
            keys.extend((number..=number + NUMBERS_TRIED).map(|number| id.claim_key(number)));
        }
        Ok(keys)
    }
}
