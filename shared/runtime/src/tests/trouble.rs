//! What a store that fails, a process that dies and others that come in between must not bring about.

use super::{
    fragile::{At, Fault, Fragile},
    *,
};

/// Runs `ID` on a store with one fault, which must happen.
async fn run_with(
    store: &MemoryStore,
    clock: &Hand,
    mail: &[u64],
    at: At,
    fault: Fault,
) -> Result<Outcome, crate::RunError> {
    let fragile = Fragile::new(store, at, fault);
    let Runner { log, executor, .. } = runner(store, clock);
    let runner = Runner {
        store: &fragile,
        clock,
        log,
        executor,
    };
    let outcome = runner.run::<Counter>(&ID, mail).await;
    assert!(fragile.is_spent(), "the fault did not happen");
    outcome
}

async fn reconcile_all(runner: &TestRunner<'_>) {
    let work = reconcile::work(runner.store).await.unwrap();
    let deadline = runner.clock.now().after(Duration::from_secs(20));
    runner
        .advance_all::<Counter>(&work.entities, deadline)
        .await;
}

/// The `nth` write of the record.
fn save(nth: u32) -> At {
    At {
        operation: "set",
        key: ID.to_string(),
        nth,
    }
}

#[tokio::test]
async fn an_outcome_whose_save_was_not_answered_is_taken_in_once() {
    for fault in [Fault::AnswerLost, Fault::NotDone] {
        let (store, clock) = (MemoryStore::default(), Hand::default());
        let runner = runner(&store, &clock);
        let mail = runner.post::<Counter>(&ID, &Told::Add(1)).await.unwrap();
        // The first save has the intent, the second the outcome.
        run_with(&store, &clock, &[mail], save(2), fault.clone())
            .await
            .unwrap_err();
        clock.pass(Duration::from_secs(61));
        reconcile_all(&runner).await;
        let state = state(&store).await;
        assert_eq!(
            (state.reported, state.answers),
            (1, 1),
            "after the fault {fault:?}"
        );
        assert_eq!(
            store.keys(Label::Queue).await.unwrap(),
            Vec::<String>::new()
        );
    }
}

