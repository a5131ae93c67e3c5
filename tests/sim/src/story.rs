//! What people do in a seed: repositories, pull requests, pushes, drafts, labels, closing, merging, opening again.

use std::rc::Rc;

use domain::{
    PreviewId, PullRequestNumber, RepositoryId,
    configuration::Forks,
    preview::{PullRequest, PullRequestState},
};

use crate::{
    coolify::Application,
    github::{
        Comment, FOLDER, LABEL, MAINTAINER, Pull, Repository, Service, TRIAGER, ci, deliveries,
    },
    kernel::{MILLISECOND, Micros, SECOND},
    kubernetes,
    sim::Sim,
    targets::On,
};

/// Makes the repositories, and lets the story of each pull request begin before `end`.
pub(crate) fn begin(sim: &Rc<Sim>, end: Micros) {
    let random = &sim.random;
    if sim.on_targets {
        let short = random.percent(50).then_some(RepositoryId(1_000));
        kubernetes::begin(sim, short);
    }
    for repository in 0..random.between(1, 2) {
        let index = make_repository(sim, repository);
        for number in 1..=random.between(1, 3) {
            let at = random.below(end / 4);
            sim.after(at, move |sim| open(sim, index, number + 4, end));
        }
        if random.percent(20) {
            sim.after(random.below(end), move |sim| rename(sim, index));
        }
        if random.percent(30) {
            // Somebody breaks the configuration, and puts it right before long.
            let broken = random.below(end);
            let mended = random.between(broken, end);
            sim.after(broken, move |sim| configure(sim, index, false));
            sim.after(mended, move |sim| configure(sim, index, true));
        }
    }
}

fn make_repository(sim: &Rc<Sim>, number: u64) -> usize {
    let random = &sim.random;
    // Of one repository all images have tags of one kind: a tag that moves is pushed by the newest build only.
    let tag = random.pick(&["pr-{number}", "{commit}", "pr-{number}-{short_commit}"]);
    let service = |index: u64| Service {
        name: format!("web{index}"),
        on: On::Coolify,
        application: format!("app{number}x{index}"),
        url_of: format!("app{number}x{index}"),
        needs: Vec::new(),
        tag,
        ttl: random.percent(20).then_some(20),
        label: random.percent(30).then_some("preview"),
        drafts: random.percent(60),
        limit: random.percent(25).then_some(1),
        paths: random.percent(15).then_some(FOLDER),
        forks: match random.below(4) {
            0 => Forks::Never,
            1 | 2 => Forks::Label,
            _ => Forks::Always,
        },
    };
    let services: Vec<Service> = if sim.on_targets {
        let services = (0..random.pick(&[1, 2, 2, 3])).map(service).collect();
        in_order(sim, on_targets(sim, number, services))
    } else {
        (0..random.between(1, 2)).map(service).collect()
    };
    let mut coolify = sim.coolify.borrow_mut();
    let on_coolify = |service: &&Service| service.on == On::Coolify;
    for service in services.iter().filter(on_coolify) {
        coolify
            .applications
            .insert(service.application.clone(), Application::default());
    }
    let mut github = sim.github.borrow_mut();
    let first = github.commit();
    github.repositories.push(Repository {
        configured: first
            .into_iter()
            .map(|commit| (sim.kernel.now(), commit, true))
            .collect(),
        id: RepositoryId(1_000 + number),
        names: vec![format!("acme/shop{number}")],
        services,
        workflow: random.pick(&["CI", "ci.yml", ".github/workflows/ci.yml"]),
    });
    github.repositories.len() - 1
}

/// Puts some services on other targets than Coolify, or on several.
fn on_targets(sim: &Rc<Sim>, repository: u64, services: Vec<Service>) -> Vec<Service> {
    let random = &sim.random;
    // A pull request has one virtual cluster and one namespace for all services.
    let mut left = Vec::new();
    if repository == 0 && random.percent(25) {
        left.push((On::Cluster, format!("cluster{repository}")));
    }
    if random.percent(25) {
        left.push((On::Namespace, format!("namespace{repository}")));
    }
    let mut placed = Vec::new();
    for mut first in services {
        if !random.percent(50) {
            placed.push(first);
            continue;
        }
        let Some((on, application)) = left.pop() else {
            placed.push(first);
            continue;
        };
        let beside = random.percent(40);
        let mut other = Service {
            on,
            application: application.clone(),
            ..first.clone()
        };
        if on == On::Namespace {
            other.limit = None;
        }
        if beside {
            placed.push(first);
            placed.push(other);
        } else {
            other.url_of = application;
            first = other;
            placed.push(first);
        }
    }
    placed
}

