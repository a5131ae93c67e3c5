//! What is released a second time: after a new build, a person's word, or another push.

use super::*;

impl Story {
    /// Builds the commit once more, as a new attempt of the same run.
    pub(super) fn build_again(&mut self, head: char) {
        let id = u64::from(u32::from(head));
        let known = self.runs.iter().find(|run| run.id == id).unwrap();
        let run = WorkflowRun {
            attempt: known.attempt + 1,
            ..known.clone()
        };
        self.runs.retain(|known| known.id != id);
        self.runs.push(run.clone());
        self.record(&Fact::RunSeen { run });
    }
}

#[test]
fn what_failed_and_is_built_again_gives_way_to_what_is_newer() {
    let mut story = Story::new(&PRODUCTION.replace("automatic", "manual"));
    story.argo.sick.insert(image('1'));
    story.release('1');
    story.record(&Fact::Locked {
        by: "ada".into(),
        reason: "counting coins".into(),
    });
    story.build_again('1');
    story.push('2');
    story.build('2');
    let done = story.go();
    assert_eq!(done.matches("compare").count(), 1, "{done}");
    assert_eq!(
        story.waiting(),
        "1 queued: 2222222 is newer and goes first\n2 queued: locked by ada: counting coins"
    );
    story.record(&Fact::Unlocked { by: "ada".into() });
    story.go();
    assert_eq!(story.live(), Some('2'));
    assert_eq!(story.given, [('1', false), ('2', false)]);
}

#[test]
fn two_releases_of_one_commit_are_told_apart_on_github_and_at_argo_cd() {
    let mut story = Story::new(&PRODUCTION.replace("automatic", "manual"));
    story.argo.sick.insert(image('1'));
    story.release('1');
    story.argo.sick.clear();
    // Another run of the same workflow, as by a tag on the same commit.
    let second = run(900, '1', RunProgress::Succeeded);
    story.runs.push(second.clone());
    story.record(&Fact::RunSeen { run: second });
    story.go();
    assert_eq!(story.live(), Some('1'));
    let told = story.go_until(Duration::from_secs(7_200));
    assert_eq!(told, "", "both are told, each of its own");
}

#[test]
fn a_person_lets_what_failed_be_tried_again_by_the_same_build() {
    let mut story = Story::new(PRODUCTION);
    story.trouble = Some(Trouble {
        reason: "Argo CD answered 401 \"token expired\"".into(),
        reaction: crate::preview::Reaction::GiveUp,
    });
    story.release('1');
    assert_eq!(story.end_of('1').unwrap().0, Phase::Failed);
    story.trouble = None;
    assert_eq!(story.go(), "", "nothing happens by itself");
    story.record(&Fact::RetryAsked);
    story.go();
    assert_eq!(story.live(), Some('1'));
    let told = story.go_until(Duration::from_secs(7_200));
    assert_eq!(told, "", "each is told of its own");
}

#[test]
fn a_person_lets_what_could_not_begin_be_tried_again() {
    let mut story = Story::new(PRODUCTION);
    story.push('1');
    story.build('1');
    story.record(&Fact::NotBegun {
        commit: commit('1'),
        reason: "no tag can be made of it".into(),
    });
    assert_eq!(story.end_of('1').unwrap().0, Phase::Failed);
    story.build_again('1');
    story.go();
    assert_eq!(story.live(), Some('1'), "a new build does, too");
}

#[test]
fn a_newer_commit_that_the_branch_lost_does_not_take_the_older_one_with_it() {
    let mut story = Story::new(PRODUCTION);
    story.release('1');
    story.record(&Fact::Locked {
        by: "ada".into(),
        reason: "counting coins".into(),
    });
    story.release('2');
    story.release('3');
    // The branch is reset to 2.
    story.head = '2';
    story.now = story.now.after(Duration::from_secs(60));
    let again = Push {
        pushed_at: story.now,
        forced: true,
        ..push('2', 0)
    };
    story.record(&Fact::Pushed { push: again });
    story.record(&Fact::Unlocked { by: "ada".into() });
    story.go();
    assert_eq!(story.end_of('3').unwrap().0, Phase::Cancelled);
    assert_eq!(story.live(), Some('2'));
}

#[test]
fn a_commit_that_comes_back_to_the_branch_may_be_released_after_all() {
    let mut story = Story::new(PRODUCTION);
    story.release('1');
    story.head = '1';
    story.release('2');
    assert_eq!(story.end_of('2').unwrap().0, Phase::Cancelled);
    story.head = '2';
    // A late copy of the first push does not bring it back.
    story.push('2');
    story.go();
    assert_eq!(story.live(), Some('1'));
    story.now = story.now.after(Duration::from_secs(60));
    let again = Push {
        pushed_at: story.now,
        ..push('2', 0)
    };
    story.record(&Fact::Pushed { push: again });
    story.go();
    assert_eq!(story.live(), Some('2'));
}

#[test]
fn where_nothing_is_known_an_old_commit_that_is_built_again_is_not_released() {
    let mut story = Story::new(PRODUCTION);
    // Last month's run is run again: no push tells of it, and the branch is far ahead.
    story.build('1');
    story.go();
    assert_eq!(story.given, []);
    assert_eq!(
        story.waiting(),
        "1 waiting-for-approval: nothing is known of what runs here, and this is not the head of the branch main: a \
         person has to allow it"
    );
    assert_eq!(
        story.go_until(Duration::from_secs(7_200)),
        "",
        "it waits quietly"
    );
    story.release('2');
    assert_eq!(story.live(), Some('2'), "what is pushed now may go");
    assert_eq!(story.end_of('1').unwrap().0, Phase::Superseded);
}

#[test]
fn where_nothing_is_known_a_person_may_choose_where_to_begin() {
    let mut story = Story::new(PRODUCTION);
    story.build('1');
    story.go();
    assert_eq!(story.given, []);
    story.record(&Fact::DivergedAllowed {
        commit: commit('1'),
    });
    story.go();
    assert_eq!(story.live(), Some('1'));
}
