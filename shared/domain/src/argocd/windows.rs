//! Sync windows: when Argo CD may sync the applications of a project (ARGOCD pkg/apis/application/v1alpha1/types.go, `SyncWindows.CanSync`).
//!
//! An open window that denies wins; else one that allows has to be open, if there is any. Argo CD tells a window by its schedule and
//! not by its next opening: the schedule is in the project's time zone, which the answer does not name.

use serde::{Deserialize, Serialize};

/// So many windows are named to people.
const NAMED_MAX: usize = 3;

/// The windows of an application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncWindows {
    /// Whether a sync that is asked for would be let through now.
    pub may_sync: bool,
    /// Those that are open now.
    pub open: Vec<SyncWindow>,
    /// All that concern the application.
    pub all: Vec<SyncWindow>,
}

/// One window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncWindow {
    /// Whether it lets syncs through or holds them back.
    pub kind: WindowKind,
    /// When it opens, in the form of cron.
    pub schedule: String,
    /// For how long, as `1h`.
    pub duration: String,
    /// Whether it lets through what is asked for, while it holds back what Argo CD does by itself.
    pub lets_asked_syncs_through: bool,
}

/// What a window is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WindowKind {
    /// Syncs only while it is open.
    Allow,
    /// No syncs while it is open.
    Deny,
}

impl SyncWindows {
    /// Whether Argo CD would sync by itself now.
    pub fn lets_automation_through(&self) -> bool {
        let has = |windows: &[SyncWindow], kind| windows.iter().any(|window| window.kind == kind);
        let allows = has(&self.open, WindowKind::Allow) || !has(&self.all, WindowKind::Allow);
        allows && !has(&self.open, WindowKind::Deny)
    }

    /// What holds syncs back and when that ends, for people: `Argo CD's sync windows hold it back: none between "0 22 * * *" and 8h later`.
    pub fn told(&self) -> String {
        let of = |windows: &[SyncWindow], kind: WindowKind| {
            let fitting = windows.iter().filter(|window| window.kind == kind);
            let named: Vec<String> = fitting
                .take(NAMED_MAX)
                .map(|window| format!("{:?} for {}", window.schedule, window.duration))
                .collect();
            (!named.is_empty()).then(|| named.join(", "))
        };
        let denied = of(&self.open, WindowKind::Deny).map(|named| format!(": none from {named}"));
        let allowed =
            || of(&self.all, WindowKind::Allow).map(|named| format!(": only from {named}"));
        let when = denied.or_else(allowed).unwrap_or_default();
        format!("Argo CD's sync windows hold it back{when}")
    }
}
