//! What an answer that is no success means: what ends by itself, what comes back, and what a person must change
//! (VENDORS 2.1, 2.2).

use std::time::Duration;

use http::StatusCode;
use ports::Response;

use crate::{
    CallError,
    exchange::{Exchange, message},
};

/// Another operation takes minutes at most, and its end is seen sooner.
const BUSY: Duration = Duration::from_secs(15);

/// Sync windows open and close by the minute.
const WINDOW: Duration = Duration::from_secs(60);

/// What Argo CD says of a window whose schedule or duration it cannot read.
const INVALID_WINDOW: &str = "invalid sync window";

/// Whether another operation is in the way.
pub(super) fn is_busy(response: &Response) -> bool {
    says(response, "another operation is already in progress")
}

/// Whether Argo CD answered with these words, wherever in its message.
pub(super) fn says(response: &Response, words: &str) -> bool {
    message(response).is_some_and(|text| text.contains(words))
}

/// The error for an answer that is no success.
pub(super) fn failure(exchange: &Exchange<'_>, response: &Response) -> CallError {
    let text = message(response).unwrap_or_default();
    let reason = || exchange.reason(&exchange.said(response));
    if is_busy(response) {
        return paused(reason(), "Slipway waits for its end", BUSY);
    }
    if text.contains("blocked by sync window") {
        return paused(reason(), "Slipway waits until the window lets it", WINDOW);
    }
    // A 500 if the windows are asked for, and a 403 if a sync is.
    if text.contains(INVALID_WINDOW) {
        return exchange.refused(reason(), hint(response.status.as_u16(), &text));
    }
    // A conflict of Kubernetes: nothing was changed.
    if response.status == StatusCode::CONFLICT {
        return exchange.retry(reason(), None);
    }
    if response.status.is_client_error() && comes_from_behind(&text) {
        return exchange.retry(reason(), None);
    }
    if response.status == StatusCode::NOT_IMPLEMENTED {
        return exchange.refused(reason(), "Slipway needs Argo CD 3.0 or newer");
    }
    exchange.failure(response, hint(response.status.as_u16(), &text))
}

fn paused(reason: String, wait: &str, after: Duration) -> CallError {
    CallError::Paused {
        reason: format!("{reason}. {wait}"),
        after,
    }
}

/// Whether a refusal is only what Argo CD's own server of repositories, or Git behind it, could not do at the moment: those
/// troubles come as 400 too, before anything was changed.
fn comes_from_behind(text: &str) -> bool {
    [
        "code = Unavailable",
        "code = DeadlineExceeded",
        "context deadline exceeded",
        "connection refused",
        "connection reset",
        "i/o timeout",
        "error getting repo server client",
    ]
    .iter()
    .any(|trouble| text.contains(trouble))
}

/// A sentence for people on what to change; empty for a refusal that speaks for itself.
fn hint(status: u16, text: &str) -> &'static str {
    match (status, text) {
        (401, _) => {
            "The variable argocd_token must hold a token of Argo CD that is still valid: a JWT, of an account with the \
             capability apiKey or of a role of the project"
        }
        (_, text) if text.contains(INVALID_WINDOW) => {
            "A sync window of the project cannot be read by Argo CD: correct its schedule or duration"
        }
        (403, text) if text.contains("permission denied") => {
            "The token in the variable argocd_token may not do this with applications of this project, or the project in \
             .github/slipway.yml is not the application's: it needs get, sync, and for `kustomize-image` and \
             `helm-parameter` update"
        }
        (404, text) if text.contains("applications.argoproj.io") => {
            "Argo CD has no application of this name in this project, or not for this token: compare `application` and `project` \
             in .github/slipway.yml with Argo CD"
        }
        (404 | 405, _) => "The variable argocd_url must be Argo CD's address without /api/v1",
        (415, _) => {
            "Argo CD takes only the content type application/json: a proxy in front of it may have changed it"
        }
        (400, text) if text.contains("Cannot sync") && text.contains("auto-sync") => {
            "With auto-sync on, Argo CD syncs only to what the application tracks: switch it off, or release by `update: git` or \
             `update: kustomize-image`"
        }
        (400, text) if text.contains("rollback cannot be initiated") => {
            "With auto-sync on, Argo CD refuses rollbacks: switch it off, or release by `update: git` or \
             `update: kustomize-image`"
        }
        (400, text) if text.contains("does not have deployment with id") => {
            "Argo CD keeps only the newest deployments, by default ten: go back to one of those"
        }
        (400, text)
            if text.contains("unable to resolve")
                || text.contains("error resolving repo revision") =>
        {
            "The revision must be one of the repository of the manifests, which is rarely that of the code"
        }
        (400, text) if text.contains("application spec") => {
            "Argo CD checked the changed application by making its manifests, and that failed"
        }
        (_, _) => "",
    }
}
