//! Listening on loopback, and HTTP/1.1 over whatever connects.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// The body of an answer; it may come in pieces.
pub(crate) type Body = UnsyncBoxBody<bytes::Bytes, std::convert::Infallible>;

/// The connection is to be closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("a fault closes this connection without an answer")]
pub(crate) struct Closed;

/// Binds an address on this machine and gives the URL.
pub(crate) async fn listen(address: SocketAddr) -> std::io::Result<(TcpListener, String)> {
    let listener = TcpListener::bind(address).await.map_err(|error| {
        let text = format!("the world cannot listen on {address}: {error}");
        std::io::Error::new(error.kind(), text)
    })?;
    let url = format!("http://{}", listener.local_addr()?);
    Ok((listener, url))
}

/// Whether a server listens: what is wanted, and what is.
#[derive(Debug)]
pub(crate) struct Presence {
    wanted: watch::Sender<bool>,
    real: watch::Sender<bool>,
}

impl Presence {
    /// A server that listens.
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            wanted: watch::Sender::new(true),
            real: watch::Sender::new(true),
        })
    }

    /// Resolves when the server listens, or when connections to it are refused.
    pub(crate) async fn set(&self, listening: bool) {
        self.wanted.send_replace(listening);
        let mut real = self.real.subscribe();
        // The sender lives as long as this value.
        drop(real.wait_for(|real| *real == listening).await);
    }
}

/// Answers every request on every connection until the task is aborted; connections end with it, and whenever the server
/// is to be gone.
pub(crate) fn serve<R, F>(
    listener: TcpListener,
    presence: Arc<Presence>,
    respond: R,
) -> JoinHandle<()>
where
    R: Fn(hyper::Request<Incoming>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<hyper::Response<Body>, Closed>> + Send + 'static,
{
    tokio::spawn(async move {
        let mut wanted = presence.wanted.subscribe();
        let Ok(address) = listener.local_addr() else {
            return;
        };
        let mut present = Some(listener);
        loop {
            let listener = match present.take() {
                Some(listener) => listener,
                None => again(address).await,
            };
            presence.real.send_replace(true);
            tokio::select! {
                () = accept(&listener, &respond) => {}
                () = told(&mut wanted, false) => {}
            }
            drop(listener);
            presence.real.send_replace(false);
            told(&mut wanted, true).await;
        }
    })
}

/// Resolves when this is wanted; its sender lives as long as the server.
async fn told(wanted: &mut watch::Receiver<bool>, listening: bool) {
    drop(wanted.wait_for(|wanted| *wanted == listening).await);
}

/// Listens at an address that was just given up, however long the system takes to let go of it.
async fn again(address: SocketAddr) -> TcpListener {
    loop {
        match TcpListener::bind(address).await {
            Ok(listener) => return listener,
            Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    }
}

/// Accepts connections for ever; they end when this is dropped.
async fn accept<R, F>(listener: &TcpListener, respond: &R)
where
    R: Fn(hyper::Request<Incoming>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<hyper::Response<Body>, Closed>> + Send + 'static,
{
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                let service = service_fn(respond.clone());
                connections.spawn(async move {
                    let connection = hyper::server::conn::http1::Builder::new();
                    // A caller that hangs up is its own affair.
                    drop(connection.serve_connection(TokioIo::new(stream), service).await);
                });
            }
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
}
