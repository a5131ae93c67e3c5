//! Kubernetes: looking at namespaces and deleting them.

use domain::preview::SeenNamespace;
use serde_json::json;
use vendors::kubernetes::Client;

use crate::script::{Script, now, timed_out, told};

const URL: &str = "https://10.0.0.1:6443";
const TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.s3cr3t";

fn look(script: &Script) -> String {
    told(now(Client::new(script, URL, TOKEN).namespace("preview-7")))
}

fn delete(script: &Script) -> String {
    let namespace = SeenNamespace {
        name: "preview-7".to_owned(),
        uid: "0b6b3a5e".to_owned(),
        labels: std::collections::BTreeMap::new(),
        going: false,
        remains: None,
    };
    told(now(
        Client::new(script, URL, TOKEN).delete_namespace(&namespace)
    ))
}

fn status(reason: &str, code: u16, message: &str) -> String {
    json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "code": code, "message": message})
        .to_string()
}

fn active(name: &str) -> String {
    json!({"kind": "Namespace", "metadata": {"name": name, "uid": "0b6b3a5e", "labels": {"slipway/pull-request": "7"}},
        "status": {"phase": "Active"}})
    .to_string()
}

#[test]
fn a_namespace_is_looked_at_and_deleted_by_its_uid() {
    let script = Script::one(200, &active("preview-7")).then(200, &[], &active("preview-7"));
    insta::assert_snapshot!(look(&script), @r#"Some(SeenNamespace { name: "preview-7", uid: "0b6b3a5e", labels: {"slipway/pull-request": "7"}, going: false, remains: None })"#);
    assert_eq!(delete(&script), "()");
    insta::assert_snapshot!(script.asked(), @r#"
    GET https://10.0.0.1:6443/api/v1/namespaces/preview-7
    accept: "application/json"
    authorization: Sensitive
    user-agent: "slipway/0.0.0"
    time limit: 20 s
    ---
    DELETE https://10.0.0.1:6443/api/v1/namespaces/preview-7
    accept: "application/json"
    authorization: Sensitive
    user-agent: "slipway/0.0.0"
    content-type: "application/json"
    time limit: 20 s
    {"apiVersion":"v1","kind":"DeleteOptions","preconditions":{"uid":"0b6b3a5e"}}
    "#);
}

#[test]
fn what_is_going_is_told_with_what_keeps_it() {
    let held = json!({"kind": "Namespace",
        "metadata": {"name": "preview-7", "uid": "0b6b3a5e", "deletionTimestamp": "2026-11-21T10:31:07Z"},
        "status": {"phase": "Terminating", "conditions": [
            {"type": "NamespaceDeletionDiscoveryFailure", "status": "False", "message": "All resources discovered"},
            {"type": "NamespaceFinalizersRemaining", "status": "True", "message": "finalizers\nremaining: acme.io/hold"}]}});
    insta::assert_snapshot!(look(&Script::one(200, &held.to_string())), @r#"Some(SeenNamespace { name: "preview-7", uid: "0b6b3a5e", labels: {}, going: true, remains: Some("finalizers remaining: acme.io/hold") })"#);
}

#[test]
fn only_kubernetes_own_word_means_that_there_is_no_namespace() {
    let forbidden = "namespaces \"preview-7\" is forbidden: User \"system:serviceaccount:slipway:slipway\" cannot get resource";
    let cases = [
        (
            "none",
            Script::one(
                404,
                &status("NotFound", 404, "namespaces \"preview-7\" not found"),
            ),
        ),
        ("a proxy's page", Script::one(404, "<html>404</html>")),
        ("another one", Script::one(200, &active("preview-8"))),
        (
            "a wrong token",
            Script::one(401, &status("Unauthorized", 401, "Unauthorized")),
        ),
        (
            "no right",
            Script::one(403, &status("Forbidden", 403, forbidden)),
        ),
        ("broken", Script::one(500, "etcd")),
        ("no answer", Script::default().then_fails(timed_out())),
    ];
    let told = cases.map(|(case, script)| format!("{case}: {}", look(&script)));
    insta::assert_snapshot!(told.join("\n"), @r#"
    none: None
    a proxy's page: retry: looking at the namespace preview-7: Kubernetes answered 404 "<html>404</html>". That is not
        Kubernetes's way to say so: a proxy in front of it answered
    another one: retry: looking at the namespace preview-7: Kubernetes answered 200 with something else than expected
        (another namespace)
    a wrong token: refused: looking at the namespace preview-7: Kubernetes answered 401 "Unauthorized". The variable
        kubernetes_token must hold the token of a service account that is still valid
    no right: refused: looking at the namespace preview-7: Kubernetes answered 403 "namespaces "preview-7" is
        forbidden: User "system:serviceaccount:slipway:slipway" cannot get resource". The service
        account of kubernetes_token needs a ClusterRole with get and delete of namespaces
    broken: retry: looking at the namespace preview-7: Kubernetes answered 500 "etcd"
    no answer: retry: looking at the namespace preview-7: no answer from https://vendor.example:443 within 30 s
    "#);
}

#[test]
fn a_deletion_that_finds_nothing_another_one_or_one_that_goes_already_is_done() {
    let cases = [
        (
            "gone",
            Script::one(404, &status("NotFound", 404, "not found")),
        ),
        (
            "another one, or going",
            Script::one(
                409,
                &status(
                    "Conflict",
                    409,
                    "the UID in the precondition does not match",
                ),
            ),
        ),
        ("a page", Script::one(200, "<html>Sign in</html>")),
        (
            "no right",
            Script::one(403, &status("Forbidden", 403, "cannot delete resource")),
        ),
        ("no answer", Script::default().then_fails(timed_out())),
    ];
    let told = cases.map(|(case, script)| format!("{case}: {}", delete(&script)));
    insta::assert_snapshot!(told.join("\n"), @r#"
    gone: ()
    another one, or going: ()
    a page: retry: deleting the namespace preview-7: Kubernetes answered 200 with something else than expected
        (expected value at line 1 column 1)
    no right: refused: deleting the namespace preview-7: Kubernetes answered 403 "cannot delete resource". The
        service account of kubernetes_token needs a ClusterRole with get and delete of namespaces
    no answer: retry: deleting the namespace preview-7: no answer from https://vendor.example:443 within 30 s
    "#);
}
