//! What holds at the end of every story, whatever it told: no secret is anywhere but where it must be, and GitHub was asked only
//! for what its API has and the table of permissions lists.

use std::{collections::BTreeSet, fmt::Write as _, sync::Mutex};

use anyhow::{Context, Result};
use serde_json::Value;
use world::{Answer, Entry, Records, Vendor};

use crate::{
    Slipway, Stores,
    engine::{Lines, Plan, note, noted},
    permissions::rows_of,
    story::API_TOKEN,
};

/// Where the App's installation tokens are kept: the one place for a secret in a store.
pub const TOKEN_KEYS: &str = "default github/token/";

/// The environment variable that names a directory in which to note the calls to GitHub.
const CALLS: &str = "SLIPWAY_GITHUB_CALLS";

/// How installation tokens, people's tokens and the App's own JSON Web Tokens begin.
const TOKENS: [&str; 4] = ["ghs_", "ghu_", "ghr_", "eyJhbGciOiJSUzI1NiIs"];

/// The keys of the tokens of Actions: at another host than GitHub's API, whose contract does not have it.
const JWKS: &str = "/.well-known/jwks";

/// Shorter texts are no secrets but what a story says instead of one.
const SECRET_MIN: usize = 6;

/// Looks at a story, and complains when it is dropped.
pub struct Discretion {
    secrets: Vec<String>,
    stores: Stores,
    records: Records,
    logs: Mutex<Vec<Lines>>,
    answers: Mutex<Vec<Lines>>,
    seen: Mutex<Vec<String>>,
}

impl Discretion {
    /// Of a story that begins with these stores.
    pub(crate) fn new(plan: &Plan, records: Records, stores: Stores) -> Result<Self> {
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
            stores,
            records,
            logs: Mutex::default(),
            answers: Mutex::default(),
            seen: Mutex::default(),
        })
    }

    /// This is a secret, too, and no token of Slipway's.
    pub fn guards(&mut self, secret: &str) {
        self.secrets.push(secret.to_owned());
    }

    /// What this instance logs and answers counts, too.
    pub(crate) fn hears(&self, slipway: &Slipway) {
        note(&self.logs, slipway.lines());
        note(&self.answers, slipway.answers());
    }

    /// A process of its own gave this answer.
    pub(crate) fn saw(&self, answer: &Answer) {
        note(&self.seen, answer.text());
    }

    /// Where all that is stored lies.
    pub(crate) fn stores(&self) -> &Stores {
        &self.stores
    }

    /// Everything that is not as it must be, one sentence each.
    pub fn findings(&self) -> Result<Vec<String>> {
        let mut found = Vec::new();
        for line in noted(&self.logs).iter().flat_map(|log| noted(log)) {
            self.look("the log", &line, &mut found);
        }
        let answers = noted(&self.answers);
        let answers = answers.iter().flat_map(|answers| noted(answers));
        for answer in answers.chain(noted(&self.seen)) {
            self.look("an answer", &answer, &mut found);
        }
        for delivery in self.records.deliveries() {
            for attempt in delivery.attempts {
                self.look("the answer to a delivery", &attempt.answer, &mut found);
            }
        }
        for (key, value) in self.stores.all()? {
            if !key.starts_with(TOKEN_KEYS) {
                self.look(&format!("the value of {key}"), &value, &mut found);
            }
        }
        for entry in self.records.journal() {
            self.look_at_request(&entry, &mut found);
        }
        Ok(found)
    }

    /// Notes which rows of the table of permissions the story made use of, for `github-calls`.
    fn note_calls(&self) -> Result<()> {
        let Some(directory) = std::env::var_os(CALLS) else {
            return Ok(());
        };
        let journal = self.records.journal();
        let of_github = journal
            .iter()
            .filter(|entry| entry.vendor == Vendor::GitHub);
        let made: BTreeSet<&str> = of_github.flat_map(|entry| rows_of(entry, false)).collect();
        let mut text = String::new();
        for row in made {
            writeln!(text, "{row}")?;
        }
        let mut file = tempfile::NamedTempFile::new_in(directory)?;
        std::io::Write::write_all(&mut file, text.as_bytes())?;
        file.keep()?;
        Ok(())
    }

    fn look(&self, what: &str, text: &str, found: &mut Vec<String>) {
        let told = self.secrets.iter().filter(|secret| text.contains(*secret));
        found.extend(told.map(|secret| format!("{what} tells {secret:?}: {text}")));
    }

    /// What vendors are sent is what people read: comments, check runs, messages.
    fn look_at_request(&self, entry: &Entry, found: &mut Vec<String>) {
        let line = entry.line();
        // Where a person's code is exchanged, and their token ended, both are what is told.
        let is_about_secrets = entry.vendor == Vendor::GitHub
            && (entry.path == "/login/oauth/access_token"
                || entry.path.starts_with("/applications/"));
        if !is_about_secrets {
            self.look(&format!("the body of {line}"), &entry.body, found);
        }
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
        let noted = self.note_calls();
        assert!(noted.is_ok(), "noting the calls to GitHub: {noted:?}");
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
