//! The saved state of an entity as the API shows it.

use domain::{
    Timestamp,
    entity::{Entity, Step},
    preview::{Preview, PullRequest, PullRequestState, ServiceView, TroubleView},
};
use runtime::{breaker::Pause, repository::Overview};

use vendors::github::Budget;

use crate::model;

pub(super) fn preview(preview: &Preview, now: Timestamp) -> model::Preview {
    let pull_request = preview.pull_request();
    let next_look_at = match preview.plan(now) {
        Step::Wait { until } => Some(until.to_string()),
        // It is due: whoever runs it next acts.
        Step::Act(_) | Step::Forget => Some(now.to_string()),
        Step::Settled => None,
    };
    model::Preview {
        repository_id: preview.id.repository.0,
        number: preview.id.number.0,
        repository: pull_request.map(|pull_request| pull_request.repository.to_string()),
        phase: preview.standing().name().to_owned(),
        pull_request: pull_request.map(of_pull_request),
        build: preview.build_run().map(|(run, progress)| model::Build {
            name: run.name.clone(),
            url: run.html_url.clone(),
            progress: progress.to_owned(),
        }),
        services: preview.services().into_iter().map(service).collect(),
        configuration_problem: preview.configuration_problem(),
        troubles: preview
            .troubles()
            .into_iter()
            .chain(preview.report_troubles())
            .map(trouble)
            .collect(),
        active_at: preview.last_activity().map(|at| at.to_string()),
        expires_at: preview.ends_at().map(|at| at.to_string()),
        next_look_at,
        timeline: preview
            .timeline()
            .into_iter()
            .map(|(at, what)| model::Event {
                at: at.to_string(),
                what,
            })
            .collect(),
    }
}

fn of_pull_request(pull_request: &PullRequest) -> model::PullRequest {
    let state = match pull_request.state {
        PullRequestState::Open => "open",
        PullRequestState::Closed => "closed",
        PullRequestState::Merged => "merged",
    };
    model::PullRequest {
        title: pull_request.title.clone(),
        author: pull_request.author.clone(),
        state: state.to_owned(),
        draft: pull_request.draft,
        branch: pull_request.head_branch.clone(),
        commit: pull_request.head_commit.to_string(),
        updated_at: pull_request.updated_at.to_string(),
    }
}

fn service(view: ServiceView) -> model::Service {
    model::Service {
        service: view.service,
        application: view.application.to_string(),
        phase: view.standing.name().to_owned(),
        reason: view.reason,
        url: view.url,
        commit: view.commit.map(|commit| commit.to_string()),
        deployment: view.deployment.map(|deployment| deployment.to_string()),
        last_answer: view.last_answer,
        trouble: view.trouble.map(trouble),
    }
}

fn trouble(view: TroubleView) -> model::Trouble {
    model::Trouble {
        what: view.what,
        reason: view.reason,
        failures: view.failures,
        next_try_at: view.next_try_at.map(|at| at.to_string()),
        given_up: view.given_up,
    }
}

pub(super) fn repository(overview: &Overview) -> model::Repository {
    model::Repository {
        id: overview.id.0,
        name: overview.name.clone(),
        last_survey: overview.last_survey.as_ref().map(|survey| model::Survey {
            at: survey.at.to_string(),
            open: count(survey.open),
            deployed: count(survey.deployed),
            news: count(survey.news),
            gone: count(survey.gone),
            dry: survey.dry,
        }),
        trouble: overview.trouble.clone(),
        held_back: overview
            .held_back
            .as_ref()
            .map(|held_back| model::HeldBack {
                previews: held_back.previews.iter().map(|number| number.0).collect(),
                reason: held_back.brake.to_string(),
                since: held_back.since.to_string(),
            }),
    }
}

pub(super) fn paused((vendor, pause): (&str, Pause)) -> model::PausedVendor {
    model::PausedVendor {
        vendor: vendor.to_owned(),
        since: pause.since.to_string(),
        until: pause.until.to_string(),
        last_error: pause.last_error,
    }
}

pub(super) fn rate_limit(budget: Budget, now: Timestamp) -> model::RateLimit {
    model::RateLimit {
        limit: budget.limit,
        remaining: budget.remaining(now),
        resets_at: budget.reset.to_string(),
    }
}

pub(super) fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
