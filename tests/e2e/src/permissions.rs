//! Which row of the table of permissions a request to GitHub is a case of.

use vendors::github::{CALLS_AS_APP, PERMISSION_TABLE};
use world::Entry;

/// Requests that no App makes with a token of its own: by plain tokens (`github_token`, `gitops_token`, `registry_token`), by
/// whoever registers the App and is nobody yet, for the keys of the tokens of Actions, which are another host's, and for people
/// who sign in, with their own tokens.
const CALLS_BY_OTHERS: [&str; 18] = [
    "DELETE /applications/{client_id}/token",
    "DELETE /orgs/{org}/packages/{package_type}/{package_name}/versions/{package_version_id}",
    "DELETE /repos/{owner}/{repo}/environments/{environment_name}",
    "DELETE /users/{username}/packages/{package_type}/{package_name}/versions/{package_version_id}",
    "GET /.well-known/jwks",
    "GET /orgs/{org}/packages/{package_type}/{package_name}",
    "GET /orgs/{org}/packages/{package_type}/{package_name}/versions",
    "GET /login/oauth/authorize",
    "GET /user",
    "GET /user/installations",
    "GET /user/installations/{installation_id}/repositories",
    "GET /users/{username}/packages/{package_type}/{package_name}",
    "GET /users/{username}/packages/{package_type}/{package_name}/versions",
    "POST /app-manifests/{code}/conversions",
    "POST /login/oauth/access_token",
    "POST /organizations/{org}/settings/apps/new",
    "POST /settings/apps/new",
    "PUT /repos/{owner}/{repo}/contents/{path}",
];

/// All rows for installations of the App and for the App itself.
pub fn rows() -> impl Iterator<Item = &'static str> {
    let permitted = PERMISSION_TABLE
        .iter()
        .flat_map(|permission| permission.calls.iter().copied());
    permitted.chain(CALLS_AS_APP)
}

/// The rows that a request is a case of; `others` says whether those count that are not an App's.
pub fn rows_of(entry: &Entry, others: bool) -> Vec<&'static str> {
    // Where a renamed repository's redirect leads: an id stands for owner and name.
    let path = entry.path.strip_prefix("/repositories/").map(|rest| {
        let tail = rest.split_once('/').map(|(_, tail)| format!("/{tail}"));
        format!("/repos/owner/name{}", tail.unwrap_or_default())
    });
    let path = path.as_deref().unwrap_or(&entry.path);
    let by_others = CALLS_BY_OTHERS.into_iter().filter(|_| others);
    rows()
        .chain(by_others)
        .filter(|row| {
            let (method, template) = row.split_once(' ').unwrap_or_default();
            method == entry.method && fits(template, path)
        })
        .collect()
}

/// Whether a path is one of GitHub's template.
fn fits(template: &str, path: &str) -> bool {
    let (mut wanted, mut found) = (template.split('/'), path.split('/'));
    loop {
        match (wanted.next(), found.next()) {
            (None, None) | (Some("{path}"), Some(_)) => return true,
            (Some(one), Some(other)) if one.starts_with('{') || one == other => {}
            (_, _) => return false,
        }
    }
}
