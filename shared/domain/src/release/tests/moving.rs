//! What the configuration says anew while something runs: another application, another image, another way.

use super::*;

const SYNC: &str = "branch: main\nargocd: { application: shop }\nrollback: automatic";

fn moved_after(production: &str) -> Story {
    let mut story = Story::new(production);
    story.argo.spec = image('1');
    story.release('1');
    assert_eq!(story.live(), Some('1'));
    story.argo.spec = image('2');
    story.configure(&production.replace("application: shop", "application: shop-eu"));
    story
}

fn ask_back(story: &mut Story) {
    story.record(&Fact::RollbackAsked {
        back: 1,
        by: "ada".into(),
        reason: "it smells".into(),
    });
}

#[test]
fn the_history_of_another_application_is_never_gone_back_to() {
    let mut story = moved_after(SYNC);
    story.argo.sick.insert(image('2'));
    let done = story.release('2');
    assert!(!done.contains("roll back"), "{done}");
    let (phase, reason) = story.end_of('2').unwrap();
    assert_eq!(phase, Phase::Failed);
    assert!(
        reason.contains("the last healthy release was made in another way or in another place"),
        "{reason}"
    );
    assert_eq!(story.live(), None);
}

#[test]
fn a_person_who_wants_back_to_another_application_is_told_that_it_cannot_be() {
    let mut story = moved_after(SYNC);
    story.release('2');
    assert_eq!(story.live(), Some('2'));
    ask_back(&mut story);
    let done = story.go();
    assert!(!done.contains("roll back"), "{done}");
    let overview = story.overview();
    assert!(overview.hold.is_none(), "nothing was taken back");
    assert_eq!(
        overview.trouble.unwrap(),
        "not taken back, though ada asked for it: 1111111 was released in another way or in another place than the \
         configuration says now"
    );
}

#[test]
fn what_is_live_in_another_application_is_not_live_here() {
    let mut story = moved_after(SYNC);
    assert_eq!(story.live(), None);
    // A person may let the same commit go to the new place.
    story.argo.spec = image('1');
    story.record(&Fact::RetryAsked);
    story.go();
    assert_eq!(story.live(), Some('1'));
}

#[test]
fn a_release_under_way_is_over_when_its_application_is_another_one() {
    let mut story = Story::new(SYNC);
    story.argo.spec = image('1');
    story.release('1');
    story.argo.spec = image('2');
    story.argo.ends = argocd::Phase::Running;
    story.release('2');
    assert!(story.overview().running.is_some());
    story.configure(&SYNC.replace("application: shop", "application: shop-eu"));
    let done = story.go();
    assert!(!done.contains("roll back"), "{done}");
    let (phase, reason) = story.end_of('2').unwrap();
    assert_eq!(phase, Phase::Failed);
    assert!(reason.contains("another Argo CD application"), "{reason}");
    assert!(story.overview().running.is_none());
}

#[test]
fn no_way_back_sets_an_image_that_the_configuration_names_no_longer() {
    let mut story = Story::new(PRODUCTION);
    story.release('1');
    let mut other = terms(&configuration(PRODUCTION));
    other.image = "ghcr.io/acme/other".into();
    story.record(&Fact::Configured {
        repository: None,
        terms: Some(Box::new(other)),
        as_of: story.now,
    });
    story
        .argo
        .sick
        .insert(format!("ghcr.io/acme/other:{}", commit('2')));
    let done = story.release('2');
    assert_eq!(done.matches("set the image").count(), 1, "{done}");
    assert_eq!(story.end_of('2').unwrap().0, Phase::Failed);
}

#[test]
fn an_environment_that_is_named_no_more_ends_what_is_in_hand_and_is_forgotten_in_the_end() {
    let mut story = Story::new(PRODUCTION);
    story.release('1');
    story.argo.stuck = true;
    story.release('2');
    story.record(&Fact::Configured {
        repository: None,
        terms: None,
        as_of: story.now,
    });
    let done = story.go();
    assert!(
        done.contains("tell failure: the configuration names this environment no longer"),
        "{done}"
    );
    assert_eq!(story.end_of('2').unwrap().0, Phase::Failed);
    let day = Duration::from_secs(86_400);
    story.now = story.now.after(29 * day);
    assert_ne!(story.line.plan(story.now), Step::Forget, "it may come back");
    story.now = story.now.after(2 * day);
    assert_eq!(story.line.plan(story.now), Step::Forget);
}

#[test]
fn a_url_that_changes_says_nothing_new_of_releases_that_are_over() {
    let mut story = Story::new(PRODUCTION);
    story.release('1');
    story.release('2');
    story.configure(&PRODUCTION.replace("https://shop.example.com", "https://shop.example.org"));
    assert_eq!(story.go(), "");
}

#[test]
fn an_environment_that_is_called_otherwise_on_github_leaves_nothing_active_under_its_former_name() {
    let mut story = Story::new(PRODUCTION);
    story.release('1');
    let mut renamed = terms(&configuration(PRODUCTION));
    renamed.github_environment = "production-web".into();
    story.record(&Fact::Configured {
        repository: None,
        terms: Some(Box::new(renamed)),
        as_of: story.now,
    });
    assert_eq!(
        story.go(),
        "tell inactive: the environment is called production-web now"
    );
    story.release('2');
    assert_eq!(story.go(), "");
}
