//! Builds as previews and releases know them: runs of the workflow that builds the images. Nothing is stored of a build but what
//! they keep of its run, so a build is known as long as something waits for it, is made of it, or was.

use crate::{
    CommitSha,
    preview::{RunProgress, WorkflowRun},
};

/// One attempt of a run that builds images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    /// The run's id.
    pub run: u64,
    /// Which attempt of it.
    pub attempt: u64,
    /// The commit that it is of.
    pub commit: CommitSha,
    /// The first line of the commit's message, or the pull request's title; empty if it is not known.
    pub title: String,
    /// The workflow's name, and the branch or tag that it ran on; none of what is over.
    pub source: Option<(String, Option<String>)>,
    /// How far it is.
    pub status: BuildStatus,
    /// The run's page; none of what is over.
    pub url: Option<String>,
    /// The images that it built, as far as they are named here.
    pub images: Vec<String>,
}

/// How far a build is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BuildStatus {
    /// It has not begun.
    Pending,
    /// It is under way.
    Building,
    /// Its images are there.
    Completed,
    /// It did not succeed.
    Failed,
    /// Somebody, or a newer one, stopped it.
    Cancelled,
}

impl BuildStatus {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Pending,
        Self::Building,
        Self::Completed,
        Self::Failed,
        Self::Cancelled,
    ];

    /// Its name for people and machines.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Building => "building",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl From<RunProgress> for BuildStatus {
    fn from(progress: RunProgress) -> Self {
        match progress {
            RunProgress::Waiting => Self::Pending,
            RunProgress::Running => Self::Building,
            RunProgress::Succeeded => Self::Completed,
            RunProgress::Cancelled => Self::Cancelled,
            RunProgress::Failed => Self::Failed,
        }
    }
}

impl Build {
    pub(crate) fn of(run: &WorkflowRun, title: &str, images: Vec<String>) -> Self {
        Self {
            run: run.id,
            attempt: run.attempt,
            commit: run.head_commit.clone(),
            title: title.to_owned(),
            source: Some((run.name.clone(), run.head_branch.clone())),
            status: run.progress.into(),
            url: Some(run.html_url.clone()),
            images,
        }
    }
}
