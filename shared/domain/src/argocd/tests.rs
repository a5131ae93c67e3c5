//! The rules about applications: foresight, changes, and when a rollout is over.

use std::time::Duration;

use super::*;
use crate::Timestamp;

const DIGEST: &str = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

/// The texts in lines of at most 100 columns, all but the first line of each indented.
fn folded(texts: &[String]) -> String {
    let mut lines = Vec::new();
    for text in texts {
        let mut line = String::new();
        for word in text.split(' ') {
            if line.chars().count() + word.chars().count() > 98 {
                lines.push(std::mem::replace(&mut line, "   ".to_owned()));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines.join("\n")
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_milliseconds(1_795_000_000_000).after(Duration::from_secs(seconds))
}

fn source() -> Source {
    Source {
        repository: "https://github.com/acme/gitops".to_owned(),
        path: Some("shop".to_owned()),
        target_revision: "main".to_owned(),
        kind: SourceKind::Kustomize,
        kustomize_images: vec![
            "ghcr.io/acme/db:7".to_owned(),
            "ghcr.io/acme/shop:v1".to_owned(),
        ],
        ..Source::default()
    }
}

fn requested(mark: &str) -> Requested {
    Requested {
        revision: None,
        mark: Some(mark.to_owned()),
        initiator: Initiator::Account("slipway".to_owned()),
    }
}

fn entry(id: u64, image: &str) -> HistoryEntry {
    HistoryEntry {
        id,
        revisions: vec!["a".repeat(40)],
        deployed_at: Some(at(id)),
        initiator: Initiator::Automation,
        sources: vec![Source {
            kustomize_images: vec![image.to_owned()],
            ..source()
        }],
    }
}

/// A healthy application with this one source.
pub(super) fn application_of(source: Source) -> Application {
    Application {
        sources: vec![source],
        ..healthy()
    }
}

/// A healthy application whose last operation was over at 10 and that was looked at at 11.
fn healthy() -> Application {
    Application {
        resource_version: "7".to_owned(),
        deleting: false,
        sources: vec![source()],
        has_several_sources: false,
        automation: None,
        requested: None,
        operation: Some(Operation {
            phase: Phase::Succeeded,
            message: "successfully synced".to_owned(),
            started_at: Some(at(1)),
            finished_at: Some(at(10)),
            requested: requested("release-1/1"),
            revisions: vec!["a".repeat(40)],
            retries: 0,
        }),
        sync: Sync {
            status: SyncStatus::Synced,
            revisions: vec!["a".repeat(40)],
            is_of_this_specification: true,
        },
        health: Health::Healthy,
        reconciled_at: Some(at(11)),
        conditions: Vec::new(),
        images: vec!["ghcr.io/acme/shop:v1".to_owned()],
        history: vec![
            entry(0, "ghcr.io/acme/shop:v0"),
            entry(1, "ghcr.io/acme/shop:v1"),
        ],
        troubles: Vec::new(),
        managed_by: None,
    }
}

fn image(version: &str) -> Setting {
    let version = match version.parse() {
        Ok(digest) => ImageVersion::Digest(digest),
        Err(_) => ImageVersion::Tag(version.parse().unwrap()),
    };
    Setting::KustomizeImage {
        image: "ghcr.io/acme/shop".to_owned(),
        version,
    }
}

fn operated(phase: Phase, finished: Option<u64>) -> Application {
    let mut application = healthy();
    if let Some(last) = &mut application.operation {
        last.phase = phase;
        last.finished_at = finished.map(at);
    }
    application
}

#[test]
fn a_rollout_is_complete_only_when_nothing_that_says_so_is_stale() {
    let mut requested_only = healthy();
    requested_only.requested = Some(requested("release-2/1"));
    let mut never_compared = healthy();
    never_compared.reconciled_at = None;
    let mut other_specification = healthy();
    other_specification.sync.is_of_this_specification = false;
    let mut drifted = healthy();
    drifted.sync.status = SyncStatus::OutOfSync;
    let mut sick = healthy();
    sick.health = Health::Degraded;
    let cases = [
        (healthy(), Rollout::Complete),
        (requested_only, Rollout::InOperation),
        (operated(Phase::Running, None), Rollout::InOperation),
        (operated(Phase::Terminating, Some(10)), Rollout::InOperation),
        (operated(Phase::Succeeded, None), Rollout::InOperation),
        // The old health still stands until Argo CD looked again.
        (operated(Phase::Succeeded, Some(12)), Rollout::Stale),
        (operated(Phase::Failed, Some(12)), Rollout::Stale),
        (operated(Phase::Failed, Some(10)), Rollout::OperationFailed),
        (operated(Phase::Error, Some(10)), Rollout::OperationFailed),
        (never_compared, Rollout::Stale),
        (other_specification, Rollout::Stale),
        (drifted.clone(), Rollout::NotSynced(SyncStatus::OutOfSync)),
        (sick, Rollout::NotHealthy(Health::Degraded)),
    ];
    for (application, expected) in cases {
        assert_eq!(application.rollout(), expected, "{application:?}");
    }
    assert_eq!(drifted.rollout_of_rollback(), Rollout::Complete);
}

#[test]
fn an_operation_is_ones_own_by_its_mark_and_the_newest_one_counts() {
    let mut application = healthy();
    assert!(application.bears_mark("release-1/1"));
    assert!(!application.bears_mark("release-1"));
    application.requested = Some(requested("release-2/1"));
    assert!(application.bears_mark("release-2/1"));
    assert!(!application.bears_mark("release-1/1"), "that one is over");
}

#[test]
fn a_rollback_has_arrived_when_the_newest_deployment_is_the_old_one_again() {
    let mut application = healthy();
    let old = application.history[0].clone();
    assert!(!application.runs_again(&old));
    application.history.push(entry(2, "ghcr.io/acme/shop:v0"));
    assert!(application.runs_again(&old));
}

#[test]
fn revisions_are_known_by_their_start_and_images_only_whole() {
    let application = healthy();
    assert!(application.shows_revision(&"a".repeat(40)));
    assert!(application.shows_revision("aaaaaaa"));
    assert!(!application.shows_revision("a"), "too short to mean one");
    assert!(application.shows_image("ghcr.io/acme/shop:v1"));
    assert!(!application.shows_image("ghcr.io/acme/shop:v"));
}

#[test]
fn what_argo_cd_would_refuse_is_known_before_it_is_asked() {
    let mut automatic = healthy();
    automatic.automation = Some(Automation {
        prune: false,
        self_heal: true,
    });
    let mut several = healthy();
    several.has_several_sources = true;
    several.sources.push(source());
    let mut deleting = healthy();
    deleting.deleting = true;
    let mut child = healthy();
    child.managed_by = Some("the application apps".to_owned());
    let mut untracked = automatic.clone();
    untracked.sources[0].target_revision.clear();
    assert_eq!(healthy().would_refuse_sync(Some("v2")), None);
    assert_eq!(automatic.would_refuse_sync(None), None);
    assert_eq!(automatic.would_refuse_sync(Some("main")), None);
    assert_eq!(untracked.would_refuse_sync(Some("HEAD")), None);
    assert_eq!(healthy().would_refuse_rollback(0), None);
    let told = [
        automatic.would_refuse_sync(Some("v2")),
        several.would_refuse_sync(Some("v2")),
        deleting.would_refuse_sync(None),
        automatic.would_refuse_rollback(0),
        healthy().would_refuse_rollback(9),
        child.would_take_back_changes(),
    ];
    let told: Vec<String> = told.iter().flatten().map(ToString::to_string).collect();
    insta::assert_snapshot!(folded(&told), @"
    Argo CD syncs the application by itself to main and would refuse to sync it to v2: switch auto-sync
        off, or release by `update: git` or `update: kustomize-image`
    the application has several sources, so that one revision does not say what to sync: sync what they
        track
    the application is being deleted
    Argo CD syncs the application by itself and refuses rollbacks: switch auto-sync off, or release by
        `update: git` or `update: kustomize-image`, which go back by setting the former version
    Argo CD knows no deployment 9 of the application any more, only: 0, 1
    the application belongs to the application apps, which takes changes of its specification back:
        release by `update: git`
    ");
}

#[test]
fn one_image_changes_and_the_others_stay() {
    let change = healthy().change_to(&image("v2")).unwrap();
    assert_eq!((change.source, change.element), (0, Some(1)));
    assert_eq!(
        change.before,
        Some(Changed::Image("ghcr.io/acme/shop:v1".to_owned()))
    );
    assert_eq!(
        change.after,
        Changed::Image("ghcr.io/acme/shop:v2".to_owned())
    );
    assert!(!change.is_nothing());
    assert!(healthy().change_to(&image("v1")).unwrap().is_nothing());
    assert_eq!(healthy().current(&image("v2")), Some(image("v1")));
}

#[test]
fn images_are_told_apart_by_their_whole_names_however_they_are_written() {
    let change = |images: &[&str], setting: &Setting| {
        let mut application = healthy();
        application.sources[0].kustomize_images = images.iter().map(ToString::to_string).collect();
        let change = application.change_to(setting).unwrap();
        match change.after {
            Changed::Image(entry) => (change.element, entry),
            Changed::Parameter(parameter) => panic!("an image, not {parameter:?}"),
        }
    };
    let by_digest = format!("ghcr.io/acme/shop@{DIGEST}");
    for (images, version, expected) in [
        (vec![], "v2", (None, "ghcr.io/acme/shop:v2")),
        (
            vec!["ghcr.io/acme/shop-web:v1"],
            "v2",
            (None, "ghcr.io/acme/shop:v2"),
        ),
        (
            vec!["app=ghcr.io/acme/shop:v1"],
            "v2",
            (Some(0), "app=ghcr.io/acme/shop:v2"),
        ),
        (
            vec!["ghcr.io/acme/shop"],
            "v2",
            (Some(0), "ghcr.io/acme/shop:v2"),
        ),
        (
            vec!["ghcr.io/acme/shop:v1"],
            DIGEST,
            (Some(0), by_digest.as_str()),
        ),
        (
            vec![by_digest.as_str()],
            "v2",
            (Some(0), "ghcr.io/acme/shop:v2"),
        ),
    ] {
        let (element, entry) = change(&images, &image(version));
        assert_eq!((element, entry.as_str()), expected, "{images:?}");
    }
    let with_port = Setting::KustomizeImage {
        image: "registry.example:5000/shop".to_owned(),
        version: ImageVersion::Tag("v2".parse().unwrap()),
    };
    let expected = "registry.example:5000/shop=registry.example:5000/shop:v2";
    assert_eq!(change(&[], &with_port), (None, expected.to_owned()));
    assert_eq!(
        change(&[expected], &with_port),
        (Some(0), expected.to_owned())
    );
    assert_eq!(
        change(&["registry.example:5000/shop:v1"], &with_port).0,
        Some(0)
    );
}

#[test]
fn a_parameter_stays_a_text() {
    let mut application = healthy();
    application.sources[0].kind = SourceKind::Helm;
    application.sources[0].helm_parameters = vec![HelmParameter {
        name: "image.tag".to_owned(),
        value: "1.9".to_owned(),
        force_string: false,
    }];
    let setting = |value: &str| Setting::HelmParameter {
        name: "image.tag".to_owned(),
        value: value.to_owned(),
    };
    let change = application.change_to(&setting("1.10")).unwrap();
    assert_eq!(
        change.after,
        Changed::Parameter(HelmParameter {
            name: "image.tag".to_owned(),
            value: "1.10".to_owned(),
            force_string: true
        })
    );
    assert_eq!(application.current(&setting("1.10")), Some(setting("1.9")));
}

#[test]
fn a_setting_goes_where_it_was_set_or_to_the_only_source_of_its_kind_or_nowhere() {
    let with = |kinds: &[SourceKind]| {
        let mut application = healthy();
        application.has_several_sources = kinds.len() > 1;
        application.sources = kinds
            .iter()
            .map(|kind| Source {
                kind: *kind,
                kustomize_images: Vec::new(),
                ..source()
            })
            .collect();
        application
    };
    use SourceKind::{Directory, Helm, Kustomize, Unknown};
    assert_eq!(
        with(&[Helm, Kustomize])
            .change_to(&image("v2"))
            .unwrap()
            .source,
        1
    );
    assert_eq!(with(&[Unknown]).change_to(&image("v2")).unwrap().source, 0);
    let mut twice = with(&[Kustomize, Kustomize]);
    twice.sources[1]
        .kustomize_images
        .push("ghcr.io/acme/shop:v1".to_owned());
    assert_eq!(twice.change_to(&image("v2")).unwrap().source, 1);
    let refused = [
        with(&[Directory]).change_to(&image("v2")),
        with(&[Kustomize, Kustomize]).change_to(&image("v2")),
        with(&[Kustomize]).change_to(&Setting::HelmParameter {
            name: "image.tag".to_owned(),
            value: "v2".to_owned(),
        }),
    ];
    let told: Vec<String> = refused
        .into_iter()
        .map(|told| told.unwrap_err().to_string())
        .collect();
    insta::assert_snapshot!(folded(&told), @"
    the application has no source that takes an image for Kustomize (ghcr.io/acme/shop): choose the
        `update` that fits how its manifests are made
    2 sources of the application could take an image for Kustomize (ghcr.io/acme/shop): set it once in
        the right one, and Slipway goes on there
    the application has no source that takes a parameter for Helm (image.tag): choose the `update` that
        fits how its manifests are made
    ");
}

#[test]
fn only_names_of_kubernetes_and_whole_digests_are_taken() {
    for bad in ["", "Shop", "-shop", "shop.", "a/b", "a b", "../x"] {
        assert!(bad.parse::<ObjectName>().is_err(), "{bad}");
    }
    assert!("shop.prod-1".parse::<ObjectName>().is_ok());
    assert!(DIGEST.parse::<ImageDigest>().is_ok());
    for bad in ["sha256:", "sha256:ABC", &DIGEST[7..], "v1"] {
        assert!(bad.parse::<ImageDigest>().is_err(), "{bad}");
    }
    let id = ApplicationId {
        project: "default".parse().unwrap(),
        name: "shop".parse().unwrap(),
    };
    assert_eq!(id.to_string(), "shop of project default");
}
