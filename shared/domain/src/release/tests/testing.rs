//! The test of what is live: started once, followed by its run, and what comes after waits for it.

use std::collections::BTreeMap;

use super::*;
use crate::{
    preview::Reaction,
    release::{TestAction, TestFact, Tested},
};

/// GitHub's runs of the workflow that tests the environment.
#[derive(Debug, Default)]
pub(in crate::release) struct Runs {
    /// Each with what was given to it, in the order of their ids, which begin with 1.
    pub(super) started: Vec<(BTreeMap<String, String>, RunProgress)>,
    /// The answer to the next start is lost.
    pub(super) loses_answer: bool,
    /// Runs bear the commit in their title.
    pub(super) are_titled: bool,
    /// GitHub refuses to start it.
    pub(super) refuses: bool,
    /// GitHub does not name the run that it starts.
    pub(super) is_old: bool,
}

impl Runs {
    /// What is to be told of it, and the fact.
    pub(super) fn answer(&mut self, step: &TestAction) -> (Option<String>, TestFact) {
        match step {
            TestAction::Start { .. } if self.refuses => {
                let trouble = Trouble {
                    reason: "GitHub answered 422".into(),
                    reaction: Reaction::GiveUp,
                };
                (None, TestFact::NotStarted { trouble })
            }
            TestAction::Start { workflow, inputs } => {
                let commit = inputs["commit"].chars().next().unwrap();
                self.started.push((inputs.clone(), RunProgress::Running));
                let fact = if std::mem::take(&mut self.loses_answer) {
                    let trouble = Trouble {
                        reason: "the answer was lost".into(),
                        reaction: Reaction::Look,
                    };
                    TestFact::NotStarted { trouble }
                } else {
                    let run = (!self.is_old).then(|| self.named(self.started.len()));
                    TestFact::Started { run }
                };
                (Some(format!("{workflow} for {commit}")), fact)
            }
            TestAction::Find { commit, .. } => {
                let is_it = |(inputs, _): &(BTreeMap<String, String>, RunProgress)| {
                    inputs["commit"] == commit.as_str()
                };
                let place = self.started.iter().rposition(is_it);
                let run = place.filter(|_| self.are_titled);
                let run = run.map(|place| self.named(place + 1));
                (Some("search".into()), TestFact::Searched { run })
            }
            TestAction::Look { run } => {
                let place = usize::try_from(*run).unwrap() - 1;
                let progress = self.started.get(place).map(|(_, progress)| *progress);
                (None, TestFact::Seen { progress })
            }
        }
    }

    fn named(&self, number: usize) -> (u64, String) {
        let id = u64::try_from(number).unwrap();
        (
            id,
            format!("https://github.com/acme/shop/actions/runs/{id}"),
        )
    }

    /// How many runs were given this commit.
    fn of(&self, head: char) -> usize {
        let of = |(inputs, _): &&(BTreeMap<String, String>, RunProgress)| {
            inputs["commit"].starts_with(head)
        };
        self.started.iter().filter(of).count()
    }
}

const TESTED: &str = "branch: main
    argocd: { application: shop, update: kustomize-image }
    url: https://shop.example.com/
    test: e2e.yml";

/// A story of an environment that is tested, and that another one comes after.
fn story_of(production: &str) -> Story {
    let text = format!(
        "{}      later: {{ after: [production], argocd: {{ application: later }} }}\n",
        configuration(production)
    );
    let mut story = Story::new(PRODUCTION);
    story.record(&Fact::Configured {
        repository: None,
        terms: Some(Box::new(terms(&text))),
        as_of: story.now,
    });
    story
}

pub(super) fn story() -> Story {
    story_of(TESTED)
}

/// What the environment after it was told last.
pub(super) fn told(story: &Story) -> (Option<char>, Tested) {
    let passed = story.passed.as_ref();
    (
        passed.map(|live| digit(&live.commit)),
        passed.map(|live| live.tested.clone()).unwrap_or_default(),
    )
}

fn end(story: &mut Story, run: u64, progress: RunProgress) {
    let place = usize::try_from(run).unwrap() - 1;
    story.tests.started[place].1 = progress;
    story.record(&Fact::TestRunSeen { run });
}

