//! A small HTTP client over loopback, one connection a request: what GitHub delivers webhooks with, and what looks at
//! previews.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// An answer, read whole.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Its headers.
    pub headers: http::HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl Answer {
    /// The body as text, with what is not UTF-8 replaced.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; null where it is none.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// A header's text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// Why there was no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The URL cannot be asked.
    #[error("cannot ask {url}: {why}; right would be http://host:port/path")]
    Url {
        /// The URL given.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// Nobody listens there.
    #[error("cannot connect to {address}: {error}")]
    Connect {
        /// Host and port.
        address: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// The connection broke, or its other end does not speak HTTP.
    #[error("no answer from {address}: {error}")]
    Http {
        /// Host and port.
        address: String,
        /// What went wrong.
        error: hyper::Error,
    },
    /// It took too long.
    #[error("no answer from {address} within {limit:?}")]
    Late {
        /// Host and port.
        address: String,
        /// How long was waited.
        limit: Duration,
    },
}

/// Sends one request and reads the answer whole; redirects are not followed.
///
/// # Errors
/// When the URL is unfit, nobody listens, the connection breaks or `limit` passes.
pub async fn send(
    method: &str,
    url: &str,
    headers: &[(String, String)],
    body: impl Into<Bytes>,
    limit: Duration,
) -> Result<Answer, ClientError> {
    let unfit = |why: String| ClientError::Url {
        url: url.to_owned(),
        why,
    };
    let uri: http::Uri = url
        .parse()
        .map_err(|error: http::uri::InvalidUri| unfit(error.to_string()))?;
    let host = uri
        .host()
        .ok_or_else(|| unfit("it has no host".to_owned()))?;
    let address = format!("{host}:{}", uri.port_u16().unwrap_or(80));
    let target = uri
        .path_and_query()
        .map_or("/", http::uri::PathAndQuery::as_str);
    let mut builder = hyper::Request::builder()
        .method(method)
        .uri(target)
        .header("host", &address);
    for (name, value) in headers {
        builder = builder.header(name, value);
    }
    let request = builder
        .body(Full::new(body.into()))
        .map_err(|error| unfit(error.to_string()))?;
    let late = ClientError::Late {
        address: address.clone(),
        limit,
    };
    tokio::time::timeout(limit, exchange(address, request))
        .await
        .unwrap_or(Err(late))
}

async fn exchange(
    address: String,
    request: hyper::Request<Full<Bytes>>,
) -> Result<Answer, ClientError> {
    let stream = match TcpStream::connect(&address).await {
        Ok(stream) => stream,
        Err(error) => return Err(ClientError::Connect { address, error }),
    };
    let failed = |error| ClientError::Http {
        address: address.clone(),
        error,
    };
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(failed)?;
    let connection = tokio::spawn(connection);
    let response = sender.send_request(request).await.map_err(failed)?;
    let (head, body) = response.into_parts();
    let body = body.collect().await.map_err(failed)?.to_bytes();
    connection.abort();
    Ok(Answer {
        status: head.status.as_u16(),
        headers: head.headers,
        body,
    })
}
