//! What was committed to the branch, where it was at which time, and the runs that build it.

use std::{collections::BTreeSet, rc::Rc};

use domain::{
    CommitSha,
    preview::{RunProgress, WorkflowRun},
    release::Relation,
};

use super::{REPOSITORY, payload, with};
use crate::{
    github::{WORKFLOW, deliveries},
    kernel::{MILLISECOND, Micros, SECOND},
    sim::Sim,
};

/// How a commit does where it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Fitness {
    /// It works.
    #[default]
    Well,
    /// Its pods never get ready.
    Degrades,
    /// Its pods are ready, and it answers nobody.
    Silent,
}

/// A commit.
#[derive(Debug)]
pub(crate) struct Commit {
    pub(crate) sha: CommitSha,
    parent: Option<usize>,
    pub(crate) at: Micros,
    pub(crate) fitness: Fitness,
}

/// A run of a workflow.
#[derive(Debug)]
struct Run {
    /// What it was, and since when; the present last.
    versions: Vec<(Micros, WorkflowRun)>,
}

/// Commits, the branch, and runs.
#[derive(Debug)]
pub(crate) struct History {
    pub(crate) commits: Vec<Commit>,
    /// Where the branch was since when; the present last.
    heads: Vec<(Micros, usize)>,
    runs: Vec<Run>,
}

impl History {
    pub(crate) fn new(first: CommitSha) -> Self {
        let first = Commit {
            sha: first,
            parent: None,
            at: 0,
            fitness: Fitness::Well,
        };
        Self {
            commits: vec![first],
            heads: vec![(0, 0)],
            runs: Vec::new(),
        }
    }

    pub(crate) fn index_of(&self, sha: &str) -> Option<usize> {
        let mut commits = self.commits.iter();
        commits.position(|commit| commit.sha.as_str() == sha)
    }

    pub(crate) fn commit(&self, index: usize) -> Option<&Commit> {
        self.commits.get(index)
    }

    /// Where the branch was at a time.
    pub(crate) fn head_at(&self, at: Micros) -> usize {
        let before = self.heads.iter().rev().find(|(since, _)| *since <= at);
        before.map_or(0, |(_, head)| *head)
    }

    /// Where the branch is.
    pub(crate) fn head(&self) -> usize {
        self.heads.last().map_or(0, |(_, head)| *head)
    }

    fn ancestors(&self, commit: usize) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        let mut next = Some(commit);
        while let Some(one) = next {
            found.insert(one);
            next = self.commits.get(one).and_then(|commit| commit.parent);
        }
        found
    }

    /// How `head` stands to `base`.
    pub(crate) fn relation(&self, base: usize, head: usize) -> Relation {
        if base == head {
            Relation::Identical
        } else if self.ancestors(head).contains(&base) {
            Relation::Ahead
        } else if self.ancestors(base).contains(&head) {
            Relation::Behind
        } else {
            Relation::Diverged
        }
    }

    /// What is in `head` and not in `base`, the oldest first.
    pub(crate) fn between(&self, base: usize, head: usize) -> Vec<&CommitSha> {
        let there = self.ancestors(base);
        let more = self.ancestors(head);
        let more = more.difference(&there);
        more.filter_map(|index| self.commits.get(*index).map(|commit| &commit.sha))
            .collect()
    }

    /// The runs on a commit as they were at a time.
    pub(crate) fn runs_at(&self, sha: &str, at: Micros) -> Vec<&WorkflowRun> {
        let version = |run: &'_ Run| run.versions.iter().rposition(|(since, _)| *since <= at);
        let shown = self.runs.iter().filter_map(|run| {
            let (_, version) = run.versions.get(version(run)?)?;
            (version.head_commit.as_str() == sha).then_some(version)
        });
        shown.collect()
    }
}

