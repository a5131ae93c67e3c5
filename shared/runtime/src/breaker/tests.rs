//! A vendor that fails, and instances that share a store.

use std::cell::Cell;

use http::{HeaderMap, Method, StatusCode};
use ports::{NoLog, memory::MemoryStore};

use super::*;
use crate::tests::Hand;

/// A vendor that answers with a status, or not at all.
struct Vendor {
    answers: Cell<Option<u16>>,
    asked: Cell<u32>,
}

impl Vendor {
    fn answering(status: Option<u16>) -> Self {
        Self {
            answers: Cell::new(status),
            asked: Cell::new(0),
        }
    }
}

impl Http for Vendor {
    async fn send(&self, _request: Request) -> Result<Response, HttpError> {
        self.asked.set(self.asked.get() + 1);
        match self.answers.get() {
            Some(status) => Ok(Response {
                status: StatusCode::from_u16(status).unwrap(),
                headers: HeaderMap::new(),
                body: Vec::new(),
            }),
            None => Err(HttpError::NoConnection {
                host: "coolify".to_owned(),
                reason: "refused".to_owned(),
            }),
        }
    }
}

/// A vendor, an empty store and a clock.
fn stage(answers: Option<u16>) -> (Vendor, MemoryStore, Hand) {
    let vendor = Vendor::answering(answers);
    (vendor, MemoryStore::default(), Hand::default())
}

type Guard<'a> = Guarded<&'a Vendor, &'a MemoryStore, &'a Hand, NoLog>;

fn guard<'a>(vendor: &'a Vendor, store: &'a MemoryStore, clock: &'a Hand) -> Guard<'a> {
    Guarded {
        vendor: "Coolify",
        http: vendor,
        store,
        clock,
        log: NoLog,
    }
}

async fn ask(guard: &Guard<'_>) -> Result<u16, Duration> {
    let request = Request {
        method: Method::GET,
        url: "https://coolify.example/api/v1/version".to_owned(),
        headers: HeaderMap::new(),
        body: Vec::new(),
        timeout: Duration::from_secs(1),
    };
    match guard.send(request).await {
        Ok(response) => Ok(response.status.as_u16()),
        Err(HttpError::Paused { after, .. }) => Err(after),
        Err(_) => Ok(0),
    }
}

async fn open(guard: &Guard<'_>) {
    for _ in 0..circuit::FAILURES_ENOUGH {
        ask(guard)
            .await
            .expect("a closed circuit lets every call through");
    }
}

#[tokio::test]
async fn a_vendor_that_works_has_nothing_stored() {
    let (vendor, store, clock) = stage(Some(404));
    let guard = guard(&vendor, &store, &clock);
    for _ in 0..20 {
        assert_eq!(ask(&guard).await, Ok(404));
    }
    assert!(store.is_empty(), "{:?}", store.all_keys());
}

#[tokio::test]
async fn failures_in_a_row_hold_all_calls_back_and_a_success_between_them_starts_the_count_anew() {
    for failure in [None, Some(503)] {
        let (vendor, store, clock) = stage(failure);
        let guard = guard(&vendor, &store, &clock);
        for _ in 1..circuit::FAILURES_ENOUGH {
            assert!(ask(&guard).await.is_ok());
        }
        vendor.answers.set(Some(200));
        assert_eq!(ask(&guard).await, Ok(200));
        assert!(store.is_empty(), "{:?}", store.all_keys());
        vendor.answers.set(failure);
        open(&guard).await;
        let asked = vendor.asked.get();
        assert_eq!(ask(&guard).await, Err(circuit::FIRST_PAUSE));
        assert_eq!(
            vendor.asked.get(),
            asked,
            "a call that is held back never leaves"
        );
        let told = pause(&store, "Coolify")
            .await
            .unwrap()
            .expect("it is left alone");
        assert_eq!(told.until, clock.now().after(circuit::FIRST_PAUSE));
    }
}

#[tokio::test]
async fn after_the_pause_one_call_tries_and_the_others_wait_for_its_outcome() {
    let (vendor, store, clock) = stage(Some(500));
    let guard = guard(&vendor, &store, &clock);
    open(&guard).await;
    clock.pass(circuit::FIRST_PAUSE);
    let circuit = read(&store, "Coolify").await.unwrap().unwrap();
    assert_eq!(
        guard.admit(&circuit).await.unwrap(),
        None,
        "the first may try"
    );
    assert_eq!(
        guard.admit(&circuit).await.unwrap(),
        Some(circuit::WHILE_TRIED),
        "one that read the same at the same time may not"
    );
    assert_eq!(ask(&guard).await, Err(circuit::WHILE_TRIED));
}

#[tokio::test]
async fn a_try_that_fails_doubles_the_pause_up_to_a_bound_and_one_that_works_leaves_nothing_stored()
{
    let (vendor, store, clock) = stage(None);
    let guard = guard(&vendor, &store, &clock);
    open(&guard).await;
    let mut paused = circuit::FIRST_PAUSE;
    for _ in 0..6 {
        clock.pass(paused);
        let asked = vendor.asked.get();
        assert_eq!(
            ask(&guard).await,
            Err(circuit::FIRST_PAUSE),
            "whoever tries for all is no worse off than they"
        );
        assert_eq!(vendor.asked.get(), asked + 1);
        let next = ask(&guard).await.expect_err("the next call is held back");
        assert_eq!(next, (2 * paused).min(circuit::LONGEST_PAUSE));
        paused = next;
    }
    clock.pass(paused);
    vendor.answers.set(Some(200));
    assert_eq!(ask(&guard).await, Ok(200));
    assert_eq!(ask(&guard).await, Ok(200), "everybody goes on");
    assert!(store.is_empty(), "{:?}", store.all_keys());
}

