//! What holds for every order of deliveries and every turn of events.

use proptest::prelude::*;

use super::*;

/// What can happen in a random story.
#[derive(Debug, Clone)]
enum Event {
    Push(char),
    /// The branch is set to this commit, whatever was there.
    Reset(char),
    Build(char),
    BuildAgain(char),
    Sick(char),
    Mend,
    Stuck(bool),
    Away(bool),
    Ends(argocd::Phase),
    Refuses(bool),
    LosesAnswer,
    Answers(bool),
    Fork(char),
    Lift,
    Lock(bool),
    Back(u32),
    Retry,
    Allow(char),
    /// The configuration names this application.
    Application(&'static str),
    Go(u64),
}

fn event() -> impl Strategy<Value = Event> {
    let head = || prop::sample::select(vec!['1', '2', '3', '4', '5', '6', 'a', 'b']);
    let ends = vec![
        argocd::Phase::Succeeded,
        argocd::Phase::Failed,
        argocd::Phase::Error,
        argocd::Phase::Running,
    ];
    let seldom = prop_oneof![
        Just(Event::Lift),
        any::<bool>().prop_map(Event::Lock),
        (1..4_u32).prop_map(Event::Back),
        Just(Event::Retry),
        head().prop_map(Event::Allow),
        prop::sample::select(vec!["shop", "shop-eu"]).prop_map(Event::Application),
        head().prop_map(Event::Fork),
        any::<bool>().prop_map(Event::Refuses),
        Just(Event::LosesAnswer),
        any::<bool>().prop_map(Event::Away),
        prop::sample::select(ends).prop_map(Event::Ends),
    ];
    prop_oneof![
        3 => head().prop_map(Event::Push),
        1 => head().prop_map(Event::Reset),
        4 => head().prop_map(Event::Build),
        2 => head().prop_map(Event::BuildAgain),
        1 => head().prop_map(Event::Sick),
        1 => Just(Event::Mend),
        1 => any::<bool>().prop_map(Event::Stuck),
        1 => any::<bool>().prop_map(Event::Answers),
        5 => seldom,
        6 => (1..900_u64).prop_map(Event::Go),
    ]
}

fn happen(story: &mut Story, more: &str, event: &Event) -> String {
    let by = || "ada".to_owned();
    match event {
        Event::Push(head) => story.push(*head),
        Event::Reset(head) => {
            story.head = *head;
            let push = Push {
                pushed_at: story.now,
                forced: true,
                ..push(*head, 0)
            };
            story.record(&Fact::Pushed { push });
        }
        Event::Build(head) => story.build(*head),
        Event::BuildAgain(head) => {
            let id = u64::from(u32::from(*head));
            if story.runs.iter().any(|run| run.id == id) {
                story.build_again(*head);
            }
        }
        Event::Sick(head) => drop(story.argo.sick.insert(image(*head))),
        Event::Mend => story.argo.sick.clear(),
        Event::Stuck(stuck) => story.argo.stuck = *stuck,
        Event::Away(is_away) => {
            story.argo.is_away = *is_away;
            if !is_away {
                story.argo.take_up(story.now);
            }
        }
        Event::Ends(phase) => story.argo.ends = *phase,
        Event::Refuses(refuses) => {
            story.trouble = refuses.then(|| Trouble {
                reason: "Argo CD answered 403".into(),
                reaction: crate::preview::Reaction::GiveUp,
            });
        }
        Event::LosesAnswer => story.argo.loses_answer = true,
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
        Event::Lift => story.record(&Fact::HoldLifted { by: by() }),
        Event::Lock(true) => story.record(&Fact::Locked {
            by: by(),
            reason: "counting coins".into(),
        }),
        Event::Lock(false) => story.record(&Fact::Unlocked { by: by() }),
        Event::Back(back) => story.record(&Fact::RollbackAsked {
            back: *back,
            by: by(),
            reason: "it smells".into(),
        }),
        Event::Retry => story.record(&Fact::RetryAsked),
        Event::Allow(head) => story.record(&Fact::DivergedAllowed {
            commit: commit(*head),
        }),
        Event::Application(name) => {
            let production = format!("{PRODUCTION}{more}");
            story.configure(
                &production.replace("application: shop", &format!("application: {name}")),
            );
        }
        Event::Go(seconds) => return story.go_until(Duration::from_secs(*seconds)),
    }
    String::new()
}

/// Everything works again, and nobody forbids anything.
fn all_well(story: &mut Story, more: &str) {
    for event in [
        Event::Mend,
        Event::Stuck(false),
        Event::Away(false),
        Event::Ends(argocd::Phase::Succeeded),
        Event::Refuses(false),
        Event::Answers(true),
        Event::Application("shop"),
        Event::Go(1),
    ] {
        happen(story, more, &event);
    }
    story.argo.end(story.now);
    happen(story, more, &Event::Go(3_600));
}

/// What is said to be live is what runs, in the application that is configured, and was found healthy when it was given.
fn live_is_true(story: &Story) -> Result<(), TestCaseError> {
    let overview = story.overview();
    let Some(live) = &overview.live else {
        return Ok(());
    };
    prop_assert_eq!(
        &story.argo.live,
        &image(digit(&live.commit)),
        "live is what runs"
    );
    let Some((given, is_rollback)) = story.given.last() else {
        return Ok(());
    };
    prop_assert_eq!(*given, digit(&live.commit), "live is what was given last");
    let newest = overview
        .ended
        .iter()
        .find(|ended| digit(&ended.commit) == *given && ended.is_rollback == *is_rollback);
    prop_assert_eq!(newest.map(|ended| ended.phase), Some(Phase::Live));
    Ok(())
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
        let more = if cancel { "\nsuperseded: cancel" } else { "" };
        let mut story = branched(more);
        let mut allowed = BTreeSet::new();
        for event in &events {
            if let Event::Allow(head) = event {
                allowed.insert(*head);
            }
            let before = story.overview();
            let is_held = before.hold.is_some() || before.lock.is_some();
            let given = story.given.len();
            let done = happen(&mut story, more, event);
            let calls = done.lines().filter(|line| !line.starts_with("probe")).count();
            prop_assert!(calls < 250, "{calls} calls: {done}");
            for ended in &story.overview().ended {
                prop_assert!(!ended.reason.is_empty(), "{ended:?}");
            }
            live_is_true(&story)?;
            for (head, is_rollback) in &story.given[given..] {
                let running = before.running.as_ref().map(|running| digit(&running.commit));
                prop_assert!(
                    !is_held || *is_rollback || running == Some(*head),
                    "{head} begins though it is held: {done}"
                );
            }
        }
        for pair in story.given.windows(2) {
            let [(before, _), (after, is_rollback)] = pair else { continue };
            // The same commit may be set again after a way back was taken.
            let relation = story.relation(*before, *after);
            let may_go = match relation {
                Relation::Ahead | Relation::Identical => true,
                Relation::Diverged => allowed.contains(after),
                Relation::Behind => false,
            };
            prop_assert!(
                *is_rollback || may_go,
                "{:?}: {before} to {after} is {relation:?}", story.given
            );
        }
    }

    #[test]
    fn whatever_happened_a_new_commit_is_live_when_everything_works_again(
        events in prop::collection::vec(event(), 1..40),
        cancel in any::<bool>(),
    ) {
        let more = if cancel { "\nsuperseded: cancel" } else { "" };
        let mut story = branched(more);
        for event in &events {
            happen(&mut story, more, event);
        }
        all_well(&mut story, more);
        for event in [
            Event::Lift,
            Event::Lock(false),
            Event::Reset('9'),
            Event::Build('9'),
            // What is there may be of another branch.
            Event::Allow('9'),
            Event::Go(7_200),
        ] {
            happen(&mut story, more, &event);
        }
        prop_assert_eq!(story.live(), Some('9'), "{}", story.waiting());
        // But for looks whether something else was built, and those get more seldom.
        let done = story.go_until(Duration::from_secs(7_200));
        let loud = done.lines().find(|line| !line.starts_with("read runs"));
        prop_assert_eq!(loud, None, "{}", done);
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
            happen(&mut story, "", event);
            let json = serde_json::to_string(&story.line).unwrap();
            let read: Line = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(&read, &story.line);
            // Between two plans at one time nothing changes.
            prop_assert_eq!(read.plan(story.now), story.line.plan(story.now));
        }
    }
}
