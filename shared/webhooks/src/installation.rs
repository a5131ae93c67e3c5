//! By which installation of a GitHub App a delivery came: every delivery to an App says so, whatever its event.

use domain::{InstallationId, RepositoryId};
use serde::Deserialize;

#[derive(Deserialize)]
struct Wire {
    installation: Identified,
    repository: Identified,
}

#[derive(Deserialize)]
struct Identified {
    id: u64,
}

/// The repository that the payload is about, and GitHub's id of the installation; none if it does not say so, as deliveries of a
/// repository's own webhook do not.
pub fn installation_of(payload: &[u8]) -> Option<(RepositoryId, InstallationId)> {
    let wire: Wire = serde_json::from_slice(payload).ok()?;
    Some((
        RepositoryId(wire.repository.id),
        InstallationId(wire.installation.id),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_installation_is_read_where_a_delivery_names_it() {
        let payload =
            br#"{"action":"opened","repository":{"id":7,"name":"shop"},"installation":{"id":5,"node_id":"MDIz"}}"#;
        assert_eq!(
            installation_of(payload),
            Some((RepositoryId(7), InstallationId(5)))
        );
        for other in [
            r#"{"repository":{"id":7}}"#,
            r#"{"repository":{"id":7},"installation":null}"#,
            r#"{"installation":{"id":5}}"#,
            "[]",
            "",
        ] {
            assert_eq!(installation_of(other.as_bytes()), None, "{other}");
        }
    }
}
