//! The HTTP server: connections in, requests to components, answers out.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::header::HOST;
use http::uri::{Authority, Scheme};
use http::{StatusCode, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use wasmtime_wasi_http::{Error, WasiBody};

use crate::app::App;
use crate::dispatch::empty;
use crate::routes::WELL_KNOWN_PREFIX;

/// How long nothing is accepted after an accept that failed, so that a lack of open files does not become a busy loop.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);

/// Why a connection is closed without an answer, as Spin does it.
#[derive(Debug, thiserror::Error)]
enum NoAnswer {
    #[error("the request has no Host header, or one that is no authority")]
    NoHost,
}

/// Accepts connections for ever. Dropping the future closes them all.
pub(crate) async fn serve(app: Arc<App>, listener: TcpListener) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, client)) => {
                    connections.spawn(serve_connection(Arc::clone(&app), stream, client));
                }
                // Too many open files, or a client that was gone before it was accepted: the next one may do better.
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve_connection(app: Arc<App>, stream: TcpStream, client: SocketAddr) {
    // Without this an answer in two parts waits for the client's delayed acknowledgement.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let service = service_fn(move |request| answer(Arc::clone(&app), request, client));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service);
    // The client is gone, or spoke no HTTP: there is nobody to tell.
    let _gone = connection.await;
}

async fn answer(
    app: Arc<App>,
    request: http::Request<Incoming>,
    client: SocketAddr,
) -> Result<http::Response<WasiBody>, NoAnswer> {
    let path = request.uri().path();
    if let Some(well_known) = path.strip_prefix(WELL_KNOWN_PREFIX) {
        return Ok(if well_known == "health" {
            healthy()
        } else {
            empty(StatusCode::NOT_FOUND)
        });
    }
    let Some(matched) = app.routes().find(path) else {
        return Ok(empty(StatusCode::NOT_FOUND));
    };
    let Some(component) = app.component(&matched.component) else {
        return Ok(empty(StatusCode::NOT_FOUND));
    };
    let mut request = request.map(|body| body.map_err(Error::from).boxed_unsync());
    *request.uri_mut() = absolute(&request)?;
    let answer = component
        .answer(request, &matched, &Scheme::HTTP, client)
        .await;
    Ok(app.answer_watch.over(answer))
}

fn healthy() -> http::Response<WasiBody> {
    http::Response::new(
        Full::from("OK")
            .map_err(|never| match never {})
            .boxed_unsync(),
    )
}

/// The URI with scheme and authority, which HTTP/1.1 has in the `Host` header.
fn absolute<B>(request: &http::Request<B>) -> Result<Uri, NoAnswer> {
    let mut parts = request.uri().clone().into_parts();
    let header = match request.headers().get(HOST) {
        None => None,
        Some(host) => Some(Authority::try_from(host.as_bytes()).map_err(|_| NoAnswer::NoHost)?),
    };
    let authority = match (header, parts.authority.take()) {
        (Some(header), Some(in_uri)) if header != in_uri => return Err(NoAnswer::NoHost),
        (header, in_uri) => header.or(in_uri).ok_or(NoAnswer::NoHost)?,
    };
    parts.scheme = Some(Scheme::HTTP);
    parts.authority = Some(authority);
    Uri::from_parts(parts).map_err(|_| NoAnswer::NoHost)
}
