//! What happened, folded away below the comment: decisions and how long things took.

use super::super::{
    PullRequest, PullRequestState,
    state::{Phase, Preview, Target},
    wanted::Build,
};
use crate::{CommitSha, TargetId, Timestamp, markdown::code};

/// The fold; none if there is nothing to tell.
pub(super) fn fold(preview: &Preview, pull_request: &PullRequest) -> Option<String> {
    let mut events = events(preview, pull_request)?;
    // That there is a commit is no story.
    if events.len() < 2 {
        return None;
    }
    events.sort_by_key(|(at, _)| *at);
    let lines: Vec<String> = events
        .iter()
        .map(|(at, what)| format!("- {at}: {what}\n"))
        .collect();
    Some(format!(
        "<details><summary>What happened</summary>\n\n{}\n</details>\n",
        lines.concat()
    ))
}

/// What is known to have happened. Looks and probes are left out: they would change the comment without any news.
fn events(preview: &Preview, pull_request: &PullRequest) -> Option<Vec<(Timestamp, String)>> {
    let sighting = preview.sighting.as_ref()?;
    let head = code(pull_request.head_commit.short());
    let mut events = vec![(
        sighting.head_since,
        format!("{head} became the head commit"),
    )];
    match pull_request.state {
        PullRequestState::Open => {}
        PullRequestState::Closed => events.push((sighting.state_since, "closed".to_owned())),
        PullRequestState::Merged => events.push((sighting.state_since, "merged".to_owned())),
    }
    let build = preview
        .settings_in_force()
        .map(|settings| preview.build(settings));
    for (application, target) in &preview.targets {
        if let (Some(Build::Succeeded(run)), Some(at)) = (build, target.started_at(pull_request)) {
            let attempt = run.attempt;
            events.push((
                at,
                format!(
                    "{}: deployed what run {} (attempt {attempt}) of {} built",
                    code(&target.service),
                    run.id,
                    code(&run.name)
                ),
            ));
        }
        events.extend(target.outcome(application, pull_request, sighting.head_since));
    }
    Some(events)
}

impl Target {
    /// When the deployment of the head commit that is there, or on its way, was begun.
    fn started_at(&self, pull_request: &PullRequest) -> Option<Timestamp> {
        let revision = self.revision()?;
        self.asked_at
            .filter(|_| revision.commit == pull_request.head_commit)
    }

    /// What came of it in the end, and how long after the push.
    fn outcome(
        &self,
        application: &TargetId,
        pull_request: &PullRequest,
        pushed: Timestamp,
    ) -> Option<(Timestamp, String)> {
        let at = self.changed_at()?;
        let service = code(&self.service);
        let took = |commit: &CommitSha| {
            if *commit == pull_request.head_commit {
                let seconds = at.since(pushed).as_secs();
                format!("ready, {seconds} s after the push")
            } else {
                format!("{} was ready", code(commit.short()))
            }
        };
        let told = match &self.phase {
            Phase::Deployed {
                revision, health, ..
            } if health.healthy_at.is_some() => format!("{service}: {}", took(&revision.commit)),
            Phase::Deployed { .. } => format!("{service}: {}", application.begun()),
            Phase::Failed { .. } => format!("{service}: the deployment failed"),
            Phase::Removing(_) => format!("{service}: the removal began"),
            Phase::Idle {
                removed_at: Some(_),
            } => format!(
                "{service}: removed, and {} said twice that nothing is there",
                application.vendor()
            ),
            Phase::Idle { removed_at: None } | Phase::Starting { .. } | Phase::Underway { .. } => {
                return None;
            }
        };
        Some((at, told))
    }

    /// When it last changed, as people see it.
    pub(super) fn changed_at(&self) -> Option<Timestamp> {
        match &self.phase {
            Phase::Idle { removed_at } => *removed_at,
            Phase::Starting { since, .. } | Phase::Underway { since, .. } => Some(*since),
            Phase::Deployed { health, .. } => Some(health.healthy_at.unwrap_or(health.since)),
            Phase::Failed { at, .. } => *at,
            Phase::Removing(removal) => Some(removal.since),
        }
    }
}
