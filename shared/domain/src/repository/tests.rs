//! Stories of one repository: what surveys find, whom they tell, and what is held back.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::{
    Action, Brake, Comparison, ConfigurationAction, ConfigurationFact, Details, DetailsFact, Fact,
    Key, Repository, SurveyAction, SurveyFact, SurveyPolicy,
};
use crate::{
    PreviewId, PullRequestNumber, RepositoryId, RepositoryName, Timestamp,
    entity::{Entity, Step},
    preview::{self, Preview, PullRequest, PullRequestState, Reaction, Trouble},
};

const REPOSITORY: RepositoryId = RepositoryId(1);
const INTERVAL: Duration = Duration::from_secs(600);

fn name(text: &str) -> RepositoryName {
    text.parse().unwrap()
}

fn numbers(numbers: impl IntoIterator<Item = u64>) -> BTreeSet<PullRequestNumber> {
    numbers.into_iter().map(PullRequestNumber).collect()
}

/// A repository, the comparisons as they would come out, and whom it told.
struct Story {
    repository: Repository,
    now: Timestamp,
    comparison: Comparison,
    limit: u32,
    surveys: u32,
    alerts: Vec<String>,
}

impl Story {
    /// With these previews, all of them deployed and all their pull requests open.
    fn with_previews(previews: impl IntoIterator<Item = u64>) -> Self {
        let deployed = numbers(previews);
        let mut story = Self {
            repository: Repository::new(Key(REPOSITORY)),
            now: Timestamp::from_milliseconds(1_000_000),
            comparison: Comparison {
                open: deployed.len(),
                deployed,
                ..Comparison::default()
            },
            limit: SurveyPolicy::REMOVAL_LIMIT,
            surveys: 0,
            alerts: Vec::new(),
        };
        story.record(&Fact::Seen {
            full_name: name("acme/shop"),
            as_of: story.now,
        });
        story
    }

    /// With the first survey, which only looks, behind it.
    fn surveyed(previews: impl IntoIterator<Item = u64>) -> Self {
        let mut story = Self::with_previews(previews);
        assert_eq!(story.go_on(), numbers([]), "the first survey only looks");
        story
    }

    fn record(&mut self, fact: &Fact) {
        self.repository.record(fact, self.now);
    }

    /// Pull requests disappear from the list.
    fn lose(&mut self, lost: impl IntoIterator<Item = u64>) {
        self.comparison.missing.extend(numbers(lost));
        self.comparison.open = self
            .comparison
            .deployed
            .difference(&self.comparison.missing)
            .count();
    }

    /// Lets the next survey come, and does what follows. Returns whom it told.
    fn survey(&mut self) -> BTreeSet<PullRequestNumber> {
        self.now = self.now.after(INTERVAL);
        self.go_on()
    }

    fn go_on(&mut self) -> BTreeSet<PullRequestNumber> {
        let mut told = BTreeSet::new();
        for _ in 0..20 {
            let fact = match self.repository.plan(self.now) {
                Step::Act(Action::Survey(SurveyAction::Compare { .. })) => {
                    self.surveys += 1;
                    SurveyFact::Compared {
                        name: Some(name("acme/shop")),
                        comparison: self.comparison.clone(),
                        policy: SurveyPolicy::new(INTERVAL, self.limit),
                    }
                }
                Step::Act(Action::Survey(SurveyAction::Tell { previews, .. })) => {
                    told.extend(&previews);
                    SurveyFact::Told { previews }
                }
                Step::Act(Action::Survey(SurveyAction::Alert { held_back, .. })) => {
                    self.alerts.push(held_back.brake.to_string());
                    SurveyFact::Alerted {
                        previews: held_back.previews,
                    }
                }
                Step::Act(Action::Configuration(action)) => {
                    assert!(matches!(action, ConfigurationAction::Read { .. }));
                    self.record(&Fact::Configuration(ConfigurationFact::Unchanged));
                    continue;
                }
                Step::Wait { until } => {
                    assert!(until > self.now, "it must not turn in circles");
                    return told;
                }
                Step::Act(Action::Describe { repository }) => {
                    let details = described(repository);
                    self.record(&Fact::Details(DetailsFact::Read { details }));
                    continue;
                }
                step @ (Step::Act(Action::Access(_)) | Step::Settled | Step::Forget) => {
                    panic!("{step:?}")
                }
            };
            self.record(&Fact::Survey(fact));
        }
        panic!("it does not come to rest");
    }

    fn held_back(&self) -> Option<Brake> {
        self.repository.held_back().map(|held_back| held_back.brake)
    }
}

/// What GitHub shows of a repository of which nothing is special.
fn described(full_name: RepositoryName) -> Details {
    Details {
        full_name,
        private: false,
        archived: false,
        default_branch: "main".into(),
        compose_path: None,
    }
}

