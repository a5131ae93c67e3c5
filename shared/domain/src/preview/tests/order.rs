//! Facts in any order and any number lead to the same end, and a plan never breaks its rules.

use proptest::prelude::*;

use super::*;

fn states() -> impl Strategy<Value = PullRequest> {
    let heads = prop::sample::select(vec!['a', 'b', 'c']);
    let states = prop::sample::select(vec![
        PullRequestState::Open,
        PullRequestState::Closed,
        PullRequestState::Merged,
    ]);
    (1..4_i64, heads, states, any::<bool>()).prop_map(|(seconds, head, state, draft)| PullRequest {
        state,
        draft,
        ..pull_request(seconds, head)
    })
}

fn facts() -> impl Strategy<Value = Fact> {
    let progress = prop::sample::select(vec![
        DeploymentProgress::Queued,
        DeploymentProgress::Finished,
        DeploymentProgress::Failed,
        DeploymentProgress::Unknown,
    ]);
    let deployment =
        || prop::sample::select(vec!["d1", "d2"]).prop_map(|uuid| uuid.parse().unwrap());
    let of_target = prop_oneof![
        (1..3_u32).prop_map(|attempt| TargetFact::StartUncertain { attempt }),
        (1..3_u32, deployment()).prop_map(|(attempt, deployment)| TargetFact::Queued {
            attempt,
            deployment
        }),
        (1..3_u32).prop_map(|attempt| TargetFact::InTheWay { attempt }),
        (1..3_u32).prop_map(|attempt| TargetFact::StartVoided { attempt }),
        (deployment(), progress).prop_map(|(deployment, progress)| TargetFact::Seen {
            deployment,
            progress
        }),
        (1..3_u32, any::<bool>()).prop_map(|(attempt, busy)| TargetFact::Looked {
            attempt,
            found: None,
            busy
        }),
        any::<bool>().prop_map(|nothing_there| TargetFact::RemovalAsked {
            nothing_there,
            remains: None,
        }),
        Just(TargetFact::RemovalIntended),
        Just(TargetFact::Troubled {
            trouble: trouble("503")
        }),
    ];
    prop_oneof![
        states().prop_map(|pull_request| Fact::PullRequestDelivered { pull_request }),
        states().prop_map(|pull_request| Fact::PullRequestRead { pull_request }),
        of_target.prop_map(|fact| Fact::Target {
            application: application(),
            fact
        }),
        Just(Fact::CommentGone),
        Just(Fact::PullRequestNotRead {
            trouble: trouble("502")
        }),
    ]
}

proptest! {
    #[test]
    fn deliveries_in_any_order_and_number_leave_the_same_pull_request(
        deliveries in prop::collection::vec(states(), 1..6),
        order in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let after = |facts: &[PullRequest]| {
            let mut story = Story::opened();
            story.preview = Preview::new(story.preview.id);
            for pull_request in facts {
                story.record(&Fact::PullRequestDelivered { pull_request: pull_request.clone() });
            }
            story.preview.pull_request().cloned()
        };
        let mut shuffled: Vec<_> = order.iter().map(|index| index.get(&deliveries).clone()).collect();
        shuffled.extend(deliveries.iter().rev().cloned());
        prop_assert_eq!(after(&deliveries), after(&shuffled));
    }

    #[test]
    fn whatever_happened_no_effect_is_planned_without_a_fresh_look_and_the_end_is_what_github_says(
        facts in prop::collection::vec(facts(), 0..25),
        closed in any::<bool>(),
    ) {
        let mut story = Story::opened();
        story.runs.push(run(10, 'f', RunProgress::Succeeded));
        story.go();
        for fact in &facts {
            story.record(fact);
            if let Step::Act(Action::Target { action: TargetAction::Start { .. }, .. }) = story.preview.plan(story.now) {
                let known = story.preview.pull_request().unwrap();
                prop_assert_eq!(known.state, PullRequestState::Open);
            }
        }
        // From here on the vendors work, and GitHub says this.
        story.pull_request = pull_request(100, 'a');
        story.runs = vec![run(10, 'a', RunProgress::Succeeded)];
        if closed {
            story.pull_request.state = PullRequestState::Closed;
        }
        story.present = true;
        story.deliver();
        for _ in 0..40 {
            story.go_far();
            story.now = story.now.after(Duration::from_secs(600));
        }
        let vacant = story.preview.targets.values().all(crate::preview::state::Target::is_vacant);
        if closed {
            prop_assert!(vacant, "{:?}", story.preview);
        } else {
            prop_assert!(story.comment.contains("✅ Ready"), "{}\n{:?}", story.comment, story.preview);
        }
    }
}

#[test]
fn of_two_events_within_one_second_the_last_word_is_with_a_look_that_no_lagging_copy_answers() {
    let mut story = Story::opened();
    // Closed within the second of its opening; for a while the API still shows it open.
    let open = story.pull_request.clone();
    story.pull_request.state = PullRequestState::Closed;
    story.deliver();
    story.pull_request = open;
    story.go();
    story.wait_and_go();
    assert!(story.comment.contains("Waiting"), "{}", story.comment);
    story.pull_request.state = PullRequestState::Closed;
    story.now = story.now.after(Duration::from_secs(30));
    story.go_far();
    assert!(story.comment.contains("was closed"), "{}", story.comment);
}
