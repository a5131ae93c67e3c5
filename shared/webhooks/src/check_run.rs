//! `check_run` deliveries: somebody pressed a button of one of our check runs, or asks for it to run again.

use domain::{
    CommitSha, PreviewId, RepositoryId, RepositoryName, Timestamp,
    preview::{Request, Wish, preview_of_check},
};
use serde::Deserialize;

use crate::{
    Malformed,
    body::not_utf8,
    json::{self, Object},
};

/// The actions of a check run that mean something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CheckRunAction {
    /// Somebody pressed a button.
    RequestedAction,
    /// Somebody pressed GitHub's own "Re-run".
    Rerequested,
}

impl CheckRunAction {
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "requested_action" => Some(Self::RequestedAction),
            "rerequested" => Some(Self::Rerequested),
            _ => None,
        }
    }
}

/// What a `check_run` delivery says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckRunEvent {
    /// The repository's name then.
    pub full_name: RepositoryName,
    /// The preview whose check run it is.
    pub preview: PreviewId,
    /// What is asked for, and by whom. It is told from others by the delivery.
    pub request: Request,
}

/// Parses the payload of a `check_run` delivery that [`crate::route`] did not ignore. `delivery` is its GUID.
pub fn check_run_event(payload: &[u8], delivery: &str) -> Result<CheckRunEvent, Malformed> {
    let payload = std::str::from_utf8(payload).map_err(not_utf8)?;
    let event = WireEvent::parse(payload)?;
    let Some((preview, wish)) = event.request() else {
        return Err(Malformed::new(
            "check_run: expected a button of a preview's check run",
        ));
    };
    let sender = event.sender.0;
    Ok(CheckRunEvent {
        full_name: event.repository.0.full_name,
        preview,
        request: Request {
            id: delivery.to_owned(),
            wish,
            account: sender.id,
            login: sender.login,
            commit: event.check_run.0.head_sha,
            at: Timestamp::default(),
        },
    })
}

/// What is read of the payload.
#[derive(Deserialize)]
pub(crate) struct WireEvent {
    pub(crate) action: String,
    check_run: Object<WireCheckRun>,
    requested_action: Option<Object<WireAction>>,
    pub(crate) repository: Object<WireRepository>,
    sender: Object<WireSender>,
}

impl WireEvent {
    pub(crate) fn parse(payload: &str) -> Result<Self, Malformed> {
        json::parse(payload)
    }

    /// Whose preview's check run it is and what is asked for; none if it is no button of ours. Check runs of others bear other ids,
    /// and one that bears an id of another repository's is not ours either.
    pub(crate) fn request(&self) -> Option<(PreviewId, Wish)> {
        let preview = preview_of_check(self.check_run.0.external_id.as_deref()?).ok()?;
        let wish = match CheckRunAction::named(&self.action)? {
            CheckRunAction::RequestedAction => {
                Wish::identified(&self.requested_action.as_ref()?.0.identifier)?
            }
            CheckRunAction::Rerequested => Wish::Redeploy,
        };
        let same = preview.repository == RepositoryId(self.repository.0.id);
        same.then_some((preview, wish))
    }
}

#[derive(Deserialize)]
struct WireCheckRun {
    head_sha: CommitSha,
    external_id: Option<String>,
}

#[derive(Deserialize)]
struct WireAction {
    identifier: String,
}

#[derive(Deserialize)]
pub(crate) struct WireRepository {
    pub(crate) id: u64,
    #[serde(deserialize_with = "json::identity")]
    full_name: RepositoryName,
}

#[derive(Deserialize)]
struct WireSender {
    id: u64,
    login: String,
}

#[cfg(test)]
mod tests {
    use domain::PullRequestNumber;
    use serde_json::{Value, json};

    use super::*;

    fn payload(change: impl FnOnce(&mut Value)) -> Vec<u8> {
        let mut payload = json!({
            "action": "requested_action",
            "check_run": {"id": 4, "head_sha": "a".repeat(40), "external_id": "slipway:preview/1/7"},
            "requested_action": {"identifier": "remove"},
            "repository": {"id": 1, "full_name": "acme/shop"},
            "sender": {"id": 9, "login": "grace"},
        });
        change(&mut payload);
        payload.to_string().into_bytes()
    }

    #[test]
    fn a_button_tells_whose_preview_who_pressed_it_and_which_commit_they_saw() {
        let event = check_run_event(&payload(|_| {}), "guid-1").unwrap();
        assert_eq!(event.preview.number, PullRequestNumber(7));
        assert_eq!(
            event.request,
            Request {
                id: "guid-1".into(),
                wish: Wish::Remove,
                account: 9,
                login: "grace".into(),
                commit: "a".repeat(40).parse().unwrap(),
                at: Timestamp::default(),
            }
        );
    }

    #[test]
    fn running_a_check_again_deploys_again() {
        let again = payload(|payload| {
            payload["action"] = json!("rerequested");
            payload["requested_action"] = Value::Null;
        });
        let event = check_run_event(&again, "guid-1").unwrap();
        assert_eq!(event.request.wish, Wish::Redeploy);
    }

    #[test]
    fn check_runs_of_others_buttons_of_nobody_and_ids_of_other_repositories_are_no_requests() {
        let changes: [fn(&mut Value); 6] = [
            |payload| payload["check_run"]["external_id"] = json!("theirs"),
            |payload| payload["check_run"]["external_id"] = Value::Null,
            |payload| payload["check_run"]["external_id"] = json!("slipway:preview/2/7"),
            |payload| payload["requested_action"]["identifier"] = json!("merge"),
            |payload| payload["requested_action"] = Value::Null,
            |payload| payload["action"] = json!("completed"),
        ];
        for change in changes {
            let payload = payload(change);
            let shown = String::from_utf8_lossy(&payload).into_owned();
            assert!(check_run_event(&payload, "guid-1").is_err(), "{shown}");
        }
    }
}
