//! Tells a test what the application answers.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, SizeHint};
use wasmtime_wasi_http::{Error, WasiBody};

type Told = Arc<dyn Fn(&str) + Send + Sync>;

/// Who is told of every answer that leaves the application; nobody unless said otherwise.
#[derive(Clone, Default)]
pub struct AnswerWatch(Option<Told>);

impl AnswerWatch {
    /// A watch that calls `function` for every answer, from any thread, once its body ended or the client was gone: with status,
    /// headers and body as text, in which bytes that are not UTF-8 are replaced.
    pub fn callback(function: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(function)))
    }

    /// The same answer, which is told of when it is over.
    pub(crate) fn over(&self, answer: http::Response<WasiBody>) -> http::Response<WasiBody> {
        let Some(told) = &self.0 else {
            return answer;
        };
        let (head, body) = answer.into_parts();
        let seen = Seen {
            told: Arc::clone(told),
            bytes: format!("{} {:?}\n", head.status, head.headers).into_bytes(),
        };
        http::Response::from_parts(head, Watched { body, seen }.boxed_unsync())
    }
}

impl fmt::Debug for AnswerWatch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.0.is_some() {
            "AnswerWatch::callback"
        } else {
            "AnswerWatch"
        })
    }
}

/// What was seen of an answer so far.
struct Seen {
    told: Told,
    bytes: Vec<u8>,
}

impl Drop for Seen {
    fn drop(&mut self) {
        (self.told)(&String::from_utf8_lossy(&self.bytes));
    }
}

/// A body that is read along.
struct Watched {
    body: WasiBody,
    seen: Seen,
}

impl Body for Watched {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(data) = frame.data_ref()
        {
            self.seen.bytes.extend_from_slice(data);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
