//! What holds at the end of every story, whatever it told: no secret is anywhere but where it must be, and GitHub was asked only for
//! what its API has and the table of permissions lists.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Mutex,
    time::Duration,
};

use anyhow::{Context, Result};
use serde_json::Value;
use world::{Answer, Entry, Records, Vendor};

use crate::{
    Slipway,
    engine::{Lines, Plan, note, noted},
    permissions::rows_of,
    story::API_TOKEN,
};

/// The stores of stories, as SQLite files.
const LABELS: [&str; 3] = ["default", "inbox", "queue"];

/// Where the App's installation tokens are kept: the one place for a secret in a store.
pub const TOKEN_KEYS: &str = "default github/token/";

/// How installation tokens and the App's own JSON Web Tokens begin.
const TOKENS: [&str; 2] = ["ghs_", "eyJhbGciOiJSUzI1NiIs"];

/// The keys of the tokens of Actions: at another host than GitHub's API, whose contract does not have it.
const JWKS: &str = "/.well-known/jwks";

/// Shorter texts are no secrets but what a story says instead of one.
const SECRET_MIN: usize = 6;

/// Looks at a story, and complains when it is dropped.
pub struct Discretion {
    secrets: Vec<String>,
    directory: PathBuf,
    records: Records,
    logs: Mutex<Vec<Lines>>,
    answers: Mutex<Vec<String>>,
}

impl Discretion {
    /// Of a story that begins; its SQLite files will lie in `directory`.
    pub(crate) fn new(plan: &Plan, records: Records, directory: &Path) -> Result<Self> {
        let manifest = std::fs::read_to_string(&plan.manifest).context("reading spin.toml")?;
        let mut secrets: Vec<String> = TOKENS.map(str::to_owned).into();
        secrets.push(API_TOKEN.to_owned());
        for (name, value) in &plan.variables {
            if is_secret(&manifest, name) {
                secrets.extend(parts(name, value));
            }
        }
        Ok(Self {
            secrets,
            directory: directory.to_owned(),
            records,
            logs: Mutex::default(),
            answers: Mutex::default(),
        })
    }

    /// This is a secret, too, and no token of Slipway's.
    pub fn guards(&mut self, secret: &str) {
        self.secrets.push(secret.to_owned());
    }

    /// The log of this instance counts, too.
    pub(crate) fn hears(&self, slipway: &Slipway) {
        note(&self.logs, slipway.lines());
    }

    /// Slipway gave this answer to somebody who bears a token.
    pub(crate) fn saw(&self, answer: &Answer) {
        note(&self.answers, answer.text());
    }

    /// Everything that is not as it must be, one sentence each.
    pub fn findings(&self) -> Result<Vec<String>> {
        let mut found = Vec::new();
        for line in noted(&self.logs).iter().flat_map(|log| noted(log)) {
            self.look("the log", &line, &mut found);
        }
        for answer in noted(&self.answers) {
            self.look("an answer", &answer, &mut found);
        }
        for delivery in self.records.deliveries() {
            for attempt in delivery.attempts {
                self.look("the answer to a delivery", &attempt.answer, &mut found);
            }
        }
        for (key, value) in stored(&self.directory)? {
            if !key.starts_with(TOKEN_KEYS) {
                self.look(&format!("the value of {key}"), &value, &mut found);
            }
        }
        for entry in self.records.journal() {
            self.look_at_request(&entry, &mut found);
        }
        Ok(found)
    }

    fn look(&self, what: &str, text: &str, found: &mut Vec<String>) {
        let told = self.secrets.iter().filter(|secret| text.contains(*secret));
        found.extend(told.map(|secret| format!("{what} tells {secret:?}: {text}")));
    }

    /// What vendors are sent is what people read: comments, check runs, messages.
    fn look_at_request(&self, entry: &Entry, found: &mut Vec<String>) {
        let line = entry.line();
        self.look(&format!("the body of {line}"), &entry.body, found);
        // The address is the secret there.
        if !matches!(entry.vendor, Vendor::Slack | Vendor::Receiver) {
            let address = format!("{} {:?}", entry.path, entry.query);
            self.look(&format!("the address of {line}"), &address, found);
        }
        if entry.vendor != Vendor::GitHub {
            return;
        }
        if entry.path != JWKS {
            let violations = entry.violations.iter();
            let told = |violation| format!("{line} is none of GitHub's: {violation}");
            found.extend(violations.map(told));
        }
        if rows_of(entry, true).is_empty() {
            found.push(format!("{line} is not in the table of permissions"));
        }
    }
}

impl Drop for Discretion {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let found = self
            .findings()
            .unwrap_or_else(|error| vec![format!("what is stored cannot be read: {error:#}")]);
        assert!(found.is_empty(), "at the end of the story: {found:#?}");
    }
}

/// Whether the manifest declares the variable as secret.
fn is_secret(manifest: &str, name: &str) -> bool {
    let declared = manifest
        .lines()
        .find_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix("= {"));
    declared.is_some_and(|declared| declared.contains("secret = true"))
}

/// The secrets that the value of a variable holds: the lines of a key, the texts in JSON, the ones between commas.
fn parts(name: &str, value: &str) -> Vec<String> {
    if name.ends_with("private_key") {
        let lines = value.lines().filter(|line| line.len() > 40);
        return lines.map(str::to_owned).collect();
    }
    let texts: Vec<String> = match serde_json::from_str(value) {
        Ok(Value::Object(named)) => {
            let addresses = named.values().filter_map(Value::as_str);
            addresses.map(str::to_owned).collect()
        }
        Ok(Value::Array(tokens)) => {
            let hashes = tokens.iter().filter_map(|token| token.get("sha256"));
            hashes
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect()
        }
        _ => value
            .split([',', '\n'])
            .map(|one| one.trim().to_owned())
            .collect(),
    };
    texts
        .into_iter()
        .filter(|text| text.len() >= SECRET_MIN)
        .collect()
}

/// All that is stored in SQLite files in `directory`, by label and key, as text.
pub fn stored(directory: &Path) -> Result<BTreeMap<String, String>> {
    let mut stored = BTreeMap::new();
    for label in LABELS {
        let file = directory.join(format!("{label}.db"));
        if !file.exists() {
            continue;
        }
        let connection = rusqlite::Connection::open(&file)?;
        connection.busy_timeout(Duration::from_secs(10))?;
        let mut statement = match connection.prepare("SELECT key, value FROM spin_key_value") {
            Ok(statement) => statement,
            // Nobody stored anything yet.
            Err(error) if error.to_string().contains("no such table") => continue,
            Err(error) => return Err(error.into()),
        };
        let rows = statement.query_map([], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?))
        })?;
        for row in rows {
            let (key, value) = row?;
            let text = String::from_utf8_lossy(&value).into_owned();
            stored.insert(format!("{label} {key}"), text);
        }
    }
    Ok(stored)
}
