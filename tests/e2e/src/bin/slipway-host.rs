//! The embedded host as a process that a story can kill: `slipway-host <manifest> <runtime config> <state dir> <address>`.

use anyhow::{Context, Result};

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args_os().skip(1);
    let mut next = |what: &str| arguments.next().with_context(|| format!("expected {what}"));
    let mut options = host::Options::new(next("the manifest")?);
    options.runtime_config = Some(next("the runtime configuration")?.into());
    options.state_dir = next("the state directory")?.into();
    options.listen = next("an address")?
        .to_string_lossy()
        .parse()
        .context("expected an address")?;
    options.environment = host::spin_variables();
    let _running = host::start(options).await?;
    std::future::pending().await
}
