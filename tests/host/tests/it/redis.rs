//! Stores in Redis.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::stage::{Stage, ask, eventually, probe};

/// Installs Redis on a bare machine where that needs nobody's leave; elsewhere the start fails and says what to install.
fn install() {
    let succeeds = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive");
        command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    };
    let apt_install = ["install", "-y", "--no-install-recommends", "redis-server"];
    if !succeeds("redis-server", &["--version"]) && !succeeds("apt-get", &apt_install) {
        // Package lists may be missing or old.
        let _ = succeeds("apt-get", &["update"]) && succeeds("apt-get", &apt_install);
    }
}

/// A Redis server of the test's own, on a socket in a directory of its own.
struct Server {
    directory: TempDir,
    child: Child,
}

impl Server {
    async fn start() -> Self {
        static INSTALLED: OnceLock<()> = OnceLock::new();
        INSTALLED.get_or_init(install);
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("redis.sock");
        let child = Command::new("redis-server")
            .args([
                "--port",
                "0",
                "--save",
                "",
                "--appendonly",
                "no",
                "--unixsocket",
            ])
            .arg(&socket)
            .current_dir(&directory)
            .stdout(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| {
                panic!(
                    "redis-server cannot be started ({error}); install it, \
                     for instance with `apt install redis-server` or `brew install redis`"
                )
            });
        let server = Self { directory, child };
        eventually(|| async { server.client(0).get_connection().is_ok().then_some(()) })
            .await
            .expect("redis-server was started and does not listen");
        server
    }

    fn socket(&self) -> PathBuf {
        self.directory.path().join("redis.sock")
    }

    fn url(&self, database: u8) -> String {
        format!("redis+unix://{}?db={database}", self.socket().display())
    }

    fn client(&self, database: u8) -> redis::Client {
        redis::Client::open(self.url(database)).unwrap()
    }

    /// A probe with the stores `default` and `shared` in database 0, and `apart` in database 1.
    fn stage(&self) -> Stage {
        let store = |label, database| {
            format!(
                "[key_value_store.{label}]\ntype = \"redis\"\nurl = {:?}\n",
                self.url(database)
            )
        };
        Stage::new(&probe(
            r#"key_value_stores = ["default", "shared", "apart"]"#,
        ))
        .runtime_config(&format!(
            "{}{}{}",
            store("default", 0),
            store("shared", 0),
            store("apart", 1)
        ))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is gone afterwards.
        let _gone = self.child.kill().and_then(|()| self.child.wait());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn values_are_kept_under_their_raw_keys() {
    let server = Server::start().await;
    let host = server.stage().start().await;
    ask(&host, "/set/default/key/value").await.ok();

    let mut connection = server.client(0).get_connection().unwrap();
    assert_eq!(
        redis::cmd("GET")
            .arg("key")
            .query::<String>(&mut connection)
            .unwrap(),
        "value"
    );
    assert_eq!(
        ask(&host, "/get/shared/key").await.ok(),
        "value",
        "labels of one database share their keys"
    );
    assert_eq!(ask(&host, "/get/apart/key").await.ok(), "(none)");
    assert_eq!(ask(&host, "/exists/default/key").await.ok(), "true");
    ask(&host, "/delete/default/key").await.ok();
    assert_eq!(ask(&host, "/exists/shared/key").await.ok(), "false");
}

#[tokio::test(flavor = "multi_thread")]
async fn counters_are_decimal_text_and_count_everybody() {
    let server = Server::start().await;
    let host = server.stage().start().await;
    let increments = (0..50).map(|_| ask(&host, "/increment/default/counter/1"));
    let mut seen: Vec<i64> = futures::future::join_all(increments)
        .await
        .into_iter()
        .map(|answer| answer.ok().parse().unwrap())
        .collect();
    seen.sort_unstable();
    assert_eq!(seen, (1..=50).collect::<Vec<i64>>());
    assert_eq!(ask(&host, "/get/default/counter").await.ok(), "50");
    ask(&host, "/set/default/text/three").await.ok();
    insta::assert_snapshot!(
        ask(&host, "/increment/default/text/1").await.problem(),
        @r#"Error::Other("Redis: ResponseError: value is not an integer or out of range")"#
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_write_and_delete_but_never_read() {
    let server = Server::start().await;
    let host = server.stage().start().await;
    ask(&host, "/set-many/default/a=1/b=2/c=3").await.ok();
    assert_eq!(ask(&host, "/keys/default").await.ok(), "a b c");
    assert_eq!(ask(&host, "/list-keys/default").await.ok(), "a b c");
    ask(&host, "/delete-many/default/a/c").await.ok();
    assert_eq!(ask(&host, "/keys/default").await.ok(), "b");
    insta::assert_snapshot!(
        ask(&host, "/get-many/default/b").await.problem(),
        @r#"Error::Other("get-many on Redis fails always in Spin 4.1, so it does here: get the keys one by one")"#
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_read_without_holding_anything() {
    let server = Server::start().await;
    let host = server.stage().start().await;
    ask(
        &host,
        "/set-many/default/a=1/b=2/c=3/d=4/e=5/f=6/g=7/h=8/i=9/j=0",
    )
    .await
    .ok();
    assert!(
        ask(&host, "/get-while-reading-keys/default/a")
            .await
            .ok()
            .starts_with("Some(")
    );
}
