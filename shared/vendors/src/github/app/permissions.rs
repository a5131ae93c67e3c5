//! What Slipway may do, and what GitHub tells it: the one table that the App's manifest, its tokens and the documents are made of or
//! held against.

/// A permission, with all that needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permission {
    /// GitHub's name.
    pub name: &'static str,
    /// `read` or `write`; who may write may read.
    pub level: &'static str,
    /// The calls that are made with it, as method and path in GitHub's documentation.
    pub calls: &'static [&'static str],
    /// The events that are subscribed to by it; some need none.
    pub events: &'static [&'static str],
}

/// All permissions that Slipway needs, in the order of their names.
pub const TABLE: [Permission; 7] = [
    Permission {
        name: "actions",
        level: "write",
        calls: &[
            "GET /repos/{owner}/{repo}/actions/runs",
            "GET /repos/{owner}/{repo}/actions/runs/{run_id}",
            "GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs",
            "POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches",
        ],
        events: &["workflow_run"],
    },
    Permission {
        name: "checks",
        level: "write",
        calls: &[
            "GET /repos/{owner}/{repo}/commits/{ref}/check-runs",
            "PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}",
            "POST /repos/{owner}/{repo}/check-runs",
        ],
        events: &["check_run"],
    },
    Permission {
        name: "contents",
        level: "read",
        calls: &[
            "GET /repos/{owner}/{repo}/commits",
            "GET /repos/{owner}/{repo}/commits/{ref}",
            "GET /repos/{owner}/{repo}/compare/{basehead}",
            "GET /repos/{owner}/{repo}/contents/{path}",
        ],
        events: &["push"],
    },
    Permission {
        name: "deployments",
        level: "write",
        calls: &[
            "DELETE /repos/{owner}/{repo}/deployments/{deployment_id}",
            "GET /repos/{owner}/{repo}/deployments",
            "POST /repos/{owner}/{repo}/actions/runs/{run_id}/deployment_protection_rule",
            "POST /repos/{owner}/{repo}/deployments",
            "POST /repos/{owner}/{repo}/deployments/{deployment_id}/statuses",
        ],
        events: &["deployment_protection_rule"],
    },
    Permission {
        name: "issues",
        level: "read",
        calls: &[],
        events: &["issue_comment"],
    },
    Permission {
        name: "metadata",
        level: "read",
        calls: &[
            "GET /installation/repositories",
            "GET /repos/{owner}/{repo}",
            "GET /repos/{owner}/{repo}/collaborators/{username}/permission",
            "GET /users/{username}",
        ],
        events: &["installation_target", "repository"],
    },
    Permission {
        name: "pull_requests",
        level: "write",
        calls: &[
            "DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}",
            "GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls",
            "GET /repos/{owner}/{repo}/issues/{issue_number}/comments",
            "GET /repos/{owner}/{repo}/pulls",
            "GET /repos/{owner}/{repo}/pulls/{pull_number}",
            "GET /repos/{owner}/{repo}/pulls/{pull_number}/commits",
            "GET /repos/{owner}/{repo}/pulls/{pull_number}/files",
            "PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}",
            "POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions",
            "POST /repos/{owner}/{repo}/issues/{issue_number}/comments",
        ],
        events: &["pull_request"],
    },
];

/// The calls that the App makes as itself, which need no permission.
pub const CALLS_AS_APP: [&str; 7] = [
    "GET /app",
    "GET /app/hook/deliveries",
    "GET /app/hook/deliveries/{delivery_id}",
    "GET /app/installations",
    "GET /app/installations/{installation_id}",
    "GET /repos/{owner}/{repo}/installation",
    "POST /app/installations/{installation_id}/access_tokens",
];

/// The permissions of every installation token, by GitHub's names. The App must have been granted all of them.
pub const PERMISSIONS: [(&str, &str); TABLE.len()] = {
    let mut permissions = [("", ""); TABLE.len()];
    let mut rest: &[Permission] = &TABLE;
    let mut slots: &mut [(&str, &str)] = &mut permissions;
    while let ([first, others @ ..], [slot, left @ ..]) = (rest, slots) {
        *slot = (first.name, first.level);
        rest = others;
        slots = left;
    }
    permissions
};

/// The events that the App subscribes to, in the order of their names. Those about installations come unasked.
pub fn events() -> Vec<&'static str> {
    let mut events: Vec<&str> = TABLE
        .iter()
        .flat_map(|permission| permission.events.iter().copied())
        .collect();
    events.sort_unstable();
    events
}

/// All that it takes to list what an installation reaches.
pub(super) const LISTING: (&str, &str) = ("metadata", "read");

/// All that it takes to read the files of a repository.
pub(super) const READING_FILES: (&str, &str) = ("contents", "read");

/// `actions: read, contents: read …`
pub(super) fn listed() -> String {
    let listed: Vec<String> = PERMISSIONS
        .iter()
        .map(|(name, level)| format!("{name}: {level}"))
        .collect();
    listed.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_asked_for_with_what_the_table_says() {
        assert_eq!(
            PERMISSIONS,
            [
                ("actions", "write"),
                ("checks", "write"),
                ("contents", "read"),
                ("deployments", "write"),
                ("issues", "read"),
                ("metadata", "read"),
                ("pull_requests", "write")
            ]
        );
        assert!(TABLE.is_sorted_by_key(|permission| permission.name));
        assert_eq!(
            events(),
            [
                "check_run",
                "deployment_protection_rule",
                "installation_target",
                "issue_comment",
                "pull_request",
                "push",
                "repository",
                "workflow_run"
            ]
        );
    }
}
