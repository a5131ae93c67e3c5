//! The SQLite file is Spin's own, and so are its locks.

use std::time::Duration;

use host::Reuse;
use rusqlite::Connection;

use crate::stage::{Stage, ask, probe};

fn stage() -> Stage {
    Stage::new(&probe(r#"key_value_stores = ["default"]"#))
}

fn database(stage: &Stage) -> Connection {
    Connection::open(stage.path(".spin/sqlite_key_value.db")).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_has_spins_table_and_settings() {
    let stage = stage();
    let host = stage.start().await;
    ask(&host, "/set/default/key/value").await.ok();
    ask(&host, "/increment/default/counter/258").await.ok();

    let database = database(&stage);
    let columns: String = database
        .query_row(
            "SELECT group_concat(name || ' ' || type || ' ' || \"notnull\" || ' ' || pk, ', ')
             FROM pragma_table_info('spin_key_value')",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(columns, "store TEXT 1 1, key TEXT 1 2, value BLOB 1 0");
    let row = |key: &str| -> (String, Vec<u8>) {
        let query = "SELECT store, value FROM spin_key_value WHERE key = ?1";
        database
            .query_row(query, [key], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
    };
    assert_eq!(row("key"), ("default".to_owned(), b"value".to_vec()));
    assert_eq!(
        row("counter"),
        ("default".to_owned(), vec![2, 1, 0, 0, 0, 0, 0, 0]),
        "little-endian"
    );
    let journal: String = database
        .query_row("PRAGMA journal_mode", [], |row| row.get(0))
        .unwrap();
    assert_eq!(journal, "delete");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_spin_has_left_is_read() {
    let stage = stage();
    std::fs::create_dir(stage.path(".spin")).unwrap();
    let schema = "CREATE TABLE spin_key_value (
        store TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (store, key))";
    database(&stage).execute(schema, []).unwrap();
    database(&stage)
        .execute(
            "INSERT INTO spin_key_value VALUES ('default', 'key', 'from Spin')",
            [],
        )
        .unwrap();

    let host = stage.start().await;

    assert_eq!(ask(&host, "/keys/default").await.ok(), "key");
    database(&stage)
        .execute("UPDATE spin_key_value SET value = x'6f6b'", [])
        .unwrap();
    assert_eq!(ask(&host, "/get/default/key").await.ok(), "ok");
}

#[tokio::test(flavor = "multi_thread")]
async fn using_a_store_while_its_keys_are_read_hangs_as_in_spin() {
    let stage = stage();
    let host = stage.start().await;
    // As many keys as are read ahead: the reader is through with them at once, and all is well.
    ask(&host, "/set-many/default/a=1/b=2/c=3/d=4").await.ok();
    assert_eq!(
        ask(&host, "/get-while-reading-keys/default/a").await.ok(),
        "Some(\"a\")"
    );

    ask(&host, "/set-many/default/e=5/f=6/g=7/h=8/i=9/j=0")
        .await
        .ok();
    let reading = ask(&host, "/get-while-reading-keys/default/a");
    let hangs = tokio::time::timeout(Duration::from_secs(1), reading)
        .await
        .is_err();
    assert!(hangs, "the lock was not held while keys were read");
    let others =
        tokio::time::timeout(Duration::from_millis(200), ask(&host, "/get/default/a")).await;
    assert!(others.is_err(), "all others wait too");

    // Only the end of the host helps.
    host.stop().await;
    assert_eq!(ask(&stage.start().await, "/get/default/a").await.ok(), "1");
}

/// Asks one instance, or two, for all keys and meanwhile for a value; answers whether both came.
async fn read_keys_and_a_value(reuse: Reuse) -> bool {
    let mut stage = stage();
    stage.options.reuse = reuse;
    let host = stage.start().await;
    ask(
        &host,
        "/set-many/default/a=1/b=2/c=3/d=4/e=5/f=6/g=7/h=8/i=9/j=0",
    )
    .await
    .ok();

    let reading = ask(&host, "/keys-with-a-pause/default/300");
    let meanwhile = async {
        stage.hear("reading keys").await;
        ask(&host, "/get/default/a").await
    };
    let both = futures::future::join(reading, meanwhile);
    let Ok((keys, value)) = tokio::time::timeout(Duration::from_secs(2), both).await else {
        return false;
    };
    assert_eq!((keys.ok().as_str(), value.ok().as_str()), ("10 keys", "1"));
    true
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_reads_keys_hangs_if_another_one_of_its_instance_uses_the_store_as_in_spin()
{
    assert!(
        !read_keys_and_a_value(Reuse::like_spin()).await,
        "one instance did both"
    );
    assert!(
        read_keys_and_a_value(Reuse::single_use()).await,
        "two instances hung"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_increment_fails_while_another_connection_writes_and_a_set_waits_as_in_spin() {
    let stage = stage();
    let host = stage.start().await;
    ask(&host, "/increment/default/counter/1").await.ok();
    // Another label in the same file has a connection of its own, like this one.
    let other = database(&stage);
    other.execute_batch("BEGIN IMMEDIATE").unwrap();

    let problem = ask(&host, "/increment/default/counter/1").await.problem();
    assert_eq!(problem, r#"Error::Other("SQLite: database is locked")"#);

    let set = ask(&host, "/set/default/key/value");
    let commit = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        other.execute_batch("COMMIT").unwrap();
    };
    let (set, ()) = futures::future::join(set, commit).await;
    set.ok();
    assert_eq!(
        ask(&host, "/increment/default/counter/1").await.ok(),
        "2",
        "the failed one was not counted"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_database_is_an_error_of_the_store() {
    let stage = stage();
    std::fs::create_dir(stage.path(".spin")).unwrap();
    std::fs::write(
        stage.path(".spin/sqlite_key_value.db"),
        "no database at all, but long enough to be looked at",
    )
    .unwrap();
    let host = stage.start().await;
    insta::assert_snapshot!(
        ask(&host, "/get/default/key").await.problem(),
        @r#"Error::Other("SQLite: file is not a database")"#
    );
}
