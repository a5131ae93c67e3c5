//! Stories of release lines: a history of commits, builds, and an Argo CD that does what the story says.

mod again;
mod announcements;
mod answers;
mod approvals;
mod argo;
mod arrival;
mod attention;
mod authorship;
mod commands;
mod desk;
mod directives;
mod failing;
mod gate;
mod giving_way;
mod images;
mod intake;
mod intervention;
mod moving;
mod order;
mod patience;
mod promotion;
mod property;
mod telling;
mod testing;
mod testing_property;
mod trust;
mod windows;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::{
    Action, Brought, Fact, Line, LineId, Overview, Phase, Push, Reference, Relation, ReportAction,
    ReportFact, Source, StepAction, StepFact, Terms, Untold, Upstream, Writers, mark, terms_of,
};
use answers::{account, speaker};
use argo::{Argo, open_windows};

use crate::{
    CommitSha, RepositoryId, Timestamp, argocd, configuration,
    entity::{Action as _, Entity, Step},
    outbox::Letter,
    preview::{RunProgress, Trouble, WorkflowRun},
};

pub(super) const REPOSITORY: RepositoryId = RepositoryId(1);

/// A configuration whose environment `production` says this.
pub(super) fn configuration(production: &str) -> String {
    format!(
        "version: 1\nbuild: {{ workflow: CI }}\nservices:\n  web:\n    environments:\n      production:\n{}",
        production
            .lines()
            .map(|line| format!("        {}\n", line.trim_start()))
            .collect::<String>()
    )
}

pub(super) const PRODUCTION: &str = "branch: main
    argocd: { application: shop, update: kustomize-image }
    url: https://shop.example.com
    health: { path: /health, attempts: 3, interval: 10s }
    rollback: automatic";

pub(super) fn terms(text: &str) -> Terms {
    let configuration = configuration::parse(text).unwrap();
    let all = terms_of(&configuration, &"acme/shop".parse().unwrap());
    all[&("web".parse().unwrap(), "production".parse().unwrap())].clone()
}

pub(super) fn line_id(environment: &str) -> LineId {
    LineId {
        repository: REPOSITORY,
        service: "web".parse().unwrap(),
        environment: environment.parse().unwrap(),
    }
}

/// A commit whose SHA consists of one digit.
pub(super) fn commit(digit: char) -> CommitSha {
    digit.to_string().repeat(40).parse().unwrap()
}

pub(super) fn digit(commit: &CommitSha) -> char {
    commit.as_str().chars().next().unwrap()
}

pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_milliseconds(seconds * 1_000)
}

pub(super) fn push(head: char, seconds: i64) -> Push {
    Push {
        pushed_at: at(seconds),
        reference: Reference::Branch("main".into()),
        commit: commit(head),
        title: format!("Change {head}"),
        skip: false,
        forced: false,
        brackets: Vec::new(),
    }
}

pub(super) fn run(id: u64, head: char, progress: RunProgress) -> WorkflowRun {
    WorkflowRun {
        id,
        attempt: 1,
        name: "CI".into(),
        path: ".github/workflows/ci.yml".into(),
        event: "push".into(),
        head_branch: Some("main".into()),
        head_commit: commit(head),
        head_repository: Some(REPOSITORY),
        progress,
        html_url: format!("https://github.com/acme/shop/actions/runs/{id}"),
        skips_preview: false,
    }
}

/// A line, the world as it answers, and all that was done.
pub(super) struct Story {
    pub(super) line: Line,
    pub(super) now: Timestamp,
    /// Each commit's parent.
    pub(super) parents: BTreeMap<char, Option<char>>,
    /// The head of the branch.
    pub(super) head: char,
    pub(super) runs: Vec<WorkflowRun>,
    argo: Argo,
    /// Whether the URL answers well.
    pub(super) answers: bool,
    /// What the next call fails with, if it fails.
    pub(super) trouble: Option<Trouble>,
    pub(super) done: Vec<String>,
    /// Whom GitHub knows as the authors of commits.
    pub(super) authors: Vec<String>,
    /// Whom it knows as the authors of these commits instead.
    pub(super) wrote: BTreeMap<char, Vec<String>>,
    /// How often a list of commits has each.
    pub(super) many: usize,
    /// Commits that it knows no longer.
    pub(super) lost: BTreeSet<char>,
    /// The letters that were handed over.
    pub(super) letters: Vec<Letter>,
    /// GitHub's runs of the workflow that tests the environment.
    pub(super) tests: testing::Runs,
    /// What the environments after this one were told last.
    pub(super) passed: Option<Upstream>,
    /// The commits that Argo CD was given, with whether that was a way back.
    pub(super) given: Vec<(char, bool)>,
}

/// The image of a commit.
pub(super) fn image(head: char) -> String {
    format!("ghcr.io/acme/shop:{}", commit(head))
}

