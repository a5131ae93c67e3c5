//! Committing a changed file.

use serde_json::json;
use vendors::{
    CallError,
    github::{Credentials, FileUpdate, Written},
};

use crate::{
    github_pull_request::{client_at, client_with, name, repository},
    script::{Script, broken, now, told},
};

fn update(script: &Script) -> Result<Written, CallError> {
    let update = FileUpdate {
        path: "shop/production/kustomization.yaml",
        branch: "main",
        read: "95b966ae1c166bd92f8ae7d1c313e738c731dfc3",
        text: "images:\n- name: ü\n",
        message: "shop production: v2",
    };
    let credentials = Credentials::GitopsToken("github_pat_s3cr3t0123456789".to_owned());
    now(client_with(script, &credentials).update_file(repository(&name()), update))
}

#[test]
fn a_file_is_committed_on_top_of_what_was_read() {
    let answer = json!({"content": {"sha": "1"}, "commit": {"sha": "ec26c3e57ca3a959ca5aad62de7213c562f8c821",
        "html_url": "https://github.com/acme/shop/commit/ec26c3e"}});
    let script = Script::one(200, &answer.to_string());
    let written = update(&script).unwrap();
    let commit = "ec26c3e57ca3a959ca5aad62de7213c562f8c821".parse().unwrap();
    let url = "https://github.com/acme/shop/commit/ec26c3e".to_owned();
    assert_eq!(written, Written::Committed { commit, url });
    insta::assert_snapshot!(script.asked(), @r#"
    PUT https://api.github.com/repos/acme/shop/contents/shop/production/kustomization.yaml
    accept: "application/vnd.github+json"
    authorization: Sensitive
    user-agent: "slipway/0.0.0"
    x-github-api-version: "2022-11-28"
    content-type: "application/json"
    time limit: 30 s
    {"message":"shop production: v2","content":"aW1hZ2VzOgotIG5hbWU6IMO8Cg==","sha":"95b966ae1c166bd92f8ae7d1c313e738c731dfc3","branch":"main"}
    "#);
}

#[test]
fn somebody_elses_change_is_seen_and_rules_are_told() {
    let refused =
        |status: u16, message: &str| Script::one(status, &json!({"message": message}).to_string());
    let path = "shop/production/kustomization.yaml";
    for message in [
        format!("{path} does not match 95b966ae1c166bd92f8ae7d1c313e738c731dfc3"),
        "is at ec26c3e57ca3a959ca5aad62de7213c562f8c821 but expected f95f852bd8fca8fcc58a9a2d6c842781e32a215e".to_owned(),
    ] {
        assert_eq!(update(&refused(409, &message)).unwrap(), Written::ChangedMeanwhile, "{message}");
    }
    let cases = [
        refused(
            409,
            "Repository rule violations found\n\nChanges must be made through a pull request.",
        ),
        refused(404, "Branch main not found"),
        refused(422, "Invalid request.\n\n\"sha\" wasn't supplied."),
        refused(403, "Resource not accessible by integration"),
        Script::one(502, "<html>Bad Gateway</html>"),
        Script::one(200, "{}"),
        Script::default().then_fails(broken()),
    ];
    let told: Vec<String> = cases.iter().map(|script| told(update(script))).collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    refused: committing shop/production/kustomization.yaml to main of acme/shop: GitHub answered 409
        "Repository rule violations found Changes must be made through a pull request.". The branch is
        protected: the rules of the GitOps repository must let Slipway commit to it
    refused: committing shop/production/kustomization.yaml to main of acme/shop: GitHub answered 404
        "Branch main not found". The repository must exist, and the token in gitops_token have access to
        it. The branch must exist, and the token be allowed to write contents there
    refused: committing shop/production/kustomization.yaml to main of acme/shop: GitHub answered 422
        "Invalid request. "sha" wasn't supplied."
    refused: committing shop/production/kustomization.yaml to main of acme/shop: GitHub answered 403
        "Resource not accessible by integration". The token in gitops_token needs to write contents of
        the repository of the manifests
    retry: committing shop/production/kustomization.yaml to main of acme/shop: GitHub answered 502
        "<html>Bad Gateway</html>"
    retry: committing shop/production/kustomization.yaml to main of acme/shop: GitHub answered 200 with
        something else than expected (missing field `commit` at line 1 column 2)
    retry: committing shop/production/kustomization.yaml to main of acme/shop: the answer from
        https://vendor.example:443 broke off: connection reset
    "#);
}

#[test]
fn a_repository_of_another_host_is_none_of_this_githubs() {
    let at = |api: &str, host: &str| {
        let script = Script::default();
        let credentials = Credentials::GitopsToken("github_pat_s3cr3t0123456789".to_owned());
        client_at(&script, api, &credentials).serves(host)
    };
    let public = "https://api.github.com";
    for (api, host, expected) in [
        (public, "github.com", true),
        (public, "ssh.github.com", true),
        (public, "gitlab.com", false),
        (public, "github.com.evil.test", false),
        ("https://git.acme.dev/api/v3", "git.acme.dev", true),
        ("https://git.acme.dev/api/v3", "github.com", false),
        // An address that does not tell: whoever set it up knows.
        ("http://127.0.0.1:4000", "github.com", true),
    ] {
        assert_eq!(at(api, host), expected, "{host} by {api}");
    }
}
