//! A host with the application of one case.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use host::{LogSink, Running};
use tempfile::TempDir;

use super::cases::{Application, SECRET};
use crate::redis::Redis;
use crate::{components, stores};

/// The built components.
pub(super) struct Components {
    slipway: PathBuf,
    hello: PathBuf,
    probe: PathBuf,
    greeter: PathBuf,
}

impl Components {
    /// Builds Slipway's, and the guests of the host's own tests.
    pub(super) fn build() -> anyhow::Result<Self> {
        Ok(Self {
            slipway: components::build()?,
            hello: components::build_other("hello")?,
            probe: components::build_other("probe")?,
            greeter: components::build_other("greeter")?,
        })
    }
}

/// A host with an application, and stores of its own.
pub(super) struct Stage {
    running: Running,
    // They end and are deleted after the host.
    _redis: Option<Redis>,
    _directory: TempDir,
}

impl Stage {
    /// Starts it. No vendor is configured: what is measured is Slipway.
    pub(super) async fn start(
        components: &Components,
        application: Application,
    ) -> anyhow::Result<Self> {
        let directory = tempfile::tempdir()?;
        let redis = match application {
            Application::OnRedis => Some(Redis::start()?),
            Application::Hello | Application::OneWrite | Application::OnSqlite => None,
        };
        let stores = redis.as_ref().map_or_else(stores::sqlite, |redis| {
            redis.runtime_config(&["default", "inbox", "queue", "ledger"])
        });
        let mut options = host::Options::new(manifest(components, application, directory.path())?);
        let runtime_config = directory.path().join("runtime-config.toml");
        fs::write(&runtime_config, stores)?;
        options.runtime_config = Some(runtime_config);
        options.state_dir = directory.path().join("state");
        if matches!(application, Application::OnSqlite | Application::OnRedis) {
            options
                .variables
                .insert("github_webhook_secrets".to_owned(), SECRET.to_owned());
        }
        // Writing lines to a terminal would be measured too.
        options.log = LogSink::callback(|_| {});
        Ok(Self {
            running: host::start(options).await?,
            _redis: redis,
            _directory: directory,
        })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.running.address()
    }

    pub(super) async fn stop(self) {
        self.running.stop().await;
    }
}

/// The manifest of the application: Slipway's own, or one in `directory`.
fn manifest(
    components: &Components,
    application: Application,
    directory: &Path,
) -> anyhow::Result<PathBuf> {
    let component = match application {
        Application::OnSqlite | Application::OnRedis => return Ok(components.slipway.clone()),
        Application::Hello => format!("source = {:?}\n", components.hello),
        Application::OneWrite => format!(
            "source = {:?}\nkey_value_stores = [\"default\"]\n\
             [component.guest.dependencies]\n\"fixture:greeting/words\" = {{ path = {:?} }}\n",
            components.probe, components.greeter
        ),
    };
    let file = directory.join("spin.toml");
    let head = "spin_manifest_version = 2\n[application]\nname = \"guest\"\n\
                [[trigger.http]]\nroute = \"/...\"\ncomponent = \"guest\"\n[component.guest]\n";
    fs::write(&file, format!("{head}{component}"))?;
    Ok(file)
}
