//! The preview as the runtime runs it, with a ghost beside its state that remembers what the runner was told, so that every
//! call to a vendor can be held against it. Two of the mutations sit here too.

use domain::{
    CommitSha, PreviewId, TargetId, Timestamp,
    directory::{Attention, Kind},
    entity::{self, Action as _, Entity, GivenUp, Step},
    preview::{Action, Fact, Preview, TargetAction},
};
use ports::Clock;
use runtime::{Claim, Executor, preview::PreviewExecutor};
use serde::{Deserialize, Serialize};

use crate::{
    ghost::{Ghost, variables_of},
    instance::VendorHttp,
    mutation::Mutation,
    port::Port,
};

/// A fact, after the intent that should have been saved before it if that guard is taken away.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Noted {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    intent: Option<Fact>,
    fact: Fact,
    /// Whether the order of sightings is not looked at.
    #[serde(default)]
    unordered: bool,
}

impl Noted {
    pub(crate) fn new(fact: Fact, mutation: Option<Mutation>) -> Self {
        Self {
            intent: None,
            fact,
            unordered: mutation == Some(Mutation::Order),
        }
    }
}

impl From<Fact> for Noted {
    fn from(fact: Fact) -> Self {
        Self::new(fact, None)
    }
}

/// The preview and its ghost.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Watched {
    preview: Preview,
    ghost: Ghost,
}

/// An action and what its runner knew.
#[derive(Debug, Clone)]
pub(crate) struct WatchedAction {
    action: Action,
    ghost: Ghost,
    save_after: bool,
}

impl AsRef<Preview> for Watched {
    fn as_ref(&self) -> &Preview {
        &self.preview
    }
}

impl Entity for Watched {
    type Id = PreviewId;
    type Fact = Noted;
    type Action = WatchedAction;

    const LISTED: Option<Kind> = Preview::LISTED;

    fn new(id: PreviewId) -> Self {
        Self {
            preview: Preview::new(id),
            ghost: Ghost::default(),
        }
    }

    fn record(&mut self, noted: &Noted, at: Timestamp) {
        for fact in noted.intent.iter().chain([&noted.fact]) {
            self.ghost.record(fact, at);
            self.ghost.unordered = noted.unordered || self.ghost.unordered;
            if self.ghost.unordered {
                let at = at.max(self.ghost.newest_update());
                self.preview.record(&dated(fact, at), at);
            } else {
                self.preview.record(fact, at);
            }
        }
    }

    fn plan(&self, now: Timestamp) -> Step<WatchedAction> {
        match self.preview.plan(now) {
            Step::Act(action) => Step::Act(WatchedAction {
                action,
                ghost: self.ghost.clone(),
                save_after: SAVE_AFTER.get(),
            }),
            Step::Wait { until } => Step::Wait { until },
            Step::Settled => Step::Settled,
            Step::Forget => Step::Forget,
        }
    }

    fn attention(&self) -> Attention {
        self.preview.attention()
    }

    fn given_up(&self) -> Vec<GivenUp> {
        self.preview.given_up()
    }

    fn claims(&self) -> Vec<String> {
        self.preview.claims()
    }
}

thread_local! {
    /// Whether intents are saved only with their outcome: an entity knows nothing of the seed that it is part of.
    pub(crate) static SAVE_AFTER: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// The fact as if GitHub had dated it when it arrived.
fn dated(fact: &Fact, at: Timestamp) -> Fact {
    let mut fact = fact.clone();
    if let Fact::PullRequestDelivered { pull_request } | Fact::PullRequestRead { pull_request } =
        &mut fact
    {
        pull_request.updated_at = at;
    }
    fact
}

impl entity::Action for WatchedAction {
    type Fact = Noted;

    fn intent(&self) -> Option<Noted> {
        let intent = self.action.intent().filter(|_| !self.save_after)?;
        Some(Noted::new(intent, None))
    }

    fn claim(&self) -> Option<String> {
        self.action.claim()
    }
}

/// Does what plans ask for, after having looked whether they may.
pub(crate) struct WatchedExecutor<'a> {
    pub(crate) inner:
        PreviewExecutor<VendorHttp<'a>, &'a Port, &'a Port, &'a Port, &'a Port, Watched>,
    pub(crate) port: &'a Port,
}

impl Executor<Watched> for WatchedExecutor<'_> {
    async fn held_back(&self, id: &PreviewId, action: &WatchedAction) -> Option<Noted> {
        let fact = self.inner.held_back(id, &action.action).await?;
        Some(Noted {
            intent: None,
            fact,
            unordered: false,
        })
    }

    async fn execute(&self, id: &PreviewId, action: &WatchedAction, claim: Claim) -> Noted {
        self.check(*id, action, claim);
        let fact = self.inner.execute(id, &action.action, claim).await;
        Noted {
            intent: action.action.intent().filter(|_| action.save_after),
            fact,
            unordered: false,
        }
    }
}

/// What an action does, for counting.
const fn name(action: &Action) -> &'static str {
    match action {
        Action::ReadPullRequest { .. } => "reading the pull request",
        Action::ReadConfiguration { .. } => "reading the configuration",
        Action::ReadPermission { .. } => "reading a permission",
        Action::NoteExpiry { .. } => "noting the end",
        Action::Admission { .. } => "seeing to its place",
        Action::ReadRuns { .. } => "reading the runs",
        Action::ReadFiles { .. } => "reading the changed files",
        Action::PublishComment { .. } => "writing the comment",
        Action::PublishReport(_) => "writing a report",
        Action::SweepDeployments { .. } => "deleting deployments",
        Action::DeleteImage { .. } => "deleting an image",
        Action::JudgeRequest { .. } => "reading the permission of who asks",
        Action::Target { action, .. } => match action {
            TargetAction::Start { .. } => "starting",
            TargetAction::ResolveStart { .. } => "resolving a start",
            TargetAction::Find { .. } => "looking for what others deploy",
            TargetAction::LookAfter => "looking after what others left behind",
            TargetAction::Look { .. } => "looking for a deployment",
            TargetAction::Poll { .. } => "polling",
            TargetAction::Cancel { .. } => "cancelling",
            TargetAction::Probe { .. } => "probing",
            TargetAction::ReadVariables { .. } => "reading the variables",
            TargetAction::Remove => "removing",
        },
    }
}

