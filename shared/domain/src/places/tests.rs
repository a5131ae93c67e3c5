//! Who gets a place, in which order, and what is told to whom.

use super::*;

/// The places, and what each pull request was told last.
struct Story {
    places: Places,
    limit: Option<u32>,
    told: BTreeMap<u64, Word>,
    /// How often anybody was told anything.
    messages: u32,
    now: Timestamp,
}

fn ticket(number: u64, ticket: u64) -> Ticket {
    Ticket {
        application: "web-app".parse().unwrap(),
        number: PullRequestNumber(number),
        ticket,
    }
}

impl Story {
    fn with(limit: u32) -> Self {
        Self {
            places: Places::new(Key(RepositoryId(1))),
            limit: Some(limit),
            told: BTreeMap::new(),
            messages: 0,
            now: Timestamp::from_milliseconds(1_000_000),
        }
    }

    fn record(&mut self, fact: Fact) {
        self.places.record(&fact, self.now);
    }

    fn asked(&mut self, number: u64, ticket_number: u64, live: bool) {
        let fact = Fact::Asked {
            ticket: ticket(number, ticket_number),
            since: self.now,
            live,
            limit: 1,
        };
        self.now = self.now.after(Duration::from_secs(1));
        self.record(fact);
    }

    /// A preview begins to want one.
    fn ask(&mut self, number: u64) -> String {
        self.asked(number, 1, false);
        self.go()
    }

    fn give_back(&mut self, number: u64, ticket_number: u64) -> String {
        self.told.remove(&number);
        self.record(Fact::GivenBack {
            ticket: ticket(number, ticket_number),
        });
        self.go()
    }

    /// Does what is to be done now, and tells how everybody stands who was told.
    fn go(&mut self) -> String {
        for _ in 0..2_000 {
            let fact = match self.places.plan(self.now) {
                Step::Act(Action::ReadLimits) => Fact::LimitsRead {
                    limits: Some(
                        self.limit
                            .map(|limit| ("web-app".parse().unwrap(), limit))
                            .into_iter()
                            .collect(),
                    ),
                },
                Step::Act(Action::Tell { ticket, word }) => {
                    self.messages += 1;
                    self.told.insert(ticket.number.0, word);
                    Fact::Told { ticket, word }
                }
                Step::Act(Action::Look { ticket }) => {
                    let known = self.told.contains_key(&ticket.number.0);
                    Fact::Looked { ticket, known }
                }
                Step::Wait { .. } | Step::Settled | Step::Forget => return self.shown(),
            };
            self.record(fact);
        }
        panic!("the plan never ends: {}", self.shown());
    }

    fn shown(&self) -> String {
        let told = self.told.iter().map(|(number, word)| match word {
            Word::Given => format!("#{number} has a place"),
            Word::Waiting { ahead, limit } => format!("#{number} waits behind {ahead} of {limit}"),
        });
        told.collect::<Vec<_>>().join(", ")
    }

    fn given(&self) -> Vec<u64> {
        let given = self.told.iter().filter(|(_, word)| **word == Word::Given);
        given.map(|(number, _)| *number).collect()
    }
}

#[test]
fn as_many_as_the_limit_have_a_place_and_the_others_get_one_in_their_order() {
    let mut story = Story::with(2);
    story.ask(7);
    story.ask(9);
    insta::assert_snapshot!(story.ask(8), @"#7 has a place, #8 waits behind 0 of 2, #9 has a place");
    insta::assert_snapshot!(story.ask(6), @"#6 waits behind 1 of 2, #7 has a place, #8 waits behind 0 of 2, #9 has a place");
    insta::assert_snapshot!(story.give_back(9, 1), @"#6 waits behind 0 of 2, #7 has a place, #8 has a place");
    insta::assert_snapshot!(story.give_back(7, 1), @"#6 has a place, #8 has a place");
}

#[test]
fn what_is_live_already_has_a_place_at_once_and_is_counted() {
    let mut story = Story::with(1);
    story.asked(1, 1, true);
    story.asked(2, 1, true);
    insta::assert_snapshot!(story.ask(3), @"#1 has a place, #2 has a place, #3 waits behind 0 of 1");
    insta::assert_snapshot!(story.give_back(1, 1), @"#2 has a place, #3 waits behind 0 of 1");
    insta::assert_snapshot!(story.give_back(2, 1), @"#3 has a place");
}

#[test]
fn messages_that_come_twice_or_late_change_nothing() {
    let mut story = Story::with(1);
    story.ask(1);
    story.ask(2);
    story.give_back(1, 1);
    assert_eq!(story.given(), [2]);
    // The question of the ticket that was given back, and once more that it was.
    story.asked(1, 1, false);
    story.give_back(1, 1);
    assert_eq!(story.given(), [2]);
    // With a new ticket it waits again, and the old one's return is not this one's.
    story.asked(1, 2, false);
    story.go();
    story.record(Fact::GivenBack {
        ticket: ticket(1, 1),
    });
    insta::assert_snapshot!(story.go(), @"#1 waits behind 0 of 1, #2 has a place");
}

