//! GitHub Actions: the runs that build the heads of pull requests, and the images that they push.

use std::rc::Rc;

use domain::{
    PreviewId,
    preview::{PullRequest, RunProgress, WorkflowRun},
};

use super::{Run, WORKFLOW, deliveries};
use crate::{
    kernel::{MILLISECOND, SECOND},
    sim::Sim,
    targets,
};

/// Whether `run` is the trusted success of what builds, on the head of the pull request.
pub(super) fn is_success(run: &WorkflowRun, pull_request: Option<&PullRequest>) -> bool {
    run.progress == RunProgress::Succeeded
        && run.name == WORKFLOW
        && run.event == "pull_request"
        && pull_request.is_some_and(|pull_request| {
            run.head_commit == pull_request.head_commit
                && run.head_repository.is_some()
                && run.head_repository == pull_request.head_repository
        })
}

/// Begins the runs of a new head. `well` makes the build succeed, soon.
pub(crate) fn begin(sim: &Rc<Sim>, id: PreviewId, well: bool) {
    let commit = sim
        .github
        .borrow()
        .pull(id)
        .map(|pull| pull.head().to_owned())
        .unwrap_or_default();
    cancel_older(sim, id, &commit);
    if !well && sim.random.percent(5) {
        return;
    }
    let pause = if well {
        2_000
    } else {
        sim.random.pick(&[200, 2_000, 10_000])
    };
    if sim.random.percent(20) {
        let lint = commit.clone();
        sim.after(sim.random.below(pause) * MILLISECOND, move |sim| {
            create(sim, id, &lint, "Lint", true);
        });
    }
    sim.after(sim.random.below(pause) * MILLISECOND, move |sim| {
        create(sim, id, &commit, WORKFLOW, well);
    });
}

fn create(sim: &Rc<Sim>, id: PreviewId, commit: &str, name: &str, well: bool) {
    let mut github = sim.github.borrow_mut();
    let number = github.number();
    let skips = github.skipped.contains(commit);
    let Some(pull) = github.pulls.iter_mut().find(|pull| pull.id == id) else {
        return;
    };
    if pull.head() != commit {
        return;
    }
    let Some((head_repository, head_commit)) = pull
        .now()
        .map(|now| now.head_repository)
        .zip(commit.parse().ok())
    else {
        return;
    };
    let run = WorkflowRun {
        id: number,
        attempt: 1,
        name: name.to_owned(),
        path: format!(".github/workflows/{}.yml", name.to_ascii_lowercase()),
        event: "pull_request".to_owned(),
        head_branch: None,
        head_commit,
        head_repository,
        progress: RunProgress::Waiting,
        html_url: format!("https://github.test/runs/{number}"),
        skips_preview: skips,
    };
    let index = pull.runs.len();
    pull.runs.push(Run {
        versions: vec![(sim.kernel.now(), run)],
    });
    drop(github);
    deliveries::send_run(sim, id, index);
    advance(sim, id, index, well);
}

/// Lets a run go on until it ends.
fn advance(sim: &Rc<Sim>, id: PreviewId, index: usize, well: bool) {
    sim.after(sim.random.between(100, 5_000) * MILLISECOND, move |sim| {
        if !change(sim, id, index, RunProgress::Running) {
            return;
        }
        let longest = if well {
            15
        } else {
            sim.random.pick(&[5, 30, 120])
        };
        sim.after(sim.random.between(1, longest) * SECOND, move |sim| {
            let end = match sim.random.below(100) {
                _ if well => RunProgress::Succeeded,
                0..75 => RunProgress::Succeeded,
                75..90 => RunProgress::Failed,
                _ => RunProgress::Cancelled,
            };
            if change(sim, id, index, end) && end != RunProgress::Succeeded {
                perhaps_again(sim, id, index);
            }
        });
    });
}

/// A person runs a failed run again.
fn perhaps_again(sim: &Rc<Sim>, id: PreviewId, index: usize) {
    if sim.random.percent(40) {
        return;
    }
    sim.after(sim.random.between(5, 120) * SECOND, move |sim| {
        let is_head = {
            let mut github = sim.github.borrow_mut();
            let Some(pull) = github.pulls.iter_mut().find(|pull| pull.id == id) else {
                return;
            };
            let head = pull.head().to_owned();
            let now = sim.kernel.now();
            match pull.runs.get_mut(index) {
                Some(run) => match run.versions.last().cloned() {
                    Some((_, mut again)) if again.head_commit.as_str() == head => {
                        again.attempt += 1;
                        again.progress = RunProgress::Waiting;
                        run.versions.push((now, again));
                        true
                    }
                    Some(_) | None => false,
                },
                None => false,
            }
        };
        if is_head {
            sim.tell("github", || format!("{id}: run {index} is run again"));
            advance(sim, id, index, false);
        }
    });
}

/// Changes how far a run is, and pushes its images if it succeeded; false if it has ended already.
fn change(sim: &Rc<Sim>, id: PreviewId, index: usize, progress: RunProgress) -> bool {
    let now = sim.kernel.now();
    let changed = {
        let mut github = sim.github.borrow_mut();
        let Some(pull) = github.pulls.iter_mut().find(|pull| pull.id == id) else {
            return false;
        };
        let Some(run) = pull.runs.get_mut(index) else {
            return false;
        };
        match run.versions.last().cloned() {
            Some((_, mut version))
                if matches!(
                    version.progress,
                    RunProgress::Waiting | RunProgress::Running
                ) =>
            {
                version.progress = progress;
                run.versions.push((now, version.clone()));
                Some(version)
            }
            Some(_) | None => None,
        }
    };
    let Some(run) = changed else {
        return false;
    };
    sim.tell("github", || {
        format!(
            "{id}: {} on {:.7} is {progress:?}",
            run.name,
            run.head_commit.as_str()
        )
    });
    if progress == RunProgress::Succeeded && run.name == WORKFLOW {
        push_images(sim, id, run.head_commit.as_str());
    }
    deliveries::send_run(sim, id, index);
    true
}

fn push_images(sim: &Rc<Sim>, id: PreviewId, commit: &str) {
    let mut github = sim.github.borrow_mut();
    let Some(pull) = github.pull(id) else {
        return;
    };
    let services = github
        .repository_of(pull)
        .map(|repository| repository.services.clone())
        .unwrap_or_default();
    for service in services {
        let again = (service.clone(), commit.to_owned());
        sim.after(0, move |sim| {
            targets::deploy_of_build(sim, &again.0, id.repository, id.number, &again.1);
        });
        let tag = service.tag_of(id.number, commit);
        github
            .images
            .insert((service.application, tag), commit.to_owned());
    }
}

/// A newer head cancels what builds the older ones, as `concurrency` with `cancel-in-progress` does.
fn cancel_older(sim: &Rc<Sim>, id: PreviewId, head: &str) {
    let older: Vec<usize> = {
        let github = sim.github.borrow();
        let Some(pull) = github.pull(id) else {
            return;
        };
        let is_older = |(index, run): (usize, &Run)| {
            let (_, run) = run.versions.last()?;
            (run.head_commit.as_str() != head).then_some(index)
        };
        pull.runs.iter().enumerate().filter_map(is_older).collect()
    };
    for index in older {
        change(sim, id, index, RunProgress::Cancelled);
    }
}
