//! Many seeds on all processors, and what came of them.

use std::{
    ops::Range,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crate::{Mutation, Storm, Totals, seed};

/// What a seed is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum World {
    /// Pull requests and their previews on Coolify.
    #[default]
    Previews,
    /// The same with services that need others, on a platform API and in namespaces too.
    Targets,
    /// A branch that goes through two environments of Argo CD's.
    Releases,
}

/// What is run.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// What the seeds are about.
    pub world: World,
    /// How rough it is.
    pub storm: Storm,
    /// What is broken on purpose.
    pub mutation: Option<Mutation>,
    /// How many threads; 0 for one for each processor.
    pub threads: usize,
    /// After so many violations no further seed is begun.
    pub failures_max: usize,
    /// Whether to write on standard error how far it is.
    pub progress: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            world: World::Previews,
            storm: Storm::Usual,
            mutation: None,
            threads: 0,
            failures_max: 1,
            progress: false,
        }
    }
}

/// A seed in which something did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The seed: the same one tells the same story again.
    pub seed: u64,
    /// What did not hold.
    pub violation: String,
    /// What happened up to then, the last line last.
    pub story: Vec<String>,
}

/// What came of many seeds.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// How many seeds were run.
    pub seeds: u64,
    /// Those in which something did not hold, by seed.
    pub failures: Vec<Failure>,
    /// What happened in all of them.
    pub totals: Totals,
    /// How long it took.
    pub elapsed: Duration,
}

/// Runs all `seeds`. With failures the smallest of them may depend on the machine's speed; each one replays exactly.
pub fn run(seeds: Range<u64>, options: Options) -> Report {
    let begun = Instant::now();
    let next = AtomicU64::new(seeds.start);
    let done = AtomicBool::new(false);
    let report = Mutex::new(Report::default());
    let threads = match options.threads {
        0 => thread::available_parallelism().map_or(1, usize::from),
        threads => threads,
    };
    let work = || {
        while !done.load(Ordering::Relaxed) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return;
            }
            let ended = seed::run(seed, &options, false);
            // The story is written only when somebody reads it: the same seed tells it again.
            let failure = ended.violation.map(|violation| {
                let story = seed::run(seed, &options, true).story;
                Failure {
                    seed,
                    violation,
                    story,
                }
            });
            let mut report = report.lock().unwrap_or_else(PoisonError::into_inner);
            report.seeds += 1;
            report.totals.add(&ended.totals);
            report.failures.extend(failure);
            if report.failures.len() >= options.failures_max {
                done.store(true, Ordering::Relaxed);
            }
            if options.progress && report.seeds % 1_000 == 0 {
                eprintln!(
                    "{} seeds in {:.0} s",
                    report.seeds,
                    begun.elapsed().as_secs_f64()
                );
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    let mut report = report.into_inner().unwrap_or_else(PoisonError::into_inner);
    report.failures.sort_by_key(|failure| failure.seed);
    report.elapsed = begun.elapsed();
    report
}
