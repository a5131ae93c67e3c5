//! How a release gets from a push to being live.

use super::*;
use crate::release::Push;

#[test]
fn a_push_waits_for_its_build_and_is_live_when_argo_cd_and_the_url_say_so() {
    let mut story = Story::new(PRODUCTION);
    story.push('1');
    assert_eq!(
        story.go_until(Duration::from_secs(5)),
        "",
        "deliveries tell of builds"
    );
    assert_eq!(
        story.waiting(),
        "1 waiting-for-build: waiting for CI to run"
    );
    story.build('1');
    insta::assert_snapshot!(story.go(), @"
    check 1
    begin 1
    set the image ghcr.io/acme/shop:1111111111111111111111111111111111111111
    sync
    probe https://shop.example.com/health: 200 OK
    tell success: released and found healthy
    ");
    assert_eq!(story.live(), Some('1'));
}

#[test]
fn a_lost_delivery_of_the_build_is_made_up_for_by_looking() {
    let mut story = Story::new(PRODUCTION);
    story.push('1');
    let run = run(1, '1', RunProgress::Succeeded);
    story.runs.push(run);
    story.go();
    assert_eq!(story.live(), Some('1'));
}

#[test]
fn a_lost_delivery_of_the_push_is_made_up_for_by_its_build() {
    let mut story = Story::new(PRODUCTION);
    story.head = '1';
    story.build('1');
    story.go();
    assert_eq!(story.live(), Some('1'));
}

#[test]
fn argo_cd_that_syncs_by_itself_is_not_asked_to() {
    let mut story = Story::new(PRODUCTION);
    story.argo.by_itself = true;
    let done = story.release('1');
    assert!(!done.contains("sync\n"), "{done}");
    assert_eq!(story.live(), Some('1'));
}

#[test]
fn an_old_healthy_state_is_not_taken_for_the_new_one() {
    let mut story = Story::new(PRODUCTION);
    story.argo.ends = argocd::Phase::Running;
    story.push('1');
    story.build('1');
    story.go();
    assert_eq!(
        story.live(),
        None,
        "the application is healthy, but the operation is not over"
    );
    assert_eq!(story.overview().running.unwrap().phase, Phase::Syncing);
}

#[test]
fn what_argo_cd_saw_before_the_operation_ended_is_not_taken_for_the_new_state() {
    let mut story = Story::new(PRODUCTION);
    story.argo.looked_at = Some(at(990));
    story.release('1');
    let running = story.overview().running.unwrap();
    assert_eq!(
        running.reason,
        "rolling out: the application is waiting for Argo CD to look at it again"
    );
    story.argo.looked_at = None;
    story.go();
    assert_eq!(story.live(), Some('1'));
}

#[test]
fn an_answer_of_github_that_came_late_still_counts() {
    let mut story = Story::new(PRODUCTION);
    story.push('1');
    story.build('1');
    let Step::Act(check) = story.line.plan(story.now) else {
        panic!("GitHub is to be asked first");
    };
    story.act(&check);
    // The lease had run out; the next run finds the answer as mail.
    story.now = story.now.after(Duration::from_secs(90));
    insta::assert_snapshot!(story.go(), @"
    check 1
    begin 1
    set the image ghcr.io/acme/shop:1111111111111111111111111111111111111111
    sync
    probe https://shop.example.com/health: 200 OK
    tell success: released and found healthy
    ");
}

#[test]
fn what_runs_already_is_verified_and_not_changed() {
    let mut story = Story::new(PRODUCTION);
    story.argo.spec = image('1');
    story.argo.live = image('1');
    let done = story.release('1');
    assert!(!done.contains("set "), "{done}");
    assert_eq!(story.live(), Some('1'));
}

#[test]
fn a_message_may_ask_for_no_release_and_a_branch_may_lose_a_commit() {
    let mut story = Story::new(PRODUCTION);
    let skipped = Push {
        skip: true,
        ..push('1', 1)
    };
    story.build('1');
    story.record(&Fact::Pushed { push: skipped });
    assert_eq!(story.end_of('1').unwrap().0, Phase::Cancelled);
    story.head = '1';
    story.release('2');
    let (phase, reason) = story.end_of('2').unwrap();
    assert_eq!(phase, Phase::Cancelled, "{reason}");
    assert!(reason.contains("no longer in the branch main"), "{reason}");
    assert_eq!(story.given, []);
}

#[test]
fn a_release_by_git_is_a_commit_and_argo_cd_is_followed_until_it_runs_that_image() {
    let git = "branch: main\nargocd: { application: shop, update: git }\nrollback: automatic";
    let mut story = Story::new(git);
    story.argo.is_by_git = true;
    insta::assert_snapshot!(story.release('1'), @r#"
    check 1
    begin 1
    commit to acme/gitops at Some("main") in shop/kustomization.yaml, shop/kustomization.yml, shop/Kustomization: web: release 1111111 to production
    sync
    tell success: released and found healthy
    "#);
    assert_eq!(story.live(), Some('1'));
    // Argo CD syncs by itself, and what it syncs does not work.
    story.argo.by_itself = true;
    story.argo.sick.insert(image('2'));
    let done = story.release('2');
    assert!(!done.contains("sync"), "{done}");
    assert!(
        done.contains("kustomization.yaml, shop/kustomization.yml, shop/Kustomization: web: go back to 1111111 in production"),
        "{done}"
    );
    assert_eq!(story.given, [('1', false), ('2', false), ('1', true)]);
    assert_eq!(story.live(), Some('1'));
}

#[test]
fn a_release_by_git_of_what_no_file_says_fails_with_its_reason() {
    let mut story = Story::new("branch: main\nargocd: { application: shop, update: git }");
    story.argo.is_directory = true;
    story.release('1');
    let (phase, reason) = story.end_of('1').unwrap();
    assert_eq!(phase, Phase::Failed);
    assert!(
        reason.starts_with("0 sources of the application"),
        "{reason}"
    );
}

#[test]
fn a_sync_needs_no_image_and_its_operation_tells_that_it_is_the_one() {
    let mut story = Story::new("branch: main\nargocd: { application: shop }");
    let done = story.release('1');
    assert!(done.contains("sync"), "{done}");
    assert_eq!(story.live(), Some('1'));
}
