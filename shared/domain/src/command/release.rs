//! Commands for releases: what they ask for, and which environment they mean.
//!
//! ```text
//! /deploy <environment> [commit]
//! /approve <environment> [commit]
//! /rollback <environment> [how many back, or commit] [reason]
//! /lock <environment> <reason>
//! /unlock <environment>
//! ```
//!
//! An environment is `production`, or `web/production` where several services have one of that name.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    CommitSha,
    configuration::nearest,
    markdown::code,
    release::{Intervention, LineId, Name},
};

/// The words that begin a command for a release.
pub(super) const WORDS: [&str; 5] = ["deploy", "approve", "rollback", "lock", "unlock"];

/// So many environments are named in an answer.
const NAMED_MAX: usize = 10;

/// A command for a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseOrder {
    /// Which environment.
    pub place: EnvironmentName,
    /// What is asked of it.
    pub act: ReleaseAct,
}

/// What is asked of an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReleaseAct {
    /// The commit is to go on, though it was given up or does not contain what is there.
    Deploy {
        /// Which one; none for that of the pull request.
        commit: Option<CommitPrefix>,
    },
    /// Its writer approves the release of the commit.
    Approve {
        /// Which one; none for that of the pull request.
        commit: Option<CommitPrefix>,
    },
    /// Back to an earlier verified release.
    Rollback {
        /// To which one.
        to: Target,
        /// Why, if that was said.
        reason: Option<String>,
    },
    /// No automatic releases.
    Lock {
        /// Why: never empty.
        reason: String,
    },
    /// Automatic releases again: takes off the lock, or else lifts the hold.
    Unlock,
}

/// The release that a way back is to lead to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// So many verified releases back, from 1 to [`Intervention::BACK_MAX`].
    Back(u32),
    /// The verified release of this commit.
    Commit(CommitPrefix),
}

/// An environment as people write it: `production`, or `web/production`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvironmentName {
    /// Its service; none for the only one that has such an environment.
    pub service: Option<Name>,
    /// The environment.
    pub environment: Name,
}

/// The start of a commit's SHA as people write it: 7 to 40 lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CommitPrefix(String);

impl CommitPrefix {
    fn parse(text: &str) -> Option<Self> {
        let text = text.to_lowercase();
        let is_one =
            (7..=40).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_one.then_some(Self(text))
    }

    /// Whether the commit's SHA begins like this.
    pub fn is_of(&self, commit: &CommitSha) -> bool {
        commit.as_str().starts_with(&self.0)
    }
}

impl fmt::Display for CommitPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for EnvironmentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.service {
            Some(service) => write!(f, "{service}/{}", self.environment),
            None => self.environment.fmt(f),
        }
    }
}

impl EnvironmentName {
    fn parse(text: &str) -> Result<Self, String> {
        let text = text.to_lowercase();
        let (service, environment) = match text.split_once('/') {
            Some((service, environment)) => (Some(service), environment),
            None => (None, text.as_str()),
        };
        let read = (service.map(str::parse).transpose(), environment.parse());
        match read {
            (Ok(service), Ok(environment)) => Ok(Self {
                service,
                environment,
            }),
            _ => Err(
                "An environment is for example `production`, or `web/production` with its service"
                    .to_owned(),
            ),
        }
    }

    fn fits(&self, line: &LineId) -> bool {
        let is_service = |service: &Name| *service == line.service;
        self.environment == line.environment && self.service.as_ref().is_none_or(is_service)
    }
}

impl ReleaseOrder {
    /// The command of one of [`WORDS`] with these arguments; an error says in Markdown what would be right.
    pub(super) fn of(word: &str, arguments: &[&str]) -> Result<Self, String> {
        let Some((place, rest)) = arguments.split_first() else {
            return Err(format!("Name the environment: {}", example(word)));
        };
        let place = EnvironmentName::parse(place)?;
        let act = match word {
            "deploy" => ReleaseAct::Deploy {
                commit: commit(word, rest)?,
            },
            "approve" => ReleaseAct::Approve {
                commit: commit(word, rest)?,
            },
            "rollback" => rollback(rest)?,
            "lock" => ReleaseAct::Lock {
                reason: reason(rest).ok_or_else(|| format!("Say why: {}", example(word)))?,
            },
            _ if rest.is_empty() => ReleaseAct::Unlock,
            _ => return Err(format!("Try {}", example(word))),
        };
        Ok(Self { place, act })
    }

