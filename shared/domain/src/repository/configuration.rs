//! The configuration of a repository: the newest reading of the file, and the last valid one, which is in force.
//!
//! The file stands on the default branch of the repository itself; if there is none, the one of the owner's repository `.github`
//! counts, for all repositories of the owner. One that is not valid is told on the commit that changed it, once, and changes
//! nothing else: what was in force stays so. A repository without any file has nothing in force.

use serde::{Deserialize, Serialize};

use super::{Action, ConfigurationAction};
use crate::{
    CommitSha, RepositoryName, Timestamp,
    configuration::{self, Configuration, ConfigurationError},
    entity::Step,
    markdown::code,
    preview::{self, Effort, Settings, Trouble},
};

/// The name of the check run that tells what is wrong.
pub const CHECK: &str = "Slipway configuration";

/// Whose file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The repository's own.
    Own,
    /// That of the owner's repository `.github`.
    Owner,
}

/// One state of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// Whose file.
    pub origin: Origin,
    /// Of the repository's own: the commit that changed it last. Of the owner's: the id of its content in Git. None if there is no
    /// file, and never was.
    pub id: Option<CommitSha>,
}

/// What was found where the configuration stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// Which state of which file.
    pub version: Version,
    /// What it says.
    pub outcome: Outcome,
}

/// What a file says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is a configuration.
    Valid(Box<Configuration>),
    /// There is none.
    Missing,
    /// It is not one.
    Invalid(ConfigurationError),
}

/// What can be learnt about the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConfigurationFact {
    /// A push may have changed it.
    Touched,
    /// It was read, and is another than before.
    Read(Reading),
    /// It was looked at, and is what it was.
    Unchanged,
    /// It could not be read.
    NotRead {
        /// Why.
        trouble: Trouble,
    },
    /// The commit has a check run that says what is wrong.
    Reported {
        /// The commit.
        commit: CommitSha,
    },
    /// The check run could not be made.
    NotReported {
        /// Why.
        trouble: Trouble,
    },
    /// The previews were told that another configuration counts.
    Told {
        /// Which one.
        version: Version,
    },
    /// They could not be told.
    NotTold {
        /// Why.
        trouble: Trouble,
    },
}

/// The configuration that counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct InForce {
    version: Version,
    configuration: Box<Configuration>,
}

/// The newest file, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Newest {
    version: Version,
    /// None if nothing is wrong.
    fault: Option<Fault>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Fault {
    Missing,
    Invalid(ConfigurationError),
}

/// What is known of a repository's configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Known {
    #[serde(default)]
    in_force: Option<InForce>,
    #[serde(default)]
    newest: Option<Newest>,
    /// When it was last looked at.
    #[serde(default)]
    read_at: Option<Timestamp>,
    /// When a push was last heard of that may have changed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    touched_at: Option<Timestamp>,
    #[serde(default)]
    effort: Effort,
    /// The commit that was told last that its file is wrong.
    #[serde(default)]
    reported: Option<CommitSha>,
    #[serde(default)]
    report: Effort,
    /// Whether previews go by another configuration than this one.
    #[serde(default)]
    to_tell: bool,
    #[serde(default)]
    telling: Effort,
}

impl Known {
    pub(super) fn in_force(&self) -> Option<&Configuration> {
        self.in_force
            .as_ref()
            .map(|in_force| in_force.configuration.as_ref())
    }

    pub(super) fn version(&self) -> Option<&Version> {
        self.newest.as_ref().map(|newest| &newest.version)
    }

    pub(super) fn fold(&mut self, fact: &ConfigurationFact, at: Timestamp, seed: u64) {
        match fact {
            ConfigurationFact::Touched => {
                self.touched_at = self.touched_at.max(Some(at));
                self.effort.start_afresh();
            }
            ConfigurationFact::Read(reading) => self.read(reading, at),
            ConfigurationFact::Unchanged => {
                self.read_at = self.read_at.max(Some(at));
                self.effort.succeed();
            }
            ConfigurationFact::NotRead { trouble } => self.effort.fail(trouble, at, seed),
            ConfigurationFact::Reported { commit } => {
                self.reported = Some(commit.clone());
                self.report.succeed();
            }
            ConfigurationFact::NotReported { trouble } => self.report.fail(trouble, at, seed),
            ConfigurationFact::Told { version } => {
                if self.version() == Some(version) {
                    self.to_tell = false;
                }
                self.telling.succeed();
            }
            ConfigurationFact::NotTold { trouble } => self.telling.fail(trouble, at, seed),
        }
    }

