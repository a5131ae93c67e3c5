//! Directories and the entities that they name: nobody who is stored goes unnamed, and no name of nothing stays, wherever a process
//! dies.

mod attention;
mod members;

use std::{marker::PhantomData, time::Duration};

use domain::{
    PreviewId, PullRequestNumber, RepositoryId,
    directory::{Directory, Key, Kind},
    preview::Preview,
};
use ports::{Clock, Label, NoLog, Store, memory::MemoryStore};
use proptest::prelude::*;

use super::*;
use crate::{keys, mailbox, reconcile, tests::Hand};
use members::{Cut, Member, Told};

fn id(number: u64) -> PreviewId {
    PreviewId {
        repository: RepositoryId(42),
        number: PullRequestNumber(number),
    }
}

/// The stores in memory answer at once.
fn wait<T>(future: impl Future<Output = T>) -> T {
    futures_util::FutureExt::now_or_never(future).unwrap()
}

type Process<'a, S> = Runner<&'a S, &'a Hand, NoLog, DirectoryExecutor<&'a S, NoLog, Preview>>;

fn process<'a, S: Store>(store: &'a S, clock: &'a Hand) -> Process<'a, S> {
    Runner {
        store,
        clock,
        log: NoLog,
        executor: DirectoryExecutor {
            store,
            log: NoLog,
            preview: PhantomData,
        },
    }
}

/// Tells a member something and runs it, as a component does.
fn tell<S: Store>(store: &S, clock: &Hand, number: u64, told: Told) -> Result<(), RunError> {
    wait(async {
        let process = process(store, clock);
        let mail = process.post::<Member>(&id(number), &told).await?;
        process.run::<Member>(&id(number), &[mail]).await?;
        Ok(())
    })
}

/// Calls `reconcile` a few times in a quarter of an hour.
fn reconcile(store: &MemoryStore, clock: &Hand) {
    for _ in 0..10 {
        clock.pass(Duration::from_secs(90));
        let mut work = wait(reconcile::work(store)).unwrap();
        let directories = work.take::<Directory>();
        let process = process(store, clock);
        let deadline = clock.now().after(Duration::from_secs(20));
        wait(process.advance_all::<Directory>(&directories, deadline));
        let report = wait(process.advance_all::<Member>(&work.entities, deadline));
        assert_eq!(report.failed, 0, "{report:?}");
    }
}

fn stored(store: &MemoryStore) -> Vec<PreviewId> {
    sorted(wait(Listing::of(store)).unwrap().ids::<Member>())
}

fn sorted(mut ids: Vec<PreviewId>) -> Vec<PreviewId> {
    ids.sort_unstable();
    ids
}

/// What a reader is told who would notice if keys were listed for it.
fn named(store: &MemoryStore) -> Vec<PreviewId> {
    let watched = Cut::never(store);
    let ids = wait(ids::<Member>(&watched)).unwrap();
    assert_eq!(watched.listings(), 0, "keys were listed for a reader");
    sorted(ids)
}

/// A store whose directories are complete.
fn compared(clock: &Hand) -> MemoryStore {
    let store = MemoryStore::default();
    wait(compare_when_due(&store, clock.now())).unwrap();
    reconcile(&store, clock);
    store
}

#[test]
fn who_appears_is_named_from_the_first_moment_and_who_goes_until_a_look() {
    let clock = Hand::default();
    let store = compared(&clock);
    tell(&store, &clock, 7, Told::Come).unwrap();
    tell(&store, &clock, 8, Told::Come).unwrap();
    assert_eq!(named(&store), [id(7), id(8)], "their mail is read, too");
    reconcile(&store, &clock);
    assert_eq!(named(&store), [id(7), id(8)]);
    tell(&store, &clock, 7, Told::Go).unwrap();
    assert_eq!(stored(&store), [id(8)]);
    assert_eq!(named(&store), [id(7), id(8)], "nobody looked yet");
    reconcile(&store, &clock);
    assert_eq!(named(&store), [id(8)]);
    let queue = wait(store.keys(Label::Queue)).unwrap();
    assert_eq!(queue, Vec::<String>::new(), "nothing is left to do");
}

#[test]
fn what_happens_to_one_costs_two_calls_when_it_appears_and_two_when_it_goes() {
    let clock = Hand::default();
    let store = compared(&clock);
    let of_directory = |told| {
        let counted = Cut::never(&store);
        tell(&counted, &clock, 7, told).unwrap();
        counted.calls_with("directory/")
    };
    assert_eq!(of_directory(Told::Come), 2);
    assert_eq!(of_directory(Told::Stay), 0);
    assert_eq!(of_directory(Told::Go), 2);
}

