//! The Kubernetes namespace of a pull request: others make it, Slipway looks whether it is there, and removes it.
//!
//! Which namespace that is says a label with the repository's id, so that the namespaces of two repositories are never mixed up,
//! and one that Slipway was not told of by its labels is left alone. Its name is one of two that are made of ids alone.

use std::{collections::BTreeMap, time::Duration};

use super::{
    Preview, Reaction, Revision, Trouble,
    fold_target::deployed,
    state::{Phase, Target},
    wanted::Wanted,
};
use crate::{CommitSha, DeploymentUuid, PreviewId, TargetId, Timestamp};

/// Between two looks for what others deploy, at first and later.
const FIND_PAUSE: Duration = Duration::from_secs(10);
const FIND_PAUSE_LONGEST: Duration = Duration::from_secs(300);

/// A build may outlive its pull request, and make its namespace anew: it is looked after at first, and then whenever half as long again
/// has gone by, for so long.
const LOOK_AFTER_PAUSE: Duration = Duration::from_secs(300);
const LOOK_AFTER_PAUSE_LONGEST: Duration = Duration::from_secs(12 * 3_600);
const LOOKED_AFTER_FOR: Duration = Duration::from_secs(3 * 86_400);

/// The label that holds the id of the repository on GitHub.
pub const REPOSITORY_LABEL: &str = "slipway/repository-id";
/// The label that holds the number of the pull request.
pub const NUMBER_LABEL: &str = "slipway/pull-request";
/// The label that holds the commit whose image runs in the namespace.
pub const COMMIT_LABEL: &str = "slipway/commit";

/// A namespace as Kubernetes shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenNamespace {
    /// Its name.
    pub name: String,
    /// What tells it from others that had the name before, or will have it.
    pub uid: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Whether it is being deleted.
    pub going: bool,
    /// What keeps it from going, in Kubernetes' words.
    pub remains: Option<String>,
}

impl SeenNamespace {
    /// Whether its labels say that it is that of the pull request.
    fn is_of(&self, id: PreviewId) -> bool {
        let says = |label: &str, value: String| self.labels.get(label) == Some(&value);
        says(REPOSITORY_LABEL, id.repository.to_string())
            && says(NUMBER_LABEL, id.number.to_string())
    }
}

/// Those of `seen` that belong to the pull request, by their labels: what is removed with its preview.
pub fn own_namespaces(id: PreviewId, seen: &[SeenNamespace]) -> Vec<&SeenNamespace> {
    let named = |namespace: &&SeenNamespace| namespace_names(id).contains(&namespace.name);
    let own = seen.iter().filter(|namespace| namespace.is_of(id));
    own.filter(named).collect()
}

/// The namespace in which `commit` runs for the pull request; the error says to people what is there instead.
pub fn find_namespace<'a>(
    id: PreviewId,
    commit: &CommitSha,
    seen: &'a [SeenNamespace],
) -> Result<&'a SeenNamespace, String> {
    let own = own_namespaces(id, seen);
    let runs = |namespace: &SeenNamespace| namespace.labels.get(COMMIT_LABEL).cloned();
    let found = own
        .iter()
        .find(|namespace| !namespace.going && runs(namespace).as_deref() == Some(commit.as_str()));
    if let Some(found) = found {
        return Ok(found);
    }
    let [name, long_name] = namespace_names(id);
    Err(match (own.first(), seen.first()) {
        (Some(own), _) if own.going => format!("the namespace {} is being removed", own.name),
        (Some(own), _) => match runs(own) {
            Some(other) => {
                let other: String = other.chars().take(7).collect();
                let head = commit.short();
                format!(
                    "the namespace {} runs {other}, and not {head} yet",
                    own.name
                )
            }
            None => format!("the namespace {} lacks the label {COMMIT_LABEL}", own.name),
        },
        (None, Some(other)) => format!(
            "the namespace {} lacks the labels {REPOSITORY_LABEL}={} and {NUMBER_LABEL}={}, or is another repository's",
            other.name, id.repository, id.number
        ),
        (None, None) => format!("there is no namespace {name} or {long_name} yet"),
    })
}