impl Story {
    /// A line of production with the history `0 - 1 - 2 …` up to `9`, of which nothing is released.
    pub(super) fn new(production: &str) -> Self {
        let mut parents: BTreeMap<char, Option<char>> = BTreeMap::new();
        for number in 0..10_u32 {
            let parent = number.checked_sub(1).and_then(|n| char::from_digit(n, 10));
            parents.insert(char::from_digit(number, 10).unwrap(), parent);
        }
        let mut story = Self {
            line: Line::new(line_id("production")),
            now: at(1_000),
            parents,
            head: '9',
            runs: Vec::new(),
            argo: Argo {
                spec: "ghcr.io/acme/shop:former".into(),
                live: "ghcr.io/acme/shop:former".into(),
                by_itself: false,
                tried: None,
                is_by_git: false,
                is_directory: false,
                sick: BTreeSet::new(),
                ends: argocd::Phase::Succeeded,
                stuck: false,
                looked_at: None,
                is_busy: false,
                loses_answer: false,
                is_away: false,
                ignores_stops: false,
                is_helm: false,
                reads_parameter: true,
                parameters: Vec::new(),
                requested: None,
                operation: None,
                is_slow: false,
                windows: open_windows(),
                history: vec!["ghcr.io/acme/shop:former".into()],
            },
            answers: true,
            trouble: None,
            done: Vec::new(),
            authors: vec!["grace".into()],
            wrote: BTreeMap::new(),
            many: 1,
            lost: BTreeSet::new(),
            letters: Vec::new(),
            tests: testing::Runs::default(),
            passed: None,
            given: Vec::new(),
        };
        story.configure(production);
        story
    }

    pub(super) fn configure(&mut self, production: &str) {
        let terms = terms(&configuration(production));
        self.record(&Fact::Configured {
            repository: Some("acme/shop".parse().unwrap()),
            terms: Some(Box::new(terms)),
            as_of: self.now,
        });
    }

    pub(super) fn record(&mut self, fact: &Fact) {
        self.line.record(fact, self.now);
    }

    /// Pushes, builds and goes on until nothing more happens by itself.
    pub(super) fn release(&mut self, head: char) -> String {
        self.push(head);
        self.build(head);
        self.go()
    }

    pub(super) fn push(&mut self, head: char) {
        let push = push(head, 900 + i64::from(head.to_digit(10).unwrap_or(99)));
        self.record(&Fact::Pushed { push });
    }

    pub(super) fn build(&mut self, head: char) {
        let id = u64::from(u32::from(head));
        let run = run(id, head, RunProgress::Succeeded);
        self.runs.retain(|known| known.id != id);
        self.runs.push(run.clone());
        self.record(&Fact::RunSeen { run });
    }

    fn ancestors(&self, head: char) -> BTreeSet<char> {
        let mut found = BTreeSet::new();
        let mut next = Some(head);
        while let Some(one) = next {
            found.insert(one);
            next = self.parents.get(&one).copied().flatten();
        }
        found
    }

    pub(super) fn relation(&self, base: char, head: char) -> Relation {
        match (
            base == head,
            self.ancestors(head).contains(&base),
            self.ancestors(base).contains(&head),
        ) {
            (true, ..) => Relation::Identical,
            (_, true, _) => Relation::Ahead,
            (_, _, true) => Relation::Behind,
            (_, false, false) => Relation::Diverged,
        }
    }

    /// Acts until the line settles or waits for longer than a minute. Returns what was done since the last time.
    pub(super) fn go(&mut self) -> String {
        self.go_until(Duration::from_secs(60))
    }

    /// The same, and waits for as long as this.
    pub(super) fn go_until(&mut self, patience: Duration) -> String {
        let end = self.now.after(patience);
        for _ in 0..2_000 {
            match self.line.plan(self.now) {
                Step::Act(action) => self.act(&action),
                Step::Wait { until } if until <= end => self.now = until,
                Step::Wait { .. } | Step::Settled | Step::Forget => {
                    return std::mem::take(&mut self.done).join("\n");
                }
            }
        }
        panic!("the line never settles: {}", self.done.join("\n"));
    }

    pub(super) fn act(&mut self, action: &Action) {
        if let Some(intent) = action.intent() {
            self.record(&intent);
        }
        let fact = self.answer(action);
        self.record(&fact);
    }

    pub(super) fn overview(&self) -> Overview {
        self.line.overview(self.now)
    }

    /// The commit that is live and verified.
    pub(super) fn live(&self) -> Option<char> {
        self.overview().live.map(|live| digit(&live.commit))
    }

    /// What waits: each commit with its phase and reason.
    pub(super) fn waiting(&self) -> String {
        let waiting = self.overview().waiting.into_iter();
        let told = waiting
            .map(|shown| format!("{} {}: {}", digit(&shown.commit), shown.phase, shown.reason));
        told.collect::<Vec<_>>().join("\n")
    }

    /// How the newest release of a commit ended.
    pub(super) fn end_of(&self, head: char) -> Option<(Phase, String)> {
        let mut ended = self.overview().ended.into_iter();
        ended
            .find(|shown| shown.commit == commit(head) && !shown.is_rollback)
            .map(|shown| (shown.phase, shown.reason))
    }
}
