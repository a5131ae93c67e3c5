//! When Argo CD may sync an application (`GET …/syncwindows`).

use domain::argocd::ApplicationId;
use http::{Method, StatusCode};
use ports::Http;
use serde::Deserialize;

use super::{ApiRequest, Client, refusal};
use crate::{CallError, error::excerpt, exchange::Repeat};

/// The windows of an application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncWindows {
    /// Whether a sync that is asked for would be let through now.
    pub may_sync: bool,
    /// Those that are open now.
    pub open: Vec<SyncWindow>,
    /// All that concern the application.
    pub all: Vec<SyncWindow>,
}

/// One window.
#[derive(Debug, Clone, PartialEq, Eq)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WindowKind {
    /// Syncs only while it is open.
    Allow,
    /// No syncs while it is open.
    Deny,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    can_sync: bool,
    #[serde(default)]
    active_windows: Option<Vec<WireWindow>>,
    #[serde(default)]
    assigned_windows: Option<Vec<WireWindow>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct WireWindow {
    kind: String,
    schedule: String,
    duration: String,
    manual_sync: bool,
}

impl<H: Http> Client<H> {
    /// The application's sync windows, and whether they would let a sync through now.
    pub async fn sync_windows(&self, id: &ApplicationId) -> Result<SyncWindows, CallError> {
        let what = format!("reading the sync windows of Argo CD application {id}");
        let exchange = self.exchange(what, Repeat::Harmless)?;
        let request = ApiRequest::bare(Method::GET, id, "/syncwindows", "");
        let response = self.send(&exchange, request).await?;
        if response.status != StatusCode::OK {
            return Err(refusal::failure(&exchange, &response));
        }
        let wire: Wire = exchange.read(&response)?;
        Ok(SyncWindows {
            may_sync: wire.can_sync,
            open: shown(wire.active_windows),
            all: shown(wire.assigned_windows),
        })
    }
}

fn shown(windows: Option<Vec<WireWindow>>) -> Vec<SyncWindow> {
    let windows = windows.unwrap_or_default().into_iter();
    windows
        .map(|window| SyncWindow {
            kind: if window.kind == "allow" {
                WindowKind::Allow
            } else {
                WindowKind::Deny
            },
            schedule: excerpt(&window.schedule),
            duration: excerpt(&window.duration),
            lets_asked_syncs_through: window.manual_sync,
        })
        .collect()
}
