//! Listening on loopback, and HTTP/1.1 over whatever connects.

use std::net::SocketAddr;

use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
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

/// Answers every request on every connection until the task is aborted; connections end with it.
pub(crate) fn serve<R, F>(listener: TcpListener, respond: R) -> JoinHandle<()>
where
    R: Fn(hyper::Request<Incoming>) -> F + Clone + Send + 'static,
    F: Future<Output = Result<hyper::Response<Body>, Closed>> + Send + 'static,
{
    tokio::spawn(async move {
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
    })
}