/// The names that the namespace of a pull request may have: the first where a cluster serves one repository, the second anywhere.
pub fn namespace_names(id: PreviewId) -> [String; 2] {
    [
        format!("preview-{}", id.number),
        format!("preview-{}-{}", id.repository, id.number),
    ]
}

impl Preview {
    /// What is waited for while the namespace is not there with the head commit.
    pub(super) fn told_namespace(&self) -> &str {
        let target = self.targets.get(&TargetId::Namespace);
        let told = target.and_then(|target| target.effort.last_error.as_deref());
        told.unwrap_or("looking for its namespace")
    }

    /// Whoever makes the namespace says nothing of it, and may do so before the build is over: as soon as there is to be a
    /// preview there may be a namespace.
    pub(super) fn expect_namespace(&mut self) {
        let id = TargetId::Namespace;
        let awaited = match self.wanted(&id) {
            Wanted::Present { .. } | Wanted::Awaited | Wanted::Needing(_) => true,
            Wanted::Crowded(_)
            | Wanted::Unapproved(_)
            | Wanted::CommitSkipped
            | Wanted::Absent(_)
            | Wanted::Undecided => false,
        };
        if !awaited {
            return;
        }
        let settings = self.settings_in_force().into_iter();
        let services = settings.flat_map(|settings| &settings.services);
        let named = services.filter(|service| service.application == id);
        let Some(service) = named.map(|service| service.service.clone()).next() else {
            return;
        };
        let target = self
            .targets
            .entry(id)
            .or_insert_with(|| Target::new(service.clone()));
        target.service = service;
        target.expect();
    }
}

impl Preview {
    /// When to look whether a build that outlived the wish for a preview made its namespace once more; none if no such build can be
    /// left, or nobody but Slipway deploys there.
    pub(super) fn look_after_at(
        &self,
        application: &TargetId,
        target: &Target,
    ) -> Option<Timestamp> {
        let is_made_by_others = match application {
            TargetId::Namespace => true,
            TargetId::Coolify(_) | TargetId::VirtualCluster => false,
        };
        let sighting = self.sighting.as_ref().filter(|_| is_made_by_others)?;
        let removed_at = match &target.phase {
            Phase::Idle { removed_at } => *removed_at,
            Phase::Starting { .. }
            | Phase::Underway { .. }
            | Phase::Deployed { .. }
            | Phase::Failed { .. }
            | Phase::Removing(_) => return None,
        };
        let known_since = sighting.head_since.max(sighting.state_since);
        let since = removed_at.map_or(known_since, |removed_at| known_since.max(removed_at));
        let last = target.looked_after_at.map_or(since, |at| at.max(since));
        let gone_by = last.since(since);
        let pause = (gone_by / 2).clamp(LOOK_AFTER_PAUSE, LOOK_AFTER_PAUSE_LONGEST);
        (gone_by < LOOKED_AFTER_FOR).then(|| last.after(pause))
    }
}

impl Target {
    /// What others left behind is removed like what was deployed.
    pub(super) fn looked_after(&mut self, found: bool, at: Timestamp) {
        self.effort.succeed();
        self.looked_after_at = Some(at);
        self.occupied = self.occupied || found;
    }

    /// Somebody may have deployed there what is to be removed one day.
    fn expect(&mut self) {
        self.occupied = true;
    }

    /// Others deployed this revision.
    pub(super) fn found(
        &mut self,
        revision: &Revision,
        deployment: &DeploymentUuid,
        at: Timestamp,
    ) {
        if matches!(self.phase, Phase::Removing(_)) {
            return;
        }
        self.occupied = true;
        self.awaited_since = None;
        self.effort.succeed();
        self.asked_at = Some(at);
        self.last_deployment = Some(deployment.clone());
        self.phase = deployed(revision.clone(), deployment.clone(), at);
    }

    pub(super) fn not_found(&mut self, reason: &str, at: Timestamp, seed: u64) {
        let since = *self.awaited_since.get_or_insert(at);
        let pause = (at.since(since) / 8).clamp(FIND_PAUSE, FIND_PAUSE_LONGEST);
        let trouble = Trouble {
            reason: reason.to_owned(),
            reaction: Reaction::ComeBack {
                after_milliseconds: u64::try_from(pause.as_millis()).unwrap_or(u64::MAX),
            },
        };
        self.effort.fail(&trouble, at, seed);
    }
}
