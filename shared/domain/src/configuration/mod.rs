//! `.github/slipway.yml`: strict parsing that tells every problem with its line, column and key, what was found, and what is
//! expected.
//!
//! Each key is declared once, in `file`. From that come the types, the reader, and `shape()`, of which the JSON Schema for
//! editors is made.

mod describe;
mod duration;
mod file;
mod needs;
mod problem;
mod reader;
mod references;
mod rules;
mod shape;
mod template;
mod texts;
mod yaml;

pub use duration::ConfiguredDuration;
pub use file::{
    ArgoCd, ArgoCdUpdate, Build, Configuration, Coolify, Directive, Empty, Environment, Forks,
    Health, Notify, Operation, Preview, Rollback, Service, Slack, Superseded, VirtualCluster, When,
};
pub(crate) use problem::nearest;
pub use problem::{ConfigurationError, PROBLEMS_MAX, Problem};
pub use shape::{Constraint, Key, Literal, Presence, Record, Shape, Word};
pub use template::{Template, TemplateValues};

use reader::{Reader, Rule};
use yaml::Place;

/// Where the configuration stands, on the default branch.
pub const PATH: &str = ".github/slipway.yml";

/// The largest file that is read: far more than any sensible one, far less than what hurts.
pub const BYTES_MAX: usize = 64 * 1024;

/// Parses a configuration file.
pub fn parse(text: &str) -> Result<Configuration, ConfigurationError> {
    if text.len() > BYTES_MAX {
        let message = format!(
            "the file has {} bytes, and at most {BYTES_MAX} are read",
            text.len()
        );
        let place = Place { line: 1, column: 1 };
        return Err(ConfigurationError::only(Problem::new(place, message)));
    }
    let root = yaml::parse(text).map_err(ConfigurationError::only)?;
    let mut reader = Reader::default();
    let configuration = Configuration::read(&mut reader, &root);
    references::check(&mut reader, &root);
    needs::check(&mut reader, &root);
    let (problems, more) = reader.finish();
    match (configuration, ConfigurationError::of(problems, more)) {
        (Some(configuration), None) => Ok(configuration),
        (_, Some(error)) => Err(error),
        // A rule answers none only after it told why.
        (None, None) => Err(ConfigurationError::only(Problem::new(
            root.place,
            "this is not a configuration",
        ))),
    }
}

/// What a configuration is, for descriptions of the format.
pub fn shape() -> Shape {
    Configuration::SHAPE
}

#[cfg(test)]
mod tests;
