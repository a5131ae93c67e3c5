//! Starting: composition, the cache, ports.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::guests::guests;
use crate::stage::{Stage, ask, probe};

#[tokio::test(flavor = "multi_thread")]
async fn a_dependency_is_composed_into_its_component() {
    let host = Stage::new(&probe("")).start().await;
    assert_eq!(ask(&host, "/greet/Spin").await.ok(), "Hello, Spin!");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_process_takes_the_components_from_the_cache() {
    let mut stage = Stage::new(&probe(""));
    stage.options.cache_dir = stage.path("cache");
    let first = start_and_stop(&stage).await;
    let compiled = files(&stage.path("cache"));
    assert!(!compiled.is_empty(), "nothing was kept");

    // This process remembers what it has compiled for a directory; for another one it knows only what is in there.
    stage.options.cache_dir = stage.path("copy");
    for file in &compiled {
        let copy = stage.path("copy").join(file);
        fs::create_dir_all(copy.parent().unwrap()).unwrap();
        fs::copy(stage.path("cache").join(file), copy).unwrap();
    }
    let second = start_and_stop(&stage).await;

    assert_eq!(
        files(&stage.path("copy")),
        compiled,
        "something was compiled again"
    );
    assert!(
        second < Duration::from_secs(1),
        "the first start took {first:?}, the second {second:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_was_built_anew_is_loaded_anew() {
    let stage = Stage::new(
        "[[trigger.http]]\nroute = \"/...\"\ncomponent = \"guest\"\n[component.guest]\nsource = \"guest.wasm\"\n",
    );
    fs::copy(&guests().hello, stage.path("guest.wasm")).unwrap();
    assert_eq!(
        ask(&stage.start().await, "/requests").await.ok(),
        "",
        "hello"
    );

    fs::copy(&guests().greeter, stage.path("guest.wasm")).unwrap();
    assert!(
        stage.refusal().await.contains("does not handle HTTP"),
        "the greeter does not answer requests"
    );
}

async fn start_and_stop(stage: &Stage) -> Duration {
    let start = Instant::now();
    let host = stage.start().await;
    let duration = start.elapsed();
    ask(&host, "/requests").await.ok();
    host.stop().await;
    duration
}

/// The compiled components below a directory, which are the files without an ending; beside them are statistics.
fn files(directory: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut directories = vec![directory.to_owned()];
    while let Some(next) = directories.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_none() {
                found.insert(path.strip_prefix(directory).unwrap().to_owned());
            }
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_in_use_is_named() {
    let mut stage = Stage::new(&probe(""));
    let first = stage.start().await;
    stage.options.listen = first.address();
    let refusal = stage
        .refusal()
        .await
        .replace(&first.address().port().to_string(), "PORT");
    insta::assert_snapshot!(refusal, @"127.0.0.1:PORT is already in use: stop what listens there, or listen elsewhere");
}

#[tokio::test]
async fn a_single_threaded_runtime_is_refused() {
    insta::assert_snapshot!(
        Stage::new(&probe("")).refusal().await,
        @r#"the host needs tokio's multi-thread runtime: #[tokio::test(flavor = "multi_thread")]"#
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn many_hosts_run_side_by_side() {
    let stages: Vec<Stage> = (0..20).map(|_| Stage::new(&probe(""))).collect();
    let hosts = futures::future::join_all(stages.iter().map(Stage::start)).await;
    for host in &hosts {
        assert_eq!(ask(host, "/requests").await.ok(), "1");
    }
}
