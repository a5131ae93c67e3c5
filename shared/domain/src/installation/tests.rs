//! Stories of one installation: what it reaches, what is lost with it, and what is held back.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::*;
use crate::{RepositoryName, preview::Trouble, repository::SurveyPolicy};

const INTERVAL: Duration = Duration::from_secs(600);

/// An installation, GitHub as it answers, and what repositories were told.
struct Story {
    installation: Installation,
    now: Timestamp,
    /// None: gone.
    shown: Option<BTreeMap<RepositoryId, RepositoryName>>,
    suspended: bool,
    /// Previews that hold something in every repository.
    deployed: usize,
    looks: u32,
    alerts: u32,
}

fn name(id: u64) -> RepositoryName {
    format!("acme/r{id}").parse().unwrap()
}

fn repositories(ids: impl IntoIterator<Item = u64>) -> BTreeMap<RepositoryId, RepositoryName> {
    ids.into_iter()
        .map(|id| (RepositoryId(id), name(id)))
        .collect()
}

fn lost(ids: impl IntoIterator<Item = u64>) -> Hearsay {
    Hearsay {
        lost: repositories(ids),
        ..Hearsay::default()
    }
}

fn ended() -> Hearsay {
    Hearsay {
        ended: true,
        ..Hearsay::default()
    }
}

impl Story {
    /// A delivery told of it, and it was looked at.
    fn with(ids: impl IntoIterator<Item = u64>) -> Self {
        let mut story = Self {
            installation: Installation::new(Key(InstallationId(5))),
            now: Timestamp::from_milliseconds(1_000_000),
            shown: Some(repositories(ids)),
            suspended: false,
            deployed: 1,
            looks: 0,
            alerts: 0,
        };
        story.hear(Hearsay::default());
        story.go_on();
        story
    }

    fn details(&self) -> Details {
        Details {
            app: 3,
            account: 9,
            login: "acme".into(),
            target_type: "Organization".into(),
            selection: Selection::All,
            permissions: BTreeMap::new(),
            events: BTreeSet::new(),
            suspended_at: self.suspended.then_some(self.now),
            created_at: self.now,
            updated_at: self.now,
        }
    }

    fn record(&mut self, fact: &Fact) {
        self.now = self.now.after(Duration::from_millis(1));
        self.installation.record(fact, self.now);
    }

    fn hear(&mut self, hearsay: Hearsay) {
        self.record(&Fact::Heard(hearsay));
    }

    /// Lets the next look come, and does what follows. Returns who was told, and what.
    fn look_again(&mut self) -> Vec<String> {
        self.now = self.now.after(INTERVAL);
        self.go_on()
    }

    fn go_on(&mut self) -> Vec<String> {
        let mut told = Vec::new();
        for _ in 0..20 {
            let fact = match self.installation.plan(self.now) {
                Step::Act(Action::Look { .. }) => {
                    self.looks += 1;
                    Fact::Looked(Look {
                        shown: match &self.shown {
                            None => Shown::Gone,
                            Some(_) if self.suspended => Shown::Suspended {
                                details: self.details(),
                            },
                            Some(repositories) => Shown::Active {
                                details: self.details(),
                                repositories: repositories.clone(),
                            },
                        },
                        policy: SurveyPolicy::new(INTERVAL, 2),
                    })
                }
                Step::Act(Action::Weigh { repositories }) => Fact::Weighed {
                    deployed: repositories
                        .into_iter()
                        .map(|id| (id, self.deployed))
                        .collect(),
                    limit: 2,
                },
                Step::Act(Action::Tell { news }) => {
                    told.extend(news.iter().map(|(id, news)| {
                        let what = news
                            .lost
                            .map_or_else(|| "reached".to_owned(), |loss| format!("{loss:?}"));
                        format!("{id} {} {what}", news.name)
                    }));
                    Fact::Told { news }
                }
                Step::Act(Action::Alert { held_back }) => {
                    self.alerts += 1;
                    Fact::Alerted {
                        repositories: held_back.repositories,
                    }
                }
                Step::Wait { until } => {
                    assert!(until > self.now, "it must not turn in circles");
                    return told;
                }
                Step::Forget => {
                    told.push("forgotten".into());
                    return told;
                }
                Step::Settled => panic!("it is always due at some time"),
            };
            self.record(&fact);
        }
        panic!("it does not come to rest");
    }
}

#[test]
fn repositories_that_come_or_change_their_name_are_told_once() {
    let mut story = Story::with([]);
    story.shown = Some(repositories([1, 2]));
    assert_eq!(
        story.look_again(),
        ["1 acme/r1 reached", "2 acme/r2 reached"]
    );
    assert_eq!(story.look_again(), Vec::<String>::new());
    story.shown = Some(BTreeMap::from([
        (RepositoryId(1), name(1)),
        (RepositoryId(2), name(7)),
    ]));
    assert_eq!(story.look_again(), ["2 acme/r7 reached"]);
    assert_eq!(story.installation.reached(), 2);
}

