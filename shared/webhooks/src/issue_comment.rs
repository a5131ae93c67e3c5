//! `issue_comment` deliveries: comments in which people give commands.
//!
//! Only a new comment of a person on a pull request counts. What is edited later was perhaps approved as something else, and what a
//! program writes is nobody's word.

use domain::{
    PullRequestNumber, RepositoryId, RepositoryName, Timestamp,
    command::{CommandId, Written, parse},
};
use serde::{Deserialize, de::IgnoredAny};

use crate::{
    Malformed,
    body::not_utf8,
    json::{self, Object},
};

/// The one action that counts.
const CREATED: &str = "created";
/// GitHub's word for the account of a person.
const PERSON: &str = "User";

/// A comment with a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueCommentEvent {
    /// Which comment.
    pub id: CommandId,
    /// Who wrote what on which pull request.
    pub written: Written,
}

/// Parses the payload of an `issue_comment` delivery that [`crate::route`] did not ignore.
pub fn issue_comment_event(payload: &[u8]) -> Result<IssueCommentEvent, Malformed> {
    let payload = std::str::from_utf8(payload).map_err(not_utf8)?;
    let event = WireEvent::parse(payload)?;
    event
        .command()
        .map_err(|reason| Malformed::new(&format!("comment: {reason}")))
}

pub(crate) fn is_used(action: &str) -> bool {
    action == CREATED
}

/// What is read of the payload.
#[derive(Deserialize)]
pub(crate) struct WireEvent {
    pub(crate) action: String,
    issue: Object<WireIssue>,
    comment: Object<WireComment>,
    pub(crate) repository: Object<WireRepository>,
}

impl WireEvent {
    pub(crate) fn parse(payload: &str) -> Result<Self, Malformed> {
        json::parse(payload)
    }

    /// The command that the comment gives; the error says why it gives none.
    pub(crate) fn command(&self) -> Result<IssueCommentEvent, &'static str> {
        let (issue, comment) = (&self.issue.0, &self.comment.0);
        let repository = &self.repository.0;
        if !is_used(&self.action) {
            return Err("only new comments give commands");
        }
        if issue.pull_request.is_none() {
            return Err("it is on an issue, and only comments on pull requests give commands");
        }
        let person = comment
            .user
            .as_ref()
            .map(|user| &user.0)
            .filter(|user| user.kind == PERSON && comment.performed_via_github_app.is_none());
        let Some(person) = person else {
            return Err("no person wrote it");
        };
        let Some(request) = parse(comment.body.as_deref().unwrap_or_default()) else {
            return Err("it gives no command");
        };
        Ok(IssueCommentEvent {
            id: CommandId {
                repository: RepositoryId(repository.id),
                comment: comment.id,
            },
            written: Written {
                repository: repository.full_name.clone(),
                number: PullRequestNumber(issue.number),
                account: person.id,
                login: person.login.clone(),
                written_at: comment.created_at,
                request,
            },
        })
    }
}

#[derive(Deserialize)]
struct WireIssue {
    number: u64,
    /// Only pull requests have it.
    pull_request: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct WireComment {
    id: u64,
    #[serde(deserialize_with = "json::timestamp")]
    created_at: Timestamp,
    body: Option<String>,
    user: Option<Object<WireUser>>,
    #[serde(default)]
    performed_via_github_app: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct WireUser {
    id: u64,
    login: String,
    #[serde(default, rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
pub(crate) struct WireRepository {
    pub(crate) id: u64,
    #[serde(deserialize_with = "json::identity")]
    full_name: RepositoryName,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn comment() -> Value {
        json!({
            "action": "created",
            "issue": {"number": 7, "pull_request": {"url": "https://api.github.com/repos/acme/shop/pulls/7"}},
            "comment": {
                "id": 33, "created_at": "2026-11-21T10:31:07Z", "body": "Nice!\r\n\r\n/preview keep 7d",
                "user": {"id": 583231, "login": "octocat", "type": "User"},
                "author_association": "OWNER", "performed_via_github_app": null
            },
            "repository": {"id": 1, "full_name": "acme/shop"}
        })
    }

    fn read(pointer: &str, value: Value) -> Result<IssueCommentEvent, Malformed> {
        let mut payload = comment();
        if let Some(place) = payload.pointer_mut(pointer) {
            *place = value;
        }
        issue_comment_event(payload.to_string().as_bytes())
    }

    #[test]
    fn a_comment_on_a_pull_request_gives_a_command() {
        insta::assert_debug_snapshot!(read("/x", Value::Null).unwrap(), @r#"
        IssueCommentEvent {
            id: CommandId {
                repository: RepositoryId(
                    1,
                ),
                comment: 33,
            },
            written: Written {
                repository: acme/shop,
                number: PullRequestNumber(
                    7,
                ),
                account: 583231,
                login: "octocat",
                written_at: 2026-11-21T10:31:07Z,
                request: Order(
                    Keep(
                        ConfiguredDuration(
                            604800,
                        ),
                    ),
                ),
            },
        }
        "#);
    }

    #[test]
    fn what_no_person_wrote_anew_on_a_pull_request_gives_none() {
        let cases = [
            ("/action", json!("edited")),
            ("/issue/pull_request", Value::Null),
            ("/comment/user/type", json!("Bot")),
            ("/comment/user", Value::Null),
            ("/comment/performed_via_github_app", json!({"id": 1})),
            ("/comment/body", Value::Null),
            ("/comment/body", json!("> /preview")),
            ("/comment/created_at", json!("yesterday")),
            ("/comment/id", json!("33")),
        ];
        let reasons = cases.map(|(pointer, value)| match read(pointer, value) {
            Ok(event) => panic!("{pointer}: {event:?}"),
            Err(error) => error.to_string(),
        });
        insta::assert_snapshot!(reasons.join("\n"), @r#"
        comment: only new comments give commands
        comment: it is on an issue, and only comments on pull requests give commands
        comment: no person wrote it
        comment: no person wrote it
        comment: no person wrote it
        comment: it gives no command
        comment: it gives no command
        comment.created_at: found "yesterday", expected an RFC 3339 time such as 2026-11-21T10:31:07Z
        comment.id: found string "33", expected a whole number from 0
        "#);
    }
}
