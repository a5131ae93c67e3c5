//! Check runs as GitHub shows them.

use serde_json::{Value, json};

use super::Shape;
use crate::clock::github_time;
use crate::github::state::Check;

impl Shape<'_> {
    /// A check run as GitHub shows it.
    pub(crate) fn check_run(&self, check: &Check) -> Value {
        let github = self.github;
        let name = github
            .repositories
            .get(&check.repository)
            .map(|found| github.full_name(found))
            .unwrap_or_default();
        let url = format!("{}/repos/{name}/check-runs/{}", self.api, check.id);
        let app = github.installed.apps.get(&check.app);
        let app = app.map(|app| self.app(app));
        let done = (check.status == "completed").then(|| github_time(check.at));
        let text = |name: &str| check.output.get(name).cloned().unwrap_or_default();
        let annotations = check
            .output
            .get("annotations")
            .and_then(Value::as_array)
            .map_or(0, Vec::len);
        let details = check.details_url.as_deref();
        json!({
            "id": check.id, "head_sha": check.head, "node_id": format!("CR_{}", check.id), "external_id": check.external_id,
            "url": url, "html_url": format!("https://github.com/{name}/runs/{}", check.id),
            "details_url": details.unwrap_or("https://slipway.example.com"), "status": check.status, "conclusion": check.conclusion,
            "started_at": github_time(check.at), "completed_at": done, "name": check.name,
            "output": {"title": text("title"), "summary": text("summary"), "text": null, "annotations_count": annotations,
                "annotations_url": format!("{url}/annotations")},
            "check_suite": {"id": check.id}, "app": app, "pull_requests": [],
        })
    }
}
