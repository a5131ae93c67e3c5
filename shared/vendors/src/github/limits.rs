//! GitHub's rate limits, primary and secondary, and what its other refusals call for (VENDORS 4.6).

use std::time::Duration;

use domain::Timestamp;
use http::StatusCode;
use ports::Response;

use crate::exchange::{bounded, message, retry_after, seconds};

/// The pause for a limit that does not say how long: the least that GitHub asks for.
const UNSAID: Duration = Duration::from_secs(60);

/// How long to wait if the answer is a limit's; none for any other answer. In GitHub's order: `Retry-After`, else the time in
/// `X-RateLimit-Reset` when nothing remains, else a minute.
pub(super) fn pause(response: &Response, now: Timestamp) -> Option<Duration> {
    if !matches!(
        response.status,
        StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS
    ) {
        return None;
    }
    if let Some(after) = retry_after(&response.headers) {
        return Some(after);
    }
    if seconds(&response.headers, "x-ratelimit-remaining") == Some(0) {
        let Some(reset) = seconds(&response.headers, "x-ratelimit-reset") else {
            return Some(UNSAID);
        };
        // The reset is in whole seconds and clocks differ a little.
        let now = u64::try_from(now.milliseconds() / 1000).unwrap_or(0);
        return Some(bounded(reset.saturating_sub(now).saturating_add(1)));
    }
    let text = message(response).unwrap_or_default().to_ascii_lowercase();
    let is_limit = response.status == StatusCode::TOO_MANY_REQUESTS
        || text.contains("rate limit")
        || text.contains("abuse detection");
    is_limit.then_some(UNSAID)
}

/// What would be right, for each refusal that GitHub is known to give; empty for one that speaks for itself.
pub(super) fn hint(response: &Response) -> String {
    let header = response.headers.get("x-accepted-github-permissions");
    let needed = header
        .and_then(|value| value.to_str().ok())
        .filter(|text| is_permissions(text));
    let message = message(response).unwrap_or_default().to_ascii_lowercase();
    let hint = match (response.status.as_u16(), needed) {
        (401, _) => "The variable github_token must hold a token that is still valid",
        (403, _) if message.contains("locked") => {
            "A person with write access must unlock the conversation"
        }
        (403, Some(needed)) => {
            return format!("The token in github_token needs the permission {needed}");
        }
        (403, None) if message.contains("not accessible by") => {
            "The token in github_token needs to read contents and actions, and to write pull requests"
        }
        (404, _) => "The repository must exist, and the token in github_token have access to it",
        (410, _) => "Issues, and with them comments, may be switched off in the repository",
        (_, _) => "",
    };
    hint.to_owned()
}

/// `issues=write; pull_requests=write`, as GitHub writes it.
fn is_permissions(text: &str) -> bool {
    (1..=200).contains(&text.len())
        && text.bytes().all(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'=' | b';' | b',' | b' ')
        })
}
