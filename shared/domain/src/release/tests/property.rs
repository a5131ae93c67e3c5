//! What holds for every order of deliveries and every turn of events.

use proptest::prelude::*;

use super::*;

/// What can happen in a random story.
#[derive(Debug, Clone)]
enum Event {
    Push(char),
    Build(char),
    Sick(char),
    Mend,
    Stuck(bool),
    Answers(bool),
    Fork(char),
    Lift,
    Back,
    Go(u64),
}

fn event() -> impl Strategy<Value = Event> {
    let head = || prop::sample::select(vec!['1', '2', '3', '4', '5', '6', 'a', 'b']);
    prop_oneof![
        3 => head().prop_map(Event::Push),
        4 => head().prop_map(Event::Build),
        1 => head().prop_map(Event::Sick),
        1 => Just(Event::Mend),
        1 => any::<bool>().prop_map(Event::Stuck),
        1 => any::<bool>().prop_map(Event::Answers),
        1 => head().prop_map(Event::Fork),
        1 => Just(Event::Lift),
        1 => Just(Event::Back),
        6 => (1..900_u64).prop_map(Event::Go),
    ]
}

fn happen(story: &mut Story, event: &Event) {
    match event {
        Event::Push(head) => story.push(*head),
        Event::Build(head) => story.build(*head),
        Event::Sick(head) => drop(story.argo.sick.insert(image(*head))),
        Event::Mend => story.argo.sick.clear(),
        Event::Stuck(stuck) => story.argo.stuck = *stuck,
        Event::Answers(answers) => story.answers = *answers,
        Event::Fork(head) => {
            let run = WorkflowRun {
                head_repository: Some(RepositoryId(2)),
                ..run(
                    900 + u64::from(u32::from(*head)),
                    *head,
                    RunProgress::Succeeded,
                )
            };
            story.runs.push(run.clone());
            story.record(&Fact::RunSeen { run });
        }
        Event::Lift => story.record(&Fact::HoldLifted { by: "ada".into() }),
        Event::Back => story.record(&Fact::RollbackAsked {
            back: 1,
            by: "ada".into(),
            reason: "it smells".into(),
        }),
        Event::Go(seconds) => drop(story.go_until(Duration::from_secs(*seconds))),
    }
}

/// A story with two commits beside the others: `a` after 2, `b` after 3.
fn branched(more: &str) -> Story {
    let mut story = Story::new(&format!("{PRODUCTION}{more}"));
    story.parents.insert('a', Some('2'));
    story.parents.insert('b', Some('3'));
    story
}

proptest! {
    #[test]
    fn an_environment_never_goes_backwards_except_by_a_way_back(
        events in prop::collection::vec(event(), 1..40),
        cancel in any::<bool>(),
    ) {
        let mut story = branched(if cancel { "\nsuperseded: cancel" } else { "" });
        for event in &events {
            happen(&mut story, event);
            let overview = story.overview();
            for ended in &overview.ended {
                prop_assert!(!ended.reason.is_empty(), "{ended:?}");
            }
            if let Some(live) = &overview.live {
                prop_assert_eq!(&story.argo.live, &image(digit(&live.commit)), "live is what runs");
            }
        }
        for pair in story.given.windows(2) {
            let [(before, _), (after, is_rollback)] = pair else { continue };
            // The same commit may be set again after a way back was taken.
            let relation = story.relation(*before, *after);
            prop_assert!(
                *is_rollback || matches!(relation, Relation::Ahead | Relation::Identical),
                "{:?}: {before} to {after} is {relation:?}", story.given
            );
        }
    }

    #[test]
    fn deliveries_may_come_in_any_order_and_any_number_of_times(
        order in prop::collection::vec(0..8_usize, 0..24),
    ) {
        let facts: Vec<Fact> = vec![
            Fact::Pushed { push: push('1', 1) },
            Fact::Pushed { push: push('2', 2) },
            Fact::Pushed { push: Push { skip: true, ..push('3', 3) } },
            Fact::RunSeen { run: run(1, '1', RunProgress::Running) },
            Fact::RunSeen { run: run(1, '1', RunProgress::Succeeded) },
            Fact::RunSeen { run: run(2, '2', RunProgress::Failed) },
            Fact::RunSeen { run: WorkflowRun { attempt: 2, ..run(2, '2', RunProgress::Succeeded) } },
            Fact::RunSeen { run: run(3, '3', RunProgress::Succeeded) },
        ];
        let record = |order: &[usize]| {
            let mut story = Story::new(PRODUCTION);
            for index in order {
                story.record(&facts[*index]);
            }
            story
        };
        // Each at least once, whatever came before.
        let mut shuffled = order.clone();
        shuffled.extend((0..facts.len()).rev());
        let one = record(&(0..facts.len()).collect::<Vec<_>>());
        let other = record(&shuffled);
        prop_assert_eq!(one.overview().waiting, other.overview().waiting);
        prop_assert_eq!(one.line.plan(one.now), other.line.plan(other.now));
        prop_assert_eq!(one.end_of('3'), other.end_of('3'));
    }

    #[test]
    fn one_thing_at_a_time_and_what_is_stored_is_read_back(
        events in prop::collection::vec(event(), 1..25),
    ) {
        let mut story = branched("");
        for event in &events {
            happen(&mut story, event);
            let json = serde_json::to_string(&story.line).unwrap();
            let read: Line = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(&read, &story.line);
            // Between two plans at one time nothing changes.
            prop_assert_eq!(read.plan(story.now), story.line.plan(story.now));
        }
        let held = story.overview().hold.is_some();
        let before = story.given.len();
        if held {
            story.push('9');
            story.build('9');
            story.go_until(Duration::from_secs(3_600));
            let new: Vec<_> = story.given[before..].iter().filter(|(_, back)| !back).collect();
            prop_assert!(new.is_empty(), "nothing goes by itself while it is held: {new:?}");
        }
    }
}
