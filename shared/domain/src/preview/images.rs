//! The images that were deployed for a pull request: once it is closed and its previews are confirmed to be gone, their tags are deleted
//! from the registry, a day after it was closed: workflows give images of merged pull requests other names, and people reopen.
//!
//! Only a tag that names the pull request is ever deleted: one made by a template such as `pr-{number}-{short_commit}`. A tag of a
//! commit alone may be what production runs, and one of a number alone (`v{number}`) may be a release. That the image is this
//! repository's is for the registry's client to see to, since a tag does not name a repository. A pull request that is reopened needs
//! another build, so builds that were known when an image was deleted count no more.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use super::{
    Action, Effort, Preview, PullRequestState, Reaction, Revision, RunProgress, ServiceSettings,
    Trouble, WorkflowRun,
    plan::{Next, when_due},
    state::Sighting,
};
use crate::{ImageTag, RepositoryName, TargetId, Timestamp, configuration::Template};

/// Nothing is deleted before the pull request was closed for so long.
const GRACE: Duration = Duration::from_secs(24 * 3_600);
/// Of more tags the oldest are left in the registry.
const TAGS_MAX: usize = 60;
/// What stands before the number in a tag that names a pull request, without what separates the two.
const WORDS_FOR_PULL_REQUESTS: [&str; 5] = ["pr", "pull", "pullrequest", "preview", "mr"];

/// What became of the tag of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImageOutcome {
    /// It is deleted.
    Deleted,
    /// There was none any more.
    NotThere,
    /// It stays: what bears it bears others too, and they would go with it.
    Shared {
        /// Some of the others.
        others: Vec<String>,
    },
    /// It is in no registry that Slipway has a token for.
    NotOurs,
}

/// The image of a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct DeployedImage {
    pub(super) service: String,
    pub(super) application: TargetId,
    /// Its name without the tag.
    pub(super) image: String,
    pub(super) tag: ImageTag,
    /// The run that built it, and its attempt.
    run: (u64, u64),
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) outcome: Option<ImageOutcome>,
    /// Why it cannot be deleted, until a person changes something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) refusal: Option<String>,
}

impl DeployedImage {
    fn is(&self, image: &str, tag: &ImageTag) -> bool {
        self.image == image && self.tag == *tag
    }
}

/// The images that were deployed for the pull request.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Images {
    /// In the order of their first deployment.
    #[serde(default)]
    pub(super) deployed: Vec<DeployedImage>,
    /// Runs whose image was deleted, with the attempt.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    spent: BTreeMap<u64, u64>,
    /// The highest run that was known when an image was deleted: those up to it were there before.
    #[serde(default)]
    spent_up_to: u64,
    /// The tries at the image whose turn it is.
    #[serde(default)]
    effort: Effort,
}

impl Images {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether nothing is left to be done, or it is given up.
    pub(super) fn are_settled(&self) -> bool {
        self.effort.is_exhausted() || self.next().is_none()
    }

    fn next(&self) -> Option<&DeployedImage> {
        self.deployed
            .iter()
            .find(|image| image.outcome.is_none() && image.refusal.is_none())
    }

    fn note(&mut self, deployed: DeployedImage) {
        let same = |known: &DeployedImage| {
            known.image == deployed.image
                && known.tag == deployed.tag
                && known.application == deployed.application
        };
        self.deployed.retain(|known| !same(known));
        self.deployed.push(deployed);
        let surplus = self.deployed.len().saturating_sub(TAGS_MAX);
        self.deployed.drain(..surplus);
    }

    /// Takes in what became of a tag, whichever service it was deployed as.
    fn told(
        &mut self,
        (image, tag): (&str, &ImageTag),
        outcome: &ImageOutcome,
        known_runs: &[WorkflowRun],
    ) {
        self.effort.succeed();
        let mut spent = Vec::new();
        for known in self
            .deployed
            .iter_mut()
            .filter(|known| known.is(image, tag))
        {
            known.outcome = Some(outcome.clone());
            match outcome {
                ImageOutcome::Deleted | ImageOutcome::NotThere => spent.push(known.run),
                ImageOutcome::Shared { .. } | ImageOutcome::NotOurs => {}
            }
        }
        if spent.is_empty() {
            return;
        }
        for run in known_runs {
            self.spent_up_to = self.spent_up_to.max(run.id);
            if run.progress == RunProgress::Succeeded {
                spent.push((run.id, run.attempt));
            }
        }
        for (run, attempt) in spent {
            self.spent_up_to = self.spent_up_to.max(run);
            let newest = self.spent.entry(run).or_default();
            *newest = attempt.max(*newest);
        }
    }

    /// Notes a try in vain. What the registry refuses holds up no other image.
    fn not_deleted(
        &mut self,
        (image, tag): (&str, &ImageTag),
        trouble: &Trouble,
        (at, seed): (Timestamp, u64),
    ) {
        match trouble.reaction {
            Reaction::GiveUp => {
                self.effort.succeed();
                for known in self
                    .deployed
                    .iter_mut()
                    .filter(|known| known.is(image, tag))
                {
                    known.refusal = Some(trouble.reason.clone());
                }
            }
            Reaction::Retry { .. } | Reaction::ComeBack { .. } | Reaction::Look => {
                self.effort.fail(trouble, at, seed);
            }
        }
    }

