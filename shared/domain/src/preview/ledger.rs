//! The decisions on a preview: for each service what was decided, by which rule, from which values, in plain words.
//!
//! They lie in the preview's own state, so they cost no write, are never without what they are about, and are deleted with it.
//! A decision is noted when it differs from the one before on the same service's application: what changes nothing, like a delivery that
//! comes twice, is covered by the one that stands.

use serde::{Deserialize, Serialize};

use super::{
    Fact, Preview, RunProgress,
    state::Target,
    view::words,
    wanted::{Absence, Build, Wanted},
};
use crate::{
    TargetId, Timestamp,
    markdown::{code, listed_within},
};

/// So many decisions are kept of each preview: the newest, and of each service the last one in any case.
const KEPT: usize = 24;
/// So many are shown in the comment.
const SHOWN: usize = 8;
/// And they take at most so much of it.
const SHOWN_BYTES_MAX: usize = 6_000;
/// The rules of what stands beside what is decided on a preview.
const VARIABLES: &str = "variables";
const IMAGE: &str = "image";
/// The longest reason, in characters: it may hold texts of anybody.
const REASON_CHARACTERS: usize = 300;

/// A decision on the preview of one service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ruling {
    /// When it was made.
    pub at: Timestamp,
    /// The service.
    pub service: String,
    /// What it is previewed on, which something else may take the place of in the configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<TargetId>,
    /// What was decided.
    pub verdict: Verdict,
    /// The rule that decided, the same word each time: `label`, `build` …
    pub rule: String,
    /// From which values, in plain words; not for a Markdown page as it is.
    pub reason: String,
    /// What was learnt just then.
    pub cause: String,
}

/// What was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The head commit is to be there.
    Deploy,
    /// It is to be there once something else happens.
    Wait,
    /// What is there stays as it is.
    Leave,
    /// What is there is removed.
    Remove,
    /// There is nothing, and there is to be nothing.
    Nothing,
    /// Nothing is done about it, and people should know.
    Warn,
}

impl Verdict {
    /// Its name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Wait => "wait",
            Self::Leave => "leave",
            Self::Remove => "remove",
            Self::Nothing => "nothing",
            Self::Warn => "warn",
        }
    }
}

impl Ruling {
    /// Whether both are about the same.
    fn is_about(&self, service: &str, application: Option<&TargetId>, rule: &str) -> bool {
        self.service == service
            && self.application.as_ref() == application
            && Track::of(&self.rule) == Track::of(rule)
    }
}

/// What stands beside what is decided on a preview, and does not take its place.
#[derive(PartialEq, Eq)]
enum Track {
    Preview,
    Variables,
    Image,
}

impl Track {
    fn of(rule: &str) -> Self {
        match rule {
            VARIABLES => Self::Variables,
            IMAGE => Self::Image,
            _ => Self::Preview,
        }
    }
}

impl Preview {
    /// The decisions that are kept, the oldest first.
    pub fn rulings(&self) -> &[Ruling] {
        &self.rulings
    }

    /// Notes the decisions that follow from `fact` and differ from those before.
    pub(super) fn note_rulings(&mut self, fact: &Fact, at: Timestamp) {
        let fresh: Vec<Ruling> = self
            .decided()
            .into_iter()
            .filter(|(service, application, decided)| {
                let last = self
                    .rulings
                    .iter()
                    .rfind(|last| last.is_about(service, Some(application), decided.rule));
                last.is_none_or(|last| {
                    (last.verdict, last.rule.as_str(), last.reason.as_str())
                        != (decided.verdict, decided.rule, decided.reason.as_str())
                })
            })
            .map(|(service, application, decided)| Ruling {
                at,
                service,
                application: Some(application),
                verdict: decided.verdict,
                rule: decided.rule.to_owned(),
                reason: decided.reason,
                cause: cause(fact).to_owned(),
            })
            .collect();
        self.rulings.extend(fresh);
        self.forget_rulings();
    }

    /// Forgets the oldest of too many, but never the last one on an application: the next decision is held against it.
    fn forget_rulings(&mut self) {
        let mut surplus = self.rulings.len().saturating_sub(KEPT);
        let mut place = 0;
        while surplus > 0
            && let Some((ruling, later)) = self.rulings.get(place..).and_then(<[_]>::split_first)
        {
            let application = ruling.application.as_ref();
            if later
                .iter()
                .any(|later| later.is_about(&ruling.service, application, &ruling.rule))
            {
                self.rulings.remove(place);
                surplus -= 1;
            } else {
                place += 1;
            }
        }
    }

