//! How deployments and removals move on: the queue, the containers that come and go, the clean-up that comes late.

use super::state::{Container, CoolifyState, DeploymentStatus, Health, Pace, Place};

/// Whether Docker takes it as a tag (VENDORS 1.3); /deploy does not ask.
pub(crate) fn is_valid_tag(tag: &str) -> bool {
    let mut characters = tag.chars();
    let first = characters
        .next()
        .is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
    first
        && tag.len() <= 128
        && characters.all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))
}

impl CoolifyState {
    /// Whether a queued deployment may begin: nothing else of its application and pull request runs, and the server has
    /// a free builder (VENDORS 1.2).
    fn may_start(&self, uuid: &str) -> bool {
        let Some(deployment) = self.deployment(uuid) else {
            return false;
        };
        let running = || {
            self.deployments
                .iter()
                .filter(|other| other.status == DeploymentStatus::InProgress)
        };
        running().count() < self.settings.concurrent_builds
            && !running().any(|other| {
                other.application == deployment.application
                    && other.pull_request == deployment.pull_request
            })
    }

    /// Begins a queued deployment; false when it is not queued or must wait. The preview goes down: pull request
    /// deployments stop the old container first (VENDORS 1.3), unless the new image cannot even be pulled.
    pub(crate) fn start(&mut self, uuid: &str, now: i64) -> bool {
        let queued = self
            .deployment(uuid)
            .is_some_and(|deployment| deployment.status == DeploymentStatus::Queued);
        if !queued || !self.may_start(uuid) {
            return false;
        }
        let pullable = self.is_pullable(uuid);
        let Some(deployment) = self.deployment_mut(uuid) else {
            return false;
        };
        deployment.status = DeploymentStatus::InProgress;
        deployment.updated_at = now;
        let place = (deployment.application.clone(), deployment.pull_request);
        if pullable && place.1 > 0 {
            self.containers.remove(&place);
        }
        true
    }

    fn is_pullable(&self, uuid: &str) -> bool {
        let tag = self
            .deployment(uuid)
            .and_then(|deployment| deployment.tag.as_deref());
        tag.is_none_or(|tag| is_valid_tag(tag) && !self.missing_tags.contains(tag))
    }

    /// Ends a running deployment: `finished` with a container that is only just starting, or `failed` when its image
    /// cannot be pulled. False when it does not run.
    pub(crate) fn finish(&mut self, uuid: &str, now: i64) -> bool {
        if !self.is_pullable(uuid) {
            return self.fail(uuid, now);
        }
        let probes = self.settings.probes_until_healthy;
        let Some(deployment) = self
            .deployment_mut(uuid)
            .filter(|found| found.status == DeploymentStatus::InProgress)
        else {
            return false;
        };
        deployment.status = DeploymentStatus::Finished;
        deployment.updated_at = now;
        let place = (deployment.application.clone(), deployment.pull_request);
        let (uuid, tag) = (deployment.uuid.clone(), deployment.tag.clone());
        let Some(application) = self.applications.get(&place.0) else {
            return true;
        };
        let tag = tag.unwrap_or_else(|| application.tag.clone());
        let health = if self.sick_tags.contains(&tag) {
            Health::Sick
        } else {
            Health::Starting(probes)
        };
        let image = format!("{}:{tag}", application.image);
        self.containers.insert(
            place,
            Container {
                image,
                tag,
                deployment: uuid,
                health,
            },
        );
        true
    }

    /// Ends a running or queued deployment badly; false when it was over.
    pub(crate) fn fail(&mut self, uuid: &str, now: i64) -> bool {
        self.end(uuid, DeploymentStatus::Failed, now)
    }

    /// Ends a running or queued deployment on somebody's wish; false when it was over.
    pub(crate) fn cancel(&mut self, uuid: &str, now: i64) -> bool {
        self.end(uuid, DeploymentStatus::Cancelled, now)
    }

    fn end(&mut self, uuid: &str, status: DeploymentStatus, now: i64) -> bool {
        let Some(deployment) = self
            .deployment_mut(uuid)
            .filter(|found| found.status.is_active())
        else {
            return false;
        };
        deployment.status = status;
        deployment.updated_at = now;
        true
    }

    /// Moves every deployment on one step: running ones end, then queued ones begin as far as they may.
    pub(crate) fn step(&mut self, now: i64) {
        let with = |state: &Self, status| -> Vec<String> {
            state
                .deployments
                .iter()
                .filter(|found| found.status == status)
                .map(|found| found.uuid.clone())
                .collect()
        };
        let queued = with(self, DeploymentStatus::Queued);
        for uuid in with(self, DeploymentStatus::InProgress) {
            self.finish(&uuid, now);
        }
        for uuid in queued {
            self.start(&uuid, now);
        }
    }

    /// What a request that looks at deployments brings about.
    pub(crate) fn polled(&mut self, now: i64) {
        if self.settings.pace == Pace::ByPolling {
            self.step(now);
        }
    }

    /// What time brings about: removals that are due run.
    pub(crate) fn time_passes(&mut self) {
        if self.settings.pace == Pace::ByHand {
            return;
        }
        let mut due = Vec::new();
        for removal in &mut self.removals {
            match removal.requests_left.checked_sub(1) {
                Some(left) => removal.requests_left = left,
                None => due.push(removal.place.clone()),
            }
        }
        for place in due {
            self.run_removal(&place);
        }
    }

    /// The asynchronous clean-up: kills every container labelled with the pull request, one just redeployed included
    /// (VENDORS 1.3). False when none is queued.
    pub(crate) fn run_removal(&mut self, place: &Place) -> bool {
        let before = self.removals.len();
        self.removals.retain(|removal| &removal.place != place);
        let ran = self.removals.len() < before;
        if ran {
            self.containers.remove(place);
        }
        ran
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_dockers() {
        for good in ["pr-7", "_x", "1.2.3", "sha256-0123456789abcdef"] {
            assert!(is_valid_tag(good), "{good}");
        }
        for bad in ["", "-x", ".x", "a b", "a/b", "a:b", &"x".repeat(129)] {
            assert!(!is_valid_tag(bad), "{bad}");
        }
    }
}