/// Lets one process die at each of its calls in turn, and looks what is left when `reconcile` was there a few times.
fn dying_at_every_call(before: &[Told], dying: Told, after: &[Told]) {
    for nth in 0.. {
        let clock = Hand::default();
        let store = compared(&clock);
        for told in before {
            tell(&store, &clock, 7, *told).unwrap();
            reconcile(&store, &clock);
        }
        let cut = Cut::at(&store, nth);
        let lived = tell(&cut, &clock, 7, dying).is_ok();
        for told in after {
            tell(&store, &clock, 7, *told).unwrap();
        }
        let visible = named(&store);
        let hidden = stored(&store).into_iter().find(|id| !visible.contains(id));
        assert_eq!(hidden, None, "killed at call {nth} of {dying:?}");
        reconcile(&store, &clock);
        assert_eq!(
            named(&store),
            stored(&store),
            "killed at call {nth} of {dying:?}, after which came {after:?}"
        );
        if lived {
            assert!(nth > 8, "it was killed at {nth} calls only");
            return;
        }
    }
}

#[test]
fn who_is_killed_while_one_appears_leaves_nobody_unnamed_and_no_name_of_nothing() {
    dying_at_every_call(&[], Told::Come, &[]);
    dying_at_every_call(&[], Told::Come, &[Told::Come]);
    dying_at_every_call(&[Told::Come, Told::Go], Told::Come, &[]);
}

#[test]
fn who_is_killed_while_one_goes_leaves_nobody_unnamed_who_comes_back_meanwhile() {
    dying_at_every_call(&[Told::Come], Told::Go, &[]);
    dying_at_every_call(&[Told::Come], Told::Go, &[Told::Come]);
    dying_at_every_call(&[Told::Come], Told::Go, &[Told::Come, Told::Go, Told::Come]);
}

#[test]
fn the_entities_of_an_earlier_version_are_listed_by_their_keys_until_they_are_named() {
    let (store, clock) = (MemoryStore::default(), Hand::default());
    for number in 0..1_200 {
        let record = Record::<Member>::new(id(number));
        wait(record.write(&store, &id(number))).unwrap();
    }
    let all = stored(&store);
    // One of this version beside them.
    tell(&store, &clock, 5_000, Told::Come).unwrap();
    let everybody = [all.as_slice(), &[id(5_000)]].concat();
    assert_eq!(sorted(wait(ids::<Member>(&store)).unwrap()), everybody);
    reconcile(&store, &clock);
    assert_eq!(sorted(wait(ids::<Member>(&store)).unwrap()), everybody);

    let differed = || wait(compare_when_due(&store, clock.now())).unwrap();
    let differed = || differed().map(|compared| compared.differed);
    assert_eq!(differed(), Some(1_200));
    assert_eq!(named(&store), everybody);
    reconcile(&store, &clock);
    assert_eq!(named(&store), everybody);
    assert_eq!(differed(), None, "it was done within the hour");
    clock.pass(Duration::from_secs(3_600));
    assert_eq!(differed(), Some(0));
}

#[test]
fn what_a_store_lost_or_got_back_is_found_within_the_hour() {
    let clock = Hand::default();
    let store = compared(&clock);
    for number in [7, 8] {
        tell(&store, &clock, number, Told::Come).unwrap();
    }
    reconcile(&store, &clock);
    // A record is gone, and another one was brought back from somewhere.
    wait(store.delete_many(Label::Default, &["preview/42/7"])).unwrap();
    wait(Record::<Member>::new(id(9)).write(&store, &id(9))).unwrap();
    clock.pass(Duration::from_secs(3_600));
    let compared = wait(compare_when_due(&store, clock.now())).unwrap();
    assert_eq!(compared.map(|compared| compared.differed), Some(2));
    assert_eq!(named(&store), [id(7), id(8), id(9)]);
    reconcile(&store, &clock);
    assert_eq!(named(&store), [id(8), id(9)]);
}

#[test]
fn a_directory_that_cannot_be_read_hides_nothing() {
    let clock = Hand::default();
    let store = compared(&clock);
    tell(&store, &clock, 7, Told::Come).unwrap();
    let key = Key(Kind::Previews).to_string();
    wait(store.set(Label::Default, &key, b"damaged")).unwrap();
    assert_eq!(wait(ids::<Member>(&store)), Ok(vec![id(7)]));
    let compared = wait(compare(&store, clock.now()));
    let nothing = Comparison::default();
    assert_eq!(
        compared,
        Ok(nothing),
        "nothing is posted that nobody can read"
    );
}