    /// Lets everything be tried again, since something changed.
    pub(super) fn start_afresh(&mut self) {
        self.effort.start_afresh();
        for image in &mut self.deployed {
            image.refusal = None;
        }
    }

    /// How it stands with all of them: given up if one is refused.
    pub(super) fn standing(&self) -> Effort {
        let mut refusals = self
            .deployed
            .iter()
            .filter_map(|image| image.refusal.as_ref());
        let Some(first) = refusals.next() else {
            return self.effort.clone();
        };
        let more = refusals.count();
        let reason = match more {
            0 => first.clone(),
            _ => format!("{first} (and {more} more)"),
        };
        Effort {
            failures: Effort::FAILURES_MAX,
            last_error: Some(reason),
            ..self.effort.clone()
        }
    }

    /// Whether the image that `run` built may have been deleted since: also a second run for the same commit builds the same tag.
    pub(super) fn lack(&self, run: &WorkflowRun) -> bool {
        match self.spent.get(&run.id) {
            Some(attempt) => run.attempt <= *attempt,
            None => run.id <= self.spent_up_to && run.attempt <= 1,
        }
    }
}

/// The image of a service, without its tag.
fn image_of(service: &ServiceSettings, repository: &RepositoryName) -> Option<String> {
    let own = format!("ghcr.io/{}/", repository.owner()).to_lowercase();
    let image = match &service.image {
        Some(image) => image.clone(),
        None => crate::release::default_image(repository),
    };
    let is_foreign = image.starts_with("ghcr.io/") && !image.starts_with(&own);
    (!is_foreign).then_some(image)
}

/// Whether tags of this template name their pull request, and so are nobody else's.
fn names_pull_request(template: &Template) -> bool {
    let Some((before, _)) = template.as_str().split_once("{number}") else {
        return false;
    };
    let word = before
        .trim_end_matches(['-', '_', '.'])
        .rsplit(['-', '_', '.', '}'])
        .next()
        .unwrap_or_default();
    WORDS_FOR_PULL_REQUESTS
        .iter()
        .any(|known| word.eq_ignore_ascii_case(known))
}

impl Preview {
    /// Remembers what is about to be deployed, if its tag is one to be deleted in the end.
    pub(super) fn note_image(&mut self, application: &TargetId, revision: &Revision) {
        let Some(repository) = &self.repository else {
            return;
        };
        let of = |service: &&ServiceSettings| service.application == *application;
        let service = self
            .settings_in_force()
            .and_then(|settings| settings.services.iter().find(of));
        let Some(service) = service.filter(|service| names_pull_request(&service.tag)) else {
            return;
        };
        let Some(image) = image_of(service, repository) else {
            return;
        };
        let deployed = DeployedImage {
            service: service.service.clone(),
            application: application.clone(),
            image,
            tag: revision.tag.clone(),
            run: (revision.run, revision.run_attempt),
            outcome: None,
            refusal: None,
        };
        self.images.note(deployed);
    }

    /// Deletes the tags once the pull request is over for a day and nothing runs for it any more.
    pub(super) fn delete_image(&self, sighting: &Sighting, now: Timestamp) -> Next {
        let over = match sighting.pull_request.state {
            PullRequestState::Open => false,
            PullRequestState::Closed | PullRequestState::Merged => true,
        };
        let Some(image) = self.images.next().filter(|_| over && !self.is_deployed()) else {
            return Next::Nothing;
        };
        let from = sighting.state_since.after(GRACE);
        if from > now {
            return Next::At(from);
        }
        let delete = || Action::DeleteImage {
            repository: sighting.pull_request.repository.clone(),
            image: image.image.clone(),
            tag: image.tag.clone(),
        };
        match when_due(&self.images.effort, now, delete) {
            Next::Act(action) => self.with_fresh_look(Some(sighting), now, action),
            next @ (Next::At(_) | Next::Nothing) => next,
        }
    }

    pub(super) fn image_told(&mut self, image: &str, tag: &ImageTag, outcome: &ImageOutcome) {
        self.images.told((image, tag), outcome, &self.builds.runs);
    }

    pub(super) fn image_not_deleted(
        &mut self,
        image: (&str, &ImageTag),
        trouble: &Trouble,
        at: Timestamp,
    ) {
        let seed = self.seed();
        self.images.not_deleted(image, trouble, (at, seed));
    }

    /// What became of the images of one application, in plain words, and whether any was deleted; none if there is nothing to say.
    pub(super) fn images_in_words(&self, application: &TargetId) -> Option<(bool, String)> {
        let own = self
            .images
            .deployed
            .iter()
            .filter(|image| image.application == *application);
        let told: Vec<(bool, String)> = own
            .filter_map(|image| {
                let name = format!("{}:{}", image.image, image.tag);
                match image.outcome.as_ref()? {
                    ImageOutcome::Deleted => Some((true, format!("{name} was deleted"))),
                    ImageOutcome::Shared { others } => Some((
                        false,
                        format!("{name} stays, since it is also {}", others.join(", ")),
                    )),
                    ImageOutcome::NotThere | ImageOutcome::NotOurs => None,
                }
            })
            .collect();
        let words: Vec<&str> = told.iter().map(|(_, words)| words.as_str()).collect();
        let deleted = told.iter().any(|(deleted, _)| *deleted);
        (!words.is_empty()).then(|| (deleted, words.join("; ")))
    }
}
