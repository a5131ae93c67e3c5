//! What is known to have happened to a preview, for people.

use super::{
    Preview,
    state::{Phase, Target},
};
use crate::{TargetId, Timestamp};

impl Preview {
    /// What is known to have happened, the oldest first. Only the newest of each kind is stored.
    pub fn timeline(&self) -> Vec<(Timestamp, String)> {
        let mut events = Vec::new();
        if let Some(sighting) = &self.sighting {
            let pull_request = &sighting.pull_request;
            let commit = pull_request.head_commit.short();
            events.push((
                sighting.head_since,
                format!("the head commit {commit} became known"),
            ));
            let state = match pull_request.state {
                super::PullRequestState::Open => "open",
                super::PullRequestState::Closed => "closed",
                super::PullRequestState::Merged => "merged",
            };
            events.push((
                sighting.state_since,
                format!("the pull request became known as {state}"),
            ));
            if let Some(at) = sighting.confirmed_at {
                events.push((at, "GitHub confirmed the pull request".to_owned()));
            }
        }
        if let Some(at) = self.builds.read_at {
            events.push((at, "the workflow runs were read".to_owned()));
        }
        for (application, target) in &self.targets {
            target.tell(application, &mut events);
        }
        if let Some(at) = self.comment.published_at {
            events.push((at, "the comment was written".to_owned()));
        }
        events.sort_by_key(|(at, _)| *at);
        events
    }
}

impl Target {
    /// Adds what is known of the past of this application.
    fn tell(&self, application: &TargetId, events: &mut Vec<(Timestamp, String)>) {
        let service = &self.service;
        let mut add = |at: Timestamp, what: &str| events.push((at, format!("{service}: {what}")));
        match &self.phase {
            Phase::Idle { removed_at } => {
                if let Some(at) = removed_at {
                    add(*at, "the preview was removed");
                }
            }
            Phase::Starting { since, .. } => add(*since, "a deployment was intended"),
            Phase::Underway { since, .. } => add(*since, "Coolify took the deployment"),
            Phase::Deployed { health, .. } => {
                add(health.since, application.begun());
                match (health.healthy_at, health.probed_at) {
                    (Some(at), _) => add(at, "it was found healthy"),
                    (None, Some(at)) => add(at, "it was probed and is not healthy"),
                    (None, None) => {}
                }
            }
            Phase::Failed { at, .. } => {
                if let Some(at) = at {
                    add(*at, "the deployment failed");
                }
            }
            Phase::Removing(removal) => add(removal.since, "the removal began"),
        }
    }
}
