//! Directories: what they name, and that it does not matter in which order or how often they are told.

use proptest::prelude::*;

use super::*;

const KEY: Key = Key(Kind::Previews);

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_milliseconds(seconds * 1_000)
}

fn entry(text: &str) -> Entry {
    text.parse().unwrap()
}

fn touched(entries: &[&str]) -> Fact {
    let entries = entries.iter().map(|text| entry(text)).collect();
    Fact::Touched { entries }
}

fn named(directory: &Directory) -> Vec<String> {
    directory.ids()
}

/// Looks at everything whose time has come by then.
fn look(directory: &mut Directory, stored: &[&str], now: Timestamp) {
    while let Step::Act(Action::Look { touched }) = directory.plan(now) {
        let is_stored = |(entry, _): &(Entry, Timestamp)| {
            let entry = entry.to_string();
            stored.contains(&entry.as_str())
        };
        let (stored, absent) = touched.into_iter().partition(is_stored);
        let marked = Vec::new();
        directory.record(
            &Fact::Looked {
                stored,
                absent,
                marked,
            },
            now,
        );
    }
}

#[test]
fn the_ids_of_every_kind_are_entries_and_become_ids_again() {
    let ids = [
        (Kind::Previews, "preview/42/7"),
        (Kind::Repositories, "repository/42"),
        (Kind::Installations, "installation/9"),
        (Kind::Environments, "release/42/web/production"),
        (
            Kind::Operations,
            "operation/42/01795257067000-1d7e4b8a6035c1d7",
        ),
    ];
    for (kind, id) in ids {
        let entry = kind.entry(id).expect("its own key is an entry");
        assert_eq!(kind.id(&entry), id);
        let mut directory = Directory::new(Key(kind));
        let entries = vec![entry];
        directory.record(&Fact::Touched { entries }, at(0));
        assert_eq!(named(&directory), [id]);
        let others = Kind::ALL.into_iter().filter(|other| *other != kind);
        for other in others {
            assert_eq!(other.entry(id), None, "{id} is not of {}", other.name());
        }
        for key in [
            format!("{id}/seq"),
            format!("{id}/lease/3"),
            Key(kind).to_string(),
        ] {
            assert_eq!(kind.entry(&key), None, "{key} is no entity's own");
        }
    }
}

#[test]
fn what_is_touched_is_named_at_once_and_looked_at_after_two_minutes() {
    let mut directory = Directory::new(KEY);
    directory.record(&touched(&["42/7", "42/8"]), at(0));
    assert_eq!(named(&directory), ["preview/42/7", "preview/42/8"]);
    assert_eq!(directory.plan(at(119)), Step::Wait { until: at(120) });
    look(&mut directory, &["42/7"], at(120));
    assert_eq!(named(&directory), ["preview/42/7"], "8 was never stored");
    assert_eq!(directory.plan(at(120)), Step::Settled);
}

#[test]
fn who_comes_back_after_the_look_began_stays_named() {
    let mut directory = Directory::new(KEY);
    directory.record(&touched(&["42/7"]), at(0));
    let Step::Act(Action::Look { touched: seen }) = directory.plan(at(120)) else {
        panic!("it is to be looked at");
    };
    // The look finds nothing; the entity appears anew; then what was seen is taken in, and once more.
    directory.record(&touched(&["42/7"]), at(121));
    let looked = Fact::Looked {
        stored: Vec::new(),
        absent: seen,
        marked: Vec::new(),
    };
    directory.record(&looked, at(122));
    directory.record(&looked, at(123));
    assert_eq!(named(&directory), ["preview/42/7"]);
    assert_eq!(directory.plan(at(123)), Step::Wait { until: at(241) });
}

