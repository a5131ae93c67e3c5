//! What is asked for: every page of the dashboard, and every list of the API's.

use super::filling;

/// A page or a list.
pub(super) struct Path {
    pub(super) path: String,
    /// Whether the second page of the list is asked for instead.
    pub(super) after: bool,
}

/// All of them. What they show of one thing is there with little in the stores too.
pub(super) fn paths() -> anyhow::Result<Vec<Path>> {
    let repository = filling::FIRST_REPOSITORY;
    let line = filling::line(repository, 0)?;
    let line = line.to_string();
    let place = line.trim_start_matches("release/");
    let delivery = format!("00000000-0000-4000-8000-{:012x}", 7);
    let pages = [
        "/".to_owned(),
        "/dashboard/previews".to_owned(),
        "/dashboard/previews?phase=waiting".to_owned(),
        "/dashboard/previews?phase=failed".to_owned(),
        format!("/dashboard/previews?repository={repository}"),
        format!("/dashboard/previews/{repository}/1"),
        "/dashboard/environments".to_owned(),
        format!("/dashboard/environments/{place}"),
        "/dashboard/releases".to_owned(),
        format!("/dashboard/releases?repository={repository}"),
        "/dashboard/deliveries".to_owned(),
        "/dashboard/deliveries?status=done".to_owned(),
        "/dashboard/deliveries?status=dead".to_owned(),
        format!("/dashboard/deliveries/{delivery}"),
        "/dashboard/repositories".to_owned(),
        format!("/dashboard/repositories/{repository}/operations"),
        "/dashboard/installations".to_owned(),
        "/dashboard/approvals".to_owned(),
        "/dashboard/builds".to_owned(),
        "/dashboard/vendors".to_owned(),
        "/dashboard/audit".to_owned(),
        "/api/v1/overview".to_owned(),
    ];
    // As many as each shows on a page at most.
    let lists = [
        ("previews", 100),
        ("environments", 100),
        ("releases", 100),
        ("deliveries", 100),
        ("decisions", 20),
        ("repositories", 100),
        ("installations", 100),
        ("operations", 100),
        ("builds", 25),
        ("audit", 100),
    ];
    let pages = pages.map(|path| Path { path, after: false });
    let lists = lists.iter().flat_map(|(list, limit)| {
        let path = format!("/api/v1/{list}?limit={limit}");
        [false, true].map(|after| Path {
            path: path.clone(),
            after,
        })
    });
    Ok(pages.into_iter().chain(lists).collect())
}
