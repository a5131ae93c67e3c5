//! Argo CD: what each call sends, and what is read out of an application.

use domain::argocd::{Application, ApplicationId, Rollout, Setting};
use serde_json::{Value, json};
use vendors::{
    CallError,
    argocd::{Begun, Client, Prune, Refresh, Set, Termination},
};

use crate::script::{Script, TOKEN, now, told};

const URL: &str = "https://argocd.example";

pub fn client(script: &Script) -> Client<&Script> {
    Client::new(script, URL, TOKEN)
}

pub fn id() -> ApplicationId {
    ApplicationId {
        project: "web".parse().expect("a project"),
        name: "shop".parse().expect("a name"),
    }
}

pub fn image(tag: &str) -> Setting {
    Setting::KustomizeImage {
        image: "ghcr.io/acme/shop".to_owned(),
        version: domain::argocd::ImageVersion::Tag(tag.parse().expect("a tag")),
    }
}

/// An application after a sync that failed.
pub fn failed() -> Value {
    serde_json::from_str(include_str!("argocd_application.json")).expect("JSON")
}

/// The same after a sync that worked.
pub fn healthy() -> Value {
    let mut application = failed();
    application["status"]["sync"]["status"] = "Synced".into();
    application["status"]["health"]["status"] = "Healthy".into();
    application["status"]["operationState"]["phase"] = "Succeeded".into();
    application
}

/// The same with an operation that is asked for.
pub fn asked(mark: &str) -> Value {
    let mut application = healthy();
    application["operation"] = json!({"sync": {}, "initiatedBy": {"username": "slipway"},
        "info": [{"name": "Reason", "value": "x"}, {"name": "slipway", "value": mark}], "retry": {}});
    let status = application["status"].as_object_mut().expect("a status");
    status.remove("operationState");
    application
}

fn with_images(images: Value) -> Value {
    let mut application = healthy();
    application["spec"]["source"]["kustomize"]["images"] = images;
    application
}

fn read(answer: &Value) -> Result<Application, CallError> {
    now(client(&Script::one(200, &answer.to_string())).application(&id()))
}

fn two(first: &Value, status: u16, second: &str) -> Script {
    Script::one(200, &first.to_string()).then(status, &[], second)
}

