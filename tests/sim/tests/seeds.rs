//! A few seeds on every change; `cargo xtask sim` runs many.

use sim::{Failure, Mutation, Options, Report, Storm, World, run};

/// The bar: each guard that is taken away is missed within so many seeds.
const CAUGHT_WITHIN: u64 = 10_000;

#[track_caller]
fn must_hold(report: &Report) {
    let told: Vec<String> = report.failures.iter().map(told).collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
}

fn told(failure: &Failure) -> String {
    let from = failure.story.len().saturating_sub(60);
    let story = failure.story.get(from..).unwrap_or_default();
    format!(
        "seed {}: {}\n  {}",
        failure.seed,
        failure.violation,
        story.join("\n  ")
    )
}

fn options(storm: Storm) -> Options {
    Options {
        storm,
        ..Options::default()
    }
}

#[test]
fn whatever_fails_the_world_becomes_what_github_says() {
    let report = run(0..40, options(Storm::Usual));
    must_hold(&report);
    let of_others = [
        "releases",
        "ways_back",
        "in_order",
        "clusters",
        "namespaces",
    ];
    for (name, count) in report.totals.named() {
        assert!(
            count > 0 || of_others.contains(&name),
            "no {name} in {} seeds: this proves nothing",
            report.seeds
        );
    }
}

#[test]
fn with_every_trouble_at_once_nothing_is_lost_either() {
    must_hold(&run(0..20, options(Storm::Wild)));
}

#[test]
fn without_any_trouble_nothing_fails() {
    let report = run(0..20, options(Storm::Calm));
    must_hold(&report);
    let totals = report.totals;
    assert_eq!(
        (
            totals.store_failures,
            totals.vendor_failures,
            totals.crashes
        ),
        (0, 0, 0)
    );
}

#[test]
fn releases_go_through_every_storm_to_the_newest_commit() {
    for storm in [Storm::Calm, Storm::Usual, Storm::Wild] {
        let options = Options {
            world: World::Releases,
            ..options(storm)
        };
        let report = run(0..40, options);
        must_hold(&report);
        let totals = report.totals;
        for (name, count) in [
            ("release", totals.releases),
            ("way back", totals.ways_back),
            ("deployment on GitHub", totals.github_deployments),
        ] {
            assert!(count > 0, "no {name} in {storm:?}: this proves nothing");
        }
    }
}

#[test]
fn a_lease_that_everybody_gets_is_missed_by_releases_too() {
    let options = Options {
        world: World::Releases,
        mutation: Some(Mutation::Lease),
        ..Options::default()
    };
    let report = run(0..CAUGHT_WITHIN, options);
    let failure = report.failures.first().expect("a broken lease is noticed");
    assert!(
        failure.violation.contains("two runners write under lease"),
        "{}",
        failure.violation
    );
}

/// What must be noticed when a guard is gone: one of these.
fn symptoms(mutation: Mutation) -> &'static [&'static str] {
    match mutation {
        Mutation::Lease => &["two runners write under lease"],
        Mutation::Order => &["though the runner knows better", "after a newer commit"],
        Mutation::SaveBeforeEffect => &[
            "left in the store",
            "there should be no preview",
            "is deployed 2 times",
        ],
    }
}

#[test]
fn each_guard_that_is_taken_away_is_missed() {
    for mutation in Mutation::ALL {
        let options = Options {
            mutation: Some(mutation),
            failures_max: 5,
            ..Options::default()
        };
        let report = run(0..CAUGHT_WITHIN, options);
        let is_symptom = |failure: &Failure| {
            let symptoms = symptoms(mutation);
            symptoms
                .iter()
                .any(|symptom| failure.violation.contains(symptom))
        };
        assert!(
            report.failures.iter().any(is_symptom),
            "nobody notices in {} seeds that {} is broken, but for {:?}",
            report.seeds,
            mutation.name(),
            report.failures
        );
    }
}

#[test]
fn a_seed_tells_the_same_story_every_time() {
    let options = Options {
        mutation: Some(Mutation::Lease),
        threads: 1,
        ..Options::default()
    };
    let first = run(0..CAUGHT_WITHIN, options);
    let failure = first.failures.first().expect("a broken lease is noticed");
    let again = run(failure.seed..failure.seed + 1, options);
    assert_eq!(again.failures.first(), Some(failure));
    assert!(failure.story.len() > 10, "{:?}", failure.story);
}