impl WatchedExecutor<'_> {
    fn check(&self, id: PreviewId, action: &WatchedAction, claim: Claim) {
        let ghost = &action.ghost;
        let sim = &self.port.sim;
        let asked = name(&action.action);
        sim.oracle.borrow_mut().asked(sim, &id.to_string(), asked);
        let (effort, begins_removal) = match &action.action {
            Action::ReadPullRequest { .. } => ("pull request", false),
            Action::ReadConfiguration { .. } => ("configuration", false),
            Action::ReadPermission { .. } => ("permission", false),
            Action::NoteExpiry { .. } | Action::Admission { .. } => return,
            Action::ReadRuns { .. } => ("runs", false),
            Action::ReadFiles { .. } => ("files", false),
            Action::PublishComment { .. } => ("comment", false),
            Action::PublishReport(wish) => {
                let report = &wish.report;
                let what = format!("{:?} on {}", report.kind, report.commit);
                return self.check_pause(id, &what, false, ghost);
            }
            Action::SweepDeployments { .. } => ("sweep", false),
            Action::DeleteImage { .. } => ("image", false),
            Action::JudgeRequest { .. } => return,
            Action::Target {
                application,
                action: target,
            } => {
                match target {
                    TargetAction::Start { revision, .. } if claim == Claim::First => {
                        self.check_start(id, application, &revision.commit, ghost);
                    }
                    TargetAction::Remove => self.check_removal(id, application, ghost),
                    TargetAction::ResolveStart { .. } => return,
                    TargetAction::ReadVariables { .. } => {
                        let what = variables_of(application.as_str());
                        return self.check_pause(id, &what, false, ghost);
                    }
                    TargetAction::Start { .. }
                    | TargetAction::Find { .. }
                    | TargetAction::LookAfter
                    | TargetAction::Look { .. }
                    | TargetAction::Poll { .. }
                    | TargetAction::Cancel { .. }
                    | TargetAction::Probe { .. } => {}
                }
                let application = application.as_str();
                let begins_removal =
                    *target == TargetAction::Remove && !ghost.removing.contains(application);
                (application, begins_removal)
            }
        };
        self.check_pause(id, effort, begins_removal, ghost);
    }

    /// Nothing is tried again before its time; the beginning of a removal waits for the vendor's wish alone.
    fn check_pause(&self, id: PreviewId, effort: &str, begins_removal: bool, ghost: &Ghost) {
        let sim = &self.port.sim;
        // An old sighting that is taken for a new one ends pauses too, but that mutation is to be noticed by what it does.
        let Some(tries) = ghost.efforts.get(effort).filter(|_| !ghost.unordered) else {
            return;
        };
        let earliest = if begins_removal {
            tries.wish_until
        } else {
            tries.pause_until.max(tries.wish_until)
        };
        let early = earliest.milliseconds() - self.port.now().milliseconds();
        if early > sim.skew_max {
            sim.violate(|| {
                format!(
                    "{id}: {effort} is tried again {early} ms too early after {} failures",
                    tries.failures
                )
            });
        }
    }

    /// Nothing is deployed that the runner knows to be superseded or closed.
    fn check_start(&self, id: PreviewId, target: &TargetId, commit: &CommitSha, ghost: &Ghost) {
        let sim = &self.port.sim;
        let service = sim
            .github
            .borrow()
            .service_on(id.repository, target)
            .cloned();
        if let Some(service) = service {
            let mut oracle = sim.oracle.borrow_mut();
            oracle.intended(&service.application, id.number.0, commit.as_str());
            oracle.must_be_next(sim, &service, id, commit.as_str());
        }
        if ghost.wants(commit) == Some(false) {
            self.port.sim.violate(|| {
                let newest = &ghost.newest;
                format!(
                    "{id}: {} is deployed, though the runner knows better: {newest:?}",
                    commit.short()
                )
            });
        }
    }

    /// A removal is begun only if the runner knows of nothing that it should be kept for.
    fn check_removal(&self, id: PreviewId, target: &TargetId, ghost: &Ghost) {
        let sim = &self.port.sim;
        if *target == TargetId::VirtualCluster {
            let owner = sim.platform.borrow().owner(id.number.0);
            if owner.is_some_and(|owner| owner != id.repository) {
                sim.violate(|| format!("{id}: the virtual cluster of {owner:?} is removed"));
            }
        }
        let Some(newest) = ghost.newest.as_ref().filter(|newest| !newest.ambiguous) else {
            return;
        };
        let kept = {
            let github = sim.github.borrow();
            let services = github
                .pull(id)
                .and_then(|pull| github.repository_of(pull))
                .map(|repository| repository.services.clone())
                .unwrap_or_default();
            services
                .iter()
                // Of one that ends by itself this cannot tell when.
                .filter(|service| service.is_on(target) && service.ttl.is_none())
                .any(|service| !service.refuses(id.repository, &newest.pull_request))
        };
        if kept && !ghost.removing.contains(target.as_str()) {
            sim.violate(|| {
                format!("{id}: {target} is removed, though the runner knows better: {newest:?}")
            });
        }
    }
}