    fn read(&mut self, reading: &Reading, at: Timestamp) {
        let differs = self.version() != Some(&reading.version);
        if self.read_at.is_some_and(|read_at| read_at > at) {
            // A preview that read it from a copy that lagged goes by it: nobody else would tell it of the newer one.
            if differs {
                self.to_tell = true;
                self.telling.start_afresh();
            }
            return;
        }
        self.read_at = Some(at);
        self.effort.succeed();
        if !differs {
            return;
        }
        // Whoever reads the first one goes by it; only of another one somebody must be told.
        self.to_tell = self.to_tell || self.newest.is_some();
        self.report.start_afresh();
        self.telling.start_afresh();
        let fault = match &reading.outcome {
            Outcome::Valid(configuration) => {
                self.in_force = Some(InForce {
                    version: reading.version.clone(),
                    configuration: configuration.clone(),
                });
                None
            }
            Outcome::Missing => {
                self.in_force = None;
                Some(Fault::Missing)
            }
            Outcome::Invalid(error) => Some(Fault::Invalid(error.clone())),
        };
        self.newest = Some(Newest {
            version: reading.version.clone(),
            fault,
        });
    }

    /// What is to be done; `surveyed_at` is when the last survey was made, with each of which the file is looked at too, as it is
    /// after a push that may have changed it.
    pub(super) fn plan(
        &self,
        repository: &RepositoryName,
        surveyed_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Step<Action> {
        let act = |action| Step::Act(Action::Configuration(action));
        let mut wake: Option<Timestamp> = None;
        let mut is_due = |effort: &Effort| match effort.not_before_at_last() {
            Some(at) if at > now => {
                wake = Some(wake.map_or(at, |wake: Timestamp| wake.min(at)));
                false
            }
            Some(_) | None => true,
        };
        if let Some((commit, error)) = self.to_report()
            && !self.report.is_exhausted()
            && is_due(&self.report)
        {
            return act(ConfigurationAction::Report {
                repository: repository.clone(),
                commit: commit.clone(),
                report: Report::of(error, self.in_force.as_ref().map(|it| &it.version)),
            });
        }
        if let Some(version) = self.version().filter(|_| self.to_tell)
            && is_due(&self.telling)
        {
            return act(ConfigurationAction::Tell {
                version: version.clone(),
            });
        }
        let asked_at = surveyed_at.max(self.touched_at);
        let stale = asked_at.is_some() && self.read_at < asked_at;
        if stale && is_due(&self.effort) {
            return act(ConfigurationAction::Read {
                repository: repository.clone(),
            });
        }
        wake.map_or(Step::Settled, |until| Step::Wait { until })
    }

    /// The commit that is to be told, and what is wrong with its file.
    fn to_report(&self) -> Option<(&CommitSha, &ConfigurationError)> {
        let newest = self.newest.as_ref()?;
        let Some(Fault::Invalid(error)) = &newest.fault else {
            return None;
        };
        let commit = newest.version.id.as_ref()?;
        // Of the owner's file only the comments tell: its repository is another one.
        let due = newest.version.origin == Origin::Own && self.reported.as_ref() != Some(commit);
        due.then_some((commit, error))
    }

    /// What previews go by.
    pub(super) fn for_previews(&self) -> Option<preview::Reading> {
        let newest = self.newest.as_ref()?;
        let settings = || self.in_force().cloned().map(Settings::of);
        Some(match &newest.fault {
            Some(Fault::Missing) => preview::Reading::Missing,
            Some(Fault::Invalid(error)) => preview::Reading::Invalid {
                message: format!("{}: {}", state(&newest.version), error.message),
                in_force: settings(),
                last_valid: self.in_force.as_ref().map(|it| state(&it.version)),
            },
            None => match settings() {
                Some(settings) => preview::Reading::Valid { settings },
                None => preview::Reading::Missing,
            },
        })
    }
}

/// Which state of which file it is, for people.
fn state(version: &Version) -> String {
    let id = version.id.as_ref().map_or("none", CommitSha::short);
    match version.origin {
        Origin::Own => format!("as of {id}"),
        Origin::Owner => format!("in the owner's repository .github, content {id}"),
    }
}

/// What the check run on a commit says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The heading.
    pub title: String,
    /// Markdown.
    pub summary: String,
    /// What is wrong where, for the lines of the file.
    pub problems: Vec<configuration::Problem>,
}

impl Report {
    fn of(error: &ConfigurationError, in_force: Option<&Version>) -> Self {
        let count = error.problems.len() + error.more;
        let title = match count {
            1 => "One thing is wrong".to_owned(),
            count => format!("{count} things are wrong"),
        };
        let mut summary = format!("{} cannot be understood:\n\n", code(configuration::PATH));
        for problem in &error.problems {
            summary.push_str(&format!(
                "- line {}, column {}: {}\n",
                problem.line,
                problem.column,
                code(&problem.message)
            ));
        }
        if error.more > 0 {
            summary.push_str(&format!("- and {} more\n", error.more));
        }
        summary.push_str(&match in_force {
            Some(version) => format!(
                "\nUntil that is put right, the last valid one stays in force, {}.\n",
                code(&state(version))
            ),
            None => "\nNo configuration is in force: nothing is deployed.\n".to_owned(),
        });
        Self {
            title,
            summary,
            problems: error.problems.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
