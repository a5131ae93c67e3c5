//! Argo CD's notifications, as the template in `templates/argocd` writes them: to which application something happened. What
//! happened is read from Argo CD.

use domain::argocd::{ApplicationId, ObjectName};
use serde::Deserialize;

use crate::{
    Malformed,
    body::not_utf8,
    json::{self, identity},
};

#[derive(Deserialize)]
struct Wire {
    #[serde(deserialize_with = "identity")]
    application: ObjectName,
    #[serde(deserialize_with = "identity")]
    project: ObjectName,
}

/// Parses `{"application": "shop", "project": "default"}`; further fields do not matter.
pub fn argocd_notification(payload: &[u8]) -> Result<ApplicationId, Malformed> {
    let payload = std::str::from_utf8(payload).map_err(not_utf8)?;
    let Wire {
        application,
        project,
    } = json::parse(payload)?;
    Ok(ApplicationId {
        project,
        name: application,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_application_is_known_by_its_name_and_its_project_and_nothing_else_matters() {
        let found =
            argocd_notification(br#"{"application":"shop-web","project":"shop","phase":7}"#);
        let found = found.unwrap();
        assert_eq!(
            (found.name.as_str(), found.project.as_str()),
            ("shop-web", "shop")
        );
    }

    #[test]
    fn what_names_no_application_is_refused_with_what_is_wrong() {
        let told: Vec<String> = [
            r#"{"project":"shop"}"#,
            r#"{"application":"../shop","project":"shop"}"#,
            r#"["shop","shop"]"#,
            "shop",
        ]
        .iter()
        .map(|payload| {
            argocd_notification(payload.as_bytes())
                .unwrap_err()
                .to_string()
        })
        .collect();
        insta::assert_snapshot!(told.join("\n"), @r#"
    application: missing
    application: found "../shop", expected a Kubernetes name (lower-case letters, digits, - and ., with a letter or digit at both ends)
    payload: found an array, expected an object
    payload: not JSON: expected value at line 1 column 1
    "#);
    }
}
