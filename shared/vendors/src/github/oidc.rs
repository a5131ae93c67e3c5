//! The tokens by which jobs of GitHub Actions show who they are (OpenID Connect), and whether one may be believed.
//!
//! A token is a JSON Web Token, signed with one of the keys that the issuer lists at `<issuer>/.well-known/jwks`. The list is
//! kept in the store for an hour. A key that is not on it is looked for anew, once in half a minute at most, and only for a token
//! that is right in everything else, so that nobody can have GitHub asked by sending nonsense.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{CommitSha, RepositoryId, RepositoryName, Timestamp};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use ports::{Clock, Http, Label, Request, Store};
use rsa::{
    BoxedUint, RsaPublicKey,
    pkcs1v15::{Signature, VerifyingKey},
    signature::Verifier,
};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::{error::excerpt, exchange::USER_AGENT};

/// In `inbox`, which holds no secret.
const KEY: &str = "github/oidc/keys";
/// The list of keys counts for so long without being read again.
const FRESH: Duration = Duration::from_secs(3_600);
/// And for so long if it cannot be.
const KEPT: Duration = Duration::from_secs(86_400);
/// Between two reads of the list.
const PAUSE: Duration = Duration::from_secs(30);
/// Clocks may differ by so much.
const SKEW: Duration = Duration::from_secs(60);
const TIMEOUT: Duration = Duration::from_secs(10);
/// Far longer than GitHub's tokens, of about 2 kB.
const TOKEN_LENGTH_MAX: usize = 16 * 1024;

/// What a token says of the job that bears it, once it is verified. Branch, workflow and event are words of GitHub's about the
/// run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// The repository.
    pub repository: RepositoryId,
    /// Its name.
    pub repository_name: RepositoryName,
    /// The run's id.
    pub run: u64,
    /// Its attempt.
    pub attempt: u64,
    /// The commit that it runs on.
    pub commit: CommitSha,
    /// `refs/heads/main`, `refs/tags/v1` or `refs/pull/7/merge`.
    pub reference: String,
    /// What started it: `push`.
    pub event: String,
    /// The workflow's name.
    pub workflow: String,
    /// The workflow's file: `.github/workflows/deploy.yml`.
    pub workflow_path: String,
    /// When the token was made.
    pub issued_at: Timestamp,
}

/// Why a token is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotBelieved {
    /// It is not what it should be.
    #[error("the token is refused: {0}")]
    Refused(String),
    /// The keys of the issuer cannot be had now, so nobody knows.
    #[error("the token cannot be verified now: {0}")]
    Unknown(String),
}

/// Who signs the tokens.
#[derive(Debug, Clone)]
pub struct Issuer<H, C, S> {
    /// Reaches it.
    pub http: H,
    /// The time.
    pub clock: C,
    /// Keeps its keys.
    pub store: S,
    /// Its URL, without a slash at the end, as tokens name it.
    pub url: String,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: String,
    /// Extensions that would have to be understood.
    #[serde(default)]
    crit: Option<serde_json::Value>,
}

/// GitHub writes numbers as text.
#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    exp: i64,
    nbf: i64,
    iat: i64,
    repository: RepositoryName,
    repository_id: String,
    run_id: String,
    run_attempt: String,
    sha: CommitSha,
    r#ref: String,
    event_name: String,
    workflow: String,
    workflow_ref: String,
}

#[derive(Deserialize)]
struct WireKeys {
    keys: Vec<WireKey>,
}

#[derive(Deserialize)]
struct WireKey {
    kty: String,
    #[serde(default)]
    kid: String,
    #[serde(default)]
    n: String,
    #[serde(default)]
    e: String,
}

/// What is stored of the issuer.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Stored {
    tried_at: Timestamp,
    read_at: Timestamp,
    keys: Vec<StoredKey>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct StoredKey {
    kid: String,
    n: String,
    e: String,
}

/// A token, taken apart and not believed yet.
struct Parts<'a> {
    message: &'a str,
    signature: Vec<u8>,
    header: Header,
    claims: Claims,
}

impl<H: Http, C: Clock, S: Store> Issuer<H, C, S> {
    /// The job that bears the token, if it is this issuer's, of now, and made for `audience`.
    pub async fn verify(&self, token: &str, audience: &str) -> Result<Job, NotBelieved> {
        let parts = take_apart(token).map_err(NotBelieved::Refused)?;
        let now = self.clock.now();
        check(&parts, &self.url, audience, now).map_err(NotBelieved::Refused)?;
        let job = parts.claims.job().map_err(NotBelieved::Refused)?;
        let key = self.key(&parts.header.kid, now).await?;
        if is_signed(&parts, &key) {
            Ok(job)
        } else {
            let reason = "its signature is not of the key that it names";
            Err(NotBelieved::Refused(reason.to_owned()))
        }
    }

    /// The issuer's key of this name.
    async fn key(&self, kid: &str, now: Timestamp) -> Result<StoredKey, NotBelieved> {
        let mut stored = self.stored().await?;
        let known = |stored: &Stored, age: Duration| {
            let is_young = now.since(stored.read_at) <= age;
            let mut keys = stored.keys.iter().filter(|_| is_young);
            keys.find(|key| key.kid == kid).cloned()
        };
        if let Some(key) = known(&stored, FRESH) {
            return Ok(key);
        }
        let mut trouble = None;
        if now.since(stored.tried_at) >= PAUSE {
            stored.tried_at = now;
            self.keep(&stored).await?;
            match self.read().await {
                Ok(keys) => {
                    stored.keys = keys;
                    stored.read_at = now;
                    self.keep(&stored).await?;
                }
                Err(reason) => trouble = Some(reason),
            }
        }
        match (known(&stored, KEPT), trouble) {
            (Some(key), _) => Ok(key),
            (None, Some(reason)) => Err(NotBelieved::Unknown(reason)),
            (None, None) if now.since(stored.read_at) > KEPT => Err(NotBelieved::Unknown(
                "the keys could not be read a moment ago".to_owned(),
            )),
            (None, None) => Err(NotBelieved::Refused(format!(
                "{} lists no key of the name {}",
                self.url,
                excerpt(kid)
            ))),
        }
    }

