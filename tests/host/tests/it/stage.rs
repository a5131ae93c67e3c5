//! A directory with a manifest, and the hosts that a test starts on it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use host::{LogSink, Options, Running};
use tempfile::TempDir;

use crate::client::{Answer, get};
use crate::guests::guests;

/// How long a test waits for something that must happen.
const PATIENCE: Duration = Duration::from_secs(20);

/// A directory of its own with a `spin.toml`, state and what the components have said.
pub struct Stage {
    pub options: Options,
    directory: TempDir,
    log: Arc<Mutex<Vec<String>>>,
}

/// The beginning of every manifest.
const HEAD: &str = "spin_manifest_version = 2\n[application]\nname = \"test\"\n";

/// A manifest of one probe that answers everything; `rights` are lines of its `[component.probe]`.
pub fn probe(rights: &str) -> String {
    format!(
        r#"
[[trigger.http]]
route = "/..."
component = "probe"
{}"#,
        component("probe", rights)
    )
}

/// `[component.<id>]` of a probe.
pub fn component(id: &str, rights: &str) -> String {
    format!(
        r#"
[component.{id}]
source = "PROBE"
{rights}
[component.{id}.dependencies]
"fixture:greeting/words" = {{ path = "GREETER" }}
"#
    )
}

impl Stage {
    /// A stage with this manifest, in which `PROBE`, `HELLO` and `GREETER` stand for the files of the guests.
    pub fn new(manifest: &str) -> Self {
        let stage = Self::bare();
        stage.write("spin.toml", &format!("{HEAD}{manifest}"));
        stage
    }

    /// A stage without a manifest.
    pub fn bare() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let mut options = Options::new(directory.path().join("spin.toml"));
        // Shared by all tests, so that each guest is compiled once.
        options.cache_dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("host-cache");
        // A machine that is slow for a second does not end the instances that a test counts on.
        options.reuse.idle = Duration::from_secs(60);
        let lines = Arc::clone(&log);
        options.log = LogSink::callback(move |line| lines.lock().unwrap().push(line.to_string()));
        Self {
            options,
            directory,
            log,
        }
    }

    /// Writes a file into the directory, with the names of guests replaced by their paths.
    pub fn write(&self, name: &str, text: &str) {
        let guests = guests();
        let mut text = text.to_owned();
        for (name, file) in [
            ("PROBE", &guests.probe),
            ("HELLO", &guests.hello),
            ("GREETER", &guests.greeter),
        ] {
            text = text.replace(
                &format!("\"{name}\""),
                &format!("{:?}", file.display().to_string()),
            );
        }
        fs::write(self.path(name), text).unwrap();
    }

    /// A path in the directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Gives the stage a runtime configuration.
    pub fn runtime_config(mut self, text: &str) -> Self {
        self.write("runtime-config.toml", text);
        self.options.runtime_config = Some(self.path("runtime-config.toml"));
        self
    }

    /// Starts a host.
    pub async fn start(&self) -> Running {
        host::start(self.options.clone())
            .await
            .unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// Tries to start a host that must not start, and answers why not, with paths relative to the directory.
    pub async fn refusal(&self) -> String {
        match host::start(self.options.clone()).await {
            Ok(_) => panic!("the host started"),
            Err(error) => {
                format!("{error:#}").replace(&format!("{}/", self.directory.path().display()), "")
            }
        }
    }

    /// What the components and the host about them have said so far.
    pub fn said(&self) -> String {
        self.log.lock().unwrap().join("\n")
    }

    /// Waits until somebody has said this.
    pub async fn hear(&self, text: &str) {
        eventually(|| async { self.said().contains(text).then_some(()) })
            .await
            .unwrap_or_else(|| panic!("nobody said {text:?}, but:\n{}", self.said()));
    }
}

/// Asks a host for a path.
pub async fn ask(host: &Running, path: &str) -> Answer {
    get(host.address(), path, &[]).await
}

/// Asks a probe to send a request to `url`.
pub async fn ask_to_send(host: &Running, url: &str) -> Answer {
    get(host.address(), "/send", &[("x-url", url)]).await
}

/// Looks until there is something, but not for ever.
pub async fn eventually<T, F: Future<Output = Option<T>>>(
    mut look: impl FnMut() -> F,
) -> Option<T> {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await {
            return Some(found);
        }
        if tokio::time::Instant::now() > deadline {
            return None;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
