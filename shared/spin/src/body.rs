//! Bodies, read whole but never beyond a limit.

use std::time::Duration;

use spin_sdk::wasip3::{
    http::types::ErrorCode,
    http_compat::{IncomingBody, IncomingMessage},
    wit_bindgen::StreamResult,
    wit_future,
};

use crate::limit::within;

/// Room that is made before anything has arrived, whatever `Content-Length` promises. GitHub's payloads mostly fit.
const ROOM_AT_FIRST: usize = 64 * 1024;

/// How long a request's body may take to arrive: GitHub itself waits no longer for an answer.
const ARRIVES_WITHIN: Duration = Duration::from_secs(10);

/// Why a body was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// It is longer than the limit; the rest is not read.
    #[error("the body is longer than {limit} bytes")]
    TooLong {
        /// The limit in bytes.
        limit: usize,
    },
    /// It takes too long to arrive; the rest is not waited for.
    #[error("the body did not arrive within {} s", limit.as_secs())]
    TooSlow {
        /// How long it was waited for.
        limit: Duration,
    },
    /// It broke off.
    #[error("the body broke off: {reason}")]
    Broken {
        /// What happened.
        reason: String,
    },
}

/// Reads the body of a request that was sent to this component, up to `limit` bytes, and waits for it no longer than ten seconds:
/// whoever sends a byte now and then would hold the instance otherwise.
pub async fn read_request_body<T: IncomingMessage>(
    body: IncomingBody<T>,
    limit: usize,
) -> Result<Vec<u8>, BodyError> {
    let limited = within(ARRIVES_WITHIN, read_body(body, limit)).await;
    limited.unwrap_or(Err(BodyError::TooSlow {
        limit: ARRIVES_WITHIN,
    }))
}

/// Reads `body` to its end, straight into the buffer that is returned. Stops as soon as it is known to be longer than
/// `limit` bytes: by its `Content-Length`, before anything is read, or by what has arrived.
pub(crate) async fn read_body<T: IncomingMessage>(
    mut body: IncomingBody<T>,
    limit: usize,
) -> Result<Vec<u8>, BodyError> {
    let Some(message) = body.take_unstarted() else {
        return Err(BodyError::Broken {
            reason: "it was taken already".to_owned(),
        });
    };
    let promised = content_length(&message);
    if promised.is_some_and(|length| length > limit as u64) {
        return Err(BodyError::TooLong { limit });
    }
    // The sender is told that all is well, even when the rest is not read.
    let (_consumed, result) = wit_future::new(|| Ok::<(), ErrorCode>(()));
    let (mut stream, trailers) = message.consume_body(result);
    let room = promised.and_then(|length| usize::try_from(length).ok());
    // One byte more than is expected, so that the end is seen without another buffer.
    let mut read = Vec::with_capacity(room.unwrap_or(ROOM_AT_FIRST).min(ROOM_AT_FIRST) + 1);
    loop {
        if read.len() > limit {
            return Err(BodyError::TooLong { limit });
        }
        if read.len() == read.capacity() {
            read.reserve_exact(read.len().max(ROOM_AT_FIRST).min(limit + 1 - read.len()));
        }
        let (status, filled) = stream.read(read).await;
        read = filled;
        match status {
            StreamResult::Complete(_) => {}
            StreamResult::Dropped | StreamResult::Cancelled => break,
        }
    }
    match trailers.await {
        Ok(_) => Ok(read),
        Err(code) => Err(BodyError::Broken {
            reason: format!("{code:?}"),
        }),
    }
}

fn content_length(message: &impl IncomingMessage) -> Option<u64> {
    let values = message.get_headers().get("content-length");
    let text = std::str::from_utf8(values.first()?).ok()?;
    text.trim().parse().ok()
}