    /// What the audit calls it.
    pub const fn act(&self) -> &'static str {
        match self.act {
            ReleaseAct::Deploy { .. } => "deploy",
            ReleaseAct::Approve { .. } => "approve",
            ReleaseAct::Rollback { .. } => "rollback",
            ReleaseAct::Lock { .. } => "lock",
            ReleaseAct::Unlock => "unlock",
        }
    }

    /// The environment that is meant, of those that the configuration names. An error says in Markdown why it is none.
    pub fn line(&self, lines: &[LineId]) -> Result<LineId, String> {
        let fitting: Vec<&LineId> = lines.iter().filter(|line| self.place.fits(line)).collect();
        match fitting.as_slice() {
            [line] => Ok((*line).clone()),
            [] => Err(self.unknown(lines)),
            several => {
                let named: Vec<String> = several.iter().map(|line| code(&name(line))).collect();
                Err(format!("say which one is meant: {}", listed(&named)))
            }
        }
    }

    fn unknown(&self, lines: &[LineId]) -> String {
        let mut names: Vec<&str> = lines.iter().map(|line| line.environment.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let place = code(&self.place.to_string());
        let meant = nearest(self.place.environment.as_str(), &names)
            .filter(|name| *name != self.place.environment.as_str());
        if let Some(meant) = meant {
            return format!(
                "there is no environment {place}: did you mean {}?",
                code(meant)
            );
        }
        let named: Vec<String> = lines.iter().map(|line| code(&name(line))).collect();
        format!(
            "there is no environment {place}: the configuration names {}",
            listed(&named)
        )
    }
}

/// An environment as people write it with its service: `web/production`.
pub(super) fn name(line: &LineId) -> String {
    format!("{}/{}", line.service, line.environment)
}

fn listed(named: &[String]) -> String {
    let mut shown = named
        .iter()
        .take(NAMED_MAX)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    if named.len() > NAMED_MAX {
        shown.push_str(" and others");
    }
    shown
}

/// How a command is written.
fn example(word: &str) -> String {
    match word {
        "lock" => "`/lock production <reason>`".to_owned(),
        "rollback" => {
            "`/rollback production`, with how many releases back and why if you like".to_owned()
        }
        word => format!("`/{word} production`"),
    }
}

fn commit(word: &str, rest: &[&str]) -> Result<Option<CommitPrefix>, String> {
    match rest {
        [] => Ok(None),
        [text] => CommitPrefix::parse(text)
            .map(Some)
            .ok_or_else(|| "A commit is 7 to 40 hexadecimal digits".to_owned()),
        [..] => Err(format!(
            "Try {} or `/{word} production <commit>`",
            example(word)
        )),
    }
}

fn rollback(rest: &[&str]) -> Result<ReleaseAct, String> {
    let (to, because) = match rest {
        [first, because @ ..]
            if first.bytes().all(|byte| byte.is_ascii_digit()) && first.len() < 7 =>
        {
            let back = first.parse().unwrap_or_default();
            if !(1..=Intervention::BACK_MAX).contains(&back) {
                return Err(format!(
                    "How many releases back is a number from 1 to {}",
                    Intervention::BACK_MAX
                ));
            }
            (Target::Back(back), because)
        }
        [first, because @ ..] if CommitPrefix::parse(first).is_some() => {
            let commit = CommitPrefix::parse(first);
            (commit.map_or(Target::Back(1), Target::Commit), because)
        }
        because => (Target::Back(1), because),
    };
    Ok(ReleaseAct::Rollback {
        to,
        reason: reason(because),
    })
}

/// The words that are left, not at length.
fn reason(rest: &[&str]) -> Option<String> {
    let words = rest.join(" ");
    let reason: String = words
        .chars()
        .take(Intervention::REASON_CHARACTERS)
        .collect();
    (!reason.is_empty()).then_some(reason)
}

impl fmt::Display for ReleaseOrder {
    /// As it is written: `/rollback production 2 coins are free`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = &self.place;
        match &self.act {
            ReleaseAct::Deploy { commit } => {
                write!(f, "/deploy {place}")?;
                commit.iter().try_for_each(|commit| write!(f, " {commit}"))
            }
            ReleaseAct::Approve { commit } => {
                write!(f, "/approve {place}")?;
                commit.iter().try_for_each(|commit| write!(f, " {commit}"))
            }
            ReleaseAct::Rollback { to, reason } => {
                match to {
                    Target::Back(back) => write!(f, "/rollback {place} {back}")?,
                    Target::Commit(commit) => write!(f, "/rollback {place} {commit}")?,
                }
                reason.iter().try_for_each(|reason| write!(f, " {reason}"))
            }
            ReleaseAct::Lock { reason } => write!(f, "/lock {place} {reason}"),
            ReleaseAct::Unlock => write!(f, "/unlock {place}"),
        }
    }
}
