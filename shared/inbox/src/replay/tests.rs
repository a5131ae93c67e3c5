use crate::{
    Processed,
    testing::{TestInbox, guid, inbox, now},
};

use super::*;

fn dead() -> TestInbox {
    let inbox = inbox();
    inbox.http.answers(422, "head.sha is missing");
    now(inbox.run(inbox.accepted("a-1"))).unwrap();
    inbox.http.answers.borrow_mut().clear();
    inbox
}

#[test]
fn a_dead_delivery_that_is_replayed_is_due_at_once_and_can_be_done() {
    let inbox = dead();
    assert_eq!(
        now(inbox.process(&guid("a-1"))).unwrap(),
        Processed::NotPending
    );
    assert_eq!(now(inbox.replay(&guid("a-1"))).unwrap(), Replay::Queued);
    assert_eq!(now(inbox.due(10)).unwrap(), [guid("a-1")]);
    assert_eq!(now(inbox.process(&guid("a-1"))).unwrap(), Processed::Done);
    assert!(inbox.is_duplicate("a-1"));
    let requests = inbox.http.requests.borrow();
    let payloads: Vec<_> = requests.iter().map(|request| &request.body).collect();
    assert_eq!(payloads[0], payloads[1], "the payload is the same");
}

#[test]
fn one_that_is_done_is_run_again_too_if_a_person_says_so() {
    let inbox = inbox();
    now(inbox.run(inbox.accepted("a-1"))).unwrap();
    assert_eq!(now(inbox.replay(&guid("a-1"))).unwrap(), Replay::Queued);
    assert_eq!(now(inbox.process(&guid("a-1"))).unwrap(), Processed::Done);
    assert_eq!(inbox.http.requests.borrow().len(), 2);
}

#[test]
fn one_that_waits_for_its_next_attempt_does_not_wait_any_longer_and_has_all_attempts_before_it() {
    let inbox = inbox();
    inbox.http.answers(503, "");
    now(inbox.run(inbox.accepted("a-1"))).unwrap();
    assert_eq!(now(inbox.due(10)).unwrap(), []);
    assert_eq!(now(inbox.replay(&guid("a-1"))).unwrap(), Replay::Queued);
    assert_eq!(now(inbox.due(10)).unwrap(), [guid("a-1")]);
    assert_eq!(now(inbox.find(&guid("a-1"))).unwrap().unwrap().attempts, 0);
}

#[test]
fn one_that_is_in_hand_is_left_to_whoever_has_it() {
    let inbox = inbox();
    drop(inbox.accepted("a-1"));
    assert_eq!(now(inbox.replay(&guid("a-1"))).unwrap(), Replay::InHand);
}

#[test]
fn what_is_not_stored_cannot_be_replayed() {
    assert_eq!(now(inbox().replay(&guid("a-1"))).unwrap(), Replay::NotFound);
}
