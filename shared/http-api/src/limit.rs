//! How many requests a token may make in a minute, and how that is told: `429`, `Retry-After`, and the headers `RateLimit-Limit`,
//! `RateLimit-Remaining` and `RateLimit-Reset` on every answer to a token.

use domain::Timestamp;
use http::{HeaderName, HeaderValue, StatusCode, header};
use ports::{Clock, Level, Log, Store};
use runtime::rate::{self, Rate};

use crate::{Problem, caller::Caller};

/// So many requests of one token are taken in a minute, unless configured otherwise.
pub const REQUESTS_PER_MINUTE: u64 = 600;

/// Counts a request of who asks. A store that does not count lets everything through.
pub(crate) async fn count(
    (store, clock, log): (&impl Store, &impl Clock, &impl Log),
    caller: &Caller<'_>,
    limit: u64,
) -> Option<Rate> {
    if limit == 0 {
        return None;
    }
    let now: Timestamp = clock.now();
    match rate::count(store, &caller.key(), limit, now).await {
        Ok(rate) => Some(rate),
        Err(error) => {
            let fields = [("reason", error.to_string().into())];
            log.write(Level::Error, "could not count a request", &fields);
            None
        }
    }
}

/// `429`, if the request is one too many.
pub(crate) fn check(rate: &Rate) -> Result<(), Problem> {
    if rate.is_taken {
        return Ok(());
    }
    let seconds = seconds(rate);
    let detail = format!(
        "a token may make {} requests in a minute: ask again in {seconds} seconds",
        rate.limit
    );
    Err(Problem {
        header: Some((header::RETRY_AFTER, HeaderValue::from(seconds))),
        ..Problem::new(StatusCode::TOO_MANY_REQUESTS, detail)
    })
}

/// What is told of the limit with every answer.
pub(crate) fn headers(rate: &Rate) -> [(HeaderName, HeaderValue); 3] {
    [
        ("ratelimit-limit", rate.limit),
        ("ratelimit-remaining", rate.left),
        ("ratelimit-reset", seconds(rate)),
    ]
    .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from(value)))
}

/// Until the next window, rounded up.
fn seconds(rate: &Rate) -> u64 {
    rate.resets_in.as_secs().saturating_add(1).min(60)
}
