use ports::Clock as _;

use crate::testing::{TestInbox, inbox, now};

use super::*;

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// An inbox as an earlier version left it: deliveries that ended so far `apart`, `old-0` the first.
fn left_behind(many: i64, apart: Duration) -> TestInbox {
    let inbox = inbox();
    for number in 0..many {
        let claimed = inbox.accepted(&format!("old-{number}"));
        if number % 10 == 9 {
            inbox.http.answers(422, "head.sha is missing");
        }
        now(inbox.run(claimed)).unwrap();
        inbox.http.answers.borrow_mut().clear();
        let finish = if number % 10 == 9 { "dead" } else { "done" };
        let hour = inbox
            .clock
            .now()
            .milliseconds()
            .div_euclid(HOUR_MILLISECONDS);
        let key = format!("expiry/{finish}/{hour}/old-{number}/pull_request/1");
        now(inbox.store.set(Label::Inbox, &key, b"1")).unwrap();
        inbox.clock.advance(apart);
    }
    let journals: Vec<String> = now(inbox.store.keys(Label::Inbox))
        .unwrap()
        .into_iter()
        .filter(|key| key.starts_with("journal/"))
        .collect();
    let journals: Vec<&str> = journals.iter().map(String::as_str).collect();
    now(inbox.store.delete_many(Label::Inbox, &journals)).unwrap();
    inbox
}

/// All that is listed.
fn listed(inbox: &TestInbox) -> Vec<String> {
    let (mut guids, mut place) = (Vec::new(), None);
    loop {
        let page = now(inbox.list(None, place.as_ref(), 100, |_| true)).unwrap();
        guids.extend(page.heads.iter().map(|head| head.guid.to_string()));
        place = page.next;
        if place.is_none() {
            return guids;
        }
    }
}

/// From the newest of `many` to the oldest.
fn backwards(many: i64) -> impl Iterator<Item = String> {
    (0..many).rev().map(|number| format!("old-{number}"))
}

#[test]
fn what_an_earlier_version_finished_is_listed_in_its_order_after_what_this_one_did() {
    let inbox = left_behind(30, HOUR / 4);
    now(inbox.run(inbox.accepted("fresh-1"))).unwrap();
    assert!(now(inbox.carry_over(inbox.clock.now())).unwrap());
    now(inbox.run(inbox.accepted("fresh-2"))).unwrap();
    let expected = ["fresh-2".to_owned(), "fresh-1".to_owned()].into_iter();
    assert_eq!(
        listed(&inbox),
        expected.chain(backwards(30)).collect::<Vec<_>>()
    );
    let expiries = inbox.store.all_keys();
    assert!(
        !expiries.iter().any(|key| key.contains("expiry/")),
        "{expiries:?}"
    );
}

#[test]
fn a_large_store_is_carried_over_in_some_runs_and_then_expires() {
    let many = 2_100;
    let inbox = left_behind(many, HOUR);
    let carried = [(); 2].map(|()| now(inbox.carry_over(inbox.clock.now())).unwrap());
    assert_eq!(carried, [false, true]);
    assert!(
        listed(&inbox).into_iter().eq(backwards(many)),
        "not in their order"
    );
    inbox.clock.advance(31 * DAY);
    let mut expired = 0;
    for _ in 0..10 {
        expired += now(inbox.expire(3 * DAY)).unwrap();
    }
    assert_eq!(expired, 2_100);
    assert_eq!(inbox.kept_keys(), [""; 0]);
}

#[test]
fn nothing_is_lost_or_kept_whichever_call_was_the_last() {
    let mut calls = 0;
    loop {
        let inbox = left_behind(12, HOUR / 4);
        inbox.store.break_after(calls);
        let was_cut_off = now(inbox.carry_over(inbox.clock.now())).is_err();
        inbox.store.repair();
        assert!(now(inbox.carry_over(inbox.clock.now())).unwrap());
        assert_eq!(
            listed(&inbox),
            backwards(12).collect::<Vec<_>>(),
            "after {calls} calls"
        );
        inbox.clock.advance(31 * DAY);
        assert_eq!(now(inbox.expire(DAY)).unwrap(), 12, "after {calls} calls");
        assert_eq!(inbox.kept_keys(), [""; 0], "after {calls} calls");
        if !was_cut_off {
            break;
        }
        calls += 1;
    }
    assert!(calls > 15, "only {calls} calls were cut off");
}

#[test]
fn one_that_an_earlier_version_ran_again_is_carried_over_once() {
    let inbox = left_behind(1, HOUR);
    now(inbox.store.set(
        Label::Inbox,
        "expiry/dead/498682/old-0/pull_request/1",
        b"1",
    ))
    .unwrap();
    now(inbox
        .store
        .set(Label::Inbox, "expiry/done/498600/gone-0", b"1"))
    .unwrap();
    assert!(now(inbox.carry_over(inbox.clock.now())).unwrap());
    assert_eq!(listed(&inbox), ["old-0"]);
}

#[test]
fn what_an_earlier_version_finishes_later_is_found_within_a_day() {
    let inbox = inbox();
    assert!(now(inbox.carry_over(inbox.clock.now())).unwrap());
    let key = "expiry/done/498682/late-1/push/0";
    for (key, value) in [(key, "1"), ("delivery/late-1", "damaged")] {
        now(inbox.store.set(Label::Inbox, key, value.as_bytes())).unwrap();
    }
    let is_there = |inbox: &TestInbox| inbox.store.all_keys().contains(&format!("inbox {key}"));
    inbox.clock.advance(DAY / 2);
    assert!(now(inbox.carry_over(inbox.clock.now())).unwrap());
    assert!(is_there(&inbox), "that lists the store once a day");
    inbox.clock.advance(DAY / 2);
    assert!(now(inbox.carry_over(inbox.clock.now())).unwrap());
    assert!(!is_there(&inbox));
    inbox.clock.advance(4 * DAY);
    assert_eq!(now(inbox.expire(3 * DAY)).unwrap(), 1);
    assert_eq!(inbox.kept_keys(), [""; 0]);
}