#[test]
fn what_is_live_is_tested_once_with_its_commit_and_url_and_told_on_as_tested() {
    let mut story = story();
    let done = story.release('1');
    assert!(done.contains("e2e.yml for 1"), "{done}");
    let inputs = &story.tests.started[0].0;
    assert_eq!(inputs["commit"], commit('1').to_string());
    assert_eq!(inputs["url"], "https://shop.example.com");
    assert_eq!(told(&story), (Some('1'), Tested::Underway));
    assert_eq!(
        story.overview().test.unwrap(),
        "e2e.yml is at it: https://github.com/acme/shop/actions/runs/1"
    );
    end(&mut story, 1, RunProgress::Succeeded);
    story.go();
    assert_eq!(told(&story), (Some('1'), Tested::Succeeded));
    story.go_until(Duration::from_secs(86_400));
    assert_eq!(story.tests.started.len(), 1);
}

#[test]
fn a_run_is_followed_though_no_delivery_tells_of_it() {
    let mut story = story();
    story.release('1');
    story.tests.started[0].1 = RunProgress::Succeeded;
    story.go_until(Duration::from_secs(120));
    assert_eq!(told(&story), (Some('1'), Tested::Succeeded));
}

#[test]
fn the_next_release_waits_for_the_test_unless_newer_ones_cut_in_or_it_takes_too_long() {
    let mut story = story();
    story.release('1');
    story.release('2');
    assert_eq!(story.live(), Some('1'));
    assert_eq!(story.waiting(), "2 queued: 1111111 is tested first");
    story.go_until(Duration::from_secs(3 * 3_600));
    assert_eq!(story.live(), Some('2'), "not for ever");
    assert_eq!(story.tests.of('2'), 1);

    let mut hasty = story_of(&format!("{TESTED}\nsuperseded: cancel"));
    hasty.release('1');
    hasty.release('2');
    assert_eq!(hasty.live(), Some('2'));
    end(&mut hasty, 1, RunProgress::Succeeded);
    hasty.go();
    assert_eq!(told(&hasty), (Some('2'), Tested::Underway));
}

#[test]
fn a_test_that_fails_is_told_to_people_and_counts_when_it_is_run_again() {
    let mut story = story();
    story.release('1');
    end(&mut story, 1, RunProgress::Failed);
    story.go();
    let reason = "e2e.yml did not succeed: https://github.com/acme/shop/actions/runs/1".to_owned();
    let failed = Tested::Failed {
        reason: reason.clone(),
    };
    assert_eq!(told(&story), (Some('1'), failed));
    let alerts = story.line.given_up();
    assert!(
        alerts
            .iter()
            .any(|one| one.what == "the test of 1111111" && one.reason == reason)
    );
    assert_eq!(story.live(), Some('1'), "it stays");
    // Somebody runs it again on GitHub.
    story.tests.started[0].1 = RunProgress::Succeeded;
    story.go_until(Duration::from_secs(1_800));
    assert_eq!(told(&story), (Some('1'), Tested::Succeeded));
    assert_eq!(story.tests.started.len(), 1);
}

#[test]
fn a_test_that_failed_is_started_anew_by_a_persons_word_and_one_that_succeeded_is_not() {
    let mut story = story();
    story.release('1');
    end(&mut story, 1, RunProgress::Cancelled);
    story.go();
    story.record(&Fact::RetryAsked);
    story.go();
    assert_eq!(story.tests.started.len(), 2);
    end(&mut story, 1, RunProgress::Succeeded);
    story.go();
    assert_eq!(
        told(&story),
        (Some('1'), Tested::Underway),
        "that was the former one"
    );
    end(&mut story, 2, RunProgress::Succeeded);
    story.record(&Fact::RetryAsked);
    story.go();
    assert_eq!(story.tests.started.len(), 2);
    assert_eq!(told(&story), (Some('1'), Tested::Succeeded));
}

#[test]
fn a_run_of_which_the_answer_was_lost_is_found_by_its_title_or_else_started_again() {
    let mut story = story();
    story.tests.loses_answer = true;
    story.tests.are_titled = true;
    story.release('1');
    assert_eq!(story.tests.started.len(), 1);
    end(&mut story, 1, RunProgress::Succeeded);
    story.go();
    assert_eq!(told(&story), (Some('1'), Tested::Succeeded));

    let mut untitled = self::story();
    untitled.tests.loses_answer = true;
    untitled.release('1');
    assert_eq!(untitled.tests.started.len(), 2);
    untitled.tests.started[0].1 = RunProgress::Succeeded;
    untitled.go_until(Duration::from_secs(600));
    assert_eq!(
        told(&untitled),
        (Some('1'), Tested::Underway),
        "the second one counts"
    );
}

