//! The lives of what fills the stores: the facts that Slipway learns of a preview until it is up, and of a release until it is live.

use anyhow::Context as _;
use domain::configuration::Configuration;
use domain::preview::{
    DeploymentProgress, Fact, PullRequest, PullRequestState, Reading, Revision, RunProgress,
    Settings, TargetFact, WorkflowRun,
};
use domain::release::{self, Push, Reference, StepFact, Terms};
use domain::{CommitSha, RepositoryId, Timestamp, argocd};

/// The id of a run.
const RUN: u64 = 1_000;

const CONFIGURATION: &str = "\
version: 1
build: { workflow: CI }
services:
  web:
    preview:
      coolify: { application: web-app, tag: 'pr-{number}' }
      url: https://pr-{number}.example.com
    environments:
      production:
        branch: main
        argocd: { application: shop, update: kustomize-image }
";

pub(super) fn parsed<T: std::str::FromStr>(text: &str) -> anyhow::Result<T> {
    text.parse().ok().with_context(|| text.to_owned())
}

fn sha(number: u64) -> anyhow::Result<CommitSha> {
    format!("{number:040x}").parse().ok().context("a commit")
}

pub(super) fn configuration() -> anyhow::Result<Configuration> {
    let configuration = domain::configuration::parse(CONFIGURATION);
    configuration.map_err(|problems| anyhow::anyhow!("{problems:?}"))
}

/// A pull request of its repository.
pub(super) fn opened(repository: u64, number: u64, at: Timestamp) -> anyhow::Result<PullRequest> {
    Ok(PullRequest {
        archived: false,
        updated_at: at,
        state: PullRequestState::Open,
        title: format!("Add cart {number}"),
        author: "ada".to_owned(),
        draft: false,
        labels: Vec::new(),
        head_branch: format!("feature/{number}"),
        head_commit: sha(number)?,
        head_repository: Some(RepositoryId(repository)),
        base_branch: "main".to_owned(),
        repository: parsed("acme/shop")?,
        default_branch: "main".to_owned(),
    })
}

fn run(id: u64, commit: CommitSha, repository: u64, event: &str) -> WorkflowRun {
    WorkflowRun {
        id,
        attempt: 1,
        name: "CI".to_owned(),
        path: ".github/workflows/ci.yml".to_owned(),
        event: event.to_owned(),
        head_branch: Some("main".to_owned()),
        head_commit: commit,
        head_repository: Some(RepositoryId(repository)),
        progress: RunProgress::Running,
        html_url: format!("https://github.com/acme/shop/actions/runs/{id}"),
        skips_preview: false,
    }
}

/// A pull request is opened, and its build begins.
pub(super) fn built(pull_request: PullRequest, settings: &Settings) -> anyhow::Result<[Fact; 3]> {
    let commit = pull_request.head_commit.clone();
    let repository = pull_request.head_repository.context("its repository")?;
    let configured = Fact::ConfigurationRead {
        commit: commit.clone(),
        changes: 0,
        reading: Reading::Valid {
            settings: settings.clone(),
        },
    };
    let begun = Fact::RunDelivered {
        repository: pull_request.repository.clone(),
        run: run(RUN, commit, repository.0, "pull_request"),
    };
    Ok([Fact::PullRequestRead { pull_request }, configured, begun])
}

/// The build of the pull request with this number succeeds, and its image is deployed and answers.
pub(super) fn comes_up(repository: u64, number: u64) -> anyhow::Result<Vec<Fact>> {
    let commit = sha(number)?;
    let succeeded = WorkflowRun {
        progress: RunProgress::Succeeded,
        ..run(RUN, commit.clone(), repository, "pull_request")
    };
    let deployment: domain::DeploymentUuid = parsed(&format!("d{number}"))?;
    let steps = [
        TargetFact::StartIntended {
            attempt: 1,
            service: "web".to_owned(),
            revision: Revision {
                commit,
                run: RUN,
                run_attempt: 1,
                tag: parsed(&format!("pr-{number}"))?,
                url: format!("https://pr-{number}.example.com"),
            },
        },
        TargetFact::Queued {
            attempt: 1,
            deployment: deployment.clone(),
        },
        TargetFact::Seen {
            deployment: deployment.clone(),
            progress: DeploymentProgress::Finished,
        },
        TargetFact::Probed {
            deployment,
            healthy: true,
            answer: "200 OK".to_owned(),
        },
    ];
    let succeeded = Fact::RunDelivered {
        repository: parsed("acme/shop")?,
        run: succeeded,
    };
    let target: domain::TargetId = parsed("web-app")?;
    let steps = steps.map(|fact| Fact::Target {
        application: target.clone(),
        fact,
    });
    Ok([succeeded].into_iter().chain(steps).collect())
}

/// What the configuration says of the environment.
pub(super) fn terms() -> anyhow::Result<Terms> {
    let all = release::terms_of(&configuration()?, &parsed("acme/shop")?);
    all.into_values().next().context("one environment")
}

/// A commit that is pushed, built, released and found in Argo CD, healthy.
pub(super) fn arrives(
    terms: &Terms,
    (repository, number): (u64, u64),
    at: Timestamp,
) -> anyhow::Result<[release::Fact; 6]> {
    let commit = sha(number + 1)?;
    let run = WorkflowRun {
        progress: RunProgress::Succeeded,
        ..run(RUN + number, commit.clone(), repository, "push")
    };
    let key = format!("{commit}-{}-{}", run.id, run.attempt);
    let pushed = Push {
        pushed_at: at,
        reference: Reference::Branch("main".to_owned()),
        commit: commit.clone(),
        title: format!("Add cart {number}"),
        skip: false,
        forced: false,
        brackets: Vec::new(),
    };
    let application = argocd::Application {
        resource_version: "1".into(),
        deleting: false,
        sources: vec![argocd::Source {
            kustomize_images: vec![format!("ghcr.io/acme/shop:{commit}")],
            kind: argocd::SourceKind::Kustomize,
            ..argocd::Source::default()
        }],
        has_several_sources: false,
        automation: None,
        requested: None,
        operation: None,
        sync: argocd::Sync {
            status: argocd::SyncStatus::Synced,
            revisions: Vec::new(),
            is_of_this_specification: true,
        },
        health: argocd::Health::Healthy,
        reconciled_at: Some(at),
        conditions: Vec::new(),
        images: vec![format!("ghcr.io/acme/shop:{commit}")],
        history: Vec::new(),
        troubles: Vec::new(),
        managed_by: None,
    };
    let asked = terms.asked(&commit, None);
    let begun = release::Fact::Begun {
        key: key.clone(),
        kind: release::Kind::Deploy,
        commit,
        asked: asked.ok().context("what Argo CD is asked for")?,
    };
    let seen = release::Fact::Step {
        key,
        step: StepFact::Seen {
            application: Box::new(application),
            windows: None,
        },
    };
    let pushed = release::Fact::Pushed { push: pushed };
    let built = release::Fact::RunSeen { run };
    // Whoever is to be told of it outside GitHub has been.
    let told = release::Fact::Announced { number: number + 1 };
    Ok([pushed, built, begun, seen.clone(), seen, told])
}
