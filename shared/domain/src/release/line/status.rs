//! The statuses of GitHub's deployments, in GitHub's words.

/// GitHub's limit of a description, in characters.
const DESCRIPTION_CHARACTERS: usize = 140;

/// A status of a deployment, in GitHub's words.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DeploymentStatus {
    /// How far it is.
    pub state: DeploymentState,
    /// What it says: at most 140 characters, GitHub's limit.
    pub description: String,
    /// Where the environment is reached, once it is live.
    pub environment_url: Option<String>,
    /// The page of the build.
    pub log_url: Option<String>,
}

/// GitHub's states of a deployment that are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeploymentState {
    /// It waits.
    Queued,
    /// It is being made.
    InProgress,
    /// It is live.
    Success,
    /// What was released does not work.
    Failure,
    /// It could not be released.
    Error,
    /// It is over and not live.
    Inactive,
}

impl DeploymentState {
    /// GitHub's word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::InProgress => "in_progress",
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Error => "error",
            Self::Inactive => "inactive",
        }
    }
}

impl DeploymentStatus {
    /// A status that says `text`, of which what GitHub does not take is cut off.
    pub(crate) fn new(state: DeploymentState, text: &str, log_url: Option<String>) -> Self {
        status(state, text, log_url)
    }

    /// What it says, to tell whether it was said already.
    pub fn digest(&self) -> String {
        let url = self.environment_url.as_deref().unwrap_or_default();
        format!("{} {} {url}", self.state.as_str(), self.description)
    }
}

/// A status that says `text`, cut to what GitHub takes.
pub(super) fn status(
    state: DeploymentState,
    text: &str,
    log_url: Option<String>,
) -> DeploymentStatus {
    let mut description: String = text.chars().take(DESCRIPTION_CHARACTERS).collect();
    if description.len() < text.len() {
        description.pop();
        description.push('…');
    }
    DeploymentStatus {
        state,
        description,
        environment_url: None,
        log_url,
    }
}