#[test]
fn an_older_github_that_names_no_run_is_asked_for_it_and_starts_no_second_one() {
    let mut story = story();
    story.tests.is_old = true;
    story.release('1');
    story.go_until(Duration::from_secs(86_400));
    assert_eq!(story.tests.started.len(), 1);
    let (_, tested) = told(&story);
    let Tested::Failed { reason } = tested else {
        panic!("{tested:?}")
    };
    assert!(
        reason.contains("name the commit in its run-name"),
        "{reason}"
    );
    story.tests.are_titled = true;
    story.tests.started[0].1 = RunProgress::Succeeded;
    story.go_until(Duration::from_secs(7_200));
    assert_eq!(told(&story), (Some('1'), Tested::Succeeded));
}

#[test]
fn a_workflow_that_cannot_be_started_is_told_and_tried_again_every_hour() {
    let mut story = story();
    story.tests.refuses = true;
    story.release('1');
    let failed = "e2e.yml cannot be run: GitHub answered 422";
    let (_, tested) = told(&story);
    assert_eq!(
        tested,
        Tested::Failed {
            reason: failed.into()
        }
    );
    assert_eq!(
        story.overview().trouble.as_deref(),
        Some("GitHub answered 422")
    );
    story.tests.refuses = false;
    story.go_until(Duration::from_secs(2 * 3_600));
    assert_eq!(story.tests.started.len(), 1);
    assert_eq!(told(&story), (Some('1'), Tested::Underway));
}

#[test]
fn what_was_tested_before_is_not_tested_again_after_a_way_back() {
    let mut story = story();
    for head in ['1', '2'] {
        story.release(head);
        let run = u64::try_from(story.tests.started.len()).unwrap();
        end(&mut story, run, RunProgress::Succeeded);
        story.go();
    }
    story.record(&Fact::RollbackAsked {
        back: 1,
        by: "ada".into(),
        reason: "it smells".into(),
    });
    story.go();
    assert_eq!(told(&story), (Some('1'), Tested::Succeeded));
    assert_eq!(story.tests.started.len(), 2);
}

/// A line that comes after `staging`, which is to be tested.
fn downstream() -> Story {
    let production =
        "after: [staging]\napprovals: 1\nargocd: { application: shop, update: kustomize-image }";
    let staging =
        "staging: { branch: staging, test: e2e.yml, argocd: { application: shop-staging } }";
    let text = format!("{}      {staging}\n", configuration(production));
    let mut story = Story::new(PRODUCTION);
    story.record(&Fact::Configured {
        repository: Some("acme/shop".parse().unwrap()),
        terms: Some(Box::new(terms(&text))),
        as_of: story.now,
    });
    story.runs.push(run(1, '1', RunProgress::Succeeded));
    story
}

fn live_in_staging(story: &mut Story, tested: Tested) {
    story.now = story.now.after(Duration::from_secs(1));
    story.record(&Fact::UpstreamLive {
        environment: "staging".parse().unwrap(),
        live: Some(Upstream {
            commit: commit('1'),
            title: "Change 1".into(),
            since: at(1_000),
            tested,
        }),
        as_of: story.now,
    });
    story.go();
}

#[test]
fn what_comes_after_goes_only_when_the_test_succeeded_and_tells_people_when_it_failed() {
    let mut story = downstream();
    let mut seen = Vec::new();
    for tested in [
        Tested::NotAsked,
        Tested::Underway,
        Tested::Failed {
            reason: "e2e.yml did not succeed".into(),
        },
        Tested::Succeeded,
    ] {
        live_in_staging(&mut story, tested);
        seen.push(story.waiting());
    }
    insta::assert_snapshot!(seen.join("\n"), @"
    1 queued: staging is to be tested by e2e.yml
    1 queued: e2e.yml tests staging
    1 waiting-for-approval: not tested well in staging: e2e.yml did not succeed
    1 waiting-for-approval: 0 of 1 approvals
    ");
    let told = story
        .letters
        .iter()
        .map(|letter| letter.notice.message().to_string());
    insta::assert_snapshot!(told.collect::<Vec<_>>().join("\n---\n"), @"
    shop web: a release to production waits for a person
    Version: 1111111 Change 1
    Why: not tested well in staging: e2e.yml did not succeed
    Somebody must let it go on, or push a version that needs no leave.
    ---
    shop web: production waits for approval
    Version: 1111111 Change 1
    One person must approve, and the author is not one of them.
    ");
    assert_eq!(story.given, []);
    story.record(&Fact::Approved {
        commit: commit('1'),
        by: "ada".into(),
        account: Some(account("ada")),
        of: None,
    });
    story.go();
    assert_eq!(story.live(), Some('1'));
}
