//! What the runner of a preview was told, remembered beside the preview's state, which does not see it.

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use domain::{
    CommitSha, Timestamp,
    preview::{
        Fact, PullRequest, PullRequestState, Reaction, Reading, ReportFact, TargetFact, Trouble,
    },
};
use serde::{Deserialize, Serialize};

/// What the runner was told.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Ghost {
    /// The newest sighting of the pull request.
    pub(crate) newest: Option<Newest>,
    /// The tries in vain, by what was tried.
    pub(crate) efforts: BTreeMap<String, Tries>,
    /// The applications whose removal was begun.
    pub(crate) removing: BTreeSet<String>,
    /// Of the valid settings that were read last.
    pub(crate) settings_hash: u64,
    /// Counts up with all that resets a runner's pauses.
    pub(crate) unordered: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Newest {
    pub(crate) pull_request: PullRequest,
    /// Whether another sighting of the same second says something else.
    pub(crate) ambiguous: bool,
}

/// Tries in vain, as the policy counts them.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Tries {
    pub(crate) failures: u32,
    /// Not before this, by the policy.
    pub(crate) pause_until: Timestamp,
    /// Not before this, by the vendor's wish.
    pub(crate) wish_until: Timestamp,
}

impl Tries {
    fn start_afresh(&mut self) {
        self.failures = 0;
        self.pause_until = Timestamp::default();
    }
}

impl Ghost {
    pub(crate) fn newest_update(&self) -> Timestamp {
        self.newest
            .as_ref()
            .map_or_else(Timestamp::default, |newest| newest.pull_request.updated_at)
    }

    pub(crate) fn record(&mut self, fact: &Fact, at: Timestamp) {
        match fact {
            Fact::PullRequestDelivered { pull_request } => {
                if self.sighted(pull_request) {
                    self.person_acted();
                }
            }
            Fact::PullRequestDoubted { .. } => {
                if let Some(tries) = self.efforts.get_mut("pull request") {
                    tries.start_afresh();
                }
            }
            Fact::PullRequestRead { pull_request } => {
                self.well("pull request");
                let doubted = self.newest.as_ref().is_some_and(|newest| newest.ambiguous);
                let head = self
                    .newest
                    .as_ref()
                    .map(|newest| newest.pull_request.head_commit.clone());
                let other_head = head.as_ref() != Some(&pull_request.head_commit);
                let is_open = |shown: &PullRequest| shown.state == PullRequestState::Open;
                let was_open = self
                    .newest
                    .as_ref()
                    .is_none_or(|newest| is_open(&newest.pull_request));
                let reopened = !was_open && is_open(pull_request);
                if self.sighted(pull_request) && (other_head || reopened || doubted) {
                    self.person_acted();
                }
            }
            Fact::ExpiryNoted { .. } | Fact::Admission { .. } => {}
            // No installation of an App is simulated.
            Fact::Access { .. } => {}
            Fact::RetryAsked => self.person_acted(),
            // No comments of people are simulated.
            Fact::Commanded(_) => {}
            Fact::LabelAdded(_) => {
                if let Some(tries) = self.efforts.get_mut("permission") {
                    tries.start_afresh();
                }
            }
            Fact::PermissionRead { .. } => self.well("permission"),
            Fact::PermissionNotRead { trouble } => self.in_vain("permission", trouble, at),
            Fact::PullRequestNotRead { trouble } => self.in_vain("pull request", trouble, at),
            Fact::RunDelivered { .. } => self.well("runs"),
            Fact::RunsRead { .. } => self.well("runs"),
            Fact::RunsNotRead { trouble } => self.in_vain("runs", trouble, at),
            Fact::FilesRead { .. } => self.well("files"),
            Fact::FilesNotRead { trouble } => self.in_vain("files", trouble, at),
            Fact::ConfigurationRead { reading, .. } => {
                self.well("configuration");
                self.configured(reading);
            }
            Fact::ConfigurationChanged => {
                if let Some(tries) = self.efforts.get_mut("configuration") {
                    tries.start_afresh();
                }
            }
            Fact::ConfigurationNotRead { trouble } => self.in_vain("configuration", trouble, at),
            Fact::Target { application, fact } => {
                self.record_target(application.as_str(), fact, at)
            }
            Fact::Report { report, fact } => {
                let what = format!("{:?} on {}", report.kind, report.commit);
                match fact {
                    ReportFact::Published { .. } => self.well(&what),
                    ReportFact::NotPublished { trouble } => self.in_vain(&what, trouble, at),
                    ReportFact::Intended { .. }
                    | ReportFact::Changing
                    | ReportFact::Gone
                    | ReportFact::Impossible => {}
                }
            }
            Fact::ImageDeleted { .. } => self.well("image"),
            Fact::ImageNotDeleted { trouble, .. } => self.in_vain("image", trouble, at),
            Fact::DeploymentsSwept { .. } => self.well("sweep"),
            Fact::DeploymentsNotSwept { trouble } => self.in_vain("sweep", trouble, at),
            // Nobody presses a button in a simulation.
            Fact::Requested(_) | Fact::RequestJudged { .. } | Fact::RequestNotJudged { .. } => {}
            Fact::CommentIntended { .. } | Fact::CommentChanging | Fact::CommentGone => {}
            Fact::CommentPublished { .. } => self.well("comment"),
            Fact::CommentNotPublished { trouble } => self.in_vain("comment", trouble, at),
        }
    }

