//! Which deliveries are missed, and how far back the log is read.

use super::*;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const MINUTE: Duration = Duration::from_secs(60);

fn now() -> Timestamp {
    Timestamp::from_milliseconds(1_795_257_067_000)
}

/// An attempt so many minutes ago, as `pull_request opened` of the delivery `guid`.
fn attempt(id: u64, guid: &str, minutes_ago: u32, is_ok: bool) -> LoggedAttempt {
    LoggedAttempt {
        id,
        guid: guid.parse().unwrap(),
        delivered_at: now().before(MINUTE * minutes_ago),
        is_ok,
        event: "pull_request".to_owned(),
        action: Some("opened".to_owned()),
    }
}

fn page(attempts: Vec<LoggedAttempt>, next: Option<&str>) -> LogPage {
    LogPage {
        attempts,
        next: next.map(str::to_owned),
    }
}

fn used(event: &str, action: Option<&str>) -> Use {
    match (event, action) {
        ("pull_request", Some("edited")) => Use::Sometimes,
        ("pull_request", Some(_)) => Use::Always,
        _ => Use::Never,
    }
}

/// The attempts by which deliveries of `page` would be fetched.
fn expected(progress: &Progress, page: &LogPage, retention: Duration) -> Vec<u64> {
    let expected = progress.expected(page, now(), retention, used);
    expected.iter().map(|expected| expected.attempt).collect()
}

#[test]
fn every_delivery_that_is_used_is_expected_once_and_oldest_first() {
    let page = page(
        vec![
            attempt(9, "a", 10, false),
            attempt(8, "b", 20, true),
            attempt(7, "a", 30, false),
        ],
        None,
    );
    assert_eq!(expected(&Progress::default(), &page, DAY * 3), [8, 9]);
}

#[test]
fn what_is_not_used_or_too_old_is_not_expected() {
    let mut unused = attempt(9, "a", 10, false);
    unused.event = "issues".to_owned();
    let page = page(vec![unused, attempt(8, "b", 3 * 24 * 60 + 1, false)], None);
    assert_eq!(
        expected(&Progress::default(), &page, DAY * 30),
        Vec::<u64>::new()
    );
}

#[test]
fn one_that_worked_is_not_expected_where_it_may_have_expired_or_been_ignored() {
    let mut edited = attempt(9, "a", 1, true);
    edited.action = Some("edited".to_owned());
    let page = page(
        vec![
            edited,
            attempt(8, "b", 10, true),
            attempt(7, "c", 2 * 24 * 60, true),
        ],
        None,
    );
    let progress = Progress::default();
    assert_eq!(expected(&progress, &page, DAY * 3), [7, 8]);
    assert_eq!(expected(&progress, &page, DAY), [8]);
    assert_eq!(
        expected(&progress, &page, Duration::ZERO),
        Vec::<u64>::new()
    );
}

#[test]
fn one_that_failed_is_expected_however_short_things_are_kept() {
    let page = page(vec![attempt(8, "b", 600, false)], None);
    assert_eq!(expected(&Progress::default(), &page, Duration::ZERO), [8]);
}

#[test]
fn the_log_is_read_back_to_what_was_read_before_over_as_many_pages_and_runs_as_it_takes() {
    let mut progress = Progress::default();
    progress.begin(now());
    let first = page(vec![attempt(900, "a", 1, true)], Some("p2"));
    assert!(!progress.accounted_for(&first, now()));
    assert_eq!(progress.cursor(), Some("p2"));
    assert_eq!(progress.complete_to, None, "the rest is not known yet");

    // Another run goes on there; in the meantime newer ones came, which are for the next way.
    let text = serde_json::to_string(&progress).unwrap();
    let mut progress: Progress = serde_json::from_str(&text).unwrap();
    assert!(progress.is_behind());
    progress.begin(now());
    assert!(progress.accounted_for(&page(vec![attempt(5, "b", 4000, true)], None), now()));
    assert_eq!(progress.complete_to, Some(now().before(MINUTE)));
    assert_eq!(progress.cursor(), None, "the next way begins at the newest");
    assert!(!progress.is_behind());

    // The next way ends where the first began, though the log goes on.
    progress.begin(now());
    let newest = page(
        vec![attempt(902, "d", 0, true), attempt(899, "a", 4, true)],
        Some("p2"),
    );
    assert!(progress.accounted_for(&newest, now()));
    assert_eq!(progress.complete_to, Some(now()));
}

#[test]
fn what_was_read_last_is_read_once_more() {
    let mut progress = Progress::default();
    assert!(progress.accounted_for(&page(vec![attempt(9, "a", 10, true)], None), now()));
    let late = page(
        vec![attempt(8, "late", 11, false), attempt(7, "old", 13, false)],
        None,
    );
    assert_eq!(expected(&progress, &late, DAY), [8]);
}

#[test]
fn an_empty_log_says_nothing() {
    let mut progress = Progress::default();
    assert!(progress.accounted_for(&LogPage::default(), now()));
    assert_eq!(progress.complete_to, None);
}

#[test]
fn the_log_is_looked_at_every_few_minutes_and_sooner_when_something_was_left() {
    let mut progress = Progress::default();
    assert!(progress.due_at() <= now(), "at once for the first time");
    progress.begin(now());
    assert_eq!(progress.due_at(), now().after(INTERVAL_WHILE_BEHIND));
    progress.accounted_for(&LogPage::default(), now());
    assert_eq!(progress.due_at(), now().after(INTERVAL));
}

#[test]
fn a_page_that_github_knows_no_more_is_begun_anew_without_losing_what_was_read() {
    let mut progress = Progress::default();
    progress.accounted_for(&page(vec![attempt(1, "a", 60, true)], None), now());
    let before = progress.complete_to;
    progress.accounted_for(&page(vec![attempt(9, "b", 1, true)], Some("p2")), now());
    assert_eq!(progress.cursor(), Some("p2"));
    progress.begin_anew();
    assert_eq!((progress.cursor(), progress.complete_to), (None, before));
}

#[test]
fn a_delivery_that_cannot_be_fetched_does_not_hold_the_others_up_for_ever() {
    let log = page(vec![attempt(9, "a", 1, false)], None);
    let guid = "a".parse().unwrap();
    let mut progress = Progress::default();
    let tries = (1..).find(|_| progress.could_not_fetch(&guid));
    assert_eq!(tries, Some(5));
    assert_eq!(expected(&progress, &log, DAY), Vec::<u64>::new());
    for number in 0..100 {
        progress.pass_over(&format!("other-{number}").parse().unwrap());
    }
    assert_eq!(
        progress.passed_over.len(),
        PASSED_OVER_MAX,
        "the memory is bounded"
    );
}
