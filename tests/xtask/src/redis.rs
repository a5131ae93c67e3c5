//! A Redis server of our own, on a socket in a directory of its own.

use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use tempfile::TempDir;

use crate::toolchain::ensure_redis;

/// How long it may take to listen.
const PATIENCE: Duration = Duration::from_secs(10);

/// A Redis server that ends with this value. Nothing that it stores is written to disk.
#[derive(Debug)]
pub struct Redis {
    directory: TempDir,
    process: Child,
}

impl Redis {
    /// Starts `redis-server` and waits until it listens. Where it is missing it is installed, if that can be done without asking.
    ///
    /// # Errors
    /// When it is missing, with what to install, or does not listen within some seconds.
    pub fn start() -> anyhow::Result<Self> {
        install()?;
        let directory = tempfile::tempdir()?;
        let process = Command::new("redis-server")
            .args([
                "--port",
                "0",
                "--save",
                "",
                "--appendonly",
                "no",
                "--unixsocket",
            ])
            .arg(directory.path().join("redis.sock"))
            .current_dir(&directory)
            .stdout(Stdio::null())
            .spawn()
            .context("cannot start redis-server")?;
        let server = Self { directory, process };
        let began = Instant::now();
        while UnixStream::connect(server.socket()).is_err() {
            if began.elapsed() > PATIENCE {
                bail!("redis-server was started and does not listen");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(server)
    }

    /// A runtime configuration in which each label has a database of its own, as Spin needs it.
    pub fn runtime_config(&self, labels: &[&str]) -> String {
        let stores = labels.iter().enumerate().map(|(database, label)| {
            let url = self.url(database);
            format!("[key_value_store.{label}]\ntype = \"redis\"\nurl = {url:?}\n")
        });
        stores.collect()
    }

    /// The URL of the database that belongs to the label in this place of [`Redis::runtime_config`].
    pub fn url(&self, database: usize) -> String {
        format!("redis+unix://{}?db={database}", self.socket().display())
    }

    fn socket(&self) -> PathBuf {
        self.directory.path().join("redis.sock")
    }
}

/// Tests start servers at the same time, and one of them installs.
fn install() -> anyhow::Result<()> {
    static INSTALLING: Mutex<()> = Mutex::new(());
    let _installing = INSTALLING.lock();
    ensure_redis()
}

impl Drop for Redis {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is gone afterwards.
        let _gone = self.process.kill().and_then(|()| self.process.wait());
    }
}
