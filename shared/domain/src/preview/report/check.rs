//! The check run on a head commit: where the preview is, in a form that a branch's rules can require, with buttons.

use super::{
    super::{
        Preview, PullRequestState, Standing, Wish,
        comment::{self, digest},
        state::{Phase, Problem, Sighting},
        wanted::{Absence, Wanted},
    },
    OnCommit,
};
use crate::{NotParsed, PreviewId, configuration, markdown::code};

/// What the check run is called: what a branch's rules name.
pub const CHECK: &str = "Slipway preview";

/// GitHub shows so much of a title, in characters.
const TITLE_CHARACTERS: usize = 120;

/// What a check run says in the end where there was a configuration, and is none any more.
const NOT_CONFIGURED: &str = "No preview is configured";

/// How far a check is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckState {
    /// It waits for something.
    Queued,
    /// It is being worked on.
    InProgress,
    /// It went well.
    Success,
    /// It did not.
    Failure,
    /// There is nothing to be said: as good as well for a branch's rules.
    Neutral,
}

impl CheckState {
    const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::InProgress => "in_progress",
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Neutral => "neutral",
        }
    }
}

/// Whether it is the name of a state that ends a check.
pub(super) fn is_conclusion(name: &str) -> bool {
    [
        CheckState::Success,
        CheckState::Failure,
        CheckState::Neutral,
    ]
    .into_iter()
    .any(|state| state.name() == name)
}

/// What a check run is to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckText {
    /// How far it is.
    pub state: CheckState,
    /// One line, in plain text.
    pub title: String,
    /// More of it, in Markdown.
    pub summary: String,
    /// Where to read on: the preview itself once it answers, else the build.
    pub details_url: Option<String>,
    /// The buttons.
    pub buttons: Vec<Wish>,
    /// Whether nothing is to be said any more after this.
    pub is_last: bool,
}

impl CheckText {
    /// Without the summary, which tells more of the same: so a check run changes only a few times.
    pub(super) fn digest(&self) -> String {
        let told = format!("{}\n{:?}\n{:?}", self.title, self.details_url, self.buttons);
        format!("{} {}", self.state.name(), digest(&told))
    }

    fn last(title: String) -> Self {
        Self {
            state: CheckState::Neutral,
            summary: format!("{title}."),
            title,
            details_url: None,
            buttons: Vec::new(),
            is_last: true,
        }
    }
}

/// By what we know the check run of a preview again, also in deliveries of its buttons.
pub fn check_id(id: PreviewId) -> String {
    format!("slipway:{id}")
}

/// Whose check run it is, by the id that it bears.
pub fn preview_of_check(external_id: &str) -> Result<PreviewId, NotParsed> {
    let id = external_id.strip_prefix("slipway:");
    id.and_then(|id| id.parse().ok()).ok_or_else(|| {
        NotParsed::new(
            "a preview's check run (slipway:preview/<repository id>/<number>)",
            external_id,
        )
    })
}

impl Preview {
    /// What the check run on a commit is to say; none if it is to be left as it is.
    pub(super) fn check_text(&self, sighting: &Sighting, known: &OnCommit) -> Option<CheckText> {
        let pull_request = &sighting.pull_request;
        let ended = match pull_request.state {
            _ if pull_request.head_commit != known.commit => {
                let head = pull_request.head_commit.short();
                Some(format!("Superseded by {head}"))
            }
            PullRequestState::Open => None,
            PullRequestState::Closed => Some("The pull request was closed".to_owned()),
            PullRequestState::Merged => Some("The pull request was merged".to_owned()),
        };
        match ended {
            // A verdict stays.
            Some(_) if known.shown().is_some_and(is_conclusion) => None,
            Some(title) => Some(CheckText::last(title)),
            None => self.check_of_head(),
        }
    }

