//! `cargo xtask up`: the application on the embedded host, like `spin up`.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::command_line::UpOptions;
use crate::components;

/// Runs until interrupted. What the components print goes to standard error.
pub(crate) async fn up(options: UpOptions) -> anyhow::Result<()> {
    let manifest = match &options.from {
        Some(manifest) => manifest.clone(),
        None => tokio::task::block_in_place(components::build)?,
    };
    let running = host::start(host_options(manifest, options)).await?;
    eprintln!("Slipway listens on {}", running.url());
    tokio::signal::ctrl_c()
        .await
        .context("cannot wait for an interrupt")?;
    eprintln!("Stopping …");
    running.stop().await;
    Ok(())
}

fn host_options(manifest: PathBuf, options: UpOptions) -> host::Options {
    let mut started = host::Options::new(manifest);
    started.listen = options.listen;
    started.environment = host::spin_variables();
    started.variables = options.variable.into_iter().collect();
    started.runtime_config = options
        .runtime_config_file
        .or_else(|| beside(&started.manifest));
    if let Some(directory) = options.state_dir {
        started.state_dir = directory;
    }
    started
}

fn beside(manifest: &Path) -> Option<PathBuf> {
    let file = manifest.with_file_name("runtime-config.toml");
    file.is_file().then_some(file)
}