#[test]
fn every_call_names_the_project_and_every_change_has_the_one_content_type() {
    let script = Script::one(200, &healthy().to_string())
        .then(200, &[], &healthy().to_string())
        .then(200, &[], &asked("release-7/1").to_string())
        .then(200, &[], &asked("release-7/1").to_string())
        .then(200, &[], &asked("").to_string())
        .then(200, &[], "{}")
        .then(200, &[], r#"{"canSync":true}"#);
    let client = client(&script);
    now(client.application(&id())).unwrap();
    now(client.refreshed(&id(), Refresh::Hard)).unwrap();
    let begun = now(client.sync(&id(), None, Prune::No, "release-7/1")).unwrap();
    assert!(
        matches!(&begun, Begun::Yes(application) if application.bears_mark("release-7/1")),
        "{begun:?}"
    );
    now(client.sync(&id(), Some("v2"), Prune::Yes, "release-7/2")).unwrap();
    now(client.rollback(&id(), 0, Prune::No)).unwrap();
    assert_eq!(now(client.terminate(&id())).unwrap(), Termination::Asked);
    assert!(now(client.sync_windows(&id())).unwrap().may_sync);
    insta::assert_snapshot!(script.asked(), @r#"
    GET https://argocd.example/api/v1/applications/shop?project=web
    accept: "application/json"
    authorization: Sensitive
    user-agent: "slipway/0.0.0"
    time limit: 30 s
    ---
    GET https://argocd.example/api/v1/applications/shop?project=web&refresh=hard
    accept: "application/json"
    authorization: Sensitive
    user-agent: "slipway/0.0.0"
    time limit: 30 s
    ---
    POST https://argocd.example/api/v1/applications/shop/sync
    accept: "application/json"
    authorization: Sensitive
    user-agent: "slipway/0.0.0"
    content-type: "application/json"
    time limit: 30 s
    {"infos":[{"name":"slipway","value":"release-7/1"}],"name":"shop","project":"web"}
    ---
    POST https://argocd.example/api/v1/applications/shop/sync
    accept: "application/json"
    authorization: Sensitive
    user-agent: "slipway/0.0.0"
    content-type: "application/json"
    time limit: 30 s
    {"infos":[{"name":"slipway","value":"release-7/2"}],"name":"shop","project":"web","prune":true,"revision":"v2"}
    ---
    POST https://argocd.example/api/v1/applications/shop/rollback
    accept: "application/json"
    authorization: Sensitive
    user-agent: "slipway/0.0.0"
    content-type: "application/json"
    time limit: 30 s
    {"id":0,"name":"shop","project":"web"}
    ---
    DELETE https://argocd.example/api/v1/applications/shop/operation?project=web
    accept: "application/json"
    authorization: Sensitive
    user-agent: "slipway/0.0.0"
    content-type: "application/json"
    time limit: 30 s
    ---
    GET https://argocd.example/api/v1/applications/shop/syncwindows?project=web
    accept: "application/json"
    authorization: Sensitive
    user-agent: "slipway/0.0.0"
    time limit: 30 s
    "#);
}

#[test]
fn a_change_tests_the_source_as_it_was_read_and_writes_the_whole_array() {
    let changed = with_images(json!(["ghcr.io/acme/db:7", "ghcr.io/acme/shop:v2"]));
    let script = two(&healthy(), 200, &changed.to_string());
    let set = now(client(&script).set(&id(), &image("v2"))).unwrap();
    let Set::Yes {
        application,
        before,
    } = set
    else {
        panic!("{set:?}")
    };
    assert_eq!(before, Some(image("v1")));
    assert_eq!(
        application.rollout(),
        Rollout::Stale,
        "healthy, but not yet with this image"
    );
    insta::assert_snapshot!(script.asked(), @r#"
    GET https://argocd.example/api/v1/applications/shop?project=web
    accept: "application/json"
    authorization: Sensitive
    user-agent: "slipway/0.0.0"
    time limit: 30 s
    ---
    PATCH https://argocd.example/api/v1/applications/shop
    accept: "application/json"
    authorization: Sensitive
    user-agent: "slipway/0.0.0"
    content-type: "application/json"
    time limit: 30 s
    {"name":"shop","patch":"[{\"op\":\"test\",\"path\":\"/spec/source\",\"value\":{\"kustomize\":{\"images\":[\"ghcr.io/acme/db:7\",\"ghcr.io/acme/shop:v1\"],\"namePrefix\":\"p-\"},\"path\":\"shop/production\",\"repoURL\":\"https://github.com/acme/gitops\",\"targetRevision\":\"main\"}},{\"op\":\"add\",\"path\":\"/spec/source/kustomize/images\",\"value\":[\"ghcr.io/acme/db:7\",\"ghcr.io/acme/shop:v2\"]}]","patchType":"json","project":"web"}
    "#);
}

#[test]
fn objects_that_are_not_there_yet_are_made() {
    let patch = |application: &Value, setting: &Setting| {
        let script = two(application, 500, r#"{"message":"test failed"}"#);
        assert_eq!(
            now(client(&script).set(&id(), setting)).unwrap(),
            Set::ChangedMeanwhile
        );
        let asked = script.asked();
        let body: Value = serde_json::from_str(asked.lines().last().unwrap()).unwrap();
        let patch: Value = serde_json::from_str(body["patch"].as_str().unwrap()).unwrap();
        format!("{} at {}", patch[1]["value"], patch[1]["path"])
    };
    let mut bare = healthy();
    let source = bare["spec"]["source"].as_object_mut().unwrap();
    source.remove("kustomize");
    let mut chart = bare.clone();
    chart["spec"]["source"]["chart"] = "shop".into();
    let mut several = healthy();
    let source = several["spec"]["source"].take();
    several["spec"]["sources"] = json!([chart["spec"]["source"], source]);
    let parameter = Setting::HelmParameter {
        name: "image.tag".to_owned(),
        value: "1.10".to_owned(),
    };
    let mut sprinkled = chart.clone();
    sprinkled["spec"]["source"]["helm"] = json!({"valueFiles": ["prod.yaml"], "parameters": [{"name": "replicas", "value": "3"},
        {"name": "image.tag", "value": "1.9"}]});
    let told = [
        patch(&with_images(Value::Null), &image("v2")),
        patch(&bare, &image("v2")),
        patch(&chart, &parameter),
        patch(&sprinkled, &parameter),
        patch(&several, &image("v2")),
        patch(&several, &parameter),
    ];
    insta::assert_snapshot!(told.join("\n"), @r#"
    ["ghcr.io/acme/shop:v2"] at "/spec/source/kustomize/images"
    {"images":["ghcr.io/acme/shop:v2"]} at "/spec/source/kustomize"
    {"parameters":[{"forceString":true,"name":"image.tag","value":"1.10"}]} at "/spec/source/helm"
    [{"name":"replicas","value":"3"},{"forceString":true,"name":"image.tag","value":"1.10"}] at "/spec/source/helm/parameters"
    ["ghcr.io/acme/db:7","ghcr.io/acme/shop:v2"] at "/spec/sources/1/kustomize/images"
    {"parameters":[{"forceString":true,"name":"image.tag","value":"1.10"}]} at "/spec/sources/0/helm"
    "#);
}

#[test]
fn what_is_set_already_is_not_written_again() {
    let script = Script::one(200, &healthy().to_string());
    let set = now(client(&script).set(&id(), &image("v1"))).unwrap();
    assert!(matches!(set, Set::Already(_)), "{set:?}");
    assert_eq!(script.lines().len(), 1);
}

#[test]
fn a_change_that_somebody_else_undid_or_forestalled_is_seen() {
    let other = with_images(json!(["ghcr.io/acme/shop:v9"]));
    let failed = r#"{"error":"error applying patch: testing value /spec/source failed: test failed","code":2,
        "message":"error applying patch: testing value /spec/source failed: test failed"}"#;
    for (status, answer) in [(200, other.to_string()), (500, failed.to_owned())] {
        let script = two(&healthy(), status, &answer);
        assert_eq!(
            now(client(&script).set(&id(), &image("v2"))).unwrap(),
            Set::ChangedMeanwhile
        );
    }
}

#[test]
fn a_change_that_would_not_last_or_has_no_place_is_not_even_tried() {
    let mut child = healthy();
    child["metadata"]["annotations"] =
        json!({"argocd.argoproj.io/tracking-id": "apps:argoproj.io/Application:argocd/shop"});
    let mut generated = healthy();
    generated["metadata"]["ownerReferences"] = json!([{"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet",
        "name": "shops", "uid": "1"}]);
    let mut files = healthy();
    files["status"]["sourceType"] = "Directory".into();
    files["spec"]["source"]
        .as_object_mut()
        .unwrap()
        .remove("kustomize");
    let told: Vec<String> = [child, generated, files]
        .iter()
        .map(|application| {
            let script = Script::one(200, &application.to_string());
            told(now(client(&script).set(&id(), &image("v2"))))
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"), @"
    refused: setting the image ghcr.io/acme/shop:v2 in Argo CD application shop of project web: the
        application belongs to the application apps, which takes changes of its specification back:
        release by `update: git`. Nothing was changed
    refused: setting the image ghcr.io/acme/shop:v2 in Argo CD application shop of project web: the
        application belongs to the ApplicationSet shops, which takes changes of its specification back:
        release by `update: git`. Nothing was changed
    refused: setting the image ghcr.io/acme/shop:v2 in Argo CD application shop of project web: the
        application has no source that takes an image for Kustomize (ghcr.io/acme/shop): choose the
        `update` that fits how its manifests are made. Nothing was changed
    ");
    let mut own = healthy();
    own["metadata"]["annotations"] =
        json!({"argocd.argoproj.io/tracking-id": "shop:argoproj.io/Application:argocd/shop"});
    assert_eq!(read(&own).unwrap().managed_by, None);
}

#[test]
fn an_application_is_read_whole() {
    let application = read(&failed()).unwrap();
    assert_eq!(application.rollout(), Rollout::OperationFailed);
    insta::assert_debug_snapshot!(application, @r#"
    Application {
        resource_version: "48211",
        deleting: false,
        sources: [
            Source {
                repository: "https://github.com/acme/gitops",
                path: Some(
                    "shop/production",
                ),
                chart: None,
                target_revision: "main",
                kustomize_images: [
                    "ghcr.io/acme/db:7",
                    "ghcr.io/acme/shop:v1",
                ],
                helm_parameters: [],
                helm_values: HelmValues {
                    files: [],
                    has_inline: false,
                },
                kind: Kustomize,
            },
        ],
        has_several_sources: false,
        automation: None,
        requested: None,
        operation: Some(
            Operation {
                phase: Failed,
                message: "one or more synchronization tasks completed unsuccessfully",
                started_at: Some(
                    2026-11-21T10:31:07Z,
                ),
                finished_at: Some(
                    2026-11-21T10:31:09Z,
                ),
                requested: Requested {
                    revision: Some(
                        "6d0b4d1a1c5e3f6f7d8a9b0c1d2e3f4a5b6c7d8e",
                    ),
                    mark: Some(
                        "release-7/1",
                    ),
                    initiator: Account(
                        "slipway",
                    ),
                },
                revisions: [
                    "6d0b4d1a1c5e3f6f7d8a9b0c1d2e3f4a5b6c7d8e",
                ],
                retries: 2,
            },
        ),
        sync: Sync {
            status: OutOfSync,
            revisions: [
                "6d0b4d1a1c5e3f6f7d8a9b0c1d2e3f4a5b6c7d8e",
            ],
            is_of_this_specification: true,
        },
        health: Degraded,
        reconciled_at: Some(
            2026-11-21T10:31:30Z,
        ),
        conditions: [
            Condition {
                kind: "SyncError",
                message: "Failed sync attempt to 6d0b4d1",
            },
        ],
        images: [
            "ghcr.io/acme/db:7",
            "ghcr.io/acme/shop:v1",
        ],
        history: [
            HistoryEntry {
                id: 0,
                revisions: [
                    "1111111111111111111111111111111111111111",
                ],
                deployed_at: Some(
                    2026-11-19T08:00:00Z,
                ),
                initiator: Automation,
                sources: [
                    Source {
                        repository: "https://github.com/acme/gitops",
                        path: Some(
                            "shop/production",
                        ),
                        chart: None,
                        target_revision: "main",
                        kustomize_images: [
                            "ghcr.io/acme/shop:v0",
                        ],
                        helm_parameters: [],
                        helm_values: HelmValues {
                            files: [],
                            has_inline: false,
                        },
                        kind: Kustomize,
                    },
                ],
            },
        ],
        troubles: [
            ResourceTrouble {
                trouble: NotApplied,
                resource: "Deployment shop/web",
                message: "admission webhook denied the request",
            },
            ResourceTrouble {
                trouble: HookFailed,
                resource: "Job shop/migrate",
                message: "Job has reached the specified backoff limit",
            },
            ResourceTrouble {
                trouble: Unhealthy,
                resource: "Deployment shop/web",
                message: "Deployment \"web\" exceeded its progress deadline",
            },
        ],
        managed_by: None,
    }
    "#);
}

#[test]
fn an_application_that_was_never_compared_has_hardly_any_fields() {
    for status in [
        json!({}),
        json!({"history": null, "conditions": null, "resources": null, "summary": {}}),
    ] {
        let bare = json!({"metadata": {"name": "shop"}, "spec": {"source": {"repoURL": "https://github.com/acme/gitops"}},
            "status": status});
        let application = read(&bare).unwrap();
        assert_eq!(application.rollout(), Rollout::Stale);
        assert_eq!(application.sources.len(), 1);
    }
}

#[test]
fn auto_sync_is_on_unless_it_says_that_it_is_not() {
    for (policy, expected) in [
        (json!({"automated": {}}), true),
        (json!({"automated": {"enabled": true, "prune": true}}), true),
        (json!({"automated": {"enabled": false}}), false),
        (json!({"retry": {"limit": 2}}), false),
        (Value::Null, false),
    ] {
        let mut application = healthy();
        application["spec"]["syncPolicy"] = policy.clone();
        let automation = read(&application).unwrap().automation;
        assert_eq!(automation.is_some(), expected, "{policy}");
    }
}

#[test]
fn a_token_in_a_message_of_argo_cds_is_not_shown() {
    let mut application = failed();
    application["status"]["conditions"][0]["message"] = format!("cloning with {TOKEN}").into();
    let shown = format!("{:?}", read(&application).unwrap());
    assert!(shown.contains("cloning with [secret]"), "{shown}");
}

#[test]
fn sync_windows_say_whether_they_let_a_sync_through() {
    let answer = json!({"canSync": false,
        "activeWindows": [{"kind": "deny", "schedule": "0 22 * * *", "duration": "8h"}],
        "assignedWindows": [{"kind": "deny", "schedule": "0 22 * * *", "duration": "8h"},
            {"kind": "allow", "schedule": "* * * * *", "duration": "1h", "manualSync": true}]});
    let script = Script::one(200, &answer.to_string());
    insta::assert_debug_snapshot!(now(client(&script).sync_windows(&id())).unwrap(), @r#"
    SyncWindows {
        may_sync: false,
        open: [
            SyncWindow {
                kind: Deny,
                schedule: "0 22 * * *",
                duration: "8h",
                lets_asked_syncs_through: false,
            },
        ],
        all: [
            SyncWindow {
                kind: Deny,
                schedule: "0 22 * * *",
                duration: "8h",
                lets_asked_syncs_through: false,
            },
            SyncWindow {
                kind: Allow,
                schedule: "* * * * *",
                duration: "1h",
                lets_asked_syncs_through: true,
            },
        ],
    }
    "#);
}
