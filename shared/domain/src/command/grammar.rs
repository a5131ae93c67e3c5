//! What a comment asks for: one command, on a line of its own that begins with a slash.
//!
//! ```text
//! /preview                       /status
//! /preview remove                /why
//! /preview keep <duration>       /help
//! /redeploy
//! ```
//!
//! And those for releases, see [`super::ReleaseOrder`].
//!
//! Quotes, code and what GitHub does not show are no commands: whoever repeats one does not give it. A word that is none of
//! these and not like one of these belongs to somebody else's commands, and is left alone.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{ReleaseOrder, release};
use crate::configuration::{ConfiguredDuration, nearest};

/// What somebody asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// A preview of the head commit, whatever labels, drafts and branches say.
    Preview,
    /// No preview until somebody asks for one.
    Remove,
    /// The preview is not to expire for so long.
    Keep(ConfiguredDuration),
    /// What is deployed is to be deployed anew.
    Redeploy,
    /// How everything stands.
    Status,
    /// Why it stands so.
    Why,
    /// Which commands there are.
    Help,
    /// Something about releases.
    Release(ReleaseOrder),
}

/// What a comment was understood as.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// A command.
    Order(Order),
    /// Something that is probably meant as one.
    Unclear {
        /// The line, not at length: written by anybody.
        line: String,
        /// What would be right, in Markdown of ours.
        hint: String,
        /// Whether it looks like a command for a release: where there are no environments it is somebody else's.
        #[serde(default)]
        of_releases: bool,
    },
}

impl Request {
    /// Whether it is about releases.
    pub fn is_of_releases(&self) -> bool {
        match self {
            Self::Order(Order::Release(_)) => true,
            Self::Order(_) => false,
            Self::Unclear { of_releases, .. } => *of_releases,
        }
    }
}

/// The words that begin a command for a preview, or one that only asks.
const WORDS: [&str; 5] = ["preview", "redeploy", "status", "why", "help"];

/// More of a line that was not understood is not kept.
const LINE_CHARACTERS: usize = 100;

impl Order {
    /// Whether the head commit is deployed by it, so that it must be the one that was seen when it was written.
    pub const fn deploys(&self) -> bool {
        match self {
            Self::Preview | Self::Redeploy => true,
            Self::Remove | Self::Keep(_) | Self::Status | Self::Why | Self::Help => false,
            // Which commit it is about, and whether that is the head, says the environment.
            Self::Release(_) => false,
        }
    }

    /// What the audit calls it; none for what only asks.
    pub const fn act(&self) -> Option<&'static str> {
        match self {
            Self::Preview => Some("preview"),
            Self::Remove => Some("preview-remove"),
            Self::Keep(_) => Some("preview-keep"),
            Self::Redeploy => Some("redeploy"),
            Self::Release(order) => Some(order.act()),
            Self::Status | Self::Why | Self::Help => None,
        }
    }

    fn of(word: &str, arguments: &[&str]) -> Result<Self, String> {
        let alone = |order: Self| match arguments {
            [] => Ok(order),
            [..] => Err(format!("Nothing follows `/{word}`")),
        };
        match (word, arguments) {
            ("preview", []) => Ok(Self::Preview),
            ("preview", ["remove"]) => Ok(Self::Remove),
            ("preview", ["keep", duration]) => duration
                .parse()
                .map(Self::Keep)
                .map_err(|_| "A duration is for example `7d`, `12h` or `30m`".to_owned()),
            ("preview", _) => {
                Err("Try `/preview`, `/preview remove` or `/preview keep 7d`".to_owned())
            }
            ("redeploy", _) => alone(Self::Redeploy),
            ("status", _) => alone(Self::Status),
            ("why", _) => alone(Self::Why),
            ("help", _) => alone(Self::Help),
            (word, _) => ReleaseOrder::of(word, arguments).map(Self::Release),
        }
    }
}

impl fmt::Display for Order {
    /// As it is written: `/preview keep 7d`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Preview => f.write_str("/preview"),
            Self::Remove => f.write_str("/preview remove"),
            Self::Keep(duration) => write!(f, "/preview keep {duration}"),
            Self::Redeploy => f.write_str("/redeploy"),
            Self::Status => f.write_str("/status"),
            Self::Why => f.write_str("/why"),
            Self::Help => f.write_str("/help"),
            Self::Release(order) => order.fmt(f),
        }
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Order(order) => order.fmt(f),
            Self::Unclear { line, .. } => f.write_str(line),
        }
    }
}

/// What a comment asks for; none if it asks for nothing.
pub fn parse(body: &str) -> Option<Request> {
    let mut found: Option<Request> = None;
    for line in spoken_lines(body) {
        let Some(request) = parse_line(line) else {
            continue;
        };
        if let Some(found) = found {
            return Some(Request::Unclear {
                line: shortened(line),
                hint: "One command in each comment: nothing was done".to_owned(),
                of_releases: found.is_of_releases() && request.is_of_releases(),
            });
        }
        found = Some(request);
    }
    found
}

fn parse_line(line: &str) -> Option<Request> {
    let rest = line.strip_prefix('/')?;
    if rest.starts_with(char::is_whitespace) {
        return None;
    }
    let mut words = rest.split_whitespace();
    let word = words.next()?.to_lowercase();
    let arguments: Vec<&str> = words.collect();
    let known: Vec<&str> = WORDS.into_iter().chain(release::WORDS).collect();
    let is_known = known.contains(&word.as_str());
    let meant = if is_known {
        word.as_str()
    } else {
        nearest(&word, &known)?
    };
    let understood = if is_known {
        Order::of(meant, &arguments)
    } else {
        Err(format!("Did you mean `/{meant}`?"))
    };
    Some(match understood {
        Ok(order) => Request::Order(order),
        Err(hint) => Request::Unclear {
            line: shortened(line),
            hint,
            of_releases: release::WORDS.contains(&meant),
        },
    })
}

fn shortened(line: &str) -> String {
    line.chars().take(LINE_CHARACTERS).collect()
}

/// The lines that are the writer's own words, without white space at their ends: no quotes, no code, no hidden comments.
fn spoken_lines(body: &str) -> impl Iterator<Item = &str> {
    let mut fence: Option<&str> = None;
    let mut hidden = false;
    body.lines().filter_map(move |line| {
        let text = line.trim();
        if hidden {
            hidden = !text.contains("-->");
            return None;
        }
        let mark = text
            .find(|sign: char| !matches!(sign, '`' | '~'))
            .unwrap_or(text.len());
        let run = text.get(..mark).filter(|run| run.len() >= 3);
        match (fence, run) {
            (None, Some(run)) => {
                fence = Some(run);
                return None;
            }
            (Some(open), Some(run)) if run.starts_with(open) && run == text => {
                fence = None;
                return None;
            }
            (Some(_), _) => return None,
            (None, None) => {}
        }
        if let Some((_, rest)) = text.rsplit_once("<!--") {
            hidden = !rest.contains("-->");
            return None;
        }
        // Four spaces or a tab make code, and `>` makes a quote, which begins with no slash anyway.
        let is_code = line.starts_with("    ") || line.starts_with('\t');
        (!is_code).then_some(text)
    })
}