/// Lets some services need others that come before them.
fn in_order(sim: &Rc<Sim>, mut services: Vec<Service>) -> Vec<Service> {
    if !sim.random.percent(30) {
        return services;
    }
    let mut needs: Vec<String> = Vec::new();
    let mut name = String::new();
    for service in &mut services {
        if !name.is_empty() && service.name != name {
            // A chain, or several that need one.
            if needs.is_empty() || sim.random.percent(60) {
                needs = vec![name.clone()];
            }
        }
        service.needs.clone_from(&needs);
        name.clone_from(&service.name);
    }
    services
}

/// Somebody pushes another configuration.
fn configure(sim: &Rc<Sim>, index: usize, valid: bool) {
    let mut github = sim.github.borrow_mut();
    let commit = github.commit();
    if let Some((repository, commit)) = github.repositories.get_mut(index).zip(commit) {
        sim.tell("github", || {
            format!(
                "{}: configuration of {} (valid: {valid})",
                repository.name(),
                commit.short()
            )
        });
        repository
            .configured
            .push((sim.kernel.now(), commit, valid));
    }
}

fn rename(sim: &Rc<Sim>, index: usize) {
    let mut github = sim.github.borrow_mut();
    if let Some(repository) = github.repositories.get_mut(index) {
        let name = format!("{}-renamed", repository.name());
        repository.names.push(name);
    }
}

fn open(sim: &Rc<Sim>, repository: usize, number: u64, end: Micros) {
    let random = &sim.random;
    let now = sim.kernel.now();
    let mut github = sim.github.borrow_mut();
    let Some((commit, found)) = github.commit().zip(github.repositories.get(repository)) else {
        return;
    };
    let id = PreviewId {
        repository: found.id,
        number: PullRequestNumber(number),
    };
    let fork = random.percent(25);
    let Ok(name) = found.name().parse() else {
        return;
    };
    let pull_request = PullRequest {
        updated_at: deliveries::whole_second(sim.now()),
        state: PullRequestState::Open,
        title: "A change".to_owned(),
        author: "ada".to_owned(),
        draft: random.percent(15),
        labels: if random.percent(50) {
            vec!["preview".to_owned()]
        } else {
            Vec::new()
        },
        head_branch: format!("branch-{number}"),
        head_commit: commit.clone(),
        head_repository: Some(if fork { RepositoryId(9_000) } else { found.id }),
        base_branch: "main".to_owned(),
        repository: name,
        default_branch: "main".to_owned(),
        archived: false,
    };
    github.pulls.push(Pull {
        id,
        repository,
        versions: vec![(now, pull_request.clone())],
        commits: vec![commit.as_str().to_owned()],
        runs: Vec::new(),
        approved: Vec::new(),
        head_since: now,
    });
    if random.percent(15) {
        github.sick.insert(commit.as_str().to_owned());
    }
    if random.percent(50) {
        github.touching.insert(commit.as_str().to_owned());
    }
    drop(github);
    chatter(sim, id);
    sim.tell("github", || {
        format!("{id}: opened (head {})", commit.short())
    });
    deliveries::send_pull(sim, id, "opened", &pull_request);
    ci::begin(sim, id, false);
    go_on(sim, id, end);
}

/// Comments of other people: some pages of them, and one that looks like Slipway's.
fn chatter(sim: &Rc<Sim>, id: PreviewId) {
    let count = sim.random.pick(&[0, 0, 0, 2, 19, 45]);
    let mut github = sim.github.borrow_mut();
    for index in 0..count {
        let comment = Comment {
            id: github.number(),
            pull: id,
            author: 7,
            body: if index == 1 {
                domain::preview::marker(id)
            } else {
                "Nice".to_owned()
            },
            at: sim.kernel.now(),
            created_at: sim.now(),
        };
        github.comments.push(comment);
    }
}

fn go_on(sim: &Rc<Sim>, id: PreviewId, end: Micros) {
    let random = &sim.random;
    let longest = random.pick(&[600 * MILLISECOND, 5 * SECOND, 40 * SECOND, 200 * SECOND]);
    let pause = random.between(10 * MILLISECOND, longest);
    if sim.kernel.now() + pause >= end {
        return;
    }
    sim.after(pause, move |sim| {
        something(sim, id);
        go_on(sim, id, end);
    });
}

