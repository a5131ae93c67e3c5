//! `push` deliveries: a branch or a tag is at another commit.

use domain::{
    CommitSha, RepositoryId, RepositoryName, Timestamp, configuration,
    dispatch::brackets,
    release::{Push, Reference, SKIP},
};
use serde::Deserialize;

use crate::{
    Malformed,
    body::not_utf8,
    json::{self, Object},
};

/// What a `push` delivery says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushEvent {
    /// The repository.
    pub repository: RepositoryId,
    /// Its name, now.
    pub repository_name: RepositoryName,
    /// The push.
    pub push: Push,
    /// Whether the configuration may be another one now: the default branch was moved by force, or the event names the file. A
    /// commit's message that names it too costs one look. Of more than 2,048 commits GitHub lists no files; a survey finds those.
    pub touches_configuration: bool,
}

/// Parses the payload of a `push` delivery that [`crate::route`] did not ignore.
pub fn push_event(payload: &[u8]) -> Result<PushEvent, Malformed> {
    let payload = std::str::from_utf8(payload).map_err(not_utf8)?;
    let event = WireEvent::parse(payload)?;
    let reference = Reference::parse(&event.reference);
    let (Some(reference), Some(head)) = (reference, event.head_commit) else {
        return Err(Malformed::new(
            "ref and head_commit: expected a branch or a tag that is at a commit",
        ));
    };
    let repository = event.repository.0;
    let is_default = matches!(
        &reference,
        Reference::Branch(branch) if Some(branch) == repository.default_branch.as_ref()
    );
    let message = head.0.message.unwrap_or_default();
    Ok(PushEvent {
        touches_configuration: is_default
            && (event.forced || payload.contains(configuration::PATH)),
        repository: RepositoryId(repository.id),
        repository_name: repository.full_name,
        push: Push {
            // GitHub's own time, in seconds; a commit's is written by whoever commits.
            pushed_at: Timestamp::from_milliseconds(
                repository
                    .pushed_at
                    .unwrap_or_default()
                    .saturating_mul(1_000),
            ),
            reference,
            // Of an annotated tag `after` is the tag's own object, and this the commit that it is of.
            commit: head.0.id,
            title: Push::title_of(&message),
            skip: message.contains(SKIP),
            forced: event.forced,
            brackets: brackets(&message),
        },
    })
}

/// What is read of the payload.
#[derive(Deserialize)]
pub(crate) struct WireEvent {
    #[serde(rename = "ref")]
    reference: String,
    #[serde(default)]
    deleted: bool,
    #[serde(default)]
    forced: bool,
    pub(crate) repository: Object<WireRepository>,
    head_commit: Option<Object<WireCommit>>,
}

impl WireEvent {
    pub(crate) fn parse(payload: &str) -> Result<Self, Malformed> {
        json::parse(payload)
    }

    /// Why nothing follows from it; none if something may.
    pub(crate) fn unused_because(&self) -> Option<&'static str> {
        if self.deleted || self.head_commit.is_none() {
            Some("a branch or tag was deleted: nothing is released for that")
        } else if Reference::parse(&self.reference).is_none() {
            Some("only pushes of branches and tags are used")
        } else {
            None
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct WireRepository {
    pub(crate) id: u64,
    #[serde(deserialize_with = "json::identity")]
    full_name: RepositoryName,
    #[serde(default)]
    default_branch: Option<String>,
    /// Seconds since 1970 in this event, and a text in others.
    #[serde(default)]
    pushed_at: Option<i64>,
}

#[derive(Deserialize)]
struct WireCommit {
    #[serde(deserialize_with = "json::identity")]
    id: CommitSha,
    #[serde(default)]
    message: Option<String>,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn payload() -> Value {
        json!({
            "ref": "refs/heads/main",
            "before": "6dcb09b5b57875f334f61aebed695e2e4193db5e",
            "after": "ec26c3e57ca3a959ca5aad62de7213c562f8c821",
            "created": false, "deleted": false, "forced": true,
            "head_commit": {
                "id": "ec26c3e57ca3a959ca5aad62de7213c562f8c821",
                "message": "Add a cart\n\n[skip deploy]",
                "timestamp": "2026-11-21T10:31:07+01:00"
            },
            "repository": {
                "id": 42, "full_name": "acme/shop", "default_branch": "trunk", "pushed_at": 1_795_000_000,
                "created_at": 1_700_000_000
            }
        })
    }

    fn with(field: &str, value: Value) -> String {
        let mut payload = payload();
        payload[field] = value;
        payload.to_string()
    }

    #[test]
    fn a_delivery_becomes_a_push_with_its_title_and_its_wish() {
        let event = push_event(payload().to_string().as_bytes()).unwrap();
        insta::assert_debug_snapshot!(event, @r#"
        PushEvent {
            repository: RepositoryId(
                42,
            ),
            repository_name: acme/shop,
            push: Push {
                pushed_at: 2026-11-18T11:06:40Z,
                reference: Branch(
                    "main",
                ),
                commit: ec26c3e,
                title: "Add a cart",
                skip: true,
                forced: true,
                brackets: [
                    "[skip deploy]",
                ],
            },
            touches_configuration: false,
        }
        "#);
    }

    #[test]
    fn only_a_push_to_the_default_branch_can_change_the_configuration() {
        let touches = |branch: &str, forced: bool, files: Value| {
            let mut payload = payload();
            payload["ref"] = format!("refs/heads/{branch}").into();
            payload["forced"] = forced.into();
            payload["commits"] = json!([{ "message": "", "modified": files }]);
            let event = push_event(payload.to_string().as_bytes()).unwrap();
            event.touches_configuration
        };
        let file = || json!(["README.md", ".github/slipway.yml"]);
        assert!(touches("trunk", false, file()));
        assert!(!touches("trunk", false, json!(["README.md"])));
        assert!(!touches("main", false, file()));
        // What it was before is not among the commits.
        assert!(touches("trunk", true, json!([])));
    }

    #[test]
    fn an_annotated_tag_is_of_the_commit_and_not_of_its_own_object() {
        let mut tag = payload();
        tag["ref"] = "refs/tags/v1".into();
        tag["after"] = "1111111111111111111111111111111111111111".into();
        let event = push_event(tag.to_string().as_bytes()).unwrap();
        assert_eq!(event.push.reference, Reference::Tag("v1".into()));
        assert_eq!(event.push.commit.short(), "ec26c3e");
    }

    #[test]
    fn what_deletes_or_is_no_branch_and_no_tag_is_not_used() {
        let because = |payload: &str| WireEvent::parse(payload).unwrap().unused_because();
        assert_eq!(because(&payload().to_string()), None);
        for unused in [
            with("deleted", true.into()),
            with("head_commit", Value::Null),
            with("ref", "refs/pull/7/head".into()),
        ] {
            assert!(because(&unused).is_some(), "{unused}");
        }
    }

    #[test]
    fn what_is_needed_and_wrong_is_named() {
        let reasons = [
            with("ref", 7.into()),
            with("head_commit", json!({"id": "main"})),
            with("repository", json!({"id": 42})),
            with("ref", "refs/pull/7/head".into()),
        ]
        .map(|payload| push_event(payload.as_bytes()).unwrap_err().to_string());
        insta::assert_snapshot!(reasons.join("\n"), @r#"
        ref: found integer `7`, expected a string
        head_commit.id: found "main", expected a commit SHA (40 or 64 lower-case hexadecimal digits)
        repository.full_name: missing
        ref and head_commit: expected a branch or a tag that is at a commit
        "#);
    }
}