    /// What is decided on each service by the present state; nothing where that cannot be told yet.
    fn decided(&self) -> Vec<(String, TargetId, Decided)> {
        let configured = self
            .settings_in_force()
            .map(|settings| settings.services.as_slice())
            .unwrap_or_default();
        let services = configured
            .iter()
            .map(|service| (&service.service, &service.application));
        let others = self.targets.iter().filter(|(application, target)| {
            !target.service.is_empty()
                && !configured
                    .iter()
                    .any(|service| service.application == **application)
        });
        let others = others.map(|(application, target)| (&target.service, application));
        let decided = services.chain(others).flat_map(|(service, application)| {
            let target = self.targets.get(application);
            let holds = target.is_some_and(|target: &Target| !target.is_vacant());
            let decided = self.decide(&self.wanted(application), holds);
            let warned = self.warned(service, application);
            let images = self.decided_on_images(application);
            let all = decided.into_iter().chain(warned).chain(images);
            all.map(|decided| (service.clone(), application.clone(), decided))
        });
        decided.collect()
    }

    /// The warning about an application, or that there is none any more.
    fn warned(&self, service: &str, application: &TargetId) -> Option<Decided> {
        let is_warning = |ruling: &Ruling| ruling.is_about(service, Some(application), VARIABLES);
        let was_warned = self.rulings.iter().any(is_warning);
        let words = self.variables_in_words(application, was_warned)?;
        Some(Decided::new(Verdict::Warn, VARIABLES, words))
    }

    /// What became of the images of an application.
    fn decided_on_images(&self, application: &TargetId) -> Option<Decided> {
        let (deleted, words) = self.images_in_words(application)?;
        let verdict = if deleted {
            Verdict::Remove
        } else {
            Verdict::Leave
        };
        Some(Decided::new(verdict, IMAGE, words))
    }

    fn decide(&self, wanted: &Wanted<'_>, holds: bool) -> Option<Decided> {
        let head = self.pull_request()?.head_commit.short();
        Some(match wanted {
            Wanted::Present { run, .. } => Decided::new(
                Verdict::Deploy,
                "build",
                format!(
                    "{head} was built by run {} of {}, attempt {}",
                    run.id, run.name, run.attempt
                ),
            ),
            Wanted::Awaited => {
                let reason = self.awaited_build(head)?;
                Decided::new(Verdict::Wait, "build", reason)
            }
            Wanted::Crowded(service) => {
                Decided::new(Verdict::Wait, "limit", self.told_wait(service, false))
            }
            Wanted::Needing(need) => {
                Decided::new(Verdict::Wait, "needs", self.told_need(need, str::to_owned))
            }
            Wanted::Unapproved(service) => Decided::new(
                Verdict::Wait,
                "approval",
                format!(
                    "{head} comes from a fork, and nobody with write permission approved it with the label {} or /preview",
                    service.approval_label()
                ),
            ),
            Wanted::CommitSkipped => Decided::new(
                if holds {
                    Verdict::Leave
                } else {
                    Verdict::Nothing
                },
                "skip",
                format!("the message of {head} says [skip preview]"),
            ),
            Wanted::Absent(absence) => Decided::new(
                if holds {
                    Verdict::Remove
                } else {
                    Verdict::Nothing
                },
                rule(absence),
                self.absence_with_values(absence),
            ),
            Wanted::Undecided => return None,
        })
    }

    fn awaited_build(&self, head: &str) -> Option<String> {
        let settings = self.settings_in_force()?;
        let Some(workflow) = &settings.workflow else {
            return Some("build.worker is not supported by this version of Slipway".to_owned());
        };
        Some(match self.build(settings) {
            Build::NotSeen => format!("no run of {workflow} on {head} is known"),
            Build::Underway(run) => format!("run {} of {} builds {head}", run.id, run.name),
            Build::Succeeded(run) => format!("run {} of {} built {head}", run.id, run.name),
            Build::Ended(run) if run.progress == RunProgress::Cancelled => {
                format!("run {} of {} on {head} was cancelled", run.id, run.name)
            }
            Build::Ended(run) => format!("run {} of {} on {head} failed", run.id, run.name),
            Build::Ambiguous(one, other) => {
                super::view::ambiguous((one, other), workflow, str::to_owned)
            }
        })
    }

