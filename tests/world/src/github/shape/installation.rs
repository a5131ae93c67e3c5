//! Installations of Apps as GitHub writes them.

use serde_json::{Value, json};

use super::Shape;
use crate::clock::github_time;
use crate::github::installed::{App, Installation};

impl Shape<'_> {
    /// An `installation`.
    pub(crate) fn installation(self, installation: &Installation) -> Value {
        let slug = self.github.installed.apps.get(&installation.app);
        let slug = slug.map_or("", |app| app.slug.as_str());
        let (id, api, account) = (installation.id, self.api, self.user(installation.account));
        let selection = installation
            .repositories
            .as_ref()
            .map_or("all", |_| "selected");
        let suspended_by = installation
            .suspended_at
            .map(|_| self.user(installation.account));
        json!({
            "id": id, "account": account, "access_tokens_url": format!("{api}/app/installations/{id}/access_tokens"),
            "repositories_url": format!("{api}/installation/repositories"),
            "html_url": format!("https://github.com/organizations/acme/settings/installations/{id}"),
            "app_id": installation.app, "app_slug": slug, "target_id": installation.account, "target_type": "Organization",
            "permissions": installation.permissions, "events": ["pull_request", "workflow_run"],
            "repository_selection": selection,
            "created_at": github_time(installation.created_at), "updated_at": github_time(installation.created_at),
            "single_file_name": null, "has_multiple_single_files": false, "single_file_paths": [],
            "suspended_by": suspended_by, "suspended_at": installation.suspended_at.map(github_time),
        })
    }

    /// The repositories with these ids, as deliveries about installations list them.
    pub(crate) fn listed(self, repositories: &[u64]) -> Vec<Value> {
        let found = repositories
            .iter()
            .filter_map(|id| self.github.repositories.get(id));
        found
            .map(|found| {
                json!({"id": found.id, "node_id": format!("R_{}", found.id), "name": found.name,
                    "full_name": self.github.full_name(found), "private": found.private})
            })
            .collect()
    }

    /// An App.
    pub(crate) fn app(&self, app: &App) -> Value {
        let installations = self
            .github
            .installed
            .installations
            .values()
            .filter(|installation| installation.app == app.id)
            .count();
        json!({
            "id": app.id, "slug": app.slug, "node_id": format!("A_{}", app.id), "client_id": app.client_id,
            "owner": self.user(app.owner), "name": app.slug, "description": "",
            "external_url": "https://slipway.example.com", "html_url": format!("https://github.com/apps/{}", app.slug),
            "created_at": github_time(app.created_at), "updated_at": github_time(app.created_at),
            "permissions": {"metadata": "read"}, "events": ["pull_request", "workflow_run"], "installations_count": installations,
        })
    }
}
