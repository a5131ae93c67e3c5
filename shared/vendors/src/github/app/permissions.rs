//! What Slipway may do on a repository: every token is asked for with this and no more.

/// The permissions of every installation token, by GitHub's names. The App must have been granted all of them.
pub const PERMISSIONS: [(&str, &str); 6] = [
    // The workflow runs of a commit.
    ("actions", "read"),
    // What is wrong with `.github/slipway.yml`, told on the commit that changed it.
    ("checks", "write"),
    // `.github/slipway.yml`, and which commit changed it.
    ("contents", "read"),
    // What GitHub shows of environments.
    ("deployments", "write"),
    // What every App has.
    ("metadata", "read"),
    // Pull requests, and the comment on each.
    ("pull_requests", "write"),
];

/// All that it takes to list what an installation reaches.
pub(super) const LISTING: (&str, &str) = ("metadata", "read");

/// `actions: read, contents: read …`
pub(super) fn listed() -> String {
    let listed: Vec<String> = PERMISSIONS
        .iter()
        .map(|(name, level)| format!("{name}: {level}"))
        .collect();
    listed.join(", ")
}
