//! Deliveries that tell of what Apps reach: `installation`, `installation_repositories`, `installation_target` and `repository`.

use serde_json::{Value, json};

use crate::github::shape::{Shape, overlay};
use crate::github::state::GitHubState;
use crate::names::Names;

impl GitHubState {
    /// Queues an `installation` delivery, which names the repositories that are reached when it is made or deleted.
    pub(crate) fn emit_installation(
        &mut self,
        action: &str,
        installation: u64,
        api: &str,
        names: &Names,
    ) {
        let Some(found) = self.installed.installations.get(&installation) else {
            return;
        };
        let shape = Shape { github: self, api };
        let mut payload = json!({"action": action, "installation": shape.installation(found),
            "sender": shape.user(found.account)});
        if matches!(action, "created" | "deleted") {
            let reached = self.reached_by(installation);
            overlay(
                &mut payload,
                json!({"repositories": shape.listed(&reached)}),
            );
        }
        self.enqueue("installation", 0, &payload, names);
    }

    /// Queues the `installation_repositories` deliveries for a change of what is reached.
    pub(crate) fn emit_reach(
        &mut self,
        installation: u64,
        (before, after): (&[u64], &[u64]),
        api: &str,
        names: &Names,
    ) {
        let without = |one: &[u64], other: &[u64]| -> Vec<u64> {
            one.iter()
                .copied()
                .filter(|id| !other.contains(id))
                .collect()
        };
        let (added, removed) = (without(after, before), without(before, after));
        for (action, added, removed) in [
            ("added", added.as_slice(), &[][..]),
            ("removed", &[][..], removed.as_slice()),
        ] {
            let Some(found) = self.installed.installations.get(&installation) else {
                return;
            };
            if added.is_empty() && removed.is_empty() {
                continue;
            }
            let shape = Shape { github: self, api };
            let shown = shape.installation(found);
            let selection = shown.get("repository_selection").cloned();
            let removed: Vec<Value> = shape.listed(removed);
            let payload = json!({"action": action, "installation": shown, "repository_selection": selection,
                "repositories_added": shape.listed(added), "repositories_removed": removed, "requester": null,
                "sender": shape.user(found.account)});
            self.enqueue("installation_repositories", 0, &payload, names);
        }
    }

    /// Queues an `installation_target` delivery for each installation on an account whose login was `former`.
    pub(crate) fn emit_renamed_account(
        &mut self,
        account: u64,
        former: &str,
        api: &str,
        names: &Names,
    ) {
        let installations = self.installed.installations.values();
        let on_account: Vec<u64> = installations
            .filter(|found| found.account == account)
            .map(|found| found.id)
            .collect();
        for installation in on_account {
            let shown = Shape { github: self, api }.user(account);
            let payload = json!({"action": "renamed", "account": shown, "sender": shown, "target_type": "Organization",
                "changes": {"login": {"from": former}},
                "installation": {"id": installation, "node_id": format!("I_{installation}")}});
            self.enqueue("installation_target", 0, &payload, names);
        }
    }

    /// Queues a `repository` delivery; `changes` is what it was before.
    pub(crate) fn emit_repository(
        &mut self,
        action: &str,
        repository: u64,
        changes: Option<Value>,
        api: &str,
        names: &Names,
    ) {
        let Some(found) = self.repositories.get(&repository) else {
            return;
        };
        let mut payload = self.envelope(found, found.owner, api);
        overlay(&mut payload, json!({"action": action}));
        if let Some(changes) = changes {
            overlay(&mut payload, json!({"changes": changes}));
        }
        self.enqueue("repository", repository, &payload, names);
    }

    /// The ids of the repositories that an installation reaches.
    pub(crate) fn reached_by(&self, installation: u64) -> Vec<u64> {
        let Some(found) = self.installed.installations.get(&installation) else {
            return Vec::new();
        };
        self.repositories
            .values()
            .filter(|repository| !repository.hidden && found.covers(repository))
            .map(|repository| repository.id)
            .collect()
    }
}
