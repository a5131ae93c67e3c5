//! People who sign in to the dashboard: how often they may try, who they are at GitHub, and what they may see there. Answered by
//! the component `people`, which only components of ours reach.
//!
//! Of a person nothing is stored but what they may see, for minutes. Their token at GitHub is sealed into a pass, which lies in
//! the session's cookie.

pub mod ask;
mod attempts;
mod github;
mod pass;
#[cfg(test)]
mod tests;

use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use ports::{Clock, Http, Level, Log, Store};
use serde::{Serialize, de::DeserializeOwned};
use vendors::github::Authorization;

use ask::{Attempt, Told};

/// So many tries of one client are taken in a minute, unless configured otherwise.
pub const SIGN_INS_PER_MINUTE: u64 = 10;
/// The longest body that any route takes is far shorter.
pub const BODY_BYTES_MAX: usize = 16 * 1024;

/// What answers. No `Debug`: it holds the App's client secret.
#[derive(Clone)]
pub struct People<S, C, L, H, K> {
    /// Where tries are counted, and where it is noted what people may see: the label `queue`.
    pub store: S,
    /// The time.
    pub clock: C,
    /// Where it is told what could not be done.
    pub log: L,
    /// So many tries of one client are taken in a minute; 0 for any number.
    pub sign_ins_per_minute: u64,
    /// The App as people authorize it; an error says why nobody can.
    pub github: Result<Authorization<H, K>, String>,
}

/// A request.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The method.
    pub method: &'a Method,
    /// The path.
    pub path: &'a str,
    /// The body, JSON.
    pub body: &'a [u8],
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body, JSON.
    pub body: Vec<u8>,
}

impl Reply {
    fn new(status: StatusCode, body: &impl Serialize) -> Self {
        let json = HeaderValue::from_static("application/json");
        Self {
            status,
            headers: vec![(header::CONTENT_TYPE, json)],
            // Plain data with text keys: serde_json cannot fail on it.
            body: serde_json::to_vec(body).unwrap_or_default(),
        }
    }

    /// An answer that is no success.
    pub fn told(status: StatusCode, detail: &str) -> Self {
        let detail = detail.to_owned();
        Self::new(status, &Told { detail })
    }
}

impl<S: Store, C: Clock, L: Log, H: Http, K: Clock> People<S, C, L, H, K> {
    /// Answers a request. It does not ask who asks: only components of ours reach it.
    pub async fn answer(&self, asked: Asked<'_>) -> Reply {
        if asked.method != Method::POST {
            return Reply::told(StatusCode::METHOD_NOT_ALLOWED, "Expected POST.");
        }
        let answered = match asked.path {
            ask::ATTEMPT => match read(asked.body) {
                Ok(attempt) => self.attempt(&attempt).await,
                Err(reply) => Err(reply),
            },
            ask::SIGN_IN => match read(asked.body) {
                Ok(returned) => self.sign_in(&returned).await,
                Err(reply) => Err(reply),
            },
            ask::WHO => match read(asked.body) {
                Ok(borne) => self.who(&borne).await,
                Err(reply) => Err(reply),
            },
            ask::SIGN_OUT => match read(asked.body) {
                Ok(borne) => self.sign_out(&borne).await,
                Err(reply) => Err(reply),
            },
            _ => Err(Reply::told(StatusCode::NOT_FOUND, "There is no such path.")),
        };
        answered.unwrap_or_else(|refusal| refusal)
    }

    async fn attempt(&self, attempt: &Attempt) -> Result<Reply, Reply> {
        self.count(&attempt.client).await?;
        Ok(Reply::new(StatusCode::OK, &()))
    }

    /// Counts a try; an error is the refusal. What cannot be counted is not taken.
    async fn count(&self, client: &str) -> Result<(), Reply> {
        let limit = self.sign_ins_per_minute;
        let counted = attempts::refused(&self.store, client, limit, self.clock.now()).await;
        match counted {
            Ok(None) => Ok(()),
            Ok(Some(after)) => {
                let status = StatusCode::TOO_MANY_REQUESTS;
                let mut reply = Reply::told(status, "There were too many tries to sign in.");
                // Rounded up: who comes then is not too early.
                let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
                let wait = (header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
                reply.headers.push(wait);
                Err(reply)
            }
            Err(error) => {
                let fields = [("reason", error.to_string().into())];
                let message = "could not count a try to sign in";
                self.log.write(Level::Error, message, &fields);
                let detail = "The store does not answer, so nobody can sign in now.";
                Err(Reply::told(StatusCode::SERVICE_UNAVAILABLE, detail))
            }
        }
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Reply> {
    // The text may hold a secret: it is not told.
    serde_json::from_slice(body)
        .map_err(|_| Reply::told(StatusCode::BAD_REQUEST, "The body is not what this takes."))
}
