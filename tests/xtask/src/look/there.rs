//! What the scene has that can be asked for by a path of the dashboard.

use anyhow::Context as _;

use crate::demo::stage::Stage;
use crate::{requests, scene};

/// What the newest release to production is known by, as the API tells it.
pub(super) async fn newest_release(stage: &Stage) -> anyhow::Result<String> {
    let authorization = format!("Bearer {}", scene::admin().token);
    let headers = [("authorization".to_owned(), authorization)];
    let url = stage.slipway_url("/api/v1/releases?environment=production&limit=1");
    let answer = requests::get(&url, &headers).await?;
    let releases = answer.json();
    let id = releases
        .pointer("/releases/0/id")
        .and_then(|id| id.as_str());
    let id = id.with_context(|| format!("{url} answers no release: {}", answer.text()))?;
    Ok(id.to_owned())
}
