//! `.github/slipway.yml`: strict parsing, with line, column and what was expected in every error.

mod duration;
mod schema;
mod template;

pub use duration::ConfiguredDuration;
pub use schema::{
    Approvals, ArgoCd, ArgoCdUpdate, Build, Configuration, Coolify, Directive, Environment, Forks,
    Health, Notify, Operation, Preview, Rollback, Service, Slack, Superseded, When,
};
pub use template::{Template, TemplateValues};

use serde::{Deserialize, Serialize};

/// Where the configuration stands, on the default branch.
pub const PATH: &str = ".github/slipway.yml";

/// The largest file that is read: far more than any sensible one, far less than what hurts.
pub const BYTES_MAX: usize = 64 * 1024;

/// A file that is not a configuration, for the person who wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct ConfigurationError {
    /// One line: where, what was found, what is expected.
    pub message: String,
}

impl ConfigurationError {
    fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
        }
    }
}

/// Parses a configuration file.
pub fn parse(text: &str) -> Result<Configuration, ConfigurationError> {
    if text.len() > BYTES_MAX {
        let message = format!(
            "the file has {} bytes, and at most {BYTES_MAX} are read",
            text.len()
        );
        return Err(ConfigurationError::new(message));
    }
    let configuration: Configuration = serde_saphyr::from_str(text).map_err(|error| {
        let whole = error.to_string();
        // The parser adds an excerpt of the file below its first line; a comment or a check run shows the line alone.
        let line = whole.lines().next().unwrap_or("not YAML").trim();
        ConfigurationError::new(line.strip_prefix("error: ").unwrap_or(line))
    })?;
    configuration.check()?;
    Ok(configuration)
}

#[cfg(test)]
mod tests;
