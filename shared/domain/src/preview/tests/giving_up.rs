//! What was given up is told, and a person can have it tried again.

use super::*;
use crate::preview::{Effort, Reaction};

fn refused() -> Trouble {
    Trouble {
        reason: "Coolify answered 403".into(),
        reaction: Reaction::GiveUp,
    }
}

fn given_up(preview: &Preview) -> Vec<String> {
    let given_up = preview.given_up().into_iter();
    given_up
        .map(|given_up| format!("{}: {}", given_up.what, given_up.reason))
        .collect()
}

#[test]
fn a_refusal_is_given_up_and_a_wish_to_try_again_starts_afresh() {
    let id = PreviewId {
        repository: REPOSITORY,
        number: PullRequestNumber(7),
    };
    let mut preview = Preview::new(id);
    let at = Timestamp::from_milliseconds(0);
    assert_eq!(given_up(&preview), Vec::<String>::new());
    let failed = Fact::CommentNotPublished { trouble: refused() };
    preview.record(&failed, at);
    assert_eq!(
        given_up(&preview),
        ["writing the comment: Coolify answered 403"]
    );
    preview.record(&Fact::RetryAsked, at);
    assert_eq!(given_up(&preview), Vec::<String>::new());
}

#[test]
fn what_fails_too_often_is_given_up_too() {
    let id = PreviewId {
        repository: REPOSITORY,
        number: PullRequestNumber(7),
    };
    let mut preview = Preview::new(id);
    for _ in 0..Effort::FAILURES_MAX {
        assert_eq!(given_up(&preview), Vec::<String>::new());
        let trouble = Trouble::retry("GitHub answered 502");
        preview.record(
            &Fact::PullRequestNotRead { trouble },
            Timestamp::from_milliseconds(0),
        );
    }
    assert_eq!(
        given_up(&preview),
        ["reading the pull request: GitHub answered 502"]
    );
}

#[test]
fn a_preview_that_nobody_told_of_is_forgotten() {
    let id = PreviewId {
        repository: REPOSITORY,
        number: PullRequestNumber(7),
    };
    let mut preview = Preview::new(id);
    preview.record(&Fact::RetryAsked, Timestamp::from_milliseconds(0));
    assert_eq!(preview.plan(Timestamp::from_milliseconds(0)), Step::Forget);
}

#[test]
fn a_configuration_that_may_not_be_read_is_told_in_the_comment() {
    let id = PreviewId {
        repository: REPOSITORY,
        number: PullRequestNumber(7),
    };
    let mut preview = Preview::new(id);
    let at = Timestamp::from_milliseconds(1_000);
    let pull_request = pull_request(1, 'a');
    preview.record(&Fact::PullRequestRead { pull_request }, at);
    let not_read = Fact::ConfigurationNotRead { trouble: refused() };
    preview.record(&not_read, at);
    let Step::Act(Action::PublishComment { body, .. }) = preview.plan(at) else {
        panic!("a comment is due, not {:?}", preview.plan(at));
    };
    assert!(
        body.contains("could not read the configuration: `Coolify answered 403`"),
        "{body}"
    );
}

#[test]
fn an_application_that_coolify_no_longer_has_is_asked_for_its_preview_for_days_and_not_for_ever() {
    let mut story = Story::opened();
    story.build(10, 'a', RunProgress::Succeeded);
    story.go_far();
    story.change(|pull_request| pull_request.state = PullRequestState::Closed);
    story.deliver();
    let mut asked = 0;
    let began = story.now;
    loop {
        story.go_with(|_, action| {
            let Action::Target {
                application,
                action: TargetAction::Remove,
            } = action
            else {
                return None;
            };
            asked += 1;
            Some(Fact::Target {
                application: application.clone(),
                fact: TargetFact::ApplicationMissing { trouble: refused() },
            })
        });
        match story.preview.plan(story.now) {
            Step::Wait { until } => story.now = until,
            Step::Forget => break,
            Step::Act(_) | Step::Settled => panic!("it is brought to an end"),
        }
        assert!(asked < 100, "it has an end");
    }
    assert_eq!(asked, 72);
    let days = story.now.since(began).as_secs() / 86_400;
    assert!((3..10).contains(&days), "{days} days");
}
