//! What all parts of the world share: its state behind one lock, its clock, its addresses, and word of every change.

use std::sync::{Mutex, OnceLock, PoisonError};

use tokio::sync::watch;

use crate::argocd::state::ArgoCdState;
use crate::backstage::BackstageState;
use crate::clock::Clock;
use crate::coolify::state::CoolifyState;
use crate::faults::Faults;
use crate::github::state::GitHubState;
use crate::harbor::HarborState;
use crate::journal::Journal;
use crate::kubernetes::KubernetesState;
use crate::names::Names;
use crate::platform::PlatformState;
use crate::receiver::ReceiverState;
use crate::slack::SlackState;

/// Everything that changes.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) github: GitHubState,
    pub(crate) coolify: CoolifyState,
    pub(crate) argocd: ArgoCdState,
    pub(crate) backstage: BackstageState,
    pub(crate) harbor: HarborState,
    pub(crate) platform: PlatformState,
    pub(crate) kubernetes: KubernetesState,
    pub(crate) slack: SlackState,
    pub(crate) receiver: ReceiverState,
    pub(crate) journal: Journal,
    pub(crate) faults: Faults,
}

/// Where the servers listen, without a slash at the end.
#[derive(Debug, Clone)]
pub(crate) struct Addresses {
    pub(crate) github: String,
    pub(crate) coolify: String,
    pub(crate) previews: String,
    pub(crate) argocd: String,
    pub(crate) backstage: String,
    pub(crate) slack: String,
    pub(crate) receiver: String,
    pub(crate) harbor: String,
    pub(crate) platform: String,
    pub(crate) kubernetes: String,
    pub(crate) control: String,
}

/// The world as its servers and handles see it.
#[derive(Debug)]
pub(crate) struct Shared {
    state: Mutex<State>,
    changes: watch::Sender<u64>,
    pub(crate) clock: Clock,
    pub(crate) names: Names,
    pub(crate) addresses: OnceLock<Addresses>,
}

impl Shared {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            state: Mutex::default(),
            changes: watch::Sender::new(0),
            clock: Clock::default(),
            names: Names::new(seed),
            addresses: OnceLock::new(),
        }
    }

    /// Reads the state.
    pub(crate) fn look<T>(&self, read: impl FnOnce(&State) -> T) -> T {
        read(&self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the state and tells everybody who waits.
    pub(crate) fn change<T>(&self, write: impl FnOnce(&mut State) -> T) -> T {
        let result = write(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.changes.send_modify(|count| *count += 1);
        result
    }

    /// Resolves at every change from now on.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    pub(crate) fn github_url(&self) -> &str {
        self.addresses
            .get()
            .map_or("", |addresses| &addresses.github)
    }
}
