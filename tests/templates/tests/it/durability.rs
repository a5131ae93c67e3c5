//! What operators rely on when a machine dies, tried with the real programs: Redis' settings, the backup of SQLite files.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use templates::places;

/// How long a program may take to do what it was started for.
const PATIENCE: Duration = Duration::from_secs(20);

/// A Redis with our settings, on a socket in a folder of its own.
struct Redis {
    folder: PathBuf,
    process: Child,
}

impl Redis {
    fn start(folder: &Path) -> Self {
        let settings = places::read("deploy/redis/redis.conf").unwrap();
        let password = folder.join("password.conf");
        fs::write(&password, "requirepass secret\n").unwrap();
        let settings = settings
            .replace(
                "/etc/redis/secret/password.conf",
                password.to_str().unwrap(),
            )
            .replace("port 6379", "port 0")
            .replace("dir /data", &format!("dir {}", folder.display()));
        let file = folder.join("redis.conf");
        fs::write(&file, settings).unwrap();
        let process = Command::new("redis-server")
            .arg(&file)
            .arg("--unixsocket")
            .arg(folder.join("redis.sock"))
            .stdout(Stdio::null())
            .spawn()
            .expect(
                "redis-server is missing: install it, for instance with `apt install redis-server`",
            );
        let redis = Self {
            folder: folder.to_owned(),
            process,
        };
        let began = Instant::now();
        while !redis.ask("PING").starts_with("+PONG") {
            assert!(
                began.elapsed() < PATIENCE,
                "redis-server does not answer: {}",
                redis.ask("PING")
            );
            std::thread::sleep(Duration::from_millis(10));
        }
        redis
    }

    /// The answer to one command, after the password.
    fn ask(&self, command: &str) -> String {
        let Ok(mut stream) = UnixStream::connect(self.folder.join("redis.sock")) else {
            return "not there".to_owned();
        };
        write!(stream, "AUTH secret\r\n{command}\r\nQUIT\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.replacen("+OK\r\n", "", 1)
    }

    fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _gone = self.process.kill().and_then(|()| self.process.wait());
    }
}

#[test]
fn what_redis_answered_is_there_after_it_was_killed() {
    let folder = TempDir::new().unwrap();
    let redis = Redis::start(folder.path());
    for (setting, value) in [
        ("appendonly", "yes"),
        ("appendfsync", "always"),
        ("no-appendfsync-on-rewrite", "no"),
        ("aof-load-truncated", "yes"),
        ("maxmemory-policy", "noeviction"),
        ("stop-writes-on-bgsave-error", "yes"),
        ("databases", "4"),
    ] {
        let answer = redis.ask(&format!("CONFIG GET {setting}"));
        assert!(
            answer.contains(&format!("\r\n{value}\r\n")),
            "{setting}: {answer:?}"
        );
        let page = places::read("deploy/redis/README.md").unwrap();
        assert!(
            page.contains(&format!("`{setting}`")) && page.contains(&format!("`{value}`")),
            "the page on {setting}"
        );
    }
    assert!(redis.ask("SET delivery/1 payload").starts_with("+OK"));
    redis.kill();
    let redis = Redis::start(folder.path());
    assert!(
        redis.ask("GET delivery/1").contains("payload"),
        "{}",
        redis.ask("GET delivery/1")
    );
}