#[test]
fn a_look_that_fails_is_repeated_after_a_minute() {
    let mut directory = Directory::new(KEY);
    directory.record(&touched(&["42/7"]), at(0));
    directory.record(&Fact::NotLooked, at(120));
    assert_eq!(directory.plan(at(130)), Step::Wait { until: at(180) });
    look(&mut directory, &[], at(180));
    assert_eq!(named(&directory), Vec::<String>::new());
}

#[test]
fn what_differs_is_what_is_missing_and_what_is_stray_but_not_what_is_looked_at_anyhow() {
    let mut directory = Directory::new(KEY);
    directory.record(&touched(&["42/1", "42/2"]), at(0));
    look(&mut directory, &["42/1", "42/2"], at(120));
    directory.record(&touched(&["42/3"]), at(121));
    let stored = ["42/1", "42/9"].map(entry);
    let differences = directory.differences(&BTreeSet::from(stored));
    assert_eq!(differences, ["42/9", "42/2"].map(entry));
    directory.record(
        &Fact::Touched {
            entries: differences,
        },
        at(122),
    );
    look(&mut directory, &["42/1", "42/9"], at(300));
    assert_eq!(named(&directory), ["preview/42/1", "preview/42/9"]);
    assert!(!directory.is_complete() && !directory.is_compared());
    directory.record(&Fact::Compared, at(300));
    assert!(directory.is_complete() && directory.is_compared());
}

#[test]
fn ten_thousand_previews_take_less_than_a_hundred_kilobytes_once_they_were_looked_at() {
    let mut directory = Directory::new(KEY);
    let entries: Vec<Entry> = (0..10_000)
        .map(|number| entry(&format!("{}/{number}", 800_000_000 + number % 40)))
        .collect();
    let stored: BTreeSet<Entry> = entries.iter().cloned().collect();
    directory.record(&Fact::Touched { entries }, at(0));
    let mut looks = 0;
    while let Step::Act(Action::Look { touched }) = directory.plan(at(120)) {
        looks += 1;
        let looked = Fact::Looked {
            stored: touched,
            absent: Vec::new(),
            marked: Vec::new(),
        };
        directory.record(&looked, at(120));
    }
    assert_eq!(looks, 40);
    let size = serde_json::to_vec(&directory).unwrap().len();
    assert!(size < 100_000, "{size} bytes");
    assert_eq!(directory.differences(&stored), Vec::new());
}

/// Looks at what is due, and finds all of it stored, asking for so much attention.
fn find(directory: &mut Directory, asking: &[(&str, Attention)], now: Timestamp) {
    let Step::Act(Action::Look { touched: stored }) = directory.plan(now) else {
        panic!("something is to be looked at");
    };
    let marked = asking.iter().map(|(text, mark)| (entry(text), *mark));
    let looked = Fact::Looked {
        stored,
        absent: Vec::new(),
        marked: marked.collect(),
    };
    directory.record(&looked, now);
}

fn asking(directory: &Directory, wanted: &[Attention]) -> Vec<String> {
    directory.ids_asking(wanted)
}

#[test]
fn who_asks_for_attention_is_found_without_those_who_do_not() {
    use Attention::{InHand, Needed, Quiet};
    let mut directory = Directory::new(KEY);
    directory.record(&touched(&["42/7", "42/8", "43/1"]), at(0));
    let all = ["preview/42/7", "preview/42/8", "preview/43/1"];
    assert_eq!(asking(&directory, &[Needed]), all, "nobody looked yet");
    find(
        &mut directory,
        &[("42/8", Needed), ("43/1", InHand)],
        at(120),
    );
    assert_eq!(asking(&directory, &[Needed]), ["preview/42/8"]);
    assert_eq!(asking(&directory, &[InHand]), ["preview/43/1"]);
    assert_eq!(asking(&directory, &[InHand, Needed]), all[1..]);
    assert_eq!(
        asking(&directory, &[Quiet]),
        all,
        "who is not said to be anything may be"
    );
    // One changes: it may be anything until somebody looks.
    directory.record(&touched(&["42/8"]), at(200));
    assert_eq!(asking(&directory, &[InHand]), all[1..]);
    find(&mut directory, &[("42/8", InHand)], at(320));
    assert_eq!(asking(&directory, &[Needed]), Vec::<String>::new());
    assert_eq!(asking(&directory, &[InHand]), all[1..]);
    // It goes, and is asked for no more.
    directory.record(&touched(&["42/8"]), at(400));
    look(&mut directory, &[], at(520));
    assert_eq!(asking(&directory, &[InHand]), ["preview/43/1"]);
}

