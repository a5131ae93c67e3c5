use std::time::Duration;

use crate::testing::{TestInbox, inbox, now};

use super::*;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn finish(inbox: &TestInbox, ids: std::ops::Range<u64>) {
    for id in ids {
        now(inbox.run(inbox.accepted(&format!("a-{id}")))).unwrap();
    }
}

fn counted(inbox: &TestInbox) -> u64 {
    let counts = now(inbox.counts(Finish::Done)).unwrap();
    counts.iter().map(|count| count.number).sum()
}

#[test]
fn counting_thousands_reads_hundreds_and_misses_none() {
    let inbox = inbox();
    finish(&inbox, 0..3_000);
    // Each run counts some blocks.
    for _ in 0..2 {
        now(inbox.expire(3 * DAY)).unwrap();
    }
    finish(&inbox, 3_000..3_100);
    inbox.store.reads.set(0);
    let counts = now(inbox.counts(Finish::Done)).unwrap();
    let [count] = counts.as_slice() else {
        panic!("one kind of deliveries: {counts:?}");
    };
    assert_eq!((count.number, count.secret), (3_100, Some(1)));
    assert_eq!(count.event.as_deref(), Some("pull_request"));
    assert_eq!(count.last, ports::Clock::now(&inbox.clock));
    let reads = inbox.store.reads.get();
    assert!(reads <= 2 * 250 + 10, "{reads} reads");
}

#[test]
fn what_has_expired_is_counted_no_more() {
    let inbox = inbox();
    finish(&inbox, 0..700);
    inbox.clock.advance(2 * DAY);
    finish(&inbox, 700..1_500);
    now(inbox.expire(3 * DAY)).unwrap();
    assert_eq!(counted(&inbox), 1_500);
    inbox.clock.advance(DAY + DAY / 2);
    for _ in 0..2 {
        now(inbox.expire(3 * DAY)).unwrap();
    }
    assert_eq!(counted(&inbox), 800);
    inbox.clock.advance(2 * DAY);
    for _ in 0..2 {
        now(inbox.expire(3 * DAY)).unwrap();
    }
    assert_eq!(counted(&inbox), 0);
}

#[test]
fn if_nobody_reconciles_the_newest_are_read_and_the_others_have_no_event() {
    let inbox = inbox();
    finish(&inbox, 0..3_000);
    inbox.store.reads.set(0);
    let counts = now(inbox.counts(Finish::Done)).unwrap();
    let events: Vec<_> = counts.iter().map(|count| count.event.as_deref()).collect();
    assert_eq!(events, [Some("pull_request"), None]);
    assert_eq!(counted(&inbox), 3_000);
    let reads = inbox.store.reads.get();
    assert!(reads <= 2 * 1_010, "{reads} reads");
}
