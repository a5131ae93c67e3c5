//! The key-value stores that components get are as Slipway assumes: those of the embedded host, and those of Spin.

mod client;

use anyhow::Result;
use e2e::{LABELS, Slipway};
use tempfile::TempDir;
use xtask::redis::Redis;

use self::client::HttpStore;

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_is_as_assumed() -> Result<()> {
    let directory = TempDir::new()?;
    let keeper = start_keeper(&directory, &xtask::stores::sqlite()).await?;
    // One process has the files; each request is an instance of its own.
    let store = HttpStore::at(&keeper.url);
    as_assumed(&store, &store).await
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_is_as_assumed_also_by_two_hosts() -> Result<()> {
    let server = Redis::start()?;
    let configuration = server.runtime_config(&LABELS);
    let directories = (TempDir::new()?, TempDir::new()?);
    let one = start_keeper(&directories.0, &configuration).await?;
    let other = start_keeper(&directories.1, &configuration).await?;
    as_assumed(&HttpStore::at(&one.url), &HttpStore::at(&other.url)).await
}

async fn start_keeper(directory: &TempDir, runtime_config: &str) -> Result<Slipway> {
    let file = tokio::task::block_in_place(|| xtask::components::ensure_built_other("keeper"))?;
    let manifest = format!(
        "spin_manifest_version = 2\n[application]\nname = \"keeper\"\n\
         [[trigger.http]]\nroute = \"/...\"\ncomponent = \"keeper\"\n\
         [component.keeper]\nsource = {file:?}\nkey_value_stores = {LABELS:?}\n"
    );
    Slipway::start_other(directory.path(), &manifest, runtime_config).await
}

async fn as_assumed(one: &HttpStore, other: &HttpStore) -> Result<()> {
    let broken = store_contract::broken(one, other).await;
    let told: Vec<String> = broken.iter().map(|error| format!("{error:#}")).collect();
    assert!(
        told.is_empty(),
        "Slipway assumes what does not hold:\n{}",
        told.join("\n")
    );
    Ok(())
}