    /// Other settings than before let what they are about be tried at once.
    fn configured(&mut self, reading: &Reading) {
        let Reading::Valid { settings } = reading else {
            return;
        };
        // Only what tells them apart: it is written with every record.
        let mut hasher = DefaultHasher::new();
        format!("{settings:?}").hash(&mut hasher);
        let settings_hash = hasher.finish();
        if std::mem::replace(&mut self.settings_hash, settings_hash) == settings_hash {
            return;
        }
        for service in &settings.services {
            if let Some(tries) = self.efforts.get_mut(service.application.as_str()) {
                tries.start_afresh();
            }
        }
    }

    fn record_target(&mut self, application: &str, fact: &TargetFact, at: Timestamp) {
        match fact {
            TargetFact::StartIntended { .. } => {
                self.removing.remove(application);
            }
            TargetFact::RemovalIntended => {
                self.removing.insert(application.to_owned());
                if let Some(tries) = self.efforts.get_mut(application) {
                    tries.start_afresh();
                }
            }
            TargetFact::RemovalAsked { .. } => self.well(application),
            TargetFact::VariablesRead { .. } => self.well(&variables_of(application)),
            TargetFact::VariablesNotRead { trouble, .. } => {
                self.in_vain(&variables_of(application), trouble, at);
            }
            TargetFact::StartFailed { trouble, .. }
            | TargetFact::OfAnother { trouble, .. }
            | TargetFact::StartUnanswered { trouble, .. }
            | TargetFact::ApplicationMissing { trouble }
            | TargetFact::Troubled { trouble } => {
                self.in_vain(application, trouble, at);
            }
            TargetFact::Queued { .. }
            | TargetFact::Started { .. }
            | TargetFact::Found { .. }
            | TargetFact::LookedAfter { .. }
            | TargetFact::Seen { .. }
            | TargetFact::Probed { .. } => self.well(application),
            TargetFact::Looked { found: Some(_), .. } => self.well(application),
            TargetFact::StartVoided { .. }
            | TargetFact::StartUncertain { .. }
            | TargetFact::InTheWay { .. }
            | TargetFact::NotFound { .. }
            | TargetFact::Looked { found: None, .. } => {}
        }
    }

    /// Takes in a sighting; returns whether it is news.
    fn sighted(&mut self, pull_request: &PullRequest) -> bool {
        if let Some(newest) = &mut self.newest {
            if pull_request.updated_at < newest.pull_request.updated_at
                || (*pull_request == newest.pull_request && !newest.ambiguous)
            {
                return false;
            }
            if pull_request.updated_at == newest.pull_request.updated_at {
                newest.ambiguous = true;
                return true;
            }
        }
        self.newest = Some(Newest {
            pull_request: pull_request.clone(),
            ambiguous: false,
        });
        true
    }

    /// What a person does lets everything be tried at once, but for what the vendor wished.
    fn person_acted(&mut self) {
        for tries in self.efforts.values_mut() {
            tries.start_afresh();
        }
    }

    fn well(&mut self, what: &str) {
        self.efforts.remove(what);
    }

    fn in_vain(&mut self, what: &str, trouble: &Trouble, at: Timestamp) {
        let tries = self.efforts.entry(what.to_owned()).or_default();
        if let Reaction::ComeBack { after_milliseconds } = trouble.reaction {
            let pause = i64::try_from(after_milliseconds).unwrap_or_default();
            tries.pause_until = Timestamp::from_milliseconds(at.milliseconds() + pause);
            return;
        }
        tries.failures += 1;
        let full = (2_000_i64 << (tries.failures - 1).min(10)).min(300_000);
        tries.pause_until = Timestamp::from_milliseconds(at.milliseconds() + full * 3 / 4);
        if let Reaction::Retry {
            after_milliseconds: Some(wish),
        } = trouble.reaction
        {
            let wish = i64::try_from(wish).unwrap_or_default();
            tries.wish_until = Timestamp::from_milliseconds(at.milliseconds() + wish);
        }
    }

    /// Whether the newest sighting is of this commit, and open; none if that cannot be told.
    pub(crate) fn wants(&self, commit: &CommitSha) -> Option<bool> {
        let newest = self.newest.as_ref().filter(|newest| !newest.ambiguous)?;
        let pull_request = &newest.pull_request;
        Some(pull_request.state == PullRequestState::Open && pull_request.head_commit == *commit)
    }
}

/// What the tries at looking at an application's variables are known by.
pub(crate) fn variables_of(application: &str) -> String {
    format!("variables of {application}")
}
