//! The preview as the runtime runs it, with a ghost beside its state that remembers what the runner was told, so that every
//! call to a vendor can be held against it. Two of the mutations sit here too.

use std::collections::{BTreeMap, BTreeSet};

use domain::{CommitSha, PreviewId};
use domain::{
    Timestamp,
    entity::{self, Action as _, Entity, GivenUp, Step},
    preview::{
        Action, Fact, Preview, PullRequest, PullRequestState, Reaction, TargetAction, TargetFact,
        Trouble,
    },
};
use ports::Clock;
use runtime::{Claim, Executor, preview::PreviewExecutor};
use serde::{Deserialize, Serialize};

use crate::{instance::VendorHttp, mutation::Mutation, port::Port};

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

/// What the runner was told.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Ghost {
    /// The newest sighting of the pull request.
    newest: Option<Newest>,
    /// The tries in vain, by what was tried.
    efforts: BTreeMap<String, Tries>,
    /// The applications whose removal was begun.
    removing: BTreeSet<String>,
    /// Counts up with all that resets a runner's pauses.
    unordered: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Newest {
    pull_request: PullRequest,
    /// Whether another sighting of the same second says something else.
    ambiguous: bool,
}

/// Tries in vain, as the policy counts them.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Tries {
    failures: u32,
    /// Not before this, by the policy.
    pause_until: Timestamp,
    /// Not before this, by the vendor's wish.
    wish_until: Timestamp,
}