    async fn stored(&self) -> Result<Stored, NotBelieved> {
        let found = self.store.get(Label::Inbox, KEY).await;
        let found = found.map_err(|error| NotBelieved::Unknown(error.to_string()))?;
        // What cannot be read is read anew.
        Ok(found
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default())
    }

    async fn keep(&self, stored: &Stored) -> Result<(), NotBelieved> {
        let bytes = serde_json::to_vec(stored).unwrap_or_default();
        let kept = self.store.set(Label::Inbox, KEY, &bytes).await;
        kept.map_err(|error| NotBelieved::Unknown(error.to_string()))
    }

    /// The keys that the issuer lists. An error says for people why they could not be read.
    async fn read(&self) -> Result<Vec<StoredKey>, String> {
        let url = format!("{}/.well-known/jwks", self.url);
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
        let request = Request {
            method: Method::GET,
            url: url.clone(),
            headers,
            body: Vec::new(),
            timeout: TIMEOUT,
        };
        let what = |happened: &str| format!("reading the keys at {url}: {happened}");
        let answer = self.http.send(request).await;
        let answer = answer.map_err(|error| what(&error.to_string()))?;
        if answer.status != StatusCode::OK {
            return Err(what(&format!("answered {}", answer.status)));
        }
        let wire: WireKeys = serde_json::from_slice(&answer.body)
            .map_err(|error| what(&format!("answered no list of keys ({error})")))?;
        let usable = wire.keys.into_iter().filter(|key| key.kty == "RSA");
        Ok(usable
            .map(|WireKey { kid, n, e, .. }| StoredKey { kid, n, e })
            .collect())
    }
}

fn take_apart(token: &str) -> Result<Parts<'_>, String> {
    let not_one = || "it is no JSON Web Token of three parts".to_owned();
    if token.len() > TOKEN_LENGTH_MAX {
        return Err(format!("it is longer than {TOKEN_LENGTH_MAX} characters"));
    }
    let (message, signature) = token.rsplit_once('.').ok_or_else(not_one)?;
    let (header, claims) = message.split_once('.').ok_or_else(not_one)?;
    let decoded = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).map_err(|_| not_one());
    let header = serde_json::from_slice(&decoded(header)?)
        .map_err(|error| format!("its header is not what GitHub writes: {error}"))?;
    let claims = serde_json::from_slice(&decoded(claims)?)
        .map_err(|error| format!("its claims are not those of a job of GitHub Actions: {error}"))?;
    Ok(Parts {
        message,
        signature: decoded(signature)?,
        header,
        claims,
    })
}

/// Everything but the signature. An error says what is wrong.
fn check(parts: &Parts<'_>, issuer: &str, audience: &str, now: Timestamp) -> Result<(), String> {
    let Parts { header, claims, .. } = parts;
    if header.alg != "RS256" || header.crit.is_some() {
        return Err("expected a signature by RS256, and no extensions".to_owned());
    }
    if claims.iss != issuer {
        return Err(format!("its issuer is not {issuer}"));
    }
    if claims.aud != audience {
        return Err(format!("it was made for another audience than {audience}"));
    }
    let at = |seconds: i64| Timestamp::from_milliseconds(seconds.saturating_mul(1_000));
    if now > at(claims.exp).after(SKEW) {
        return Err("it has expired".to_owned());
    }
    if now.after(SKEW) < at(claims.nbf) || now.after(SKEW) < at(claims.iat) {
        return Err("it is of the future".to_owned());
    }
    Ok(())
}

fn is_signed(parts: &Parts<'_>, key: &StoredKey) -> bool {
    let number = |text: &str| {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
        Some(BoxedUint::from_be_slice_vartime(&bytes))
    };
    let verified = || {
        // Of absurd lengths and exponents the crate makes no key.
        let key = RsaPublicKey::new(number(&key.n)?, number(&key.e)?).ok()?;
        let signature = Signature::try_from(parts.signature.as_slice()).ok()?;
        let key = VerifyingKey::<Sha256>::new(key);
        key.verify(parts.message.as_bytes(), &signature).ok()
    };
    verified().is_some()
}

impl Claims {
    fn job(&self) -> Result<Job, String> {
        let number = |name: &str, text: &str| {
            text.parse::<u64>()
                .map_err(|_| format!("{name} is no number"))
        };
        // `acme/shop/.github/workflows/deploy.yml@refs/heads/main`: of another repository's workflow nothing follows here.
        let path = self
            .workflow_ref
            .strip_prefix(self.repository.as_str())
            .and_then(|rest| rest.strip_prefix('/'))
            .and_then(|rest| rest.split('@').next())
            .ok_or("its workflow is not of its repository")?;
        Ok(Job {
            repository: RepositoryId(number("repository_id", &self.repository_id)?),
            repository_name: self.repository.clone(),
            run: number("run_id", &self.run_id)?,
            attempt: number("run_attempt", &self.run_attempt)?,
            commit: self.sha.clone(),
            reference: self.r#ref.clone(),
            event: self.event_name.clone(),
            workflow: self.workflow.clone(),
            workflow_path: path.to_owned(),
            issued_at: Timestamp::from_milliseconds(self.iat.saturating_mul(1_000)),
        })
    }
}