#[test]
fn a_look_that_is_told_after_the_next_change_marks_nobody() {
    let mut directory = Directory::new(KEY);
    directory.record(&touched(&["42/7"]), at(0));
    let Step::Act(Action::Look { touched: stored }) = directory.plan(at(120)) else {
        panic!("it is to be looked at");
    };
    directory.record(&touched(&["42/7"]), at(121));
    let looked = Fact::Looked {
        stored,
        absent: Vec::new(),
        marked: vec![(entry("42/7"), Attention::InHand)],
    };
    directory.record(&looked, at(122));
    assert_eq!(asking(&directory, &[Attention::Needed]), ["preview/42/7"]);
}

#[test]
fn a_directory_of_an_earlier_version_marks_nobody_until_all_were_looked_at() {
    let stored = r#"{"id":"previews","complete":true,"entries":{"42":"7 8 "}}"#;
    let mut directory: Directory = serde_json::from_str(stored).unwrap();
    let all = ["preview/42/7", "preview/42/8"];
    assert_eq!(asking(&directory, &[Attention::Needed]), all);
    assert!(!directory.is_compared());
    let stored = BTreeSet::from(["42/7", "42/8"].map(entry));
    let entries = directory.differences(&stored);
    assert_eq!(entries, ["42/7", "42/8"].map(entry));
    directory.record(&Fact::Touched { entries }, at(0));
    directory.record(&Fact::Compared, at(0));
    assert_eq!(asking(&directory, &[Attention::Needed]), all);
    find(&mut directory, &[("42/7", Attention::Needed)], at(120));
    assert_eq!(asking(&directory, &[Attention::Needed]), ["preview/42/7"]);
    assert_eq!(directory.differences(&stored), Vec::new());
}

proptest! {
    /// However births, deaths and what is told of them are ordered and repeated: once it was looked at after the last of them, what
    /// is stored is named and nothing else is.
    #[test]
    fn in_the_end_it_names_what_is_stored(
        told in proptest::collection::vec((0_u8..6, 0_i64..600, 1_usize..3), 0..40),
        looks in proptest::collection::vec(0_i64..900, 0..6),
        stored in proptest::collection::btree_set(0_u8..6, 0..6),
    ) {
        let name = |number: u8| format!("42/{number}");
        let stored: Vec<String> = stored.into_iter().map(name).collect();
        let stored: Vec<&str> = stored.iter().map(String::as_str).collect();
        let mut directory = Directory::new(KEY);
        for (number, seconds, times) in &told {
            for _ in 0..*times {
                directory.record(&touched(&[&name(*number)]), at(*seconds));
            }
        }
        // Looks on the way see anything.
        for seconds in looks {
            look(&mut directory, &[], at(seconds));
            for (number, ..) in &told {
                directory.record(&touched(&[&name(*number)]), at(seconds));
            }
        }
        let known: BTreeSet<Entry> = stored.iter().map(|text| entry(text)).collect();
        let entries = directory.differences(&known);
        directory.record(&Fact::Touched { entries }, at(1_000));
        look(&mut directory, &stored, at(2_000));
        let mut expected: Vec<String> = stored.iter().map(|text| format!("preview/{text}")).collect();
        expected.sort();
        prop_assert_eq!(named(&directory), expected);
        prop_assert_eq!(directory.plan(at(2_000)), Step::Settled);
    }
}