#[tokio::test]
async fn a_call_that_was_under_way_when_the_circuit_opened_does_not_lengthen_the_pause() {
    let (vendor, store, clock) = stage(Some(502));
    let guard = guard(&vendor, &store, &clock);
    open(&guard).await;
    clock.pass(Duration::from_secs(1));
    guard.failed("it answered 502".to_owned()).await.unwrap();
    let told = pause(&store, "Coolify").await.unwrap().unwrap();
    assert_eq!(
        told.until.since(clock.now()),
        circuit::FIRST_PAUSE - Duration::from_secs(1)
    );
}

#[tokio::test]
async fn a_try_whose_owner_died_is_passed_over() {
    let (vendor, store, clock) = stage(Some(500));
    let guard = guard(&vendor, &store, &clock);
    open(&guard).await;
    clock.pass(circuit::FIRST_PAUSE);
    // Dead right after the claim, before anything was written.
    store
        .increment(Label::Default, &claim_key("Coolify", 1), 1)
        .await
        .unwrap();
    assert_eq!(ask(&guard).await, Err(circuit::WHILE_TRIED));
    clock.pass(circuit::TRY);
    assert_eq!(
        ask(&guard).await,
        Err(circuit::WHILE_TRIED),
        "this one finds that out"
    );
    // Dead in the middle of the try.
    let circuit = read(&store, "Coolify").await.unwrap().unwrap();
    assert_eq!(guard.admit(&circuit).await.unwrap(), None);
    clock.pass(circuit::TRY);
    vendor.answers.set(Some(200));
    assert_eq!(ask(&guard).await, Ok(200), "the next one tries");
    assert!(store.is_empty(), "{:?}", store.all_keys());
}

#[tokio::test]
async fn who_claims_a_try_after_the_vendor_came_back_does_not_close_the_way_again() {
    let (vendor, store, clock) = stage(Some(500));
    let guard = guard(&vendor, &store, &clock);
    open(&guard).await;
    clock.pass(circuit::FIRST_PAUSE);
    let stale = read(&store, "Coolify").await.unwrap().unwrap();
    vendor.answers.set(Some(200));
    assert_eq!(ask(&guard).await, Ok(200));
    assert_eq!(guard.admit(&stale).await.unwrap(), None);
    assert!(store.is_empty(), "{:?}", store.all_keys());
}

#[tokio::test]
async fn a_claim_that_was_left_behind_is_gone_when_the_vendor_fails_anew() {
    let (vendor, store, clock) = stage(Some(500));
    let guard = guard(&vendor, &store, &clock);
    let left = claim_key("Coolify", 1);
    store.increment(Label::Default, &left, 1).await.unwrap();
    open(&guard).await;
    clock.pass(circuit::FIRST_PAUSE);
    vendor.answers.set(Some(200));
    assert_eq!(ask(&guard).await, Ok(200), "it may be tried at once");
}

#[tokio::test]
async fn one_vendors_failures_are_not_anothers() {
    let (broken, store, clock) = stage(None);
    let works = Vendor::answering(Some(200));
    open(&guard(&broken, &store, &clock)).await;
    let other = Guarded {
        vendor: "GitHub",
        ..guard(&works, &store, &clock)
    };
    assert_eq!(ask(&other).await, Ok(200));
}

#[tokio::test]
async fn whether_it_is_held_back_can_be_asked_without_a_request_and_without_using_up_the_try() {
    let (vendor, store, clock) = stage(None);
    let guard = guard(&vendor, &store, &clock);
    assert!(guard.held_back().await.is_none(), "nothing is known of it");
    open(&guard).await;
    let asked = vendor.asked.get();
    let held_back = guard.held_back().await;
    assert!(
        matches!(held_back, Some(HttpError::Paused { after, .. }) if after == circuit::FIRST_PAUSE),
        "{held_back:?}"
    );
    clock.pass(circuit::FIRST_PAUSE);
    for _ in 0..3 {
        assert!(guard.held_back().await.is_none(), "somebody may try now");
    }
    assert_eq!(vendor.asked.get(), asked);
    vendor.answers.set(Some(200));
    assert_eq!(ask(&guard).await, Ok(200), "the try was left");
}

#[test]
fn what_argo_cd_did_not_expect_of_one_application_is_no_failure_of_argo_cd() {
    let answer = |status, body: &str| {
        Ok(Response {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::new(),
            body: body.as_bytes().to_vec(),
        })
    };
    let unknown = r#"{"error":"x","code":2,"message":"error patching application: the object has been modified"}"#;
    assert_eq!(failure(&answer(500, unknown)), None);
    for (status, body) in [
        (500, ""),
        (500, r#"{"message":"Server Error"}"#),
        (500, r#"{"error":"x","code":14,"message":"unavailable"}"#),
        (503, unknown),
        (502, "<html></html>"),
    ] {
        let told = failure(&answer(status, body));
        assert_eq!(told, Some(format!("it answered {status}")), "{body}");
    }
}
