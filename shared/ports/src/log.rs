//! Log lines as a port: one JSON object a line, with fields that identify what it is about.

use serde_json::Value;

/// How much a line matters, by who must act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For whoever looks closely.
    Debug,
    /// What happened.
    Info,
    /// A caller or a vendor did not do as hoped; Slipway deals with it.
    Warn,
    /// A person must act, or it is a bug of Slipway's.
    Error,
}

impl Level {
    /// The level as a log line writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// Takes log lines. Fields never hold a secret, a token, a signature or a payload.
pub trait Log {
    /// Writes one line.
    fn write(&self, level: Level, message: &str, fields: &[(&str, Value)]);
}

impl<T: Log> Log for &T {
    fn write(&self, level: Level, message: &str, fields: &[(&str, Value)]) {
        (**self).write(level, message, fields);
    }
}

/// Drops every line.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoLog;

impl Log for NoLog {
    fn write(&self, _level: Level, _message: &str, _fields: &[(&str, Value)]) {}
}
