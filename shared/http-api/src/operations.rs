//! All that can be asked, as data: for the OpenAPI document, and for tests that go through every route.

use crate::Role;

/// One thing that can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// The path, with names in braces for its variable parts.
    pub path: &'static str,
    /// The least role that may ask; none for whoever bears any token.
    pub role: Option<Role>,
    /// What it does, in a sentence.
    pub summary: &'static str,
    /// The parameters in the query that it takes.
    pub query: &'static [&'static str],
    /// The fields of the JSON object in its body, those with a question mark may be missing; none if it takes no body.
    pub body: &'static [&'static str],
}

const fn read(
    path: &'static str,
    query: &'static [&'static str],
    summary: &'static str,
) -> Operation {
    Operation {
        method: "GET",
        path,
        role: Some(Role::Viewer),
        summary,
        query,
        body: &[],
    }
}

const fn act(path: &'static str, role: Role, summary: &'static str) -> Operation {
    Operation {
        method: "POST",
        path,
        role: Some(role),
        summary,
        query: &[],
        body: &[],
    }
}

/// An act of a deployer's on an environment.
const fn intervene(
    path: &'static str,
    body: &'static [&'static str],
    summary: &'static str,
) -> Operation {
    Operation {
        body,
        ..act(path, Role::Deployer, summary)
    }
}