    fn check_of_head(&self) -> Option<CheckText> {
        let Some(settings) = self.settings_in_force() else {
            return self.check_without_settings();
        };
        if settings.services.is_empty() {
            return Some(CheckText::last(NOT_CONFIGURED.to_owned()));
        }
        let views = self.services();
        let standing = views.iter().map(|view| view.standing).max()?;
        let mut worst = views.iter().filter(|view| view.standing == standing);
        let first = worst.next()?;
        let mut title = self.headline(&first.application, standing, &first.reason);
        let more = worst.count();
        if views.len() > 1 {
            title = format!("{}: {title}", first.service);
        }
        if more > 0 {
            title = format!("{title} (and {more} more)");
        }
        if standing == Standing::Ready && self.shares_variables() {
            title = format!("{title}, with variables of production's");
        }
        let state = match standing {
            Standing::Absent | Standing::Removing => CheckState::Neutral,
            Standing::Ready => CheckState::Success,
            Standing::Waiting => CheckState::Queued,
            Standing::Deploying => CheckState::InProgress,
            Standing::Failed => CheckState::Failure,
        };
        let details_url = match standing {
            Standing::Ready => views.iter().find_map(|view| view.url.clone()),
            Standing::Deploying | Standing::Failed => {
                self.build_run().map(|(run, _)| run.html_url.clone())
            }
            Standing::Absent | Standing::Waiting | Standing::Removing => None,
        };
        Some(CheckText {
            state,
            title: title.chars().take(TITLE_CHARACTERS).collect(),
            summary: self.summary(),
            details_url: details_url.filter(|url| is_web(url)),
            buttons: self.buttons(),
            is_last: false,
        })
    }

    fn summary(&self) -> String {
        let table = comment::table(self);
        table.unwrap_or_else(|| "There is no preview.".to_owned()) + &self.told_variables()
    }

    /// A broken configuration must not leave a required check waiting for ever; a missing one is nobody's fault.
    fn check_without_settings(&self) -> Option<CheckText> {
        let message = match self.configuration.problem.as_ref()? {
            Problem::Invalid(message) => message,
            Problem::Missing => return Some(CheckText::last(NOT_CONFIGURED.to_owned())),
        };
        Some(CheckText {
            state: CheckState::Failure,
            title: format!("{} is not valid", configuration::PATH),
            summary: code(message),
            details_url: None,
            buttons: Vec::new(),
            is_last: false,
        })
    }

    /// The one line about a service: words that change seldom, since each change is a call.
    fn headline(&self, application: &crate::TargetId, standing: Standing, reason: &str) -> String {
        let head = self
            .pull_request()
            .map_or("", |pull_request| pull_request.head_commit.short());
        match standing {
            Standing::Absent => format!("No preview: {reason}"),
            Standing::Ready => "Ready".to_owned(),
            Standing::Waiting if self.wanted(application) == Wanted::Awaited => {
                "Waiting for the build".to_owned()
            }
            Standing::Waiting => reason.to_owned(),
            Standing::Deploying => format!("Deploying {head}"),
            Standing::Removing => format!("The preview is being removed: {reason}"),
            Standing::Failed => format!("Failed: {reason}"),
        }
    }

    /// What people may ask for at present.
    pub(super) fn buttons(&self) -> Vec<Wish> {
        let mut buttons = Vec::new();
        let settings = self.settings_in_force();
        let services = settings.map_or(&[][..], |settings| settings.services.as_slice());
        let redeployable = |wanted: Wanted<'_>| match wanted {
            Wanted::Present { .. } => true,
            Wanted::Absent(absence) => {
                matches!(absence, Absence::Expired(_) | Absence::Asked(_))
            }
            Wanted::Awaited
            | Wanted::Crowded(_)
            | Wanted::Needing(_)
            | Wanted::Unapproved(_)
            | Wanted::CommitSkipped
            | Wanted::Undecided => false,
        };
        if services
            .iter()
            .any(|service| redeployable(self.wanted(&service.application)))
        {
            buttons.push(Wish::Redeploy);
        }
        let removable = |target: &super::super::state::Target| {
            !target.is_vacant() && !matches!(target.phase, Phase::Removing(_))
        };
        if self.targets.values().any(removable) {
            buttons.push(Wish::Remove);
        }
        buttons
    }
}

/// Whether GitHub takes it as a link.
fn is_web(url: &str) -> bool {
    url::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}
