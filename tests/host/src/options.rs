//! What a host is started with.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use crate::answers::AnswerWatch;
use crate::key_value::StoreWatch;
use crate::log::LogSink;
use crate::variables::ENVIRONMENT_PREFIX;

/// What a host is started with; nothing else is read from the process or its environment.
#[derive(Debug, Clone)]
pub struct Options {
    /// The manifest, `spin.toml`; relative paths inside it start from its directory.
    pub manifest: PathBuf,
    /// The runtime configuration; without one only the key-value store `default` exists.
    pub runtime_config: Option<PathBuf>,
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The directory of SQLite stores, `.spin` beside the manifest for Spin; made if it is missing.
    pub state_dir: PathBuf,
    /// The directory of compiled components; made if it is missing.
    pub cache_dir: PathBuf,
    /// Values of variables by name, like Spin's `--variable`: they win over the environment.
    pub variables: BTreeMap<String, String>,
    /// `SPIN_VARIABLE_<NAME>` with their values, as [`spin_variables`] collects them.
    pub environment: BTreeMap<String, String>,
    /// How long instances of components live.
    pub reuse: Reuse,
    /// Who gets what the components print and what the host has to say about them.
    pub log: LogSink,
    /// Who is told what the components ask of their stores.
    pub store_watch: StoreWatch,
    /// Who is told what the application answers.
    pub answer_watch: AnswerWatch,
}

impl Options {
    /// Options for a manifest: a free port on the loopback interface, state in `.spin` and compiled components in
    /// `target/slipway-host` beside the manifest, no variables, instances like Spin's, log to standard error.
    pub fn new(manifest: impl Into<PathBuf>) -> Self {
        let manifest = manifest.into();
        let directory = manifest.parent().map(PathBuf::from).unwrap_or_default();
        Self {
            runtime_config: None,
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            state_dir: directory.join(".spin"),
            cache_dir: directory.join("target").join("slipway-host"),
            variables: BTreeMap::new(),
            environment: BTreeMap::new(),
            reuse: Reuse::like_spin(),
            log: LogSink::Stderr,
            store_watch: StoreWatch::default(),
            answer_watch: AnswerWatch::default(),
            manifest,
        }
    }
}

/// Collects `SPIN_VARIABLE_*` from the environment of this process; values that are not UTF-8 are left out.
pub fn spin_variables() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| name.starts_with(ENVIRONMENT_PREFIX))
        .collect()
}

/// How long one instance of a component lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reuse {
    /// How many requests it answers in all.
    pub requests: usize,
    /// How many it works on at the same time.
    pub concurrent: usize,
    /// How long it waits for the next one.
    pub idle: Duration,
}

impl Reuse {
    /// Spin's own numbers: 128 requests, 16 at a time, one second.
    pub fn like_spin() -> Self {
        Self {
            requests: 128,
            concurrent: 16,
            idle: Duration::from_secs(1),
        }
    }

    /// A fresh instance for every request, so that nothing can be kept in statics.
    pub fn single_use() -> Self {
        Self {
            requests: 1,
            concurrent: 1,
            idle: Duration::from_secs(1),
        }
    }
}

impl Default for Reuse {
    fn default() -> Self {
        Self::like_spin()
    }
}
