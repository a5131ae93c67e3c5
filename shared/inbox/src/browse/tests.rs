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
fn a_cursor_that_nobody_wrote_is_none() {
    for cursor in ["", "p", "p.", "x.a-1", "f.a-1", "fx.a-1", "f1.a_1"] {
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
