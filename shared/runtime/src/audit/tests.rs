use domain::audit::{Door, KEPT, Outcome};
use ports::memory::MemoryStore;

use super::*;

/// The store in memory answers at once.
fn wait<T>(future: impl Future<Output = T>) -> T {
    futures_util::FutureExt::now_or_never(future).unwrap()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_milliseconds(1_795_257_000_000 + seconds * 1_000)
}

fn noted(store: &MemoryStore, seconds: i64, by: &str) {
    let act = Act {
        at: at(seconds),
        by: by.to_owned(),
        door: Door::Api,
        act: "survey".to_owned(),
        on: "repository/42".to_owned(),
        repository: None,
        said: None,
        outcome: Outcome::Allowed,
        reason: None,
    };
    wait(note(store, &act.key(""), &act)).unwrap();
}

fn seconds(page: &Page) -> Vec<i64> {
    let since = |act: &Act| (act.at.milliseconds() - at(0).milliseconds()) / 1_000;
    page.acts.iter().map(since).collect()
}

#[test]
fn pages_go_from_the_newest_act_to_the_oldest_and_a_rare_one_is_found_over_several() {
    let store = MemoryStore::default();
    for second in 0..450 {
        noted(&store, second, if second == 3 { "ada" } else { "bob" });
    }
    wait(store.increment(Label::Ledger, END, 1)).unwrap();
    let first = wait(page(&store, None, 2, |_| true)).unwrap();
    assert_eq!(seconds(&first), [449, 448]);
    let second = wait(page(&store, first.next, 2, |_| true)).unwrap();
    assert_eq!(seconds(&second), [447, 446]);
    let (mut found, mut after, mut pages) = (Vec::new(), None, 0);
    loop {
        let read = wait(page(&store, after, 10, |act| act.by == "ada")).unwrap();
        found.extend(seconds(&read));
        pages += 1;
        after = read.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!((found, pages), (vec![3], 3));
}

#[test]
fn what_is_too_old_goes() {
    let store = MemoryStore::default();
    for second in 0..250 {
        noted(&store, second, "ada");
    }
    let later = at(99).after(KEPT);
    assert_eq!(wait(expire(&store, later)), Ok(100));
    assert_eq!(wait(begin(&store)), Ok(101));
    let last = later.after(Duration::from_secs(3_600));
    assert_eq!(wait(expire(&store, last)), Ok(150));
    assert_eq!(
        wait(page(&store, None, 10, |_| true)).unwrap(),
        Page::default()
    );
}

#[test]
fn what_a_wrong_clock_dated_years_ahead_holds_nothing_up_and_goes_with_the_next_one() {
    const DAY: i64 = 86_400;
    let store = MemoryStore::default();
    for seconds in [0, 1_000 * DAY, 1] {
        noted(&store, seconds, "ada");
    }
    assert_eq!(wait(expire(&store, at(80 * DAY))), Ok(0));
    assert_eq!(wait(expire(&store, at(91 * DAY))), Ok(3));
}

#[test]
fn an_act_that_is_noted_again_stays_where_it_is_with_what_came_of_it() {
    let store = MemoryStore::default();
    noted(&store, 1, "ada");
    noted(&store, 2, "bob");
    let first = wait(page(&store, None, 10, |act| act.by == "ada")).unwrap();
    let refused = first.acts[0].ended(Outcome::Refused, "no");
    wait(note(&store, &refused.key(""), &refused)).unwrap();
    let again = wait(page(&store, None, 10, |_| true)).unwrap();
    assert_eq!(seconds(&again), [2, 1]);
    assert_eq!(again.acts[1], refused);
}

#[test]
fn of_an_act_that_two_note_at_once_one_is_shown_and_none_stays() {
    let store = MemoryStore::default();
    noted(&store, 1, "ada");
    let key = wait(entry(&store, 1)).unwrap().unwrap();
    wait(store.increment(Label::Ledger, END, 1)).unwrap();
    wait(store.set(Label::Ledger, &entry_key(2), key.to_string().as_bytes())).unwrap();
    assert_eq!(
        seconds(&wait(page(&store, None, 10, |_| true)).unwrap()),
        [1]
    );
    wait(expire(&store, at(1).after(KEPT))).unwrap();
    assert_eq!(left(&store), [""; 0]);
}

#[test]
fn thousands_of_numbers_without_an_act_hold_nothing_up() {
    let store = MemoryStore::default();
    wait(store.increment(Label::Ledger, END, 3_000)).unwrap();
    noted(&store, 1, "ada");
    let later = at(1).after(KEPT);
    let expired = [(); 2].map(|()| wait(expire(&store, later)).unwrap());
    assert_eq!(expired, [0, 1]);
    assert_eq!(left(&store), [""; 0]);
}

/// An audit as an earlier version left it.
fn left_behind(many: i64) -> MemoryStore {
    let store = MemoryStore::default();
    for second in 0..many {
        noted(&store, second, "ada");
        let key = wait(entry(&store, second + 1)).unwrap().unwrap();
        let value = wait(store.get(Label::Ledger, &noted_key(&key)))
            .unwrap()
            .unwrap();
        wait(store.set(Label::Ledger, &key.to_string(), &value)).unwrap();
    }
    let keys = wait(store.keys(Label::Ledger)).unwrap();
    let keys: Vec<&str> = keys
        .iter()
        .map(String::as_str)
        .filter(|key| !key.starts_with("audit/"))
        .collect();
    wait(store.delete_many(Label::Ledger, &keys)).unwrap();
    store
}

/// Keys but the few that the journal has once and for all.
fn left(store: &MemoryStore) -> Vec<String> {
    let kept = ["end", "before", "begin", "looked-at"].map(|name| format!("journal/{name}"));
    let mut keys = wait(store.keys(Label::Ledger)).unwrap();
    keys.retain(|key| !kept.contains(key));
    keys
}

#[test]
fn acts_of_earlier_versions_are_carried_over_behind_all_others_and_expire() {
    let store = left_behind(2_150);
    noted(&store, 5_000, "bob");
    wait(carry_over(&store, at(5_000))).unwrap();
    noted(&store, 5_001, "bob");
    wait(carry_over(&store, at(5_000))).unwrap();
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let read = wait(page(&store, after, 100, |_| true)).unwrap();
        found.extend(seconds(&read));
        after = read.next;
        if after.is_none() {
            break;
        }
    }
    let expected: Vec<i64> = [5_001, 5_000].into_iter().chain((0..2_150).rev()).collect();
    assert!(
        found == expected,
        "{} acts, not in their order",
        found.len()
    );
    let later = at(5_001).after(KEPT);
    let expired = [(); 2].map(|()| wait(expire(&store, later)).unwrap());
    assert_eq!(expired.iter().sum::<usize>(), 2_152);
    assert_eq!(left(&store), [""; 0]);
}

#[test]
fn an_act_of_an_earlier_version_that_is_noted_again_is_there_once() {
    let store = left_behind(1);
    noted(&store, 0, "ada");
    wait(carry_over(&store, at(5_000))).unwrap();
    assert_eq!(
        seconds(&wait(page(&store, None, 10, |_| true)).unwrap()),
        [0]
    );
    // Once a day it is looked whether an earlier version ran beside this one.
    let value = wait(store.get(Label::Ledger, &left(&store)[1]))
        .unwrap()
        .unwrap();
    let late = "audit/01795257009000/0123456789abcdef";
    wait(store.set(Label::Ledger, late, &value)).unwrap();
    wait(carry_over(&store, at(6_000))).unwrap();
    assert!(left(&store).contains(&late.to_owned()));
    wait(carry_over(&store, at(5_000 + 86_400))).unwrap();
    assert!(!left(&store).contains(&late.to_owned()));
    assert_eq!(
        wait(page(&store, None, 10, |_| true)).unwrap().acts.len(),
        2
    );
}
