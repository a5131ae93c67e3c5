use crate::testing::{guid, inbox, now};

use super::*;

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[test]
fn only_deliveries_of_the_queue_can_be_due() {
    let inbox = inbox();
    drop(inbox.accepted("a-1"));
    for key in ["preview/42/7", "delivery/", "delivery/not a guid"] {
        now(inbox.store.set(Label::Queue, key, b"x")).unwrap();
    }
    inbox.clock.advance(HOUR);
    assert_eq!(now(inbox.due(10)).unwrap(), [guid("a-1")]);
}

#[test]
fn it_is_told_when_to_ask_again() {
    let inbox = inbox();
    assert_eq!(now(inbox.pending(10)).unwrap(), Pending::default());
    drop(inbox.accepted("a-1"));
    let accepted_at = inbox.clock.now();
    let fresh = now(inbox.pending(10)).unwrap();
    assert_eq!(fresh.due, []);
    assert_eq!(
        fresh.next_at,
        Some(accepted_at.after(crate::accept::FIRST_CLAIM))
    );
    drop(inbox.accepted("a-2"));
    inbox.clock.advance(HOUR);
    let due = now(inbox.pending(1)).unwrap();
    assert_eq!(due.due.len(), 1);
    assert_eq!(due.next_at, Some(inbox.clock.now()), "one was left out");
}

#[test]
fn no_more_are_listed_than_asked_for() {
    let inbox = inbox();
    for number in 0..5 {
        drop(inbox.accepted(&format!("a-{number}")));
    }
    inbox.clock.advance(HOUR);
    assert_eq!(now(inbox.due(3)).unwrap().len(), 3);
    assert_eq!(now(inbox.due(0)).unwrap().len(), 0);
}

#[test]
fn of_a_long_queue_a_part_is_read_and_in_time_every_part() {
    let inbox = inbox();
    for number in 0..450 {
        drop(inbox.accepted(&format!("a-{number}")));
    }
    inbox.clock.advance(HOUR);
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..3 {
        inbox.store.reads.set(0);
        seen.extend(
            now(inbox.due(1000))
                .unwrap()
                .iter()
                .map(ToString::to_string),
        );
        assert!(
            inbox.store.reads.get() <= READ_MAX,
            "{} reads",
            inbox.store.reads.get()
        );
        inbox.clock.advance(Duration::from_secs(1));
    }
    assert_eq!(seen.len(), 450, "three parts in three seconds");
}

#[test]
fn what_is_done_goes_after_the_retention_and_leaves_no_key() {
    let inbox = inbox();
    let claimed = inbox.accepted("a-1");
    now(inbox.run(claimed)).unwrap();
    inbox.clock.advance(3 * DAY - HOUR);
    assert_eq!(now(inbox.expire(3 * DAY)).unwrap(), 0);
    inbox.clock.advance(2 * HOUR);
    assert_eq!(now(inbox.expire(3 * DAY)).unwrap(), 1);
    assert_eq!(inbox.store.all_keys().len(), 0);
}

#[test]
fn the_dead_stay_visible_for_a_month() {
    let inbox = inbox();
    inbox.http.answers(422, "");
    let claimed = inbox.accepted("a-1");
    now(inbox.run(claimed)).unwrap();
    inbox.clock.advance(29 * DAY);
    assert_eq!(now(inbox.expire(3 * DAY)).unwrap(), 0);
    inbox.clock.advance(2 * DAY);
    assert_eq!(now(inbox.expire(3 * DAY)).unwrap(), 1);
    assert_eq!(inbox.store.all_keys().len(), 0);
}

#[test]
fn one_that_was_run_again_is_kept_from_its_last_end_on() {
    let inbox = inbox();
    inbox.http.answers(422, "");
    inbox.http.answers(204, "");
    let claimed = inbox.accepted("a-1");
    now(inbox.run(claimed)).unwrap();
    inbox.clock.advance(29 * DAY);
    let claimed = inbox.accepted("a-1");
    now(inbox.run(claimed)).unwrap();
    inbox.clock.advance(2 * DAY);
    assert_eq!(
        now(inbox.expire(3 * DAY)).unwrap(),
        0,
        "only its first expiry key is old"
    );
    assert!(inbox.is_duplicate("a-1"));
    inbox.clock.advance(2 * DAY);
    assert_eq!(now(inbox.expire(3 * DAY)).unwrap(), 1);
    assert_eq!(inbox.store.all_keys().len(), 0);
}

#[test]
fn many_old_ones_go_in_bounded_runs() {
    let inbox = inbox();
    for number in 0..EXPIRE_MAX + 20 {
        let claimed = inbox.accepted(&format!("a-{number}"));
        now(inbox.run(claimed)).unwrap();
    }
    inbox.clock.advance(4 * DAY);
    inbox.store.writes.set(0);
    assert_eq!(now(inbox.expire(3 * DAY)).unwrap(), EXPIRE_MAX);
    assert_eq!(inbox.store.writes.get(), EXPIRE_MAX / EXPIRE_BATCH);
    assert_eq!(now(inbox.expire(3 * DAY)).unwrap(), 20);
    assert_eq!(inbox.store.all_keys().len(), 0);
}

#[test]
fn one_that_died_when_it_was_run_again_is_kept_as_long_as_the_dead() {
    let inbox = inbox();
    now(inbox.run(inbox.accepted("a-1"))).unwrap();
    inbox.clock.advance(HOUR / 4);
    now(inbox.replay(&guid("a-1"))).unwrap();
    inbox.http.answers(422, "head.sha is missing");
    now(inbox.process(&guid("a-1"))).unwrap();
    inbox.clock.advance(4 * DAY);
    now(inbox.expire(3 * DAY)).unwrap();
    let kept = now(inbox.find(&guid("a-1"))).unwrap();
    assert_eq!(kept.unwrap().finish, Some(Finish::Dead));
}
