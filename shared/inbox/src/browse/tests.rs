use std::time::Duration;

use crate::testing::{TestInbox, inbox, now};

use super::*;

const HOUR: Duration = Duration::from_secs(60 * 60);

/// One delivery of each kind: `w-1` waits, then every hour a done and a dead one.
fn filled() -> TestInbox {
    let inbox = inbox();
    for hour in 0..3 {
        inbox.http.answers.borrow_mut().clear();
        inbox.http.answers(200, "");
        now(inbox.run(inbox.accepted(&format!("done-{hour}")))).unwrap();
        inbox.http.answers.borrow_mut().clear();
        inbox.http.answers(422, "head.sha is missing");
        now(inbox.run(inbox.accepted(&format!("dead-{hour}")))).unwrap();
        inbox.clock.advance(HOUR);
    }
    drop(inbox.accepted("w-1"));
    inbox
}

fn guids(page: &Page) -> Vec<&str> {
    page.heads.iter().map(|head| head.guid.as_str()).collect()
}

/// All pages of so many deliveries, joined by `|`.
fn pages(inbox: &TestInbox, status: Option<Status>, limit: usize) -> String {
    let mut pages = Vec::new();
    let mut after = None;
    loop {
        let page = now(inbox.list(status, after.as_ref(), limit, |_| true)).unwrap();
        pages.push(guids(&page).join(" "));
        let Some(next) = page.next else {
            return pages.join(" | ");
        };
        let read_back = Place::parse(&next.cursor());
        assert_eq!(
            read_back.as_ref(),
            Some(&next),
            "a cursor is read back as it was"
        );
        after = read_back;
    }
}

#[test]
fn pending_ones_come_first_then_the_newest() {
    let inbox = filled();
    insta::assert_snapshot!(
        pages(&inbox, None, 10),
        @"w-1 dead-2 done-2 dead-1 done-1 dead-0 done-0"
    );
}

#[test]
fn pages_follow_each_other_without_gaps_and_end() {
    let inbox = filled();
    insta::assert_snapshot!(
        pages(&inbox, None, 3),
        @"w-1 dead-2 done-2 | dead-1 done-1 dead-0 | done-0"
    );
    insta::assert_snapshot!(pages(&inbox, None, 7), @"w-1 dead-2 done-2 dead-1 done-1 dead-0 done-0");
}

#[test]
fn one_status_can_be_asked_for() {
    let inbox = filled();
    insta::assert_snapshot!(pages(&inbox, Some(Status::Pending), 2), @"w-1");
    insta::assert_snapshot!(pages(&inbox, Some(Status::Done), 2), @"done-2 done-1 | done-0");
    insta::assert_snapshot!(pages(&inbox, Some(Status::Dead), 2), @"dead-2 dead-1 | dead-0");
}

#[test]
fn one_that_ended_twice_is_listed_once_where_it_ended_last() {
    let inbox = filled();
    inbox.http.answers.borrow_mut().clear();
    inbox.http.answers(200, "");
    now(inbox.run(inbox.accepted("dead-0"))).unwrap();
    insta::assert_snapshot!(
        pages(&inbox, None, 10),
        @"w-1 dead-0 dead-2 done-2 dead-1 done-1 done-0"
    );
}

#[test]
fn within_a_moment_too_the_last_is_the_first() {
    let inbox = inbox();
    for id in ["b-1", "c-1", "a-1"] {
        now(inbox.run(inbox.accepted(id))).unwrap();
        inbox.clock.advance(Duration::from_millis(1));
    }
    insta::assert_snapshot!(pages(&inbox, None, 2), @"a-1 c-1 | b-1");
}

#[test]
fn a_page_of_finished_ones_lists_no_keys_and_reads_what_it_shows() {
    let inbox = inbox();
    for number in 0..300 {
        now(inbox.run(inbox.accepted(&format!("a-{number}")))).unwrap();
    }
    let first = now(inbox.list(None, None, 10, |_| true)).unwrap();
    let (reads, listings) = (inbox.store.reads.get(), inbox.store.listings.get());
    let second = now(inbox.list(None, first.next.as_ref(), 10, |_| true)).unwrap();
    assert_eq!(guids(&second).first(), Some(&"a-289"));
    assert_eq!(inbox.store.listings.get(), listings);
    let reads = inbox.store.reads.get() - reads;
    // Each entry, and its delivery, which is looked for in two stores.
    assert!(reads <= 3 * 11 + 2, "{reads} reads");
}

#[test]
fn of_repositories_that_are_not_wanted_no_delivery_is_read() {
    let inbox = inbox();
    for number in 0..600 {
        now(inbox.run(inbox.accepted(&format!("a-{number}")))).unwrap();
    }
    inbox.store.reads.set(0);
    let page = now(inbox.list(None, None, 10, |repository| repository.is_none())).unwrap();
    assert_eq!(page.heads, []);
    assert_eq!(
        inbox.store.reads.get(),
        READ_MAX + 2,
        "entries, and where the journals begin"
    );
    let rest = now(inbox.list(None, page.next.as_ref(), 10, |_| true)).unwrap();
    assert_eq!(
        guids(&rest).first(),
        Some(&"a-99"),
        "the next page goes on from there"
    );
}

#[test]
fn a_number_whose_writer_died_is_passed_over() {
    let inbox = inbox();
    for id in ["a-1", "a-2", "a-3"] {
        now(inbox.run(inbox.accepted(id))).unwrap();
        now(inbox.next_number(Finish::Done)).unwrap();
    }
    insta::assert_snapshot!(pages(&inbox, None, 2), @"a-3 a-2 | a-1");
}

#[test]
fn one_that_is_being_run_again_is_listed_as_pending_alone() {
    let inbox = filled();
    now(inbox.replay(&"done-1".parse().unwrap())).unwrap();
    insta::assert_snapshot!(
        pages(&inbox, None, 10),
        @"done-1 w-1 dead-2 done-2 dead-1 dead-0 done-0"
    );
}

#[test]
fn a_cursor_that_nobody_wrote_is_none() {
    for cursor in [
        "", "p", "p.", "x.a-1", "f.a-1", "fx.1", "f1.x", "f1", "f1.2.3",
    ] {
        assert_eq!(Place::parse(cursor), None, "{cursor}");
    }
}

#[test]
fn deliveries_are_counted_by_their_status() {
    let counted = now(filled().count()).unwrap();
    assert_eq!(
        counted,
        [(Status::Pending, 1), (Status::Done, 3), (Status::Dead, 3)]
    );
}
