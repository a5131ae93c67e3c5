//! What is stored of environments and installations in these tests.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    CommitSha, InstallationId, RepositoryName,
    argocd::{
        self, Application, Health, Initiator, Operation, Requested, Source, SourceKind, SyncStatus,
    },
    configuration,
    installation::{self, Details, Installation, Look, Selection, Shown},
    preview::{RunProgress, WorkflowRun},
    release::{
        Fact, Kind, Line, LineId, Push, Reference, Relation, StepFact, Terms, mark, terms_of,
    },
};

use super::*;

const RELEASED: &str = "\
version: 1
build: { workflow: CI }
services:
  web:
    environments:
      production:
        branch: main
        argocd: { application: shop, update: kustomize-image }
        rollback: automatic
";

fn line_id(environment: &str) -> LineId {
    format!("release/42/web/{environment}").parse().unwrap()
}

pub(super) fn sha(digit: char) -> CommitSha {
    digit.to_string().repeat(40).parse().unwrap()
}

fn terms() -> Terms {
    let configuration = configuration::parse(RELEASED).unwrap();
    let all = terms_of(&configuration, &"acme/shop".parse().unwrap());
    all.into_values().next().unwrap()
}

/// The application, running the image of this commit, with an operation of `failed` that did not work.
fn application(head: char, failed: Option<&str>) -> Application {
    let image = format!("ghcr.io/acme/shop:{}", sha(head));
    Application {
        resource_version: "1".into(),
        deleting: false,
        sources: vec![Source {
            kustomize_images: vec![image.clone()],
            kind: SourceKind::Kustomize,
            ..Source::default()
        }],
        has_several_sources: false,
        automation: None,
        requested: None,
        operation: failed.map(|key| Operation {
            phase: argocd::Phase::Failed,
            message: "one or more objects failed to apply".into(),
            started_at: Some(Timestamp::from_milliseconds(START - 1_000)),
            finished_at: Some(Timestamp::from_milliseconds(START - 1_000)),
            requested: Requested {
                revision: None,
                mark: Some(mark(&line_id("production"), key)),
                initiator: Initiator::Unsaid,
            },
            revisions: Vec::new(),
            retries: 0,
        }),
        sync: argocd::Sync {
            status: SyncStatus::Synced,
            revisions: Vec::new(),
            is_of_this_specification: true,
        },
        health: Health::Healthy,
        reconciled_at: Some(Timestamp::from_milliseconds(START)),
        conditions: Vec::new(),
        images: vec![image],
        history: Vec::new(),
        troubles: Vec::new(),
        managed_by: None,
    }
}

fn begun(key: &str, kind: Kind, head: char) -> Fact {
    Fact::Begun {
        key: key.to_owned(),
        kind,
        commit: sha(head),
        asked: terms().asked(&sha(head), None).unwrap(),
    }
}

fn seen(key: &str, application: Application) -> Fact {
    let application = Box::new(application);
    let step = StepFact::Seen {
        application,
        windows: None,
    };
    step_of(key, step)
}

fn step_of(key: &str, step: StepFact) -> Fact {
    let key = key.to_owned();
    Fact::Step { key, step }
}

/// The commit arrives in Argo CD at once.
fn arrives(key: &str, kind: Kind, head: char) -> [Fact; 3] {
    [
        begun(key, kind, head),
        seen(key, application(head, None)),
        seen(key, application(head, None)),
    ]
}

fn pushed(head: char) -> [Fact; 2] {
    let run = WorkflowRun {
        id: 10,
        attempt: 1,
        name: "CI".into(),
        path: ".github/workflows/ci.yml".into(),
        event: "push".into(),
        head_branch: Some("main".into()),
        head_commit: sha(head),
        head_repository: Some(RepositoryId(42)),
        progress: RunProgress::Succeeded,
        html_url: "https://github.com/acme/shop/actions/runs/10".into(),
        skips_preview: false,
    };
    let push = Push {
        pushed_at: Timestamp::from_milliseconds(START - 60_000),
        reference: Reference::Branch("main".into()),
        commit: sha(head),
        title: "Rewrite history".into(),
        skip: false,
        forced: true,
        brackets: Vec::new(),
    };
    [Fact::Pushed { push }, Fact::RunSeen { run }]
}

/// The environment production: `a` and `b` were found healthy, `d` was taken back, and `c` does not contain what is there. It is held
/// and locked. And staging, of which nothing but its name is known.
pub(super) fn environments(entities: &TestEntities) {
    let configured = Fact::Configured {
        repository: Some("acme/shop".parse().unwrap()),
        terms: Some(Box::new(terms())),
        as_of: Timestamp::from_milliseconds(START),
    };
    let back = Kind::Rollback {
        of: Some("d-1".into()),
        reason: "ddddddd failed".into(),
        by: None,
    };
    let mut facts = vec![configured.clone()];
    facts.extend(arrives("a-1", Kind::Deploy, 'a'));
    facts.extend(arrives("b-1", Kind::Deploy, 'b'));
    facts.extend([
        begun("d-1", Kind::Deploy, 'd'),
        seen("d-1", application('b', None)),
        step_of("d-1", StepFact::Changed),
        step_of("d-1", StepFact::OperationTaken),
        seen("d-1", application('d', Some("d-1"))),
    ]);
    facts.extend(arrives("rollback-4", back, 'b'));
    facts.extend(pushed('c'));
    facts.push(Fact::Compared {
        base: sha('b'),
        head: sha('c'),
        relation: Relation::Diverged,
    });
    facts.push(Fact::Locked {
        by: "ada".into(),
        reason: "counting coins".into(),
    });
    learn::<Line>(entities, &line_id("production"), &facts);
    learn::<Line>(entities, &line_id("staging"), &[configured]);
}

/// An installation that lost two repositories without a word, with more previews than may go at once.
pub(super) fn installations(entities: &TestEntities) {
    let key = installation::Key(InstallationId(99));
    let reached = |ids: &[u64]| -> BTreeMap<RepositoryId, RepositoryName> {
        let named = |id: &u64| (RepositoryId(*id), format!("acme/r{id}").parse().unwrap());
        ids.iter().map(named).collect()
    };
    let looked = |ids: &[u64]| {
        installation::Fact::Looked(Look {
            shown: Shown::Active {
                details: Details {
                    app: 3,
                    account: 9,
                    login: "acme".into(),
                    target_type: "Organization".into(),
                    selection: Selection::Selected,
                    permissions: [("contents".to_owned(), "read".to_owned())].into(),
                    events: BTreeSet::new(),
                    suspended_at: None,
                    created_at: Timestamp::from_milliseconds(START),
                    updated_at: Timestamp::from_milliseconds(START),
                },
                repositories: reached(ids),
            },
            policy: SurveyPolicy::new(Duration::from_secs(600), 10),
        })
    };
    let deployed = [(RepositoryId(2), 6), (RepositoryId(3), 6)].into();
    let weighed = installation::Fact::Weighed {
        deployed,
        limit: 10,
    };
    let at = entities.clock.0.get();
    for (ids, later) in [
        ([1, 2, 3].as_slice(), 0),
        (&[1], 600_000),
        (&[1], 1_200_000),
    ] {
        entities.clock.0.set(at + later);
        learn::<Installation>(entities, &key, &[looked(ids)]);
    }
    learn::<Installation>(entities, &key, &[weighed]);
    entities.clock.0.set(at);
}