#[test]
fn a_reader_misses_nothing_that_is_taken_in_while_it_reads() {
    let clock = Hand::default();
    let store = compared(&clock);
    for number in 0..3 {
        tell(&store, &clock, number, Told::Come).unwrap();
    }
    // After the reader has read the record, and before the mail, somebody takes the mail in and deletes it.
    let raced = Cut::never(&store).with_before_first_mail(|| {
        let taken_in = process(&store, &clock);
        wait(taken_in.take_in::<Directory>(&Key(Kind::Previews), &[])).unwrap();
    });
    let read = sorted(wait(ids::<Member>(&raced)).unwrap());
    assert_eq!(read, [id(0), id(1), id(2)]);
    assert_eq!(raced.listings(), 0, "keys were listed for a reader");
}

#[test]
fn much_mail_is_taken_in_by_whoever_reads_and_too_much_is_not_read_at_all() {
    let clock = Hand::default();
    let store = compared(&clock);
    for number in 0..1_100 {
        tell(&store, &clock, number, Told::Come).unwrap();
    }
    let reader = process(&store, &clock);
    assert_eq!(
        sorted(wait(reader.ids_asking::<Member>(&Attention::ALL)).unwrap()),
        stored(&store)
    );
    let mail = || {
        let keys = wait(store.keys(Label::Queue)).unwrap();
        keys.iter().filter(|key| key.starts_with("mail/")).count()
    };
    assert!(mail() < 900, "{} mails are left", mail());
    for _ in 0..5 {
        wait(reader.ids_asking::<Member>(&Attention::ALL)).unwrap();
    }
    assert!(mail() <= 50, "{} mails are left", mail());
    assert_eq!(named(&store), stored(&store));
}

#[test]
fn numbers_whose_mail_was_never_written_hide_nobody_behind_them() {
    let clock = Hand::default();
    let store = compared(&clock);
    let counter = keys::mail_counter(&Key(Kind::Previews));
    wait(store.increment(Label::Default, &counter, 100)).unwrap();
    tell(&store, &clock, 7, Told::Come).unwrap();
    assert_eq!(named(&store), [id(7)]);
    reconcile(&store, &clock);
    reconcile(&store, &clock);
    let record: Record<Directory> = wait(Record::read(&store, &Key(Kind::Previews)))
        .unwrap()
        .unwrap();
    let newest = wait(mailbox::newest(&store, &Key(Kind::Previews))).unwrap();
    assert_eq!(record.mail_read, newest, "readers do not look there again");
    assert_eq!(named(&store), [id(7)]);
}

#[test]
fn a_mail_that_is_written_late_is_read_though_later_ones_were_taken_in() {
    let clock = Hand::default();
    let store = compared(&clock);
    let key = Key(Kind::Previews);
    // Whoever begins 7 has the number of its mail; another one is faster, and its mail is taken in.
    let counter = keys::mail_counter(&key);
    let number = wait(store.increment(Label::Default, &counter, 1)).unwrap();
    tell(&store, &clock, 8, Told::Come).unwrap();
    let mut work = wait(reconcile::work(&store)).unwrap();
    let directories = work.take::<Directory>();
    let soon = clock.now().after(Duration::from_secs(20));
    wait(process(&store, &clock).advance_all::<Directory>(&directories, soon));
    let entries = vec!["42/7".parse().unwrap()];
    let mail = mailbox::Mail {
        at: clock.now(),
        fact: Fact::Touched { entries },
        outcome: None,
    };
    let late = keys::mail(&key, u64::try_from(number).unwrap());
    let mail = serde_json::to_vec(&mail).unwrap();
    wait(store.set(Label::Queue, &late, &mail)).unwrap();
    assert_eq!(named(&store), [id(7), id(8)]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Several members come and go, and the process is killed now and then.
    #[test]
    fn whatever_happens_in_the_end_all_who_are_stored_are_named_and_nobody_else(
        steps in proptest::collection::vec(
            (0_u64..4, prop_oneof![Just(Told::Come), Just(Told::Go), Just(Told::Stay)], 0_u32..40, 0_u64..200),
            1..25,
        ),
    ) {
        let clock = Hand::default();
        let store = compared(&clock);
        for (number, told, killed_at, pause) in steps {
            let cut = Cut::at(&store, killed_at);
            drop(tell(&cut, &clock, number, told));
            clock.pass(Duration::from_secs(pause));
        }
        let visible = named(&store);
        let hidden = stored(&store).into_iter().find(|id| !visible.contains(id));
        prop_assert_eq!(hidden, None);
        reconcile(&store, &clock);
        prop_assert_eq!(named(&store), stored(&store));
    }
}
