//! What people ask of a preview through the API and the dashboard.

use super::*;
use crate::{
    Speaker,
    preview::{Ask, AskParticulars, AskRefused, Standing},
};

fn ask(story: &Story, ask: Ask, said: &AskParticulars) -> Result<Fact, AskRefused> {
    let grace = Speaker::seen(9, "grace");
    story.preview.asked(ask, said, (&grace, story.now))
}

fn seeing(head: char) -> AskParticulars {
    AskParticulars {
        commit: Some(commit(head)),
        keep_for: None,
    }
}

fn ready() -> Story {
    let mut story = Story::opened();
    story.build(10, 'a', RunProgress::Succeeded);
    story.go_far();
    story
}

#[test]
fn a_preview_is_removed_and_comes_back_when_somebody_asks_and_the_comment_says_who() {
    let mut story = ready();
    let fact = ask(&story, Ask::Remove, &AskParticulars::default()).unwrap();
    story.record(&fact);
    let done = story.go_far();
    assert!(done.contains("remove"), "{done}");
    assert!(
        story
            .comment
            .contains("Last command: `/preview remove` by `grace`: ✅"),
        "{}",
        story.comment
    );
    assert_eq!(story.preview.standing(), Standing::Absent);
    story.now = story.now.after(Duration::from_secs(60));
    let fact = ask(&story, Ask::Deploy, &seeing('a')).unwrap();
    story.record(&fact);
    story.go_far();
    assert_eq!(story.preview.standing(), Standing::Ready);
}

#[test]
fn what_is_there_is_deployed_anew_of_the_commit_that_was_shown_and_of_no_other() {
    let mut story = ready();
    for (said, expected) in [
        (
            AskParticulars::default(),
            AskRefused::Incomplete(
                "commit is missing: the head commit that is to be deployed".into(),
            ),
        ),
        (
            seeing('b'),
            AskRefused::Pointless("bbbbbbb is not the head commit, aaaaaaa is".into()),
        ),
    ] {
        assert_eq!(ask(&story, Ask::Redeploy, &said), Err(expected));
    }
    let fact = ask(&story, Ask::Redeploy, &seeing('a')).unwrap();
    let before = story.deployments;
    story.record(&fact);
    story.go_far();
    assert_eq!(story.deployments, before + 1);
    // Learnt once more it changes nothing.
    story.record(&fact);
    story.go_far();
    assert_eq!(story.deployments, before + 1);
}

#[test]
fn what_never_ends_is_not_kept_and_how_long_must_be_said() {
    let story = ready();
    let week = AskParticulars {
        commit: None,
        keep_for: Some("7d".parse().unwrap()),
    };
    assert!(matches!(
        ask(&story, Ask::Keep, &week),
        Err(AskRefused::Pointless(reason)) if reason.contains("sets no `ttl`")
    ));
    assert_eq!(
        ask(&story, Ask::Keep, &AskParticulars::default()),
        Err(AskRefused::Incomplete(
            "for is missing: a duration, such as 12h or 7d".into()
        ))
    );
}

#[test]
fn a_preview_that_ends_is_kept_and_says_when_it_ends_and_since_when_it_is_idle() {
    let mut story = Story::opened();
    story.configuration = CONFIGURATION.replace("      url:", "      ttl: 3d\n      url:");
    story.build(10, 'a', RunProgress::Succeeded);
    story.go_far();
    let active = story.preview.last_activity().unwrap();
    let days = |count: u64| Duration::from_secs(count * 86_400);
    assert_eq!(story.preview.ends_at(), Some(active.after(days(3))));
    assert!(story.preview.is_idle(active) && !story.preview.is_idle(active.before(days(1))));
    let week = AskParticulars {
        commit: None,
        keep_for: Some("7d".parse().unwrap()),
    };
    let fact = ask(&story, Ask::Keep, &week).unwrap();
    let asked_at = story.now;
    story.record(&fact);
    story.go();
    assert_eq!(story.preview.ends_at(), Some(asked_at.after(days(7))));
}