/// One thing that somebody does to a pull request.
fn something(sim: &Rc<Sim>, id: PreviewId) {
    let state = sim
        .github
        .borrow()
        .pull(id)
        .and_then(|pull| pull.now().map(|now| now.state));
    match (state, sim.random.below(100)) {
        (Some(PullRequestState::Open), 0..45) => push(sim, id, false),
        (Some(PullRequestState::Open), 45..60) => {
            deliveries::change_pull(sim, id, "closed", |now| {
                now.state = PullRequestState::Closed
            });
        }
        (Some(PullRequestState::Open), 60..64) => {
            deliveries::change_pull(sim, id, "closed", |now| {
                now.state = PullRequestState::Merged
            });
        }
        (Some(PullRequestState::Open), 64..76) => {
            let draft = sim.github.borrow().pull(id).is_some_and(is_draft);
            let action = if draft {
                "ready_for_review"
            } else {
                "converted_to_draft"
            };
            deliveries::change_pull(sim, id, action, |now| now.draft = !draft);
        }
        (Some(PullRequestState::Open), 76..90) => {
            let labelled = sim.github.borrow().pull(id).is_some_and(is_labelled);
            let maintainer = sim.random.percent(60);
            relabel(
                sim,
                id,
                !labelled,
                if maintainer { MAINTAINER } else { TRIAGER },
            );
        }
        (Some(PullRequestState::Open), _) => {
            deliveries::change_pull(sim, id, "edited", |now| {
                now.title = if now.title.contains("[skip preview]") {
                    "A change".to_owned()
                } else {
                    "A change [skip preview]".to_owned()
                };
            });
        }
        (Some(PullRequestState::Closed), 0..70) => {
            deliveries::change_pull(sim, id, "reopened", |now| {
                now.state = PullRequestState::Open
            });
        }
        (Some(PullRequestState::Closed | PullRequestState::Merged) | None, _) => {}
    }
}

/// Somebody puts the label on, or takes it off.
fn relabel(sim: &Rc<Sim>, id: PreviewId, on: bool, by: (u64, &str)) {
    let action = if on { "labeled" } else { "unlabeled" };
    deliveries::change_pull_by(sim, id, action, by, |now| {
        now.labels.clear();
        now.labels.extend(on.then(|| LABEL.to_owned()));
    });
}

/// A maintainer approves what a fork's head is now, whatever was before. Where no approval is asked for, the label would only go and
/// come again, and with it a preview that may be there already.
pub(crate) fn approve(sim: &Rc<Sim>, id: PreviewId) {
    let awaited = {
        let github = sim.github.borrow();
        github
            .pull(id)
            .is_some_and(|pull| github.awaits_approval(pull))
    };
    if awaited {
        sim.after(4 * SECOND, move |sim| relabel(sim, id, false, MAINTAINER));
        sim.after(9 * SECOND, move |sim| relabel(sim, id, true, MAINTAINER));
    }
}

fn is_draft(pull: &Pull) -> bool {
    pull.now().is_some_and(|now| now.draft)
}

fn is_labelled(pull: &Pull) -> bool {
    pull.now().is_some_and(|now| !now.labels.is_empty())
}

/// Pushes a commit. `well` makes its build succeed and its program answer.
pub(crate) fn push(sim: &Rc<Sim>, id: PreviewId, well: bool) {
    let Some(commit) = sim.github.borrow_mut().commit() else {
        return;
    };
    // What a pull request changed once it goes on to change.
    let touched = {
        let github = sim.github.borrow();
        let head = github.pull(id).map(Pull::head);
        head.is_some_and(|head| github.touching.contains(head))
    };
    if touched || sim.random.percent(30) {
        let touching = commit.as_str().to_owned();
        sim.github.borrow_mut().touching.insert(touching);
    }
    if !well && sim.random.percent(15) {
        let sick = commit.as_str().to_owned();
        sim.github.borrow_mut().sick.insert(sick);
    }
    if !well && sim.random.percent(5) {
        let skipped = commit.as_str().to_owned();
        sim.github.borrow_mut().skipped.insert(skipped);
    }
    deliveries::change_pull(sim, id, "synchronize", |now| now.head_commit = commit);
    ci::begin(sim, id, well);
}

/// Closes everything.
pub(crate) fn close_all(sim: &Rc<Sim>) {
    let open: Vec<PreviewId> = sim
        .github
        .borrow()
        .pulls
        .iter()
        .filter(|pull| pull.is_open())
        .map(|pull| pull.id)
        .collect();
    for id in open {
        let state = if sim.random.percent(50) {
            PullRequestState::Closed
        } else {
            PullRequestState::Merged
        };
        deliveries::change_pull(sim, id, "closed", move |now| now.state = state);
    }
}