#[test]
fn a_removal_that_was_announced_needs_one_look_that_agrees() {
    let mut story = Story::with([1, 2]);
    story.shown = Some(repositories([1]));
    story.hear(lost([2]));
    assert_eq!(story.go_on(), ["2 acme/r2 Removed"]);
    assert_eq!(story.installation.reached(), 1);
    // It comes back.
    story.shown = Some(repositories([1, 2]));
    story.hear(Hearsay::default());
    assert_eq!(story.go_on(), ["2 acme/r2 reached"]);
}

#[test]
fn an_announcement_with_which_github_does_not_agree_changes_nothing() {
    let mut story = Story::with([1, 2]);
    story.hear(lost([2]));
    story.hear(ended());
    assert_eq!(story.go_on(), Vec::<String>::new());
    // It was about something else, long ago: a later loss needs two looks.
    story.shown = Some(repositories([1]));
    assert_eq!(story.look_again(), Vec::<String>::new());
    assert_eq!(story.look_again(), ["2 acme/r2 Removed"]);
}

#[test]
fn a_loss_of_which_nobody_told_needs_two_looks_some_time_apart() {
    let mut story = Story::with([1, 2]);
    story.shown = Some(repositories([1]));
    assert_eq!(story.look_again(), Vec::<String>::new());
    // A delivery about something else makes it be looked at at once: that does not count.
    story.hear(Hearsay::default());
    assert_eq!(story.go_on(), Vec::<String>::new());
    assert_eq!(story.looks, 3);
    assert_eq!(story.look_again(), ["2 acme/r2 Removed"]);
}

#[test]
fn many_losses_of_which_nobody_told_are_held_back_until_a_person_allows_them() {
    let mut story = Story::with([1, 2, 3, 4]);
    story.shown = Some(repositories([1]));
    story.look_again();
    assert_eq!(story.look_again(), Vec::<String>::new());
    assert_eq!(
        story.installation.held_back().unwrap().to_string(),
        "3 repositories are missing from the App's installation without an event that says so: 3 previews would be removed, and \
         removal_limit allows 2 at once"
    );
    story.look_again();
    assert_eq!(story.alerts, 1, "people are told once");
    story.record(&Fact::LossesAllowed);
    assert_eq!(
        story.go_on(),
        [
            "2 acme/r2 Removed",
            "3 acme/r3 Removed",
            "4 acme/r4 Removed"
        ]
    );
    assert_eq!(story.installation.held_back(), None);
}

#[test]
fn what_is_held_back_is_over_when_the_list_is_whole_again_or_holds_no_previews() {
    let mut story = Story::with([1, 2, 3, 4]);
    story.shown = Some(BTreeMap::new());
    story.look_again();
    story.look_again();
    assert!(story.installation.held_back().is_some());
    story.shown = Some(repositories([1, 2, 3, 4]));
    assert_eq!(
        story.look_again().len(),
        4,
        "they are told that they are reached"
    );
    assert_eq!(story.installation.held_back(), None);
    story.deployed = 0;
    story.shown = Some(repositories([1]));
    story.look_again();
    assert_eq!(story.look_again().len(), 3, "nothing is removed with them");
}

#[test]
fn a_suspension_takes_everything_at_once_and_its_end_brings_it_back() {
    let mut story = Story::with([1, 2, 3, 4]);
    story.suspended = true;
    assert_eq!(story.look_again().len(), 4, "GitHub says it outright");
    assert!(story.installation.details().unwrap().suspended_at.is_some());
    story.suspended = false;
    assert_eq!(story.look_again().len(), 4);
    assert_eq!(story.installation.reached(), 4);
}

#[test]
fn an_installation_that_is_gone_takes_all_with_it_whatever_the_limit_and_is_forgotten() {
    let mut story = Story::with([1, 2, 3, 4]);
    story.shown = None;
    story.hear(ended());
    let told = story.go_on();
    assert_eq!(told.first().unwrap(), "1 acme/r1 Uninstalled");
    assert_eq!(
        (told.len(), told.last().unwrap().as_str()),
        (5, "forgotten")
    );
    let mut unheard = Story::with([1]);
    unheard.shown = None;
    assert_eq!(unheard.look_again(), Vec::<String>::new(), "seen once");
    assert_eq!(unheard.look_again(), ["1 acme/r1 Uninstalled", "forgotten"]);
}

#[test]
fn facts_that_come_late_change_nothing() {
    let mut story = Story::with([1]);
    let before = story.installation.clone();
    let early = Timestamp::from_milliseconds(1);
    story.installation.record(&Fact::Heard(ended()), early);
    story.installation.record(
        &Fact::Looked(Look {
            shown: Shown::Gone,
            policy: SurveyPolicy::default(),
        }),
        early,
    );
    assert_eq!(story.installation, before);
}

#[test]
fn a_look_that_fails_is_told_and_made_again() {
    let mut story = Story::with([1]);
    story.now = story.now.after(INTERVAL);
    story.record(&Fact::NotLooked {
        trouble: Trouble::retry("502"),
    });
    assert_eq!(story.installation.trouble(), Some("502"));
    assert!(matches!(
        story.installation.plan(story.now),
        Step::Wait { .. }
    ));
    assert_eq!(story.look_again(), Vec::<String>::new());
    assert_eq!(story.installation.trouble(), None);
    assert_eq!(story.installation.reached(), 1);
}