#[test]
fn the_first_survey_only_looks_and_says_what_it_would_do() {
    let mut story = Story::with_previews([1, 2, 3, 4]);
    story.lose([1]);
    story.comparison.news = numbers([9]);
    assert_eq!(story.go_on(), numbers([]));
    let summary = story.repository.last_survey().unwrap();
    assert_eq!((summary.dry, summary.news, summary.gone), (true, 1, 1));
    assert_eq!(story.survey(), numbers([1, 9]));
    let summary = story.repository.last_survey().unwrap();
    assert_eq!((summary.dry, summary.news, summary.gone), (false, 1, 1));
}

#[test]
fn an_open_pull_request_that_no_preview_knows_is_told_at_once() {
    let mut story = Story::surveyed([1]);
    story.comparison.news = numbers([8]);
    assert_eq!(story.survey(), numbers([8]));
    story.comparison.news.clear();
    assert_eq!(story.survey(), numbers([]));
}

#[test]
fn a_pull_request_must_be_missing_twice_some_minutes_apart() {
    let mut story = Story::surveyed([1, 2]);
    story.lose([2]);
    assert_eq!(story.survey(), numbers([]), "seen once");
    // Somebody asks for further surveys within the same minute: they do not count.
    for _ in 0..3 {
        story.now = story.now.after(Duration::from_secs(10));
        story.record(&Fact::Survey(SurveyFact::Requested));
        assert_eq!(story.go_on(), numbers([]), "too soon after the first");
    }
    assert_eq!(story.surveys, 5, "all were made");
    assert_eq!(story.survey(), numbers([2]));
}

#[test]
fn one_that_is_back_in_the_list_is_counted_anew() {
    let mut story = Story::surveyed([1, 2]);
    story.lose([2]);
    story.survey();
    story.comparison.missing.clear();
    assert_eq!(story.survey(), numbers([]));
    story.lose([2]);
    assert_eq!(story.survey(), numbers([]), "the first of two again");
}

#[test]
fn nothing_follows_from_a_survey_that_failed_and_it_is_tried_again_with_pauses() {
    let mut story = Story::surveyed([1, 2]);
    story.lose([2]);
    story.survey();
    story.now = story.now.after(INTERVAL);
    let trouble = Trouble {
        reason: "502".into(),
        reaction: Reaction::Retry {
            after_milliseconds: None,
        },
    };
    story.record(&Fact::Survey(SurveyFact::Failed { trouble }));
    assert_eq!(story.repository.survey_trouble(), Some("502"));
    let Step::Wait { until } = story.repository.plan(story.now) else {
        panic!("it must pause after a failure");
    };
    assert!(until.since(story.now) <= Duration::from_secs(2));
    story.now = until;
    assert_eq!(
        story.go_on(),
        numbers([2]),
        "the next one that works agrees"
    );
    assert_eq!(story.repository.survey_trouble(), None);
}

#[test]
fn a_suddenly_empty_list_removes_nothing_until_a_person_says_so() {
    let mut story = Story::surveyed([1, 2, 3]);
    story.lose([1, 2, 3]);
    for _ in 0..3 {
        assert_eq!(story.survey(), numbers([]));
    }
    assert_eq!(story.held_back(), Some(Brake::EmptyList { removals: 3 }));
    assert_eq!(
        story.alerts,
        ["GitHub lists no open pull request at all, and 3 previews would be removed"],
        "people are told once"
    );
    story.record(&Fact::Survey(SurveyFact::RemovalsAllowed));
    assert_eq!(story.go_on(), numbers([1, 2, 3]));
    assert_eq!(story.held_back(), None);
    assert_eq!(
        story.survey(),
        numbers([1, 2, 3]),
        "whoever could not look yet is told again, and not held back again"
    );
}

#[test]
fn a_list_that_recovers_lifts_the_brake() {
    let mut story = Story::surveyed([1, 2, 3]);
    story.lose([1, 2, 3]);
    story.survey();
    story.survey();
    assert!(story.held_back().is_some());
    story.comparison.missing.clear();
    story.comparison.open = 3;
    assert_eq!(story.survey(), numbers([]));
    assert_eq!(story.held_back(), None);
    story.record(&Fact::Survey(SurveyFact::RemovalsAllowed));
    assert_eq!(
        story.go_on(),
        numbers([]),
        "a leave that comes late frees nothing"
    );
}

#[test]
fn more_than_the_limit_is_held_back_as_a_whole_and_a_higher_limit_frees_it() {
    let mut story = Story::surveyed(1..=10);
    story.limit = 2;
    story.lose([1, 2, 3]);
    story.survey();
    assert_eq!(story.survey(), numbers([]));
    let limit = Brake::Limit {
        removals: 3,
        limit: 2,
    };
    assert_eq!(story.held_back(), Some(limit));
    story.limit = 3;
    assert_eq!(story.survey(), numbers([1, 2, 3]));
}

#[test]
fn those_that_were_let_go_before_do_not_count_towards_the_limit() {
    let mut story = Story::surveyed(1..=10);
    story.limit = 2;
    story.lose([1, 2]);
    story.survey();
    assert_eq!(story.survey(), numbers([1, 2]));
    story.lose([3]);
    story.survey();
    assert_eq!(story.survey(), numbers([1, 2, 3]));
    assert_eq!(story.held_back(), None);
}

