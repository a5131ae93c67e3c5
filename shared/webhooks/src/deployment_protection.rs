//! `deployment_protection_rule` deliveries: a job that would deploy to a protected environment waits for a word.
//!
//! Where to answer stands in the payload as a URL. It is never followed: only the run is read of it, after it was found to be one of the
//! repository that the delivery is about, and the answer goes to the API that Slipway is configured for.

use domain::{
    CommitSha, RepositoryId, RepositoryName,
    protection::{ProtectionId, Requested},
};
use serde::Deserialize;

use crate::{
    Malformed,
    body::not_utf8,
    json::{self, Object},
};

/// The action that is used; there is no other.
const REQUESTED: &str = "requested";

/// The longest name that GitHub gives an environment, in characters.
const ENVIRONMENT_MAX: usize = 255;

/// What a `deployment_protection_rule` delivery says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProtectionEvent {
    /// Which request it is.
    pub id: ProtectionId,
    /// What is asked.
    pub requested: Requested,
}

/// Whether the action is used.
pub(crate) fn is_used(action: &str) -> bool {
    action == REQUESTED
}

/// Parses the payload of a `deployment_protection_rule` delivery that [`crate::route`] did not ignore.
pub fn protection_event(payload: &[u8]) -> Result<ProtectionEvent, Malformed> {
    let payload = std::str::from_utf8(payload).map_err(not_utf8)?;
    WireEvent::parse(payload)?.event()
}

/// What is read of the payload.
#[derive(Deserialize)]
pub(crate) struct WireEvent {
    pub(crate) action: String,
    environment: String,
    deployment_callback_url: String,
    deployment: Option<Object<WireDeployment>>,
    pub(crate) repository: Object<WireRepository>,
}

#[derive(Deserialize)]
struct WireDeployment {
    id: u64,
    #[serde(deserialize_with = "json::identity")]
    sha: CommitSha,
}

#[derive(Deserialize)]
pub(crate) struct WireRepository {
    pub(crate) id: u64,
    #[serde(deserialize_with = "json::identity")]
    full_name: RepositoryName,
}

impl WireEvent {
    pub(crate) fn parse(payload: &str) -> Result<Self, Malformed> {
        json::parse(payload)
    }

    /// What it says, if all that is needed makes sense.
    pub(crate) fn event(self) -> Result<ProtectionEvent, Malformed> {
        let WireRepository { id, full_name } = self.repository.0;
        let run = run_of(&self.deployment_callback_url, &full_name).ok_or_else(|| {
            Malformed::new(&format!(
                "deployment_callback_url: found {:?}, expected the URL of a run of {full_name}",
                self.deployment_callback_url
                    .chars()
                    .take(120)
                    .collect::<String>()
            ))
        })?;
        let length = self.environment.chars().count();
        if !(1..=ENVIRONMENT_MAX).contains(&length) {
            return Err(Malformed::new(&format!(
                "environment: found a name of {length} characters, expected 1 to {ENVIRONMENT_MAX}"
            )));
        }
        let (deployment, commit) = match self.deployment {
            Some(Object(deployment)) => (Some(deployment.id), Some(deployment.sha)),
            None => (None, None),
        };
        let repository = RepositoryId(id);
        Ok(ProtectionEvent {
            id: ProtectionId::new(repository, run, (&self.environment, deployment)),
            requested: Requested {
                repository: full_name,
                environment: self.environment,
                commit,
            },
        })
    }
}

/// The run in `https://<API>/repos/<owner>/<name>/actions/runs/<run>/deployment_protection_rule`; none if the URL is another one, or of
/// another repository. An API below a path, as GitHub Enterprise has it, is one too.
fn run_of(url: &str, repository: &RepositoryName) -> Option<u64> {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"))?;
    let path = rest.strip_suffix("/deployment_protection_rule")?;
    let (before, run) = path.rsplit_once("/actions/runs/")?;
    let (_, named) = before.rsplit_once("/repos/")?;
    if !named.eq_ignore_ascii_case(repository.as_str()) || rest.contains(['?', '#', '@']) {
        return None;
    }
    run.parse().ok().filter(|run| *run > 0)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn payload(change: impl FnOnce(&mut Value)) -> Vec<u8> {
        let mut payload = json!({
            "action": "requested", "environment": "production", "event": "push",
            "deployment_callback_url": "https://api.github.com/repos/acme/shop/actions/runs/77/deployment_protection_rule",
            "deployment": {"id": 5, "sha": "a".repeat(40), "ref": "main"},
            "pull_requests": [],
            "repository": {"id": 42, "full_name": "acme/shop"},
        });
        change(&mut payload);
        payload.to_string().into_bytes()
    }

    #[test]
    fn a_request_names_the_run_the_environment_and_the_commit() {
        let event = protection_event(&payload(|_| {})).unwrap();
        assert!(
            event.id.to_string().starts_with("protection/42/77/"),
            "{}",
            event.id
        );
        assert_eq!(event.requested.environment, "production");
        assert_eq!(event.requested.commit, "a".repeat(40).parse().ok());
        // Run again, the run makes another deployment; another environment is another request.
        let again = protection_event(&payload(|payload| payload["deployment"]["id"] = json!(6)));
        let other = protection_event(&payload(|payload| {
            payload["environment"] = json!("staging")
        }));
        for another in [again, other] {
            assert_ne!(another.unwrap().id, event.id);
        }
        let unnamed = protection_event(&payload(|payload| payload["deployment"] = Value::Null));
        assert_eq!(unnamed.unwrap().requested.commit, None);
    }

    #[test]
    fn only_the_run_is_taken_from_the_url_and_only_of_this_repository() {
        let of = |url: &str| {
            let url = url.to_owned();
            protection_event(&payload(|payload| {
                payload["deployment_callback_url"] = json!(url)
            }))
        };
        let enterprise =
            "https://ghe.example/api/v3/repos/Acme/Shop/actions/runs/9/deployment_protection_rule";
        assert_eq!(of(enterprise).unwrap().id.run, 9);
        for url in [
            "",
            "https://evil.example/",
            "ftp://api.github.com/repos/acme/shop/actions/runs/77/deployment_protection_rule",
            "https://api.github.com/repos/acme/other/actions/runs/77/deployment_protection_rule",
            "https://api.github.com/repos/acme/shop/actions/runs/x/deployment_protection_rule",
            "https://api.github.com/repos/acme/shop/actions/runs/0/deployment_protection_rule",
            "https://api.github.com/repos/acme/shop/actions/runs/7/../8/deployment_protection_rule",
            "https://api.github.com/repos/acme/shop/actions/runs/77/cancel",
            "https://a@evil.example/repos/acme/shop/actions/runs/77/deployment_protection_rule",
        ] {
            let problem = of(url).unwrap_err().to_string();
            assert!(
                problem.starts_with("deployment_callback_url: found"),
                "{url}: {problem}"
            );
        }
    }

    #[test]
    fn a_name_that_no_environment_has_is_refused() {
        for name in [String::new(), "x".repeat(256)] {
            let problem =
                protection_event(&payload(|payload| payload["environment"] = json!(name)));
            let problem = problem.unwrap_err().to_string();
            assert!(
                problem.starts_with("environment: found a name of"),
                "{problem}"
            );
        }
    }
}
