//! The filter `paths`: a pull request gets a preview of a service only if it changes a file that concerns it.
//!
//! The filter decides whether a preview begins. What is there is kept up to date and removed without it, and a person's `/preview`
//! goes before it. What cannot be told counts as a change: more files than GitHub lists, and a list that cannot be read.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{
    Action, Effort, Preview, PullRequestState, ServiceSettings,
    plan::{Next, when_due_at_last},
    state::{Sighting, Target},
};
use crate::{CommitSha, Timestamp, glob};

/// Of which files is asked: which services concern them depends on all of this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sieve {
    /// The head commit.
    pub commit: CommitSha,
    /// The branch that the changes are told against.
    pub base_branch: String,
    /// The patterns of each service that has any.
    pub paths: BTreeMap<String, Vec<String>>,
}

/// What the changed files concern.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Sifted {
    /// How many files were looked at.
    pub files: u32,
    /// The services that one of them concerns.
    pub services: BTreeSet<String>,
    /// GitHub does not list all: everything counts as changed.
    pub incomplete: bool,
}

impl Sieve {
    /// Takes in one changed file, by the paths that it has and had. Returns whether a further file can change the answer.
    pub fn sift<'a>(&self, sifted: &mut Sifted, file: impl Iterator<Item = &'a str>) -> bool {
        sifted.files = sifted.files.saturating_add(1);
        for path in file {
            for (service, patterns) in &self.paths {
                let concerns = |pattern: &String| glob::matches(pattern, path);
                if !sifted.services.contains(service) && patterns.iter().any(concerns) {
                    sifted.services.insert(service.clone());
                }
            }
        }
        sifted.services.len() < self.paths.len()
    }
}

/// What is known of the changed files.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Files {
    /// The last answer, and to what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    read: Option<(Sieve, Sifted)>,
    #[serde(default)]
    pub(super) effort: Effort,
}

impl Files {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Whether a pull request concerns a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Concern {
    /// It does, or nobody can tell.
    Yes,
    /// None of so many changed files does.
    No { files: u32 },
    /// The files are still to be read.
    Unknown,
}

impl Preview {
    /// Whether the pull request concerns a service.
    pub(super) fn concern(&self, service: &ServiceSettings) -> Concern {
        if !self.is_filtered(service) {
            return Concern::Yes;
        }
        match &self.files.read {
            Some((sieve, sifted)) if Some(sieve) == self.sieve().as_ref() => {
                if sifted.incomplete || sifted.services.contains(&service.service) {
                    Concern::Yes
                } else {
                    Concern::No {
                        files: sifted.files,
                    }
                }
            }
            Some(_) | None if self.files.effort.is_exhausted() => Concern::Yes,
            Some(_) | None => Concern::Unknown,
        }
    }

    /// Whether the changed files matter: nothing is there of a service that asks for some, and no person asked for it.
    fn is_filtered(&self, service: &ServiceSettings) -> bool {
        let target = self.targets.get(&service.application);
        !service.paths.is_empty()
            && target.is_none_or(Target::is_vacant)
            && !self.commands.is_summoned()
    }

    /// What is to be asked at present; none if no service has a filter.
    fn sieve(&self) -> Option<Sieve> {
        let pull_request = self.pull_request()?;
        let services = self.settings_in_force()?.services.iter();
        let paths: BTreeMap<String, Vec<String>> = services
            .filter(|service| !service.paths.is_empty())
            .map(|service| (service.service.clone(), service.paths.clone()))
            .collect();
        (!paths.is_empty()).then(|| Sieve {
            commit: pull_request.head_commit.clone(),
            base_branch: pull_request.base_branch.clone(),
            paths,
        })
    }

    /// Reads the changed files, if a preview may begin that depends on them: once for each head commit, unless its branch or the
    /// patterns change.
    pub(super) fn read_files(&self, sighting: &Sighting, now: Timestamp) -> Next {
        let pull_request = &sighting.pull_request;
        let Some(sieve) = self.sieve() else {
            return Next::Nothing;
        };
        let is_known = matches!(&self.files.read, Some((read, _)) if *read == sieve);
        let is_open = pull_request.state == PullRequestState::Open && !pull_request.archived;
        let settings = self.settings_in_force();
        let mut services = settings.iter().flat_map(|settings| &settings.services);
        let is_awaited = services.any(|service| {
            self.is_filtered(service) && self.refusal(pull_request, service).is_none()
        });
        if !is_open || is_known || !is_awaited {
            return Next::Nothing;
        }
        when_due_at_last(&self.files.effort, now, || Action::ReadFiles {
            repository: pull_request.repository.clone(),
            sieve,
        })
    }

    pub(super) fn files_read(&mut self, sieve: &Sieve, sifted: &Sifted) {
        self.files.read = Some((sieve.clone(), sifted.clone()));
        self.files.effort.succeed();
    }
}

/// The patterns for people, of many only the first.
pub(super) fn told(patterns: &[String], show: impl Fn(&str) -> String) -> String {
    const SHOWN: usize = 5;
    let shown = patterns.iter().take(SHOWN).map(|pattern| show(pattern));
    let mut told = shown.collect::<Vec<_>>().join(", ");
    if patterns.len() > SHOWN {
        told.push_str(&format!(" and {} more", patterns.len() - SHOWN));
    }
    told
}