#[test]
fn redis_without_the_password_says_nothing() {
    let folder = TempDir::new().unwrap();
    let redis = Redis::start(folder.path());
    let mut stream = UnixStream::connect(redis.folder.join("redis.sock")).unwrap();
    stream.write_all(b"GET delivery/1\r\nQUIT\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("-NOAUTH"), "{answer}");
}

#[test]
fn the_redis_backup_of_the_page_restores() {
    let folder = TempDir::new().unwrap();
    let redis = Redis::start(folder.path());
    assert!(redis.ask("SET delivery/1 payload").starts_with("+OK"));
    assert!(redis.ask("SAVE").starts_with("+OK"));
    redis.kill();
    let restored = TempDir::new().unwrap();
    fs::copy(
        folder.path().join("dump.rdb"),
        restored.path().join("dump.rdb"),
    )
    .unwrap();
    let settings = places::read("deploy/redis/redis.conf").unwrap();
    assert!(settings.contains("\nappendonly yes\n"));
    let mut process = Command::new("redis-server")
        .args([
            "--port",
            "0",
            "--appendonly",
            "no",
            "--unixsocket",
            "redis.sock",
            "--requirepass",
            "secret",
            "--dir",
        ])
        .arg(restored.path())
        .current_dir(&restored)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let began = Instant::now();
    let socket = restored.path().join("redis.sock");
    let ask = |command: &str| -> String {
        let Ok(mut stream) = UnixStream::connect(&socket) else {
            return String::new();
        };
        write!(stream, "AUTH secret\r\n{command}\r\nQUIT\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    while !ask("GET delivery/1").contains("payload") {
        assert!(began.elapsed() < PATIENCE, "{}", ask("GET delivery/1"));
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(ask("CONFIG SET appendonly yes").contains("+OK\r\n+OK"));
    let is_written = |info: &str| {
        info.contains("aof_rewrite_in_progress:0") && info.contains("aof_rewrite_scheduled:0")
    };
    while !is_written(&ask("INFO persistence")) {
        assert!(began.elapsed() < PATIENCE, "{}", ask("INFO persistence"));
        std::thread::sleep(Duration::from_millis(10));
    }
    process.kill().unwrap();
    process.wait().unwrap();
    let redis = Redis::start(restored.path());
    assert!(
        redis.ask("GET delivery/1").contains("payload"),
        "{}",
        redis.ask("GET delivery/1")
    );
}

fn sqlite(file: &Path, statement: &str) -> String {
    let output = Command::new("sqlite3")
        .arg(file)
        .arg(statement)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn back_up(state: &Path, backups: &Path) -> (bool, String) {
    let output = Command::new("sh")
        .arg(places::root().join("deploy/machine/backup.sh"))
        .args([state, backups])
        .arg("7")
        .output()
        .unwrap();
    let printed = if output.status.success() {
        output.stdout
    } else {
        output.stderr
    };
    (
        output.status.success(),
        String::from_utf8_lossy(&printed).trim().to_owned(),
    )
}

#[test]
fn a_backup_has_every_store_whole_and_old_ones_go() {
    if Command::new("sqlite3").arg("--version").output().is_err() {
        println!(
            "sqlite3 is missing, which the backup of one machine uses: install it to have it tried"
        );
        return;
    }
    let folder = TempDir::new().unwrap();
    let (state, backups) = (folder.path().join("state"), folder.path().join("backups"));
    fs::create_dir_all(&state).unwrap();
    for store in ["queue", "default", "inbox", "ledger"] {
        sqlite(
            &state.join(format!("{store}.db")),
            &format!("CREATE TABLE t (v); INSERT INTO t VALUES ('{store}')"),
        );
    }
    let old = backups.join("20200101T000000Z");
    fs::create_dir_all(&old).unwrap();
    assert!(
        Command::new("touch")
            .args(["-d", "2020-01-01"])
            .arg(&old)
            .status()
            .unwrap()
            .success()
    );

    let (succeeded, printed) = back_up(&state, &backups);
    assert!(succeeded, "{printed}");
    for store in ["queue", "default", "inbox", "ledger"] {
        assert_eq!(
            sqlite(
                &Path::new(&printed).join(format!("{store}.db")),
                "SELECT v FROM t"
            ),
            store
        );
    }
    assert!(!old.exists(), "a backup of long ago is deleted");

    fs::write(
        state.join("inbox.db"),
        "this is no database, and long enough to be noticed as such",
    )
    .unwrap();
    fs::remove_dir_all(&printed).unwrap();
    let (succeeded, printed) = back_up(&state, &backups);
    assert!(!succeeded, "{printed}");
    let whole = fs::read_dir(&backups).unwrap().filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        !name.to_string_lossy().ends_with(".part")
    });
    assert_eq!(
        whole.count(),
        0,
        "what is not whole has no name of a backup"
    );
}

#[test]
fn systemd_understands_the_units() {
    if Command::new("systemd-analyze")
        .arg("--version")
        .output()
        .is_err()
    {
        println!("systemd-analyze is missing: install systemd to have the units tried");
        return;
    }
    let folder = TempDir::new().unwrap();
    let mut units = Vec::new();
    for file in places::files(&["deploy/machine"]).unwrap() {
        if !file.ends_with(".service") && !file.ends_with(".timer") {
            continue;
        }
        let unit = folder.path().join(Path::new(&file).file_name().unwrap());
        // Programs must be there for the check: any will do in their place.
        let text = places::read(&file).unwrap();
        let text = text
            .replace("/usr/local/bin/spin", "/bin/true")
            .replace("/opt/slipway/backup.sh", "/bin/true");
        fs::write(&unit, text).unwrap();
        units.push(unit);
    }
    assert_eq!(units.len(), 5);
    let output = Command::new("systemd-analyze")
        .arg("verify")
        .args(&units)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    // What it says of the machine's own units does not concern ours.
    let of_ours: Vec<&str> = told
        .lines()
        .filter(|line| line.contains("slipway"))
        .collect();
    assert!(of_ours.is_empty(), "{}", of_ours.join("\n"));
}
