//! Key-value stores as a component sees them, whatever is behind them.

use http::StatusCode;

use crate::stage::{Stage, ask, probe};

/// A probe with the stores `default` and `other`, which are both in the one file of Spin's default.
fn stage() -> Stage {
    Stage::new(&probe(r#"key_value_stores = ["default", "other"]"#)).runtime_config(
        "[key_value_store.other]\ntype = \"spin\"\npath = \".spin/sqlite_key_value.db\"\n",
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn values_are_kept_by_label_and_key() {
    let stage = stage();
    let host = stage.start().await;
    assert_eq!(ask(&host, "/get/default/key").await.ok(), "(none)");
    ask(&host, "/set/default/key/one").await.ok();
    ask(&host, "/set/default/key/two").await.ok();
    ask(&host, "/set/other/key/three").await.ok();
    assert_eq!(ask(&host, "/get/default/key").await.ok(), "two");
    assert_eq!(ask(&host, "/get/other/key").await.ok(), "three");
    assert_eq!(ask(&host, "/exists/default/key").await.ok(), "true");
    ask(&host, "/delete/default/key").await.ok();
    ask(&host, "/delete/default/never-there").await.ok();
    assert_eq!(ask(&host, "/exists/default/key").await.ok(), "false");

    host.stop().await;
    let host = stage.start().await;
    assert_eq!(
        ask(&host, "/get/other/key").await.ok(),
        "three",
        "it outlives the host"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_set_get_and_delete_several_keys() {
    let host = stage().start().await;
    ask(&host, "/set-many/default/b=2/a=1/c=3").await.ok();
    assert_eq!(ask(&host, "/keys/default").await.ok(), "a b c");
    assert_eq!(ask(&host, "/list-keys/default").await.ok(), "a b c");
    assert_eq!(
        ask(&host, "/get-many/default/c/absent/a/c").await.ok(),
        "a=1 c=3",
        "absent keys are left out"
    );
    ask(&host, "/delete-many/default/a/absent/c").await.ok();
    assert_eq!(ask(&host, "/keys/default").await.ok(), "b");
    assert_eq!(ask(&host, "/keys/other").await.ok(), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_the_component_does_not_list_is_denied() {
    let host = Stage::new(&probe("")).start().await;
    for path in [
        "/get/default/key",
        "/increment/default/key/1",
        "/get/nowhere/key",
    ] {
        let problem = ask(&host, path).await.problem();
        assert_eq!(problem, "Error::AccessDenied", "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn increments_at_the_same_time_are_all_counted() {
    let host = stage().start().await;
    let increments = (0..50).map(|_| ask(&host, "/increment/default/counter/2"));
    let mut seen: Vec<i64> = futures::future::join_all(increments)
        .await
        .into_iter()
        .map(|answer| answer.ok().parse().unwrap())
        .collect();
    seen.sort_unstable();
    assert_eq!(
        seen,
        (1..=50).map(|n| 2 * n).collect::<Vec<i64>>(),
        "each has seen its own number"
    );
    assert_eq!(
        ask(&host, "/increment/default/counter/-100").await.ok(),
        "0"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_increment_past_the_largest_number_wraps() {
    let host = stage().start().await;
    ask(&host, &format!("/increment/default/counter/{}", i64::MAX))
        .await
        .ok();
    assert_eq!(
        ask(&host, "/increment/default/counter/1").await.ok(),
        i64::MIN.to_string()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_increment_of_something_else_fails_loudly() {
    let stage = stage();
    let host = stage.start().await;
    ask(&host, "/set/default/text/three").await.ok();

    assert_eq!(
        ask(&host, "/increment/default/text/1").await.status,
        StatusCode::INTERNAL_SERVER_ERROR
    );

    stage
        .hear("increment of the key \"text\", whose value has 5 bytes")
        .await;
    assert_eq!(
        ask(&host, "/get/default/text").await.ok(),
        "three",
        "the store still works, unlike Spin's"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn compare_and_swap_and_cursors_are_refused() {
    let stage = stage();
    let host = stage.start().await;
    assert_eq!(
        ask(&host, "/swap/default/key").await.status,
        StatusCode::INTERNAL_SERVER_ERROR
    );
    stage
        .hear("compare-and-swap of wasi:keyvalue does not hold what it promises")
        .await;
    insta::assert_snapshot!(
        ask(&host, "/list-keys-after/default/a").await.problem(),
        @r#"Error::Other("list-keys takes no cursor: it answers all keys at once")"#
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_can_hold_256_stores_open() {
    let host = stage().start().await;
    assert_eq!(ask(&host, "/open-many/default/256").await.ok(), "256");
    assert_eq!(
        ask(&host, "/open-many/default/257").await.problem(),
        "Error::StoreTableFull"
    );
    assert_eq!(
        ask(&host, "/open-many/default/256").await.ok(),
        "256",
        "they were closed again"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_value_comes_back_whole() {
    let host = stage().start().await;
    let bytes = 20 * 1024 * 1024;
    ask(&host, &format!("/set-large/default/key/{bytes}"))
        .await
        .ok();
    assert_eq!(
        ask(&host, "/length/default/key").await.ok(),
        bytes.to_string()
    );
}
