use crate::testing::{guid, inbox, now};

use super::*;

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const NOTHING: [String; 0] = [];

#[test]
fn what_is_done_goes_after_the_retention_and_leaves_no_key() {
    let inbox = inbox();
    let claimed = inbox.accepted("a-1");
    now(inbox.run(claimed)).unwrap();
    inbox.clock.advance(3 * DAY - HOUR);
    assert_eq!(now(inbox.expire(3 * DAY)).unwrap(), 0);
    inbox.clock.advance(2 * HOUR);
    assert_eq!(now(inbox.expire(3 * DAY)).unwrap(), 1);
    assert_eq!(inbox.kept_keys(), NOTHING);
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
    assert_eq!(inbox.kept_keys(), NOTHING);
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
        "only its first entry is old"
    );
    assert!(inbox.is_duplicate("a-1"));
    inbox.clock.advance(2 * DAY);
    assert_eq!(now(inbox.expire(3 * DAY)).unwrap(), 1);
    assert_eq!(inbox.kept_keys(), NOTHING);
}

#[test]
fn many_old_ones_go_in_bounded_runs() {
    let inbox = inbox();
    for number in 0..EXPIRE_MAX + 20 {
        let claimed = inbox.accepted(&format!("a-{number}"));
        now(inbox.run(claimed)).unwrap();
    }
    inbox.clock.advance(4 * DAY);
    assert_eq!(now(inbox.expire(3 * DAY)).unwrap(), EXPIRE_MAX);
    assert_eq!(now(inbox.expire(3 * DAY)).unwrap(), 20);
    assert_eq!(inbox.kept_keys(), NOTHING);
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

#[test]
fn nothing_stays_whichever_call_of_a_run_was_the_last() {
    let mut calls = 0;
    loop {
        let inbox = inbox();
        for number in 0..EXPIRE_BATCH + 3 {
            now(inbox.run(inbox.accepted(&format!("a-{number}")))).unwrap();
        }
        inbox.clock.advance(4 * DAY);
        inbox.store.break_after(calls);
        let was_cut_off = now(inbox.expire(3 * DAY)).is_err();
        inbox.store.repair();
        now(inbox.expire(3 * DAY)).unwrap();
        assert_eq!(inbox.kept_keys(), NOTHING, "after {calls} calls");
        // What ends from then on is found, and goes too.
        now(inbox.run(inbox.accepted("b-1"))).unwrap();
        inbox.clock.advance(4 * DAY);
        assert_eq!(
            now(inbox.expire(3 * DAY)).unwrap(),
            1,
            "after {calls} calls"
        );
        assert_eq!(inbox.kept_keys(), NOTHING, "after {calls} calls");
        if !was_cut_off {
            break;
        }
        calls += 1;
    }
    assert!(calls > 10, "only {calls} calls were cut off");
}

#[test]
fn a_number_whose_writer_died_holds_nothing_up() {
    let inbox = inbox();
    for id in ["a-1", "a-2", "a-3"] {
        now(inbox.next_number(Finish::Done)).unwrap();
        now(inbox.run(inbox.accepted(id))).unwrap();
    }
    inbox.clock.advance(4 * DAY);
    assert_eq!(now(inbox.expire(3 * DAY)).unwrap(), 3);
    assert_eq!(inbox.kept_keys(), NOTHING);
    assert_eq!(now(inbox.begin(Finish::Done)).unwrap(), 7);
}

#[test]
fn one_that_a_wrong_clock_dated_years_ahead_holds_nothing_up_and_goes_with_the_next_one() {
    let inbox = inbox();
    now(inbox.run(inbox.accepted("a-1"))).unwrap();
    let before = inbox.clock.now();
    inbox.clock.advance(1_000 * DAY);
    now(inbox.run(inbox.accepted("a-2"))).unwrap();
    inbox.clock.set(before);
    now(inbox.run(inbox.accepted("a-3"))).unwrap();
    assert_eq!(now(inbox.expire(3 * DAY)).unwrap(), 0);
    inbox.clock.advance(4 * DAY);
    assert_eq!(now(inbox.expire(3 * DAY)).unwrap(), 3);
    assert_eq!(inbox.kept_keys(), NOTHING);
}

#[test]
fn many_such_numbers_are_passed_in_some_runs() {
    let inbox = inbox();
    for _ in 0..2 * LOOK_MAX {
        now(inbox.next_number(Finish::Done)).unwrap();
    }
    now(inbox.run(inbox.accepted("a-1"))).unwrap();
    inbox.clock.advance(4 * DAY);
    let expired = [(); 3].map(|()| now(inbox.expire(3 * DAY)).unwrap());
    assert_eq!(expired, [0, 0, 1]);
    assert_eq!(inbox.kept_keys(), NOTHING);
}

#[test]
fn without_a_retention_it_is_kept_for_an_hour() {
    let inbox = inbox();
    now(inbox.run(inbox.accepted("a-1"))).unwrap();
    inbox.clock.advance(HOUR / 2);
    assert_eq!(now(inbox.expire(Duration::ZERO)).unwrap(), 0);
    inbox.clock.advance(HOUR / 2);
    assert_eq!(now(inbox.expire(Duration::ZERO)).unwrap(), 1);
    assert_eq!(inbox.kept_keys(), NOTHING);
}

#[test]
fn what_is_too_old_is_found_without_listing_keys() {
    let inbox = inbox();
    now(inbox.expire(DAY)).unwrap();
    now(inbox.run(inbox.accepted("a-1"))).unwrap();
    let listings = inbox.store.listings.get();
    inbox.clock.advance(HOUR);
    now(inbox.expire(HOUR)).unwrap();
    assert_eq!(inbox.store.listings.get(), listings);
    assert_eq!(inbox.kept_keys(), NOTHING);
}
