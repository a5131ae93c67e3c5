use std::time::Duration;

use crate::testing::{guid, inbox, now};

use super::*;

const HOUR: Duration = Duration::from_secs(60 * 60);

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
