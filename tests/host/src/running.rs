//! Starting and stopping a host.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::net::TcpListener;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::{JoinHandle, block_in_place};

use crate::app::{self, App};
use crate::options::Options;
use crate::server::serve;

/// How long `stop` waits for instances to be gone; they end at their next pause, every 10 ms at the latest, unless a host
/// call holds them.
const STOP_PATIENCE: Duration = Duration::from_secs(10);

/// A host that listens. Dropping it stops it without waiting.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    server: Server,
}

struct Server {
    app: Arc<App>,
    task: JoinHandle<()>,
}

/// Starts the application that `options` name and listens.
///
/// Needs tokio's multi-thread runtime. Errors name the file and line they are about; all of them are printed well by
/// `{:#}`.
pub async fn start(options: Options) -> anyhow::Result<Running> {
    match Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => {}
        Ok(_) | Err(_) => bail!(
            "the host needs tokio's multi-thread runtime: #[tokio::test(flavor = \"multi_thread\")]"
        ),
    }
    let listener = TcpListener::bind(options.listen).await.map_err(|error| {
        if error.kind() == ErrorKind::AddrInUse {
            anyhow::anyhow!(
                "{} is already in use: stop what listens there, or listen elsewhere",
                options.listen
            )
        } else {
            anyhow::anyhow!("cannot listen on {}: {error}", options.listen)
        }
    })?;
    let address = listener
        .local_addr()
        .context("the listener has no address")?;
    let app = block_in_place(|| app::load(&options))?;
    let task = tokio::spawn(serve(Arc::clone(&app), listener));
    Ok(Running {
        address,
        server: Server { app, task },
    })
}

impl Running {
    /// Where the host listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://<address>`, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops listening, cuts requests in flight and work after responses, and waits until every instance is gone.
    pub async fn stop(mut self) {
        self.server.cut();
        // The task was aborted: that is all it can tell.
        let _aborted = (&mut self.server.task).await;
        self.server.app.running.close();
        // Out of patience, the instances that are left end by themselves.
        let _patience = tokio::time::timeout(STOP_PATIENCE, self.server.app.running.wait()).await;
    }
}

impl Server {
    fn cut(&self) {
        self.task.abort();
        self.app.stop.cancel();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.cut();
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Server")
    }
}