/// Somebody pushes a commit to the branch, by force if the branch forgets its newest one. `well` makes it a commit that works and is
/// built soon.
pub(crate) fn push(sim: &Rc<Sim>, well: bool) {
    let forced = !well && sim.random.percent(12);
    let fitness = match sim.random.below(100) {
        _ if well => Fitness::Well,
        0..12 => Fitness::Degrades,
        12..20 => Fitness::Silent,
        _ => Fitness::Well,
    };
    let (now, sha) = (sim.kernel.now(), sim.github.borrow_mut().commit());
    let Some(sha) = sha else { return };
    let pushed = with(sim, |world| {
        let history = &mut world.history;
        let head = history.head();
        let onto = match history.commits.get(head) {
            Some(newest) if forced => newest.parent.unwrap_or(head),
            Some(_) | None => head,
        };
        history.commits.push(Commit {
            sha: sha.clone(),
            parent: Some(onto),
            at: now,
            fitness,
        });
        let index = history.commits.len() - 1;
        history.heads.push((now, index));
        Some(onto != head)
    });
    let Some(forced) = pushed else { return };
    sim.tell("github", || {
        let how = if forced { " by force" } else { "" };
        format!("{sha:.7} is pushed{how} ({fitness:?})", sha = sha.as_str())
    });
    deliveries::send(sim, "push", payload::push(sim, &sha, forced));
    let pause = if well { 2_000 } else { 20_000 };
    if !well && sim.random.percent(10) {
        let sha = sha.clone();
        sim.after(sim.random.below(pause) * MILLISECOND, move |sim| {
            create(sim, &sha, Trust::Fork, true);
        });
    }
    if !well && sim.random.percent(5) {
        return;
    }
    sim.after(sim.random.below(pause) * MILLISECOND, move |sim| {
        create(sim, &sha, Trust::Own, well);
    });
}

/// Whose run it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trust {
    Own,
    /// A fork's, of a branch with the same name: it proves nothing.
    Fork,
}

fn create(sim: &Rc<Sim>, sha: &CommitSha, trust: Trust, well: bool) {
    let number = sim.github.borrow_mut().number();
    let (event, head_repository) = match trust {
        Trust::Own => ("push", Some(REPOSITORY)),
        Trust::Fork => ("pull_request", Some(domain::RepositoryId(2_000))),
    };
    let run = WorkflowRun {
        id: number,
        attempt: 1,
        name: WORKFLOW.to_owned(),
        path: ".github/workflows/ci.yml".to_owned(),
        event: event.to_owned(),
        head_branch: Some("main".to_owned()),
        head_commit: sha.clone(),
        head_repository,
        progress: RunProgress::Waiting,
        html_url: format!("https://github.test/runs/{number}"),
        skips_preview: false,
    };
    let now = sim.kernel.now();
    with(sim, |world| {
        world.history.runs.push(Run {
            versions: vec![(now, run.clone())],
        });
    });
    deliveries::send(sim, "workflow_run", payload::workflow_run(sim, &run));
    advance(sim, number, well);
}

/// Lets a run go on until it ends, and perhaps be run again.
fn advance(sim: &Rc<Sim>, id: u64, well: bool) {
    sim.after(sim.random.between(100, 5_000) * MILLISECOND, move |sim| {
        if !change(sim, id, |run| run.progress = RunProgress::Running) {
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
                0..80 => RunProgress::Succeeded,
                80..92 => RunProgress::Failed,
                _ => RunProgress::Cancelled,
            };
            let ended = change(sim, id, |run| run.progress = end);
            // A failed run is run again, and sometimes one that succeeded: its image is another one then.
            let again = if end == RunProgress::Succeeded { 5 } else { 60 };
            if ended && !well && sim.random.percent(again) {
                sim.after(sim.random.between(5, 120) * SECOND, move |sim| {
                    let is_again = change(sim, id, |run| {
                        run.attempt += 1;
                        run.progress = RunProgress::Waiting;
                    });
                    if is_again {
                        advance(sim, id, false);
                    }
                });
            }
        });
    });
}

/// Changes a run and sends the webhook of that; false if there is no such run.
fn change(sim: &Rc<Sim>, id: u64, change: impl FnOnce(&mut WorkflowRun)) -> bool {
    let now = sim.kernel.now();
    let changed = with(sim, |world| {
        let mut runs = world.history.runs.iter_mut();
        let run = runs.find(|run| run.versions.last().is_some_and(|(_, run)| run.id == id))?;
        let mut version = run.versions.last().map(|(_, version)| version.clone())?;
        change(&mut version);
        run.versions.push((now, version.clone()));
        Some(version)
    });
    let Some(run) = changed else { return false };
    sim.tell("github", || {
        let (sha, progress) = (run.head_commit.short(), run.progress);
        format!(
            "{} on {sha}, attempt {}, is {progress:?}",
            run.event, run.attempt
        )
    });
    deliveries::send(sim, "workflow_run", payload::workflow_run(sim, &run));
    true
}
