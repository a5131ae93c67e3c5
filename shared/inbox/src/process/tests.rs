use crate::testing::{guid, inbox, now};

use super::*;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_delivery_is_handed_to_its_component_with_its_headers_and_payload() {
    let inbox = inbox();
    let claimed = inbox.accepted("a-1");
    assert_eq!(now(inbox.run(claimed)).unwrap(), Processed::Done);
    let requests = inbox.http.requests.borrow();
    let [request] = requests.as_slice() else {
        panic!("expected one request, got {requests:?}");
    };
    assert_eq!(request.method, Method::POST);
    assert_eq!(request.url, "http://pull-request.spin.internal/");
    assert_eq!(request.headers["x-github-event"], "pull_request");
    assert_eq!(request.headers["x-github-delivery"], "a-1");
    assert_eq!(request.headers["content-type"], "application/json");
    assert_eq!(request.body, br#"{"action":"opened"}"#);
}

#[test]
fn from_acceptance_to_done_it_takes_four_writes_the_first_of_which_makes_it_durable() {
    let inbox = inbox();
    let claimed = inbox.accepted("a-1");
    assert_eq!(inbox.store.writes.get(), 1);
    assert_eq!(
        inbox.store.all_keys().into_iter().collect::<Vec<_>>(),
        ["queue delivery/a-1"]
    );
    now(inbox.run(claimed)).unwrap();
    assert_eq!(inbox.store.writes.get(), 4, "a number is one of them");
    assert_eq!(
        inbox.store.all_keys().into_iter().collect::<Vec<_>>(),
        [
            "inbox delivery/a-1",
            "inbox journal/done/1",
            "inbox journal/done/end"
        ]
    );
}

#[test]
fn one_that_is_done_keeps_its_payload_for_replay() {
    let inbox = inbox();
    let claimed = inbox.accepted("a-1");
    now(inbox.run(claimed)).unwrap();
    let value = now(inbox.store.get(Label::Inbox, "delivery/a-1"))
        .unwrap()
        .unwrap();
    let record = Record::parse(&value).unwrap();
    assert_eq!(record.head.finish, Some(Finish::Done));
    assert_eq!(record.payload, br#"{"action":"opened"}"#);
}

#[test]
fn a_delivery_in_hand_or_done_is_a_duplicate() {
    let inbox = inbox();
    let claimed = inbox.accepted("a-1");
    assert!(inbox.is_duplicate("a-1"), "in hand");
    assert_eq!(now(inbox.process(&guid("a-1"))).unwrap(), Processed::InHand);
    now(inbox.run(claimed)).unwrap();
    assert!(inbox.is_duplicate("a-1"), "done");
    assert_eq!(
        now(inbox.process(&guid("a-1"))).unwrap(),
        Processed::NotPending
    );
    assert_eq!(inbox.http.requests.borrow().len(), 1);
}

#[test]
fn one_that_fails_waits_longer_each_time_and_dies_after_eight_attempts() {
    let inbox = inbox();
    inbox.http.answers(500, "the store is locked\nmore");
    let claimed = inbox.accepted("a-1");
    let mut outcome = now(inbox.run(claimed)).unwrap();
    let mut pauses = Vec::new();
    while let Processed::Waiting { until, reason } = outcome {
        assert_eq!(
            reason,
            "pull-request answered 500 Internal Server Error: the store is locked"
        );
        let pause = until.since(inbox.clock.now());
        pauses.push(pause);
        assert_eq!(now(inbox.due(10)).unwrap(), [], "not due before its time");
        inbox.clock.advance(pause);
        assert_eq!(now(inbox.due(10)).unwrap(), [guid("a-1")]);
        outcome = now(inbox.process(&guid("a-1"))).unwrap();
    }
    assert!(matches!(outcome, Processed::Dead { .. }), "{outcome:?}");
    assert_eq!(inbox.http.requests.borrow().len(), 8);
    assert!(
        pauses.is_sorted_by(|earlier, later| later.as_secs() > earlier.as_secs() * 8 / 10),
        "{pauses:?}"
    );
    assert_eq!(
        inbox.store.all_keys().into_iter().collect::<Vec<_>>(),
        [
            "inbox delivery/a-1",
            "inbox journal/dead/1",
            "inbox journal/dead/end"
        ],
        "dead, and visible"
    );
}

#[test]
fn no_answer_is_a_failure_that_may_pass() {
    let inbox = inbox();
    inbox.http.fails();
    inbox.http.answers(204, "");
    let claimed = inbox.accepted("a-1");
    let outcome = now(inbox.run(claimed)).unwrap();
    assert!(matches!(outcome, Processed::Waiting { .. }), "{outcome:?}");
    assert_eq!(now(inbox.process(&guid("a-1"))).unwrap(), Processed::Done);
}

#[test]
fn one_that_its_component_refuses_is_dead_at_once_with_the_reason() {
    let inbox = inbox();
    inbox.http.answers(422, "number: missing");
    let claimed = inbox.accepted("a-1");
    assert_eq!(
        now(inbox.run(claimed)).unwrap(),
        Processed::Dead {
            reason: "pull-request answered 422 Unprocessable Entity: number: missing".to_owned()
        }
    );
    insta::assert_snapshot!(inbox.lines(), @r#"
    error delivery is dead
      delivery="a-1"
      event="pull_request"
      action="opened"
      repository=42
      attempt=1
      error="pull-request answered 422 Unprocessable Entity: number: missing"
    "#);
}

#[test]
fn too_many_requests_is_not_the_deliverys_fault() {
    let inbox = inbox();
    inbox.http.answers(429, "");
    let claimed = inbox.accepted("a-1");
    let outcome = now(inbox.run(claimed)).unwrap();
    assert!(matches!(outcome, Processed::Waiting { .. }), "{outcome:?}");
}

#[test]
fn delivered_again_after_a_failure_it_is_run_again_at_once() {
    let inbox = inbox();
    inbox.http.answers(500, "");
    inbox.http.answers(204, "");
    let claimed = inbox.accepted("a-1");
    now(inbox.run(claimed)).unwrap();
    let claimed = inbox.accepted("a-1");
    assert!(inbox.is_duplicate("a-1"), "in hand again");
    assert_eq!(now(inbox.run(claimed)).unwrap(), Processed::Done);
}

#[test]
fn delivered_again_after_it_died_it_is_run_again_from_the_start() {
    let inbox = inbox();
    inbox.http.answers(422, "");
    inbox.http.answers(204, "");
    let claimed = inbox.accepted("a-1");
    now(inbox.run(claimed)).unwrap();
    let claimed = inbox.accepted("a-1");
    assert_eq!(now(inbox.run(claimed)).unwrap(), Processed::Done);
    assert!(inbox.is_duplicate("a-1"), "done now");
}

#[test]
fn one_that_was_interrupted_is_due_after_ten_seconds() {
    let inbox = inbox();
    drop(inbox.accepted("a-1"));
    inbox.clock.advance(9 * SECOND);
    assert_eq!(now(inbox.due(10)).unwrap(), []);
    inbox.clock.advance(SECOND);
    assert_eq!(now(inbox.due(10)).unwrap(), [guid("a-1")]);
    assert_eq!(now(inbox.process(&guid("a-1"))).unwrap(), Processed::Done);
}

#[test]
fn one_that_takes_its_processor_down_each_time_waits_longer_each_time_and_dies_too() {
    let inbox = inbox();
    drop(inbox.accepted("a-1"));
    inbox.clock.advance(10 * SECOND);
    let stored = || {
        let value = now(inbox.store.get(Label::Queue, "delivery/a-1"));
        Record::parse(&value.unwrap().unwrap()).unwrap()
    };
    for attempt in 2..=ATTEMPTS_MAX {
        // Dropped when the component is asked: as when the process is killed.
        drop(now(inbox.claim(stored(), inbox.clock.now(), CLAIM)).unwrap());
        assert_eq!(
            now(inbox.due(10)).unwrap(),
            [],
            "claimed for attempt {attempt}"
        );
        inbox.clock.advance(CLAIM);
        if attempt == ATTEMPTS_MAX {
            break;
        }
        let waiting = now(inbox.process(&guid("a-1"))).unwrap();
        let Processed::Waiting { until, reason } = waiting else {
            panic!("interrupted attempt {attempt} came to {waiting:?}");
        };
        assert_eq!(reason, INTERRUPTED);
        let pause = pause_after(attempt, &guid("a-1"));
        assert_eq!(until, inbox.clock.now().after(pause), "attempt {attempt}");
        inbox.clock.advance(pause);
        assert_eq!(now(inbox.due(10)).unwrap(), [guid("a-1")]);
    }
    assert_eq!(
        now(inbox.process(&guid("a-1"))).unwrap(),
        Processed::Dead {
            reason: "every attempt was interrupted".to_owned()
        }
    );
    assert_eq!(inbox.http.requests.borrow().len(), 0);
}

#[test]
fn a_failing_store_loses_nothing() {
    let inbox = inbox();
    let claimed = inbox.accepted("a-1");
    inbox.store.broken.set(true);
    now(inbox.run(claimed)).unwrap_err();
    inbox.store.broken.set(false);
    inbox.clock.advance(10 * SECOND);
    assert_eq!(now(inbox.due(10)).unwrap(), [guid("a-1")]);
    assert_eq!(now(inbox.process(&guid("a-1"))).unwrap(), Processed::Done);
}

#[test]
fn a_damaged_record_is_buried_as_it_is() {
    let inbox = inbox();
    now(inbox.store.set(Label::Queue, "delivery/a-1", b"rubbish")).unwrap();
    assert_eq!(now(inbox.due(10)).unwrap(), [guid("a-1")]);
    let outcome = now(inbox.process(&guid("a-1"))).unwrap();
    assert!(matches!(outcome, Processed::Dead { .. }), "{outcome:?}");
    let value = now(inbox.store.get(Label::Inbox, "delivery/a-1"))
        .unwrap()
        .unwrap();
    assert_eq!(Record::parse(&value).unwrap().payload, b"rubbish");
}

#[test]
fn a_record_of_a_newer_version_is_left_alone() {
    let inbox = inbox();
    let newer = b"{\"schema\":9}\n{}";
    now(inbox.store.set(Label::Queue, "delivery/a-1", newer)).unwrap();
    assert!(inbox.is_duplicate("a-1"));
    assert_eq!(now(inbox.process(&guid("a-1"))).unwrap(), Processed::Newer);
    let kept = now(inbox.store.get(Label::Queue, "delivery/a-1")).unwrap();
    assert_eq!(kept.as_deref(), Some(&newer[..]));
}