/// All of them.
pub const OPERATIONS: [Operation; 39] = [
    Operation {
        role: None,
        ..read("/api/v1/me", &[], "Tells whose token the request bears.")
    },
    read(
        "/api/v1/overview",
        &[],
        "Counts what is stored, and names vendors that are left alone.",
    ),
    read(
        "/api/v1/deliveries",
        &["status", "limit", "cursor"],
        "Lists deliveries: pending ones first, then the newest.",
    ),
    read("/api/v1/deliveries/{guid}", &[], "Shows a delivery."),
    act(
        "/api/v1/deliveries/{guid}/replay",
        Role::Deployer,
        "Runs a delivery again, whatever became of it.",
    ),
    Operation {
        query: &["status", "limit"],
        ..act(
            "/api/v1/deliveries/replay",
            Role::Deployer,
            "Runs up to 100 dead deliveries again; the status must be dead.",
        )
    },
    read(
        "/api/v1/previews",
        &[
            "repository",
            "phase",
            "attention",
            "idle_days",
            "limit",
            "cursor",
        ],
        "Lists previews: by repository, the newest pull request first.",
    ),
    read(
        "/api/v1/previews/{repository_id}/{number}",
        &[],
        "Shows a preview.",
    ),
    Operation {
        body: &["commit"],
        ..act(
            "/api/v1/previews/{repository_id}/{number}/deploy",
            Role::Deployer,
            "Deploys the head commit and what is pushed after it, also without a label; of a fork only this commit.",
        )
    },
    Operation {
        body: &["commit"],
        ..act(
            "/api/v1/previews/{repository_id}/{number}/redeploy",
            Role::Deployer,
            "Deploys the head commit anew.",
        )
    },
    act(
        "/api/v1/previews/{repository_id}/{number}/remove",
        Role::Deployer,
        "Removes a preview until somebody asks for it.",
    ),
    Operation {
        body: &["for"],
        ..act(
            "/api/v1/previews/{repository_id}/{number}/keep",
            Role::Deployer,
            "Keeps a preview from expiring for so long.",
        )
    },
    act(
        "/api/v1/previews/{repository_id}/{number}/retry",
        Role::Deployer,
        "Lets a preview try again what was given up or has failed.",
    ),
    read(
        "/api/v1/decisions",
        &[
            "repository",
            "pull_request",
            "service",
            "environment",
            "limit",
            "cursor",
        ],
        "Lists the newest decisions on releases and previews with rule and values: by environment and by preview, the newest first.",
    ),
    read(
        "/api/v1/builds",
        &["repository", "status", "limit", "cursor"],
        "Lists builds that environments and previews know: by repository, environments before previews.",
    ),
    read(
        "/api/v1/vendors",
        &[],
        "Tells how vendors are: where calls fail, who is left alone until when, whose limits are met.",
    ),
    read(
        "/api/v1/audit",
        &["by", "act", "outcome", "repository", "limit", "cursor"],
        "Lists what people did, or tried to, in the last 90 days: the newest first.",
    ),
    read(
        "/api/v1/repositories",
        &["attention", "limit", "cursor"],
        "Lists repositories with their surveys.",
    ),
    read(
        "/api/v1/repositories/{repository_id}",
        &[],
        "Shows a repository.",
    ),
    act(
        "/api/v1/repositories/{repository_id}/survey",
        Role::Deployer,
        "Compares the open pull requests of a repository with its previews.",
    ),
    act(
        "/api/v1/repositories/{repository_id}/allow-removals",
        Role::Admin,
        "Lets the removals go on that are held back in a repository.",
    ),
    read(
        "/api/v1/repositories/{repository_id}/operations",
        &[],
        "Tells which operations a repository has: workflows that people may start, with their inputs.",
    ),
    Operation {
        body: &["inputs?"],
        ..act(
            "/api/v1/repositories/{repository_id}/operations/{operation}",
            Role::Deployer,
            "Starts an operation: the next run of reconcile has GitHub run its workflow on the default branch.",
        )
    },
    read(
        "/api/v1/operations",
        &["repository", "operation", "state", "limit", "cursor"],
        "Lists operations that were started in the last 30 days: the newest first.",
    ),
    read(
        "/api/v1/operations/{repository_id}/{operation_run}",
        &[],
        "Shows an operation that was started, with its run.",
    ),
    read(
        "/api/v1/environments",
        &[
            "repository",
            "service",
            "environment",
            "attention",
            "limit",
            "cursor",
        ],
        "Lists every environment of every service: what is live there, and what waits for what.",
    ),
    read(
        "/api/v1/environments/{repository_id}/{service}/{environment}",
        &[],
        "Shows an environment of a service.",
    ),
    intervene(
        "/api/v1/environments/{repository_id}/{service}/{environment}/lift-hold",
        &[],
        "Lets releases begin by themselves again after a rollback.",
    ),
    intervene(
        "/api/v1/environments/{repository_id}/{service}/{environment}/lock",
        &["reason"],
        "Keeps releases from beginning by themselves.",
    ),
    intervene(
        "/api/v1/environments/{repository_id}/{service}/{environment}/unlock",
        &[],
        "Takes the lock off.",
    ),
    intervene(
        "/api/v1/environments/{repository_id}/{service}/{environment}/rollback",
        &["back", "reason", "commit?"],
        "Goes back to an earlier release that was found healthy, and holds the environment.",
    ),
    intervene(
        "/api/v1/environments/{repository_id}/{service}/{environment}/allow-diverged",
        &["commit"],
        "Lets a commit go on though it does not contain what is there.",
    ),
    intervene(
        "/api/v1/environments/{repository_id}/{service}/{environment}/approve",
        &["commit", "release?", "image?"],
        "Approves the release of a commit, in the name of the token.",
    ),
    intervene(
        "/api/v1/environments/{repository_id}/{service}/{environment}/retry",
        &[],
        "Tries again at once what waits for its next try or was given up.",
    ),
    read(
        "/api/v1/releases",
        &[
            "repository",
            "service",
            "environment",
            "phase",
            "limit",
            "cursor",
        ],
        "Lists releases: by environment, the newest first.",
    ),
    read(
        "/api/v1/releases/{repository_id}/{service}/{environment}/{release}",
        &[],
        "Shows a release; in place of its id its commit is taken too.",
    ),
    read(
        "/api/v1/installations",
        &["limit", "cursor"],
        "Lists the installations of the GitHub App.",
    ),
    read(
        "/api/v1/installations/{installation_id}",
        &[],
        "Shows an installation of the GitHub App.",
    ),
    act(
        "/api/v1/installations/{installation_id}/allow-losses",
        Role::Admin,
        "Lets the repositories go that are held back in an installation.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::Route;

    #[test]
    fn every_operation_is_a_route_with_the_role_that_it_names() {
        for operation in OPERATIONS {
            let path = operation
                .path
                .replace("{guid}", "a-1")
                .replace("{repository_id}", "42")
                .replace("{number}", "7")
                .replace("{service}", "web")
                .replace("{environment}", "production")
                .replace("{release}", "rollback-1")
                .replace("{operation}", "db-migrate")
                .replace("{operation_run}", "01795257067000-1d7e4b8a6035c1d7")
                .replace("{installation_id}", "99");
            let method = operation.method.parse().unwrap();
            let route = Route::of(&method, &path).unwrap();
            assert_eq!(route.role(), operation.role, "{path}");
            assert_eq!(route.changes(), operation.method == "POST", "{path}");
        }
    }
}
