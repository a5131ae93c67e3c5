//! Stories of one configuration: read, broken, put right, removed.

use std::time::Duration;

use super::*;
use crate::{
    RepositoryId,
    entity::Entity,
    repository::{Fact, Key, Repository},
};

const VALID: &str = "\
version: 1
build: { workflow: CI }
services:
  web:
    preview:
      coolify: { application: web-app, tag: 'pr-{number}' }
      url: https://pr-{number}.example.com
";

fn commit(digit: char) -> CommitSha {
    digit.to_string().repeat(40).parse().unwrap()
}

fn reading(digit: char, text: Option<&str>) -> Reading {
    Reading {
        version: Version {
            origin: Origin::Own,
            id: text.map(|_| commit(digit)),
        },
        outcome: match text.map(configuration::parse) {
            Some(Ok(configuration)) => Outcome::Valid(Box::new(configuration)),
            Some(Err(error)) => Outcome::Invalid(error),
            None => Outcome::Missing,
        },
    }
}

/// A repository, and what was done about its configuration.
struct Story {
    repository: Repository,
    now: Timestamp,
    told: Vec<String>,
}

impl Story {
    fn new() -> Self {
        let mut story = Self {
            repository: Repository::new(Key(RepositoryId(1))),
            now: Timestamp::from_milliseconds(1_000_000),
            told: Vec::new(),
        };
        story.repository.record(
            &Fact::Seen {
                full_name: "acme/shop".parse().unwrap(),
                as_of: story.now,
            },
            story.now,
        );
        story
    }

    fn record(&mut self, fact: ConfigurationFact) {
        self.now = self.now.after(Duration::from_secs(1));
        self.repository.record(&Fact::Configuration(fact), self.now);
    }

    fn read(&mut self, digit: char, text: Option<&str>) {
        self.record(ConfigurationFact::Read(reading(digit, text)));
    }

    /// Does what is to be done about the configuration, and tells it.
    fn go(&mut self) -> String {
        for _ in 0..10 {
            let name = "acme/shop".parse().unwrap();
            let plan = self.repository.configuration.plan(&name, None, self.now);
            let Step::Act(Action::Configuration(action)) = plan else {
                break;
            };
            let fact = match action {
                ConfigurationAction::Read { .. } => panic!("no survey asked for it"),
                ConfigurationAction::Report { commit, report, .. } => {
                    self.told
                        .push(format!("report on {}: {}", commit.short(), report.summary));
                    ConfigurationFact::Reported { commit }
                }
                ConfigurationAction::Tell { version } => {
                    let id = version.id.as_ref().map_or("none", CommitSha::short);
                    self.told.push(format!("tell the previews of {id}"));
                    ConfigurationFact::Told { version }
                }
            };
            self.record(fact);
        }
        std::mem::take(&mut self.told).join("\n")
    }

    fn in_force(&self) -> bool {
        self.repository.configuration().is_some()
    }
}