#[tokio::test]
async fn the_last_note_that_leads_to_an_entity_outlives_a_crash_before_the_next_one() {
    let (store, clock) = (MemoryStore::default(), Hand::default());
    let runner = runner(&store, &clock);
    let until = clock.now().after(Duration::from_secs(300));
    runner
        .post::<Counter>(&ID, &Told::Rest(until))
        .await
        .unwrap();
    let mail = runner.post::<Counter>(&ID, &Told::Add(1)).await.unwrap();
    runner.run::<Counter>(&ID, &[mail]).await.unwrap();
    // Somebody looks at it too early, and ends between the record, which names his note, and the note itself.
    run_with(&store, &clock, &[], save(1), Fault::AnswerLost)
        .await
        .unwrap_err();
    // And somebody claims the next lease and dies, so that reconcile finds it busy.
    store
        .increment(Label::Default, &keys::lease_claim(&ID, 3), 1)
        .await
        .unwrap();
    clock.pass(Duration::from_secs(301));
    reconcile_all(&runner).await;
    assert_eq!(
        store.keys(Label::Queue).await.unwrap(),
        ["due/counter/1/1"],
        "nothing else leads back to it"
    );
    clock.pass(Duration::from_secs(61));
    reconcile_all(&runner).await;
    assert_eq!(state(&store).await.reported, 1);
    assert_eq!(
        store.keys(Label::Queue).await.unwrap(),
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn whoever_wants_the_lease_of_what_is_being_forgotten_leaves_no_key_behind() {
    for claimed_before in [0, 1] {
        let (store, clock) = (MemoryStore::default(), Hand::default());
        let mut record = Record::<Counter>::new(ID);
        record.epoch = 3;
        record.write(&store, &ID).await.unwrap();
        let claim = keys::lease_claim(&ID, 4);
        store
            .increment(Label::Default, &claim, claimed_before)
            .await
            .unwrap();
        // Between the first look at the record and the claim the holder of lease 4 forgets the entity, its claim included.
        let at = At {
            operation: "increment",
            key: claim.clone(),
            nth: 1,
        };
        let forgotten = Fault::Deleted(vec![ID.to_string(), claim]);
        let outcome = run_with(&store, &clock, &[], at, forgotten).await.unwrap();
        assert_eq!(outcome, Outcome::Busy);
        assert_eq!(store.all_keys(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn whoever_finds_the_lease_of_what_is_being_forgotten_contested_leaves_no_key_behind() {
    let (store, clock) = (MemoryStore::default(), Hand::default());
    let mut record = Record::<Counter>::new(ID);
    record.epoch = 3;
    record.write(&store, &ID).await.unwrap();
    let claim = keys::lease_claim(&ID, 4);
    store.increment(Label::Default, &claim, 1).await.unwrap();
    // The holder of lease 4 forgets the entity while somebody else notes that the lease is contested.
    let at = At {
        operation: "set",
        key: keys::contested(&ID),
        nth: 1,
    };
    let forgotten = Fault::Deleted(vec![ID.to_string(), claim]);
    let outcome = run_with(&store, &clock, &[], at, forgotten).await.unwrap();
    assert_eq!(outcome, Outcome::Busy);
    assert_eq!(store.all_keys(), Vec::<String>::new());
}

#[tokio::test]
async fn mail_for_what_was_forgotten_in_between_begins_it_anew() {
    let (store, clock) = (MemoryStore::default(), Hand::default());
    let runner = runner(&store, &clock);
    let mut record = Record::<Counter>::new(ID);
    record.epoch = 3;
    record.write(&store, &ID).await.unwrap();
    let mail = runner.post::<Counter>(&ID, &Told::Add(1)).await.unwrap();
    let at = At {
        operation: "increment",
        key: keys::lease_claim(&ID, 4),
        nth: 1,
    };
    let forgotten = Fault::Deleted(vec![ID.to_string(), keys::mail_counter(&ID)]);
    let outcome = run_with(&store, &clock, &[mail], at, forgotten)
        .await
        .unwrap();
    assert_eq!(outcome, Outcome::Busy, "the lease was that of the old one");
    reconcile_all(&runner).await;
    assert_eq!(state(&store).await.reported, 1);
}

#[tokio::test]
async fn forgetting_that_was_cut_off_is_finished_later() {
    let cuts = [
        ("delete", keys::effect_claim(&ID, "report/0")),
        ("delete", ID.to_string()),
        ("delete", keys::mail(&ID, 1)),
    ];
    for (operation, key) in cuts {
        for fault in [Fault::NotDone, Fault::AnswerLost] {
            let (store, clock) = (MemoryStore::default(), Hand::default());
            let runner = runner(&store, &clock);
            let mail = runner.post::<Counter>(&ID, &Told::Over).await.unwrap();
            let at = At {
                operation,
                key: key.clone(),
                nth: 1,
            };
            run_with(&store, &clock, &[mail], at, fault.clone())
                .await
                .unwrap_err();
            for _ in 0..3 {
                reconcile_all(&runner).await;
                clock.pass(Duration::from_secs(61));
            }
            assert_eq!(
                store.all_keys(),
                Vec::<String>::new(),
                "cut off by {fault:?} at {key}"
            );
        }
    }
}

#[tokio::test]
async fn until_the_state_is_saved_nothing_puts_off_the_time_to_come_back() {
    let (store, clock) = (MemoryStore::default(), Hand::default());
    let runner = runner(&store, &clock);
    let soon = clock.now().after(Duration::from_secs(30));
    let mail = runner
        .post::<Counter>(&ID, &Told::Rest(soon))
        .await
        .unwrap();
    runner.run::<Counter>(&ID, &[mail]).await.unwrap();
    // It learns that it may rest for much longer, but that is not saved.
    let late = clock.now().after(Duration::from_secs(86_400));
    let mail = runner
        .post::<Counter>(&ID, &Told::Rest(late))
        .await
        .unwrap();
    run_with(&store, &clock, &[mail], save(1), Fault::NotDone)
        .await
        .unwrap_err();
    assert_eq!(
        crate::due::read(&store, &ID, 1).await.unwrap(),
        Some(soon),
        "the old note stands"
    );
    assert_eq!(crate::due::read(&store, &ID, 2).await.unwrap(), None);
}

#[tokio::test]
async fn mail_numbers_that_nobody_uses_are_left_behind_in_the_end() {
    let (store, clock) = (MemoryStore::default(), Hand::default());
    let runner = runner(&store, &clock);
    // Posters between taking a number and writing the mail: five die, the third is slow.
    for _ in 0..6 {
        store
            .increment(Label::Default, &keys::mail_counter(&ID), 1)
            .await
            .unwrap();
    }
    let post_and_run = async || {
        let mail = runner.post::<Counter>(&ID, &Told::Add(1)).await.unwrap();
        runner.run::<Counter>(&ID, &[mail]).await.unwrap();
        Record::<Counter>::read(&store, &ID).await.unwrap().unwrap()
    };
    assert_eq!(
        post_and_run().await.mail_read,
        0,
        "the mail of the others may still come"
    );
    clock.pass(Duration::from_secs(59));
    assert_eq!(post_and_run().await.mail_read, 0);
    let slow = mailbox::Mail {
        at: clock.now(),
        fact: Told::Add(100),
        outcome: None,
    };
    let slow = serde_json::to_vec(&slow).unwrap();
    store
        .set(Label::Queue, &keys::mail(&ID, 3), &slow)
        .await
        .unwrap();
    clock.pass(Duration::from_secs(2));
    let record = post_and_run().await;
    assert_eq!(record.state.reported, 103, "what came late was not lost");
    assert_eq!(record.mail_read, 9, "and the gap is behind it");
}

#[tokio::test]
async fn mail_that_was_read_by_whoever_forgot_the_entity_does_not_bring_it_back() {
    for claimed_before in [false, true] {
        let (store, clock) = (MemoryStore::default(), Hand::default());
        let runner = runner(&store, &clock);
        let mail = runner.post::<Counter>(&ID, &Told::Over).await.unwrap();
        // Two know of the mail: the one who posted it, and a reconcile. One is through before the other begins.
        runner.run::<Counter>(&ID, &[mail]).await.unwrap();
        if claimed_before {
            // Somebody claimed the first lease anew and died.
            let claim = keys::lease_claim(&ID, 1);
            store.increment(Label::Default, &claim, 1).await.unwrap();
            runner.run::<Counter>(&ID, &[mail]).await.unwrap();
            clock.pass(Duration::from_secs(61));
        }
        let outcome = runner.run::<Counter>(&ID, &[mail]).await.unwrap();
        assert_eq!(outcome, Outcome::Forgotten);
        assert_eq!(store.all_keys(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_store_that_fails_whoever_brings_old_mail_leaves_no_claim_behind() {
    let (store, clock) = (MemoryStore::default(), Hand::default());
    let runner = runner(&store, &clock);
    let mail = runner.post::<Counter>(&ID, &Told::Over).await.unwrap();
    runner.run::<Counter>(&ID, &[mail]).await.unwrap();
    let look_for_the_mail = At {
        operation: "get",
        key: keys::mail(&ID, mail),
        nth: 1,
    };
    run_with(&store, &clock, &[mail], look_for_the_mail, Fault::NotDone)
        .await
        .unwrap_err();
    assert_eq!(store.all_keys(), Vec::<String>::new());
}

#[tokio::test]
async fn a_run_that_fails_before_anything_is_written_gives_its_own_claim_back_and_no_other() {
    let (store, clock) = (MemoryStore::default(), Hand::default());
    let runner = runner(&store, &clock);
    let mail = runner.post::<Counter>(&ID, &Told::Add(1)).await.unwrap();
    // Somebody who died claimed the first lease; after a minute the second is there to be had.
    let [died, ours] = [1, 2].map(|epoch| keys::lease_claim(&ID, epoch));
    store.increment(Label::Default, &died, 1).await.unwrap();
    runner.run::<Counter>(&ID, &[mail]).await.unwrap();
    clock.pass(Duration::from_secs(61));
    // The first look is for the mail that is known, the second for what there is beside it.
    let second_look = At {
        operation: "get",
        key: keys::mail(&ID, mail + 1),
        nth: 1,
    };
    run_with(&store, &clock, &[mail], second_look, Fault::NotDone)
        .await
        .unwrap_err();
    let left = store.all_keys();
    assert!(!left.iter().any(|key| key.contains(&ours)), "{left:?}");
    assert!(left.iter().any(|key| key.contains(&died)), "{left:?}");
    let outcome = runner.run::<Counter>(&ID, &[mail]).await.unwrap();
    assert_eq!(
        outcome,
        Outcome::Settled,
        "without waiting for another lease"
    );
}

#[tokio::test]
async fn a_lease_that_cannot_be_taken_up_because_the_record_cannot_be_read_is_free_again() {
    let (store, clock) = (MemoryStore::default(), Hand::default());
    let runner = runner(&store, &clock);
    let mail = runner.post::<Counter>(&ID, &Told::Add(1)).await.unwrap();
    runner.run::<Counter>(&ID, &[mail]).await.unwrap();
    let mail = runner.post::<Counter>(&ID, &Told::Add(1)).await.unwrap();
    // The first look is for the head of the record, the second for all of it.
    let second_look = At {
        operation: "get",
        key: ID.to_string(),
        nth: 2,
    };
    run_with(&store, &clock, &[mail], second_look, Fault::NotDone)
        .await
        .unwrap_err();
    let outcome = runner.run::<Counter>(&ID, &[mail]).await.unwrap();
    assert_eq!(
        outcome,
        Outcome::Settled,
        "without waiting for the lease to run out"
    );
    assert_eq!(state(&store).await.reported, 2);
}
