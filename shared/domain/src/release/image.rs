//! Images that workflow runs reported: which digest, and perhaps which tag, was made of a commit. Such a report takes the place
//! of the rule by which tags are made up; what it is worth is what its run is worth, which is judged as ever.

use serde::{Deserialize, Serialize};

use super::Name;
use crate::{CommitSha, ImageTag, argocd::ImageDigest, preview::WorkflowRun};

/// What a run reports. Whoever posts it has verified that it is of that run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageReport {
    /// The run, as its token shows it: still under way.
    pub run: WorkflowRun,
    /// The service that the image is of.
    pub service: Name,
    /// The image without tag and digest.
    pub image: String,
    /// Its digest.
    pub digest: ImageDigest,
    /// A tag of it, for what takes no digest.
    pub tag: Option<ImageTag>,
}

impl ImageReport {
    /// The longest name of an image that is taken.
    const IMAGE_LENGTH_MAX: usize = 255;

    /// Its order among reports: that of their runs.
    pub(super) fn order(&self) -> impl Ord + '_ {
        let Self {
            run,
            service,
            digest,
            ..
        } = self;
        (run.id, run.attempt, service, digest.as_str())
    }

    /// Whether `text` can be the name of an image without tag and digest, such as `ghcr.io/acme/shop-web` or
    /// `registry.example.com:5000/shop`.
    pub fn is_image(text: &str) -> bool {
        let allowed = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-/:".contains(&byte)
        };
        let last = text.rsplit('/').next().unwrap_or_default();
        (1..=Self::IMAGE_LENGTH_MAX).contains(&text.len())
            && text.bytes().all(allowed)
            && !last.is_empty()
            && !last.contains(':')
    }
}

/// What a line keeps of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportedImage {
    /// The run.
    pub run: u64,
    /// Its attempt.
    pub attempt: u64,
    /// The commit that it ran on.
    pub commit: CommitSha,
    /// The image without tag and digest.
    pub image: String,
    /// Its digest.
    pub digest: ImageDigest,
    /// A tag of it.
    pub tag: Option<ImageTag>,
}

impl From<&ImageReport> for ReportedImage {
    fn from(report: &ImageReport) -> Self {
        Self {
            run: report.run.id,
            attempt: report.run.attempt,
            commit: report.run.head_commit.clone(),
            image: report.image.clone(),
            digest: report.digest.clone(),
            tag: report.tag.clone(),
        }
    }
}

/// The reports that a line keeps: of each attempt of a run the first, and of the newest runs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Images(Vec<ReportedImage>);

impl Images {
    /// Far more than commits wait.
    const MAX: usize = 60;

    pub(super) fn keep(&mut self, image: ReportedImage) {
        let key = |image: &ReportedImage| (image.run, image.attempt);
        if !self.0.iter().any(|known| key(known) == key(&image)) {
            self.0.push(image);
            self.0.sort_by_key(key);
            let surplus = self.0.len().saturating_sub(Self::MAX);
            self.0.drain(..surplus);
        }
    }

    /// What `run` reported of `image`, in this attempt or before: of a run that is run again only what failed may be.
    pub(super) fn of(&self, run: &WorkflowRun, image: &str) -> Option<&ReportedImage> {
        let mut newest_first = self.0.iter().rev();
        newest_first.find(|known| {
            known.run == run.id
                && known.attempt <= run.attempt
                && known.commit == run.head_commit
                && known.image == image
        })
    }
}
