//! Starting: composition, the cache, ports.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::stage::{Stage, ask, probe};

#[tokio::test(flavor = "multi_thread")]
async fn a_dependency_is_composed_into_its_component() {
    let host = Stage::new(&probe("")).start().await;
    assert_eq!(ask(&host, "/greet/Spin").await.ok(), "Hello, Spin!");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_start_takes_the_components_from_the_cache() {
    let mut stage = Stage::new(&probe(""));
    stage.options.cache_dir = stage.path("cache");
    let files = |stage: &Stage| count_files(&stage.path("cache"));

    let (first, compiled) = (start_and_stop(&stage).await, files(&stage));
    let (second, after) = (start_and_stop(&stage).await, files(&stage));

    assert!(compiled > 0, "nothing was kept");
    assert_eq!(compiled, after, "something was compiled again");
    assert!(
        second < Duration::from_secs(1),
        "the first start took {first:?}, the second {second:?}"
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

/// Files below a directory, without the cache's own statistics.
fn count_files(directory: &Path) -> usize {
    let Ok(entries) = fs::read_dir(directory) else {
        return 0;
    };
    entries
        .map(|entry| entry.unwrap().path())
        .map(|path| match path.is_dir() {
            true => count_files(&path),
            false => usize::from(path.extension().is_none()),
        })
        .sum()
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
    insta::assert_snapshot!(Stage::new(&probe("")).refusal().await, @r#"the host needs tokio's multi-thread runtime: #[tokio::test(flavor = "multi_thread")]"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_hosts_run_side_by_side() {
    let stages: Vec<Stage> = (0..20).map(|_| Stage::new(&probe(""))).collect();
    let hosts = futures::future::join_all(stages.iter().map(Stage::start)).await;
    for host in &hosts {
        assert_eq!(ask(host, "/requests").await.ok(), "1");
    }
}
