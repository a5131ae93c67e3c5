//! A delivery that never came is taken in as one that comes.

use crate::{
    Processed, Recovery, Replay,
    testing::{guid, inbox, now},
};

/// A payload of GitHub's, as its API gives it.
const PAYLOAD: &str =
    include_str!("../../../../tests/world/vendor/github/payloads/pull_request.opened.1.json");

#[test]
fn one_that_never_came_is_stored_and_handed_on_once() {
    let inbox = inbox();
    assert!(!now(inbox.has(&guid("d-1"))).unwrap());
    let recovery = now(inbox.recover(&guid("d-1"), "pull_request", PAYLOAD)).unwrap();
    assert_eq!(recovery, Recovery::TakenIn(Processed::Done));
    assert!(now(inbox.has(&guid("d-1"))).unwrap(), "done is stored too");
    let again = now(inbox.recover(&guid("d-1"), "pull_request", PAYLOAD)).unwrap();
    assert_eq!(again, Recovery::Came);
    let requests = inbox.http.requests.borrow();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].body, PAYLOAD.as_bytes());
    assert!(
        inbox
            .lines()
            .contains("warn recovered a delivery that never came"),
        "{}",
        inbox.lines()
    );
}

#[test]
fn one_whose_component_fails_waits_like_any_other() {
    let inbox = inbox();
    inbox.http.fails();
    let recovery = now(inbox.recover(&guid("d-1"), "pull_request", PAYLOAD)).unwrap();
    assert!(
        matches!(recovery, Recovery::TakenIn(Processed::Waiting { .. })),
        "{recovery:?}"
    );
    assert!(now(inbox.has(&guid("d-1"))).unwrap());
    assert_eq!(now(inbox.replay(&guid("d-1"))).unwrap(), Replay::Queued);
}

#[test]
fn nothing_is_stored_of_one_that_is_unused_or_cannot_be_understood() {
    let inbox = inbox();
    let recovery =
        |event: &str, payload: &str| now(inbox.recover(&guid("d-1"), event, payload)).unwrap();
    assert_eq!(recovery("issues", "{}"), Recovery::Unused);
    assert_eq!(recovery("ping", "{}"), Recovery::Unused);
    for (event, payload) in [
        ("pull_request", "{}"),
        ("pull_request", "nonsense"),
        ("../x", "{}"),
    ] {
        let recovery = recovery(event, payload);
        assert!(
            matches!(recovery, Recovery::Malformed(_)),
            "{event} {payload}: {recovery:?}"
        );
    }
    assert!(inbox.store.memory.is_empty());
}

#[test]
fn a_store_that_fails_is_told() {
    let inbox = inbox();
    inbox.store.broken.set(true);
    assert!(now(inbox.has(&guid("d-1"))).is_err());
    assert!(now(inbox.recover(&guid("d-1"), "pull_request", PAYLOAD)).is_err());
}
