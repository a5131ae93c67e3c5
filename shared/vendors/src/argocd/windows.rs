//! When Argo CD may sync an application (`GET …/syncwindows`).

use domain::argocd::{ApplicationId, SyncWindow, SyncWindows, WindowKind};
use http::{Method, StatusCode};
use ports::Http;
use serde::Deserialize;

use super::{ApiRequest, Client, refusal};
use crate::{CallError, error::excerpt, exchange::Repeat};

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