impl Tries {
    fn start_afresh(&mut self) {
        self.failures = 0;
        self.pause_until = Timestamp::default();
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

impl Ghost {
    fn newest_update(&self) -> Timestamp {
        self.newest
            .as_ref()
            .map_or_else(Timestamp::default, |newest| newest.pull_request.updated_at)
    }

    fn record(&mut self, fact: &Fact, at: Timestamp) {
        match fact {
            Fact::PullRequestDelivered { pull_request } => {
                if self.sighted(pull_request) {
                    self.person_acted();
                }
            }
            Fact::PullRequestDoubted { .. } => {
                if let Some(tries) = self.efforts.get_mut("pull request") {
                    tries.start_afresh();
                }
            }
            Fact::PullRequestRead { pull_request } => {
                self.well("pull request");
                let doubted = self.newest.as_ref().is_some_and(|newest| newest.ambiguous);
                let head = self
                    .newest
                    .as_ref()
                    .map(|newest| newest.pull_request.head_commit.clone());
                let other_head = head.as_ref() != Some(&pull_request.head_commit);
                if self.sighted(pull_request) && (other_head || doubted) {
                    self.person_acted();
                }
            }
            Fact::ExpiryNoted { .. } => {}
            // No installation of an App is simulated.
            Fact::Access { .. } => {}
            Fact::RetryAsked => self.person_acted(),
            // No comments of people are simulated.
            Fact::Commanded(_) => {}
            Fact::LabelAdded(_) => {
                if let Some(tries) = self.efforts.get_mut("permission") {
                    tries.start_afresh();
                }
            }
            Fact::PermissionRead { .. } => self.well("permission"),
            Fact::PermissionNotRead { trouble } => self.in_vain("permission", trouble, at),
            Fact::PullRequestNotRead { trouble } => self.in_vain("pull request", trouble, at),
            Fact::RunDelivered { .. } => self.well("runs"),
            Fact::RunsRead { .. } => self.well("runs"),
            Fact::RunsNotRead { trouble } => self.in_vain("runs", trouble, at),
            Fact::ConfigurationRead { .. } => self.well("configuration"),
            Fact::ConfigurationChanged => {
                if let Some(tries) = self.efforts.get_mut("configuration") {
                    tries.start_afresh();
                }
            }
            Fact::ConfigurationNotRead { trouble } => self.in_vain("configuration", trouble, at),
            Fact::Target { application, fact } => {
                self.record_target(application.as_str(), fact, at)
            }
            Fact::CommentIntended { .. } | Fact::CommentChanging | Fact::CommentGone => {}
            Fact::CommentPublished { .. } => self.well("comment"),
            Fact::CommentNotPublished { trouble } => self.in_vain("comment", trouble, at),
        }
    }

    fn record_target(&mut self, application: &str, fact: &TargetFact, at: Timestamp) {
        match fact {
            TargetFact::StartIntended { .. } => {
                self.removing.remove(application);
            }
            TargetFact::RemovalIntended => {
                self.removing.insert(application.to_owned());
                if let Some(tries) = self.efforts.get_mut(application) {
                    tries.start_afresh();
                }
            }
            TargetFact::RemovalAsked { .. } => self.well(application),
            TargetFact::StartFailed { trouble, .. } | TargetFact::Troubled { trouble } => {
                self.in_vain(application, trouble, at);
            }
            TargetFact::Queued { .. } | TargetFact::Seen { .. } | TargetFact::Probed { .. } => {
                self.well(application);
            }
            TargetFact::Looked { found: Some(_), .. } => self.well(application),
            TargetFact::StartVoided { .. }
            | TargetFact::StartUncertain { .. }
            | TargetFact::InTheWay { .. }
            | TargetFact::Looked { found: None, .. } => {}
        }
    }

    /// Takes in a sighting; returns whether it is news.
    fn sighted(&mut self, pull_request: &PullRequest) -> bool {
        if let Some(newest) = &mut self.newest {
            if pull_request.updated_at < newest.pull_request.updated_at
                || (*pull_request == newest.pull_request && !newest.ambiguous)
            {
                return false;
            }
            if pull_request.updated_at == newest.pull_request.updated_at {
                newest.ambiguous = true;
                return true;
            }
        }
        self.newest = Some(Newest {
            pull_request: pull_request.clone(),
            ambiguous: false,
        });
        true
    }

    /// What a person does lets everything be tried at once, but for what the vendor wished.
    fn person_acted(&mut self) {
        for tries in self.efforts.values_mut() {
            tries.start_afresh();
        }
    }

    fn well(&mut self, what: &str) {
        self.efforts.remove(what);
    }

    fn in_vain(&mut self, what: &str, trouble: &Trouble, at: Timestamp) {
        let tries = self.efforts.entry(what.to_owned()).or_default();
        if let Reaction::ComeBack { after_milliseconds } = trouble.reaction {
            let pause = i64::try_from(after_milliseconds).unwrap_or_default();
            tries.pause_until = Timestamp::from_milliseconds(at.milliseconds() + pause);
            return;
        }
        tries.failures += 1;
        let full = (2_000_i64 << (tries.failures - 1).min(10)).min(300_000);
        tries.pause_until = Timestamp::from_milliseconds(at.milliseconds() + full * 3 / 4);
        if let Reaction::Retry {
            after_milliseconds: Some(wish),
        } = trouble.reaction
        {
            let wish = i64::try_from(wish).unwrap_or_default();
            tries.wish_until = Timestamp::from_milliseconds(at.milliseconds() + wish);
        }
    }

    /// Whether the newest sighting is of this commit, and open; none if that cannot be told.
    fn wants(&self, commit: &CommitSha) -> Option<bool> {
        let newest = self.newest.as_ref().filter(|newest| !newest.ambiguous)?;
        let pull_request = &newest.pull_request;
        Some(pull_request.state == PullRequestState::Open && pull_request.head_commit == *commit)
    }
}

/// Does what plans ask for, after having looked whether they may.
pub(crate) struct WatchedExecutor<'a> {
    pub(crate) inner: PreviewExecutor<VendorHttp<'a>, &'a Port, &'a Port, &'a Port, &'a Port>,
    pub(crate) port: &'a Port,
}

impl Executor<Watched> for WatchedExecutor<'_> {
    async fn held_back(&self, action: &WatchedAction) -> Option<Noted> {
        let fact = self.inner.held_back(&action.action).await?;
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
        Action::ReadRuns { .. } => "reading the runs",
        Action::PublishComment { .. } => "writing the comment",
        Action::Target { action, .. } => match action {
            TargetAction::Start { .. } => "starting",
            TargetAction::ResolveStart { .. } => "resolving a start",
            TargetAction::Look { .. } => "looking for a deployment",
            TargetAction::Poll { .. } => "polling",
            TargetAction::Cancel { .. } => "cancelling",
            TargetAction::Probe { .. } => "probing",
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
            Action::NoteExpiry { .. } => return,
            Action::ReadRuns { .. } => ("runs", false),
            Action::PublishComment { .. } => ("comment", false),
            Action::Target {
                application,
                action: target,
            } => {
                let application = application.as_str();
                match target {
                    TargetAction::Start { revision, .. } if claim == Claim::First => {
                        self.check_start(id, application, &revision.commit, ghost);
                    }
                    TargetAction::Remove => self.check_removal(id, application, ghost),
                    TargetAction::ResolveStart { .. } => return,
                    TargetAction::Start { .. }
                    | TargetAction::Look { .. }
                    | TargetAction::Poll { .. }
                    | TargetAction::Cancel { .. }
                    | TargetAction::Probe { .. } => {}
                }
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
    fn check_start(&self, id: PreviewId, application: &str, commit: &CommitSha, ghost: &Ghost) {
        self.port
            .sim
            .oracle
            .borrow_mut()
            .intended(application, id.number.0, commit.as_str());
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
    fn check_removal(&self, id: PreviewId, application: &str, ghost: &Ghost) {
        let Some(newest) = ghost.newest.as_ref().filter(|newest| !newest.ambiguous) else {
            return;
        };
        let sim = &self.port.sim;
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
                .filter(|service| service.application == application && service.ttl.is_none())
                .any(|service| !service.refuses(id.repository, &newest.pull_request))
        };
        if kept && !ghost.removing.contains(application) {
            sim.violate(|| {
                format!(
                    "{id}: {application} is removed, though the runner knows better: {newest:?}"
                )
            });
        }
    }
}
