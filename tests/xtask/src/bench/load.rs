//! A closed-loop load generator: each connection sends its next request when it has the last answer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow, bail, ensure};
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// What is sent, and what must come back.
#[derive(Clone)]
pub(super) struct Traffic {
    /// Makes the request with this number; no number comes twice.
    pub(super) request: Arc<dyn Fn(usize) -> anyhow::Result<Request<Full<Bytes>>> + Send + Sync>,
    /// The status of every answer.
    pub(super) expected: StatusCode,
}

/// How long it takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    /// What begins in this time is not counted.
    pub(super) warm_up: Duration,
    /// What begins in this time is.
    pub(super) measured: Duration,
}

/// Where it goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target {
    /// The server.
    pub(super) address: SocketAddr,
    /// How many requests are on their way at once, each on a connection of its own that is kept.
    pub(super) connections: usize,
    /// For how long.
    pub(super) times: Times,
}

/// The latencies of all counted requests, shortest first, and the time from the first to the last.
#[derive(Debug)]
pub(super) struct Measured {
    latencies: Vec<Duration>,
    time: Duration,
}

impl Measured {
    pub(super) fn requests_per_second(&self) -> f64 {
        let count = u32::try_from(self.latencies.len()).unwrap_or(u32::MAX);
        f64::from(count) / self.time.as_secs_f64()
    }

    /// The latency that `percent` of the requests did not exceed.
    pub(super) fn percentile(&self, percent: usize) -> Duration {
        let rank = (self.latencies.len() * percent).div_ceil(100);
        self.latencies
            .get(rank.saturating_sub(1))
            .copied()
            .unwrap_or_default()
    }
}

/// Loads the target from a thread of its own, as another process would.
pub(super) fn run(target: &Target, traffic: &Traffic) -> anyhow::Result<Measured> {
    let (target, traffic) = (*target, traffic.clone());
    let thread = thread::Builder::new()
        .name("load".to_owned())
        .spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(all_connections(target, traffic))
        })?;
    thread
        .join()
        .map_err(|_| anyhow!("the load generator panicked"))?
}

async fn all_connections(target: Target, traffic: Traffic) -> anyhow::Result<Measured> {
    let numbers = Arc::new(AtomicUsize::new(0));
    // The first request goes alone: stores are opened with it, and several that open one file at once lock each other out.
    let request = (traffic.request)(numbers.fetch_add(1, Ordering::Relaxed))?;
    exchange(
        &mut connect(target.address).await?,
        request,
        traffic.expected,
    )
    .await?;
    let begin = Instant::now() + target.times.warm_up;
    let end = begin + target.times.measured;
    let tasks: Vec<_> = (0..target.connections)
        .map(|_| {
            tokio::spawn(connection(
                target,
                traffic.clone(),
                Arc::clone(&numbers),
                begin..end,
            ))
        })
        .collect();
    let mut latencies = Vec::new();
    for task in tasks {
        latencies.extend(task.await.context("a connection panicked")??);
    }
    let time = begin.elapsed();
    latencies.sort_unstable();
    ensure!(
        !latencies.is_empty(),
        "not one request was answered in time"
    );
    Ok(Measured { latencies, time })
}

async fn connection(
    target: Target,
    traffic: Traffic,
    numbers: Arc<AtomicUsize>,
    counted: std::ops::Range<Instant>,
) -> anyhow::Result<Vec<Duration>> {
    let mut sender = connect(target.address).await?;
    let mut latencies = Vec::new();
    loop {
        let request = (traffic.request)(numbers.fetch_add(1, Ordering::Relaxed))?;
        let began = Instant::now();
        if began >= counted.end {
            break;
        }
        exchange(&mut sender, request, traffic.expected).await?;
        if began >= counted.start {
            latencies.push(began.elapsed());
        }
    }
    Ok(latencies)
}

/// A connection that lasts as long as the sender.
async fn connect(address: SocketAddr) -> anyhow::Result<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(address)
        .await
        .context("cannot connect")?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender)
}

async fn exchange(
    sender: &mut SendRequest<Full<Bytes>>,
    request: Request<Full<Bytes>>,
    expected: StatusCode,
) -> anyhow::Result<()> {
    sender.ready().await.context("the connection was closed")?;
    let answer = sender.send_request(request).await.context("no answer")?;
    let status = answer.status();
    let body = answer
        .into_body()
        .collect()
        .await
        .context("the answer broke off")?
        .to_bytes();
    if status != expected {
        bail!(
            "expected {expected}, found {status} {}",
            String::from_utf8_lossy(&body)
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_the_latency_that_so_many_did_not_exceed() {
        let measured = Measured {
            latencies: (1..=200).map(Duration::from_millis).collect(),
            time: Duration::from_secs(2),
        };
        assert_eq!(measured.percentile(50), Duration::from_millis(100));
        assert_eq!(measured.percentile(99), Duration::from_millis(198));
        assert!((measured.requests_per_second() - 100.0).abs() < 1e-9);
        let one = Measured {
            latencies: vec![Duration::from_millis(7)],
            time: Duration::from_secs(1),
        };
        assert_eq!(one.percentile(99), Duration::from_millis(7));
    }
}
