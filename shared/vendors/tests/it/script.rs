//! A vendor that answers in the order of a script and keeps what it was asked.

use std::{
    cell::RefCell,
    collections::VecDeque,
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use domain::Timestamp;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use ports::{Clock, Http, HttpError, Request, Response};
use vendors::CallError;

/// The token of both vendors in these tests.
pub const TOKEN: &str = "7|s3cr3t-0123456789";

/// Answers requests in order; more requests than answers are a failure of the test.
#[derive(Default)]
pub struct Script {
    answers: RefCell<VecDeque<Result<Response, HttpError>>>,
    requests: RefCell<Vec<Request>>,
}

impl Script {
    /// A vendor that answers once.
    pub fn one(status: u16, body: &str) -> Self {
        Self::default().then(status, &[], body)
    }

    /// Adds an answer.
    pub fn then(self, status: u16, headers: &[(&str, &str)], body: &str) -> Self {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name: HeaderName = name.parse().expect("a header name");
            map.append(name, HeaderValue::from_str(value).expect("a header value"));
        }
        self.answers.borrow_mut().push_back(Ok(Response {
            status: StatusCode::from_u16(status).expect("a status"),
            headers: map,
            body: body.as_bytes().to_vec(),
        }));
        self
    }

    /// Adds a request that gets no answer.
    pub fn then_fails(self, error: HttpError) -> Self {
        self.answers.borrow_mut().push_back(Err(error));
        self
    }

    /// What was asked, for snapshots: method, URL, headers (secret ones hidden), time limit, body.
    pub fn asked(&self) -> String {
        let requests = self.requests.borrow();
        let texts: Vec<String> = requests.iter().map(shown).collect();
        texts.join("\n---\n")
    }

    /// The methods and URLs of what was asked.
    pub fn lines(&self) -> Vec<String> {
        let requests = self.requests.borrow();
        requests
            .iter()
            .map(|request| format!("{} {}", request.method, request.url))
            .collect()
    }
}

fn shown(request: &Request) -> String {
    let mut lines = vec![format!("{} {}", request.method, request.url)];
    for (name, value) in &request.headers {
        lines.push(format!("{name}: {value:?}"));
    }
    lines.push(format!("time limit: {} s", request.timeout.as_secs()));
    if !request.body.is_empty() {
        lines.push(String::from_utf8_lossy(&request.body).into_owned());
    }
    lines.join("\n")
}

impl Http for Script {
    async fn send(&self, request: Request) -> Result<Response, HttpError> {
        let line = format!("{} {}", request.method, request.url);
        self.requests.borrow_mut().push(request);
        let answer = self.answers.borrow_mut().pop_front();
        answer.unwrap_or_else(|| panic!("the script has no answer for {line}"))
    }
}

/// A clock that stands still.
#[derive(Clone, Copy)]
pub struct Still(pub Timestamp);

impl Clock for Still {
    fn now(&self) -> Timestamp {
        self.0
    }

    async fn sleep(&self, _duration: Duration) {}
}

/// The result of a future that never waits.
pub fn now<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a scripted vendor answers at once"),
    }
}

/// What became of a call, for snapshots, in lines of at most 100 columns: `retry after 60 s: …`, `refused: …` …
pub fn told<T: std::fmt::Debug>(result: Result<T, CallError>) -> String {
    match result {
        Ok(value) => format!("{value:?}"),
        Err(error) => {
            let next = match &error {
                CallError::Retry { after: None, .. } => "retry".to_owned(),
                CallError::Retry {
                    after: Some(after), ..
                } => format!("retry after {} s", after.as_secs()),
                CallError::Paused { after, .. } => format!("paused for {} s", after.as_secs()),
                CallError::Refused { .. } => "refused".to_owned(),
                CallError::TooLong { .. } => "too long".to_owned(),
                CallError::Unknown { .. } => "unknown".to_owned(),
            };
            wrapped(&format!("{next}: {error}"))
        }
    }
}

/// The text in lines, all but the first one indented.
fn wrapped(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("a line");
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + word.chars().count() < 100 {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(format!("    {word}"));
        }
    }
    lines.join("\n")
}

/// A request that took too long.
pub fn timed_out() -> HttpError {
    HttpError::TimedOut {
        host: "https://vendor.example:443".to_owned(),
        seconds: 30,
    }
}

/// A request that did not get through.
pub fn no_connection() -> HttpError {
    HttpError::NoConnection {
        host: "https://vendor.example:443".to_owned(),
        reason: "connection refused".to_owned(),
    }
}

/// An answer that is longer than is read.
pub fn too_long() -> HttpError {
    HttpError::TooLong {
        host: "https://vendor.example:443".to_owned(),
        bytes_max: 8_388_608,
    }
}

/// An answer that broke off.
pub fn broken() -> HttpError {
    HttpError::Broken {
        host: "https://vendor.example:443".to_owned(),
        reason: "connection reset".to_owned(),
    }
}

/// A request that the allow-list refused.
pub fn not_allowed(host: &str) -> HttpError {
    HttpError::NotAllowed {
        host: host.to_owned(),
        reason: "not in allowed_outbound_hosts".to_owned(),
    }
}
