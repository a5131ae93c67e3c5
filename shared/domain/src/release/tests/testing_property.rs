//! What holds of the test of what is live for every turn of events.

use super::{
    testing::{story, told},
    *,
};
use crate::release::Tested;

/// What can happen in a random story of a test.
#[derive(Debug, Clone)]
enum Turn {
    Release(char),
    End(usize, RunProgress),
    Told(usize),
    LosesAnswer,
    Refuses(bool),
    Sick(char),
    Mend,
    Back,
    Lift,
    Retry,
    /// The process dies before it learns what came of what it began.
    Dies,
    Go(u64),
}

fn turn() -> impl proptest::strategy::Strategy<Value = Turn> {
    use proptest::prelude::*;
    let head = || prop::sample::select(vec!['1', '2', '3', '4', '5']);
    let ends = vec![
        RunProgress::Succeeded,
        RunProgress::Failed,
        RunProgress::Running,
    ];
    prop_oneof![
        4 => head().prop_map(Turn::Release),
        4 => (0..6_usize, prop::sample::select(ends)).prop_map(|(run, end)| Turn::End(run, end)),
        2 => (0..6_usize).prop_map(Turn::Told),
        1 => Just(Turn::LosesAnswer),
        1 => any::<bool>().prop_map(Turn::Refuses),
        1 => head().prop_map(Turn::Sick),
        1 => Just(Turn::Mend),
        1 => Just(Turn::Back),
        1 => Just(Turn::Lift),
        1 => Just(Turn::Retry),
        1 => Just(Turn::Dies),
        4 => (1..4_000_u64).prop_map(Turn::Go),
    ]
}

/// Does what is next, but what comes of it is never known.
fn die(story: &mut Story) {
    if let Step::Act(action) = story.line.plan(story.now) {
        if let Some(intent) = action.intent() {
            story.record(&intent);
        }
        drop(story.answer(&action));
    }
}

fn happen(story: &mut Story, turn: &Turn) {
    match turn {
        Turn::Release(head) => drop(story.release(*head)),
        Turn::End(run, progress) => {
            if let Some(run) = story.tests.started.get_mut(*run) {
                run.1 = *progress;
            }
        }
        Turn::Told(run) => {
            let run = u64::try_from(run + 1).unwrap();
            story.record(&Fact::TestRunSeen { run });
        }
        Turn::LosesAnswer => story.tests.loses_answer = true,
        Turn::Refuses(refuses) => story.tests.refuses = *refuses,
        Turn::Sick(head) => drop(story.argo.sick.insert(image(*head))),
        Turn::Mend => story.argo.sick.clear(),
        Turn::Back => story.record(&Fact::RollbackAsked {
            back: 1,
            by: "ada".into(),
            reason: "it smells".into(),
        }),
        Turn::Lift => story.record(&Fact::HoldLifted { by: "ada".into() }),
        Turn::Retry => story.record(&Fact::RetryAsked),
        Turn::Dies => die(story),
        Turn::Go(seconds) => drop(story.go_until(Duration::from_secs(*seconds))),
    }
}

proptest::proptest! {
    #[test]
    fn a_commit_is_told_on_as_tested_only_if_a_run_that_was_given_it_succeeded(
        turns in proptest::collection::vec(turn(), 1..40),
        titled in proptest::prelude::any::<bool>(),
    ) {
        let mut story = story();
        story.tests.are_titled = titled;
        let mut succeeded = BTreeSet::new();
        let mut live_times = 0;
        for turn in &turns {
            let before = story.passed.clone();
            happen(&mut story, turn);
            for (inputs, progress) in &story.tests.started {
                if *progress == RunProgress::Succeeded {
                    succeeded.insert(inputs["commit"].chars().next().unwrap());
                }
            }
            if let (Some(head), Tested::Succeeded) = told(&story) {
                proptest::prop_assert!(succeeded.contains(&head), "{head} of {succeeded:?}");
            }
            live_times += usize::from(story.passed != before);
            let json = serde_json::to_string(&story.line).unwrap();
            let read: Line = serde_json::from_str(&json).unwrap();
            proptest::prop_assert_eq!(&read, &story.line);
        }
        // One run for each time that something was live, and one more for each answer that was lost and each word of a person.
        let more = turns.iter().filter(|turn| {
            matches!(turn, Turn::LosesAnswer | Turn::Dies | Turn::Retry | Turn::Release(_) | Turn::Back)
        });
        let allowed = live_times + more.count();
        proptest::prop_assert!(story.tests.started.len() <= allowed, "{:?}", story.tests.started.len());
        // When all is well again, what is live is tested.
        for turn in [Turn::Refuses(false), Turn::Mend, Turn::Lift, Turn::Retry, Turn::Go(7_200)] {
            happen(&mut story, &turn);
        }
        // One after the other, since each waits for the test of the one before.
        for _ in 0..6 {
            for run in &mut story.tests.started {
                run.1 = RunProgress::Succeeded;
            }
            happen(&mut story, &Turn::Go(86_400));
        }
        if let Some(live) = story.live() {
            proptest::prop_assert_eq!(told(&story), (Some(live), Tested::Succeeded));
        }
    }
}
