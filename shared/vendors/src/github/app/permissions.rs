//! What Slipway may do on a repository: every token is asked for with this and no more.

/// The permissions of every installation token, by GitHub's names. The App must have been granted all of them.
pub const PERMISSIONS: [(&str, &str); 5] = [
    // The workflow runs of a commit.
    ("actions", "read"),
    // `.github/slipway.yml`.
    ("contents", "read"),
    // What GitHub shows of environments.
    ("deployments", "write"),
    // What every App has.
    ("metadata", "read"),
    // Pull requests, and the comment on each.
    ("pull_requests", "write"),
];

/// `actions: read, contents: read …`
pub(super) fn listed() -> String {
    let listed: Vec<String> = PERMISSIONS
        .iter()
        .map(|(name, level)| format!("{name}: {level}"))
        .collect();
    listed.join(", ")
}