#[test]
fn a_broken_file_is_told_once_on_its_commit_and_the_last_valid_one_stays_in_force() {
    let mut story = Story::new();
    story.read('a', Some(VALID));
    assert_eq!(story.go(), "", "whoever read the first one goes by it");
    let broken = VALID.replace("preview:", "previews: @everyone `\n    preview:");
    story.read('b', Some(&broken));
    insta::assert_snapshot!(story.go(), @"
    report on bbbbbbb: `.github/slipway.yml` cannot be understood:

    - line 5, column 15: `not YAML: unexpected character: '@'`

    Until that is put right, the last valid one stays in force, `as of aaaaaaa`.

    tell the previews of bbbbbbb
    ");
    assert!(story.in_force());
    insta::assert_debug_snapshot!(story.repository.preview_settings().map(|reading| match reading {
        preview::Reading::Invalid { message, in_force, last_valid } => (message, in_force.is_some(), last_valid),
        preview::Reading::Valid { .. } | preview::Reading::Missing => panic!("{reading:?}"),
    }), @r#"
    Some(
        (
            "as of bbbbbbb: line 5, column 15: not YAML: unexpected character: `@'",
            true,
            Some(
                "as of aaaaaaa",
            ),
        ),
    )
    "#);
    story.read('b', Some(&broken));
    assert_eq!(story.go(), "", "once");
    story.read('c', Some(VALID));
    insta::assert_snapshot!(story.go(), @"tell the previews of ccccccc");
    assert!(matches!(
        story.repository.preview_settings(),
        Some(preview::Reading::Valid { .. })
    ));
}

#[test]
fn without_any_valid_one_nothing_is_in_force_and_the_report_says_so() {
    let mut story = Story::new();
    story.read('a', Some("version: 2"));
    insta::assert_snapshot!(story.go(), @"
    report on aaaaaaa: `.github/slipway.yml` cannot be understood:

    - line 1, column 1: `build: the key is missing, expected a map of keys and values`
    - line 1, column 1: `services: the key is missing, expected a map of keys and values`
    - line 1, column 10: `version: found the number 2, expected the number 1`

    No configuration is in force: nothing is deployed.
    ");
    assert!(!story.in_force());
}

#[test]
fn a_file_that_is_removed_is_in_force_no_more() {
    let mut story = Story::new();
    story.read('a', Some(VALID));
    story.read('a', None);
    insta::assert_snapshot!(story.go(), @"tell the previews of none");
    assert!(!story.in_force());
    assert!(matches!(
        story.repository.preview_settings(),
        Some(preview::Reading::Missing)
    ));
}

#[test]
fn a_reading_that_is_told_late_changes_nothing_but_who_went_by_it_is_told() {
    let mut story = Story::new();
    story.read('b', Some(VALID));
    let late = Fact::Configuration(ConfigurationFact::Read(reading('a', Some("version: 2"))));
    story
        .repository
        .record(&late, Timestamp::from_milliseconds(1_000_000));
    assert!(story.in_force());
    insta::assert_snapshot!(story.go(), @"tell the previews of bbbbbbb");
}

#[test]
fn it_is_looked_at_with_every_survey_and_a_report_that_is_refused_is_given_up() {
    let mut story = Story::new();
    let name = "acme/shop".parse().unwrap();
    let surveyed = Some(story.now);
    let plan = |story: &Story| {
        story
            .repository
            .configuration
            .plan(&name, surveyed, story.now)
    };
    assert!(matches!(
        plan(&story),
        Step::Act(Action::Configuration(ConfigurationAction::Read { .. }))
    ));
    story.read('a', Some("version: 2"));
    assert!(matches!(
        plan(&story),
        Step::Act(Action::Configuration(ConfigurationAction::Report { .. }))
    ));
    story.record(ConfigurationFact::NotReported {
        trouble: Trouble {
            reason: "only an App may".into(),
            reaction: preview::Reaction::GiveUp,
        },
    });
    assert_eq!(plan(&story), Step::Settled);
}

#[test]
fn the_owners_file_counts_without_a_report_since_its_commit_is_elsewhere() {
    let mut story = Story::new();
    for text in [VALID, "version: 2"] {
        let mut reading = reading('a', Some(text));
        reading.version.origin = Origin::Owner;
        reading.version.id = Some(commit(if text == VALID { 'a' } else { 'b' }));
        story.record(ConfigurationFact::Read(reading));
    }
    insta::assert_snapshot!(story.go(), @"tell the previews of bbbbbbb");
    assert!(story.in_force());
    let Some(preview::Reading::Invalid { message, .. }) = story.repository.preview_settings()
    else {
        panic!("it is broken");
    };
    insta::assert_snapshot!(message, @"in the owner's repository .github, content bbbbbbb: line 1, column 1: build: the key is missing, expected a map of keys and values (and 2 more problems)");
}

#[test]
fn a_push_that_may_have_changed_it_makes_it_be_looked_at_once() {
    let mut story = Story::new();
    story.read('a', Some(VALID));
    assert_eq!(story.go(), "");
    story.record(ConfigurationFact::Touched);
    let name = "acme/shop".parse().unwrap();
    let plan = |story: &Story| story.repository.configuration.plan(&name, None, story.now);
    let read = Action::Configuration(ConfigurationAction::Read {
        repository: name.clone(),
    });
    assert_eq!(plan(&story), Step::Act(read));
    story.record(ConfigurationFact::Unchanged);
    assert_eq!(plan(&story), Step::Settled);
}