    fn absence_with_values(&self, absence: &Absence) -> String {
        let reason = words(absence);
        match (absence, self.pull_request()) {
            (Absence::LabelMissing(_), Some(shown)) if shown.labels.is_empty() => {
                format!("{reason}: the pull request has none")
            }
            (Absence::LabelMissing(_), Some(shown)) => {
                format!("{reason}: the pull request has {}", shown.labels.join(", "))
            }
            (_, _) => reason,
        }
    }

    /// The newest decisions as a list in Markdown, the newest first; none if there are none.
    pub(super) fn told_rulings(&self) -> Option<String> {
        let newest = self.rulings.iter().rev().take(SHOWN);
        let lines: Vec<String> = newest
            .map(|ruling| {
                format!(
                    "\n- {} {}: {}, by {}: {} ({})",
                    ruling.at,
                    code(&ruling.service),
                    ruling.verdict.name(),
                    code(&ruling.rule),
                    code(&ruling.reason),
                    ruling.cause
                )
            })
            .collect();
        (!lines.is_empty()).then(|| listed_within(SHOWN_BYTES_MAX, lines, 0))
    }
}

/// A decision without its time and service.
struct Decided {
    verdict: Verdict,
    rule: &'static str,
    reason: String,
}

impl Decided {
    fn new(verdict: Verdict, rule: &'static str, reason: String) -> Self {
        let reason = reason.chars().take(REASON_CHARACTERS).collect();
        Self {
            verdict,
            rule,
            reason,
        }
    }
}

/// The word for the rule by which there is no preview.
const fn rule(absence: &Absence) -> &'static str {
    match absence {
        Absence::AccessLost(_) => "access",
        Absence::Merged => "merged",
        Absence::Closed => "closed",
        Absence::Draft => "drafts",
        Absence::LabelMissing(_) => "label",
        Absence::Fork => "forks",
        Absence::Skipped => "skip",
        Absence::OtherBase(_) => "base",
        Absence::Untouched { .. } => "paths",
        Absence::Expired(_) => "ttl",
        Absence::Dismissed(_) => "command",
        Absence::Asked(_) => "button",
        Absence::NotConfigured => "configuration",
    }
}

/// What a fact is, as the cause of a decision.
const fn cause(fact: &Fact) -> &'static str {
    match fact {
        Fact::PullRequestDelivered { .. } | Fact::LabelAdded(_) => "a pull_request delivery",
        Fact::RunDelivered { .. } => "a workflow_run delivery",
        Fact::PullRequestRead { .. } | Fact::PullRequestNotRead { .. } => {
            "a look at the pull request"
        }
        Fact::PullRequestDoubted { .. } => "a survey",
        Fact::PermissionRead { .. } | Fact::PermissionNotRead { .. } => {
            "GitHub's word on who may write"
        }
        Fact::ExpiryNoted { .. } => "the clock",
        Fact::Access { .. } => "the App's reach",
        Fact::RetryAsked => "a person's wish",
        Fact::Commanded(_) => "a command",
        Fact::RunsRead { .. } | Fact::RunsNotRead { .. } => "a look at the workflow runs",
        Fact::FilesRead { .. } | Fact::FilesNotRead { .. } => "a look at the changed files",
        Fact::ConfigurationRead { .. }
        | Fact::ConfigurationChanged
        | Fact::ConfigurationNotRead { .. } => "the configuration",
        Fact::ImageDeleted { .. } | Fact::ImageNotDeleted { .. } => "the registry",
        Fact::Requested(_) | Fact::RequestJudged { .. } | Fact::RequestNotJudged { .. } => {
            "a button"
        }
        Fact::Report { .. } | Fact::DeploymentsSwept { .. } | Fact::DeploymentsNotSwept { .. } => {
            "a report to GitHub"
        }
        Fact::Target { .. } => "what came of a deployment or removal",
        Fact::Admission { .. } => "the limit of live previews",
        Fact::CommentIntended { .. }
        | Fact::CommentChanging
        | Fact::CommentPublished { .. }
        | Fact::CommentGone
        | Fact::CommentNotPublished { .. } => "the comment",
    }
}