#[test]
fn more_than_half_of_more_than_a_handful_is_held_back() {
    let mut story = Story::surveyed(1..=6);
    story.lose(1..=4);
    story.survey();
    assert_eq!(story.survey(), numbers([]));
    assert_eq!(story.held_back(), Some(Brake::Share { removals: 4, of: 6 }));
    let mut few = Story::surveyed(1..=4);
    few.lose(1..=3);
    few.survey();
    assert_eq!(few.survey(), numbers(1..=3), "of a few, most may go");
}

#[test]
fn previews_that_hold_nothing_do_not_brake() {
    let mut story = Story::surveyed([]);
    story.lose(1..=40);
    story.survey();
    assert_eq!(story.survey(), numbers(1..=40));
}

#[test]
fn a_comparison_folded_twice_or_late_changes_nothing() {
    let mut story = Story::surveyed([1, 2]);
    story.lose([2]);
    story.survey();
    let (before, at) = (story.repository.clone(), story.now);
    let compared = Fact::Survey(SurveyFact::Compared {
        name: None,
        comparison: story.comparison.clone(),
        policy: SurveyPolicy::default(),
    });
    story.repository.record(&compared, at);
    story
        .repository
        .record(&compared, at.before(Duration::from_secs(300)));
    assert_eq!(story.repository, before);
}

#[test]
fn the_newest_name_counts_in_every_order_and_only_news_are_worth_posting() {
    let at = |seconds: i64| Timestamp::from_milliseconds(seconds * 1000);
    let seen = |text: &str, seconds| Fact::Seen {
        full_name: name(text),
        as_of: at(seconds),
    };
    let facts = [seen("a/old", 1), seen("a/old", 5), seen("a/new", 9)];
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let mut repository = Repository::new(Key(REPOSITORY));
        for index in order {
            repository.record(&facts[index], at(100));
        }
        assert_eq!(repository.name(), Some(&name("a/new")), "{order:?}");
        assert!(repository.knows(&seen("a/old", 5)), "an old delivery");
        assert!(repository.knows(&seen("a/new", 50)), "the same again");
        assert!(!repository.knows(&seen("a/newest", 50)));
    }
    assert_eq!(
        Repository::new(Key(REPOSITORY)).plan(at(1)),
        Step::Forget,
        "what has no name is nothing"
    );
}

fn pull_request(number: u64, updated_at: i64) -> PullRequest {
    PullRequest {
        updated_at: Timestamp::from_milliseconds(updated_at),
        state: PullRequestState::Open,
        title: format!("Change {number}"),
        author: "ada".into(),
        draft: false,
        labels: Vec::new(),
        head_branch: "feature".into(),
        head_commit: "a".repeat(40).parse().unwrap(),
        head_repository: Some(REPOSITORY),
        base_branch: "main".into(),
        repository: name("acme/shop"),
        default_branch: "main".into(),
        archived: false,
    }
}

fn compare(
    open: impl IntoIterator<Item = (u64, PullRequest)>,
    stored: impl IntoIterator<Item = (u64, PullRequest)>,
) -> Comparison {
    let open = open
        .into_iter()
        .map(|(number, pull_request)| (PullRequestNumber(number), pull_request))
        .collect();
    let stored: BTreeMap<PullRequestNumber, Preview> = stored
        .into_iter()
        .map(|(number, pull_request)| {
            let number = PullRequestNumber(number);
            let mut preview = Preview::new(PreviewId {
                repository: REPOSITORY,
                number,
            });
            let at = pull_request.updated_at;
            preview.record(&preview::Fact::PullRequestRead { pull_request }, at);
            (number, preview)
        })
        .collect();
    Comparison::of(&open, &stored)
}

#[test]
fn a_comparison_finds_what_is_unknown_what_differs_and_what_is_gone() {
    let labelled = PullRequest {
        labels: vec!["preview".into()],
        ..pull_request(2, 2_000)
    };
    let commented = pull_request(3, 9_000);
    let closed = |number| PullRequest {
        state: PullRequestState::Closed,
        ..pull_request(number, 1_000)
    };
    let lagging = PullRequest {
        title: "Change".into(),
        ..pull_request(6, 500)
    };
    let comparison = compare(
        [
            (1, pull_request(1, 1_000)),
            (2, labelled),
            (3, commented),
            (4, pull_request(4, 2_000)),
            (6, lagging),
        ],
        [
            (2, pull_request(2, 1_000)),
            (3, pull_request(3, 1_000)),
            (4, closed(4)),
            (5, pull_request(5, 1_000)),
            (6, pull_request(6, 1_000)),
            (7, closed(7)),
        ],
    );
    assert_eq!(comparison.open, 5);
    assert_eq!(
        comparison.news,
        numbers([1, 2, 4]),
        "1 has no preview, 2 was labelled, 4 is open again; 3 was only commented on, 6 is an old copy"
    );
    assert_eq!(comparison.missing, numbers([5]), "7 is known to be closed");
    assert_eq!(comparison.deployed, numbers([]));
}