#[test]
fn whoever_asks_again_is_told_again() {
    let mut story = Story::with(1);
    story.ask(1);
    let before = story.messages;
    assert_eq!(story.go(), story.shown());
    assert_eq!(story.messages, before, "nothing is news");
    story.asked(1, 1, false);
    story.go();
    assert_eq!(story.messages, before + 1);
}

#[test]
fn another_limit_counts_after_minutes_and_takes_nobodys_place() {
    let mut story = Story::with(1);
    for number in 1..=4 {
        story.ask(number);
    }
    story.limit = Some(3);
    story.now = story.now.after(LIMIT_HOLDS);
    insta::assert_snapshot!(story.go(), @"#1 has a place, #2 has a place, #3 has a place, #4 waits behind 0 of 3");
    story.limit = Some(1);
    story.now = story.now.after(LIMIT_HOLDS);
    insta::assert_snapshot!(story.go(), @"#1 has a place, #2 has a place, #3 has a place, #4 waits behind 0 of 1");
    insta::assert_snapshot!(story.give_back(1, 1), @"#2 has a place, #3 has a place, #4 waits behind 0 of 1");
    story.limit = None;
    story.now = story.now.after(LIMIT_HOLDS);
    insta::assert_snapshot!(story.go(), @"#2 has a place, #3 has a place, #4 has a place");
}

#[test]
fn one_that_is_gone_without_a_word_is_found_within_the_hour() {
    let mut story = Story::with(1);
    story.ask(1);
    story.ask(2);
    story.told.remove(&1);
    story.now = story.now.after(LOOKED_AFTER);
    insta::assert_snapshot!(story.go(), @"#2 has a place");
}

#[test]
fn one_who_leaves_is_news_for_few_however_many_wait() {
    let mut story = Story::with(1);
    for number in 1..=101 {
        story.ask(number);
    }
    assert_eq!(
        story.told.get(&101),
        Some(&Word::Waiting {
            ahead: 100,
            limit: 1
        })
    );
    let before = story.messages;
    story.give_back(1, 1);
    let told = story.messages - before;
    assert!(told <= 12, "{told} were told");
}

#[test]
fn nothing_is_kept_when_nobody_has_or_wants_a_place_but_for_a_day() {
    let mut story = Story::with(1);
    story.ask(1);
    story.give_back(1, 1);
    assert!(matches!(story.places.plan(story.now), Step::Wait { .. }));
    story.now = story.now.after(REMEMBERED);
    assert_eq!(story.places.plan(story.now), Step::Forget);
}

#[test]
fn while_the_store_fails_nothing_is_handed_out_and_it_is_tried_again() {
    let mut story = Story::with(1);
    story.asked(1, 1, false);
    story.record(Fact::Troubled {
        trouble: Trouble::retry("the store is away"),
    });
    let Step::Wait { until } = story.places.plan(story.now) else {
        panic!("it should pause");
    };
    story.now = until;
    assert_eq!(story.go(), "#1 has a place");
}

/// Any order of messages: never more places than the limit, nobody before who waits longer, and in the end all had one.
#[test]
fn whatever_comes_the_limit_and_the_order_hold_and_nobody_waits_for_ever() {
    for seed in 0..200_u64 {
        let mut state = seed;
        let mut random = |below: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        let limit = 1 + u32::try_from(random(3)).unwrap();
        let mut story = Story::with(limit);
        let (mut tickets, mut had) = ([0_u64; 8], [false; 8]);
        for _ in 0..60 {
            let number = random(8);
            let index = usize::try_from(number).unwrap();
            match random(3) {
                0 if !story.told.contains_key(&number) => {
                    tickets[index] += 1;
                    story.asked(number, tickets[index], false);
                }
                0 => story.asked(number, tickets[index], false),
                1 if story.given().contains(&number) => {
                    drop(story.give_back(number, tickets[index]))
                }
                _ => story.record(Fact::GivenBack {
                    ticket: ticket(number, tickets[index].saturating_sub(1)),
                }),
            }
            story.go();
            let given = story.given();
            assert!(
                given.len() <= usize::try_from(limit).unwrap(),
                "seed {seed}: {given:?}"
            );
        }
        while let Some(first) = story.given().first().copied() {
            had[usize::try_from(first).unwrap()] = true;
            story.give_back(first, tickets[usize::try_from(first).unwrap()]);
        }
        let waits = story.told.keys().next();
        assert_eq!(waits, None, "seed {seed}: {} ({had:?})", story.shown());
    }
}
