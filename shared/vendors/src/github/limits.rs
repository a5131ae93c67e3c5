//! GitHub's rate limits, primary and secondary, and what its other refusals call for (VENDORS 4.6).

use std::time::Duration;

use domain::Timestamp;
use http::StatusCode;
use ports::Response;

use super::{budget::Budget, credentials::PlainToken};
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
        return Some(until_reset(response, now).unwrap_or(UNSAID));
    }
    let text = message(response).unwrap_or_default().to_ascii_lowercase();
    let is_limit = response.status == StatusCode::TOO_MANY_REQUESTS
        || text.contains("rate limit")
        || text.contains("abuse detection");
    is_limit.then_some(UNSAID)
}

/// How long to wait after an answer that was the last one for now: the next one would be refused. Only the limit of most calls
/// counts.
pub(super) fn used_up(response: &Response, now: Timestamp) -> Option<Duration> {
    let is_last = seconds(&response.headers, "x-ratelimit-remaining") == Some(0);
    (is_core(response) && is_last)
        .then(|| until_reset(response, now))
        .flatten()
}

/// How much is left of the limit of most calls; none if the answer does not say.
pub(super) fn budget(response: &Response) -> Option<Budget> {
    let number = |name: &str| seconds(&response.headers, name);
    let reset = i64::try_from(number("x-ratelimit-reset")?).ok()?;
    let budget = Budget {
        limit: number("x-ratelimit-limit")?,
        remaining: number("x-ratelimit-remaining")?,
        reset: Timestamp::from_milliseconds(reset.checked_mul(1_000)?),
    };
    is_core(response).then_some(budget)
}

/// Searches and the like have limits of their own.
fn is_core(response: &Response) -> bool {
    let resource = response.headers.get("x-ratelimit-resource");
    resource.is_none_or(|resource| resource == "core")
}

fn until_reset(response: &Response, now: Timestamp) -> Option<Duration> {
    let reset = seconds(&response.headers, "x-ratelimit-reset")?;
    // The reset is in whole seconds and clocks differ a little.
    let now = u64::try_from(now.milliseconds() / 1000).unwrap_or(0);
    Some(bounded(reset.saturating_sub(now).saturating_add(1)))
}

/// Whether a new token of the App may be of use: GitHub does not know this one any more, or it may do less than the App may now.
/// A 403 of a limit is not that.
pub(super) fn is_about_token(response: &Response, now: Timestamp) -> bool {
    if response.status == StatusCode::UNAUTHORIZED {
        return true;
    }
    let text = message(response).unwrap_or_default().to_ascii_lowercase();
    response.status == StatusCode::FORBIDDEN
        && pause(response, now).is_none()
        && (text.contains("not accessible by integration") || text.contains("suspended"))
}

/// What would be right for an App, for each refusal that GitHub is known to give; empty for one that speaks for itself.
pub(super) fn app_hint(response: &Response) -> String {
    let needed = needed(response);
    let text = message(response).unwrap_or_default().to_ascii_lowercase();
    match (response.status.as_u16(), needed) {
        (403, _) if text.contains("suspended") => {
            "The owner of the account must unsuspend the App's installation".to_owned()
        }
        (403, Some(needed)) if text.contains("not accessible by") => format!(
            "The App needs the permission {needed}, and the owner of the installation must have accepted it"
        ),
        (404, _) => "The repository must exist, and the App be installed on it".to_owned(),
        (403, _) if text.contains("locked") => LOCKED.to_owned(),
        (410, _) => ISSUES_OFF.to_owned(),
        (_, _) => String::new(),
    }
}

const LOCKED: &str = "A person with write access must unlock the conversation";
const ISSUES_OFF: &str = "Issues, and with them comments, may be switched off in the repository";

fn needed(response: &Response) -> Option<&str> {
    let header = response.headers.get("x-accepted-github-permissions")?;
    header.to_str().ok().filter(|text| is_permissions(text))
}

/// What would be right for a plain token, for each refusal that GitHub is known to give; empty for one that speaks for itself.
pub(super) fn hint(response: &Response, kind: PlainToken) -> String {
    let PlainToken { variable, rights } = kind;
    let needed = needed(response);
    let message = message(response).unwrap_or_default().to_ascii_lowercase();
    match (response.status.as_u16(), needed) {
        (401, _) => format!("The variable {variable} must hold a token that is still valid"),
        (403, _) if message.contains("locked") => LOCKED.to_owned(),
        (403, Some(needed)) => {
            format!("The token in {variable} needs the permission {needed}")
        }
        (403, None) if message.contains("not accessible by") => {
            format!("The token in {variable} needs to {rights}")
        }
        (404, _) => {
            format!("The repository must exist, and the token in {variable} have access to it")
        }
        (410, _) => ISSUES_OFF.to_owned(),
        (_, _) => String::new(),
    }
}

/// `issues=write; pull_requests=write`, as GitHub writes it.
fn is_permissions(text: &str) -> bool {
    (1..=200).contains(&text.len())
        && text.bytes().all(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'=' | b';' | b',' | b' ')
        })
}
