//! What people ask of a preview: that it is deployed, removed, kept, or tried again.

use domain::{
    CommitSha, PreviewId,
    audit::Act,
    configuration::ConfiguredDuration,
    preview::{Ask, AskParticulars, AskRefused, Preview},
};
use http::StatusCode;
use ports::{Clock, Log, Store};
use runtime::browse;
use serde::Deserialize;

use super::{Entities, Wanted};
use crate::{Problem, Reply};

/// What stands in the body.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    #[serde(default)]
    commit: Option<CommitSha>,
    #[serde(default, rename = "for")]
    keep_for: Option<String>,
}

impl<S: Store, C: Clock, L: Log> Entities<S, C, L> {
    /// Refused if nothing would come of it: whoever asks looked at something that has changed since.
    pub(super) async fn ask(
        &self,
        id: PreviewId,
        ask: Ask,
        (wanted, act): (Wanted<'_>, &Act),
    ) -> Result<Reply, Problem> {
        let said = particulars(ask, wanted.body)?;
        let preview = browse::state::<Preview>(&self.store, &id).await?;
        let preview = preview.ok_or_else(|| Problem::unknown(&id))?;
        match preview.asked(ask, &said, (wanted.speaker, self.now())) {
            Ok(fact) => self.tell::<Preview>(&id, &fact, act).await,
            Err(AskRefused::Incomplete(reason)) => {
                Err(Problem::bad_request(format!("the body: {reason}")))
            }
            Err(AskRefused::Pointless(reason)) => Err(Problem::conflict(format!("{id}: {reason}"))),
        }
    }
}

/// What is said beside it, in words; nothing of a body that does not fit.
pub(super) fn said(ask: Ask, body: &[u8]) -> String {
    particulars(ask, body)
        .map(|said| said.said())
        .unwrap_or_default()
}

/// What is said beside it; an absent body says nothing.
fn particulars(ask: Ask, body: &[u8]) -> Result<AskParticulars, Problem> {
    let body: Body = if body.is_empty() {
        Body::default()
    } else {
        serde_json::from_slice(body).map_err(|error| {
            Problem::bad_request(format!(
                "the body: {error}; expected an object with commit or for"
            ))
        })?
    };
    let (takes_commit, takes_duration) = match ask {
        Ask::Deploy | Ask::Redeploy => (true, false),
        Ask::Keep => (false, true),
        Ask::Remove | Ask::Retry => (false, false),
    };
    let needless = [
        ("commit", body.commit.is_some() && !takes_commit),
        ("for", body.keep_for.is_some() && !takes_duration),
    ];
    if let Some((name, _)) = needless.iter().find(|(_, is_needless)| *is_needless) {
        let ask = ask.name();
        return Err(Problem::bad_request(format!(
            "the body: {name} says nothing to {ask}, which does not take it"
        )));
    }
    Ok(AskParticulars {
        commit: body.commit,
        keep_for: body.keep_for.as_deref().map(duration).transpose()?,
    })
}

/// `7d`.
fn duration(text: &str) -> Result<ConfiguredDuration, Problem> {
    let digits = text.strip_suffix(['s', 'm', 'h', 'd']).unwrap_or_default();
    let is_one =
        (1..=10).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_one {
        return Err(Problem::bad_request(format!(
            "the body: for is {text:?}, expected a duration, such as 12h or 7d"
        )));
    }
    text.parse().map_err(|_| {
        let detail = format!("for is {text}, expected a second at least and at most a year");
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
    })
}
