//! `Idempotency-Key`: whoever sends a `POST` again with the same key gets the same answer, and nothing is done twice.
//!
//! A key belongs to a token. What was answered is kept for a day, refusals among it: to try anew takes another key. Of what failed
//! on our side (`5xx`) nobody knows how far it came: it is not done again either, and whoever asks is told to look.

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use ports::{Clock, Store};
use runtime::once::{Answer, Begin, Once};

use crate::{Asked, Problem, Reply, caller::Caller};

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// On an answer that was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// The longest key that is taken.
const KEY_BYTES_MAX: usize = 255;

/// How a request goes on.
pub(crate) enum Turn {
    /// It bears no key, or asks for nothing to be done.
    Plain,
    /// It is to be done, and its answer kept.
    First(Once),
    /// It was answered before.
    Again(Reply),
}

/// Finds out whether the request was made before.
pub(crate) async fn turn(
    store: &impl Store,
    clock: &impl Clock,
    caller: &Caller<'_>,
    asked: Asked<'_>,
) -> Result<Turn, Problem> {
    let Some(key) = key(asked.headers)? else {
        return Ok(Turn::Plain);
    };
    if asked.method != Method::POST {
        return Ok(Turn::Plain);
    }
    let condition = asked.headers.get(header::IF_MATCH);
    let request = [
        asked.path.as_bytes(),
        asked.query.unwrap_or_default().as_bytes(),
        condition.map(HeaderValue::as_bytes).unwrap_or_default(),
        asked.body,
    ];
    let begin = Once::begin(store, (&caller.key(), key), &request, clock.now()).await?;
    match begin {
        Begin::Do(once) => Ok(Turn::First(once)),
        Begin::Answered(answer) => Ok(Turn::Again(reply(answer))),
        Begin::Other => Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "another request had this Idempotency-Key: each request needs a key of its own",
        )),
        Begin::Unknown => Err(Problem::conflict(
            "a request with this Idempotency-Key is being answered just now, or was cut off: ask again in a moment, and if this \
             stays so look at what came of it before you ask with another key",
        )
        .retry_after()),
    }
}

/// The answer as it is kept.
pub(crate) fn answer(reply: &Reply) -> Answer {
    let text = |value: &HeaderValue| value.to_str().unwrap_or_default().to_owned();
    let headers = reply.headers.iter();
    Answer {
        status: reply.status.as_u16(),
        headers: headers
            .map(|(name, value)| (name.as_str().to_owned(), text(value)))
            .collect(),
        body: String::from_utf8_lossy(&reply.body).into_owned(),
    }
}

fn reply(answer: Answer) -> Reply {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let read = |(name, value): (String, String)| {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        Some((name, HeaderValue::try_from(value).ok()?))
    };
    let mut headers: Vec<_> = answer.headers.into_iter().filter_map(read).collect();
    headers.push((REPLAYED, HeaderValue::from_static("true")));
    Reply {
        status,
        headers,
        body: answer.body.into_bytes(),
        process: Vec::new(),
    }
}

/// The key; an error if it is one that nobody can mean.
fn key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut given = headers.get_all(KEY).iter();
    let Some(key) = given.next() else {
        return Ok(None);
    };
    let text = key.to_str().unwrap_or_default();
    let fits = (1..=KEY_BYTES_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_graphic());
    if !fits || given.next().is_some() {
        return Err(Problem::bad_request(format!(
            "expected one Idempotency-Key of 1 to {KEY_BYTES_MAX} printable characters without spaces"
        )));
    }
    Ok(Some(text))
}
