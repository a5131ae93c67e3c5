//! Previews and repositories as people are shown them.

mod asking;
mod decisions;
mod directories;
pub(crate) mod operations;
mod releases;
mod stored;

use std::{cell::Cell, time::Duration};

use domain::{
    RepositoryId,
    preview::{Fact, PullRequest, PullRequestState, Reading, Settings, Trouble},
    repository::{Comparison, SurveyPolicy},
};
use futures::executor::block_on;
use http::Method;
use ports::{Label, NoLog, memory::MemoryStore};
use runtime::Runner;

use super::*;
use crate::tests::Still;

type TestEntities = Entities<MemoryStore, Still, NoLog>;

const START: i64 = 1_795_257_067_000;

const CONFIGURATION: &str = "\
version: 1
build: { workflow: CI }
services:
  web:
    preview:
      coolify: { application: web-app, tag: 'pr-{number}' }
      url: https://pr-{number}.example.com
";

fn pull_request(title: &str) -> PullRequest {
    PullRequest {
        archived: false,
        updated_at: Timestamp::from_milliseconds(START),
        state: PullRequestState::Open,
        title: title.to_owned(),
        author: "ada".to_owned(),
        draft: false,
        labels: Vec::new(),
        head_branch: "feature/cart".to_owned(),
        head_commit: "a".repeat(40).parse().unwrap(),
        head_repository: Some(RepositoryId(42)),
        base_branch: "main".to_owned(),
        repository: "acme/shop".parse().unwrap(),
        default_branch: "main".to_owned(),
    }
}

fn preview_id(repository: u64, number: u64) -> PreviewId {
    format!("preview/{repository}/{number}").parse().unwrap()
}

/// Makes the entity learn facts, as whoever may do nothing about it.
fn learn<E: Entity>(entities: &TestEntities, id: &E::Id, facts: &[E::Fact]) {
    let runner = Runner {
        store: &entities.store,
        clock: &entities.clock,
        log: NoLog,
        executor: (),
    };
    for fact in facts {
        let mail = block_on(runner.post::<E>(id, fact)).unwrap();
        block_on(runner.take_in::<E>(id, &[mail])).unwrap();
    }
}

/// The repository 42 with held-back removals, its preview 7 that waits for a build and 9 that cannot be configured, and the preview 1
/// of the repository 43; among them a token and a broken value.
pub(crate) fn stored() -> TestEntities {
    let entities = Entities {
        store: MemoryStore::default(),
        clock: Still(Cell::new(START)),
        log: NoLog,
    };
    let read = |title: &str| Fact::PullRequestRead {
        pull_request: pull_request(title),
    };
    let configured = |reading: Reading| Fact::ConfigurationRead {
        commit: "a".repeat(40).parse().unwrap(),
        changes: 0,
        reading,
    };
    let settings = Settings::of(domain::configuration::parse(CONFIGURATION).unwrap());
    learn::<Preview>(
        &entities,
        &preview_id(42, 7),
        &[read("Add a cart"), configured(Reading::Valid { settings })],
    );
    let invalid = Reading::Invalid {
        message: "line 1: nonsense".to_owned(),
        in_force: None,
        last_valid: None,
    };
    learn::<Preview>(
        &entities,
        &preview_id(42, 9),
        &[read("Break it"), configured(invalid)],
    );
    learn::<Preview>(&entities, &preview_id(43, 1), &[read("Elsewhere")]);
    hold_back(&entities);
    stored::environments(&entities);
    stored::installations(&entities);
    let limit =
        r#"{"until":1795257000000,"budget":{"limit":5000,"remaining":3998,"reset":1795258934000}}"#;
    for (key, value) in [
        ("github/token/42", "ghs_secret"),
        ("preview/42/8", "{"),
        ("github/limit/installation/99", limit),
    ] {
        block_on(entities.store.set(Label::Default, key, value.as_bytes())).unwrap();
    }
    entities
}

/// Two surveys agree that four previews of the repository 42 are to go, all at once.
fn hold_back(entities: &TestEntities) {
    let numbers: std::collections::BTreeSet<_> = (1..=4).map(domain::PullRequestNumber).collect();
    let compared = repository::Fact::Survey(SurveyFact::Compared {
        name: Some("acme/shop".parse().unwrap()),
        comparison: Comparison {
            open: 0,
            missing: numbers.clone(),
            deployed: numbers,
            ..Comparison::default()
        },
        policy: SurveyPolicy::new(Duration::from_secs(600), 10),
    });
    let key = Key(RepositoryId(42));
    learn::<Repository>(entities, &key, std::slice::from_ref(&compared));
    let at = entities.clock.0.get();
    entities.clock.0.set(at + 600_000);
    learn::<Repository>(entities, &key, &[compared]);
    entities.clock.0.set(at);
}

fn ask(entities: &TestEntities, method: &Method, uri: &str) -> (u16, serde_json::Value) {
    send(entities, method, uri, ("", ""))
}

/// The same, in the name of a person and with a body.
fn send(
    entities: &TestEntities,
    method: &Method,
    uri: &str,
    (person, body): (&str, &str),
) -> (u16, serde_json::Value) {
    let (path, query) = uri
        .split_once('?')
        .map_or((uri, None), |(path, query)| (path, Some(query)));
    let headers = [
        (elsewhere::PERSON, person.parse().unwrap()),
        (elsewhere::SEES, "everything".parse().unwrap()),
    ]
    .into_iter();
    let asked = Asked {
        method,
        path,
        query,
        headers: &headers.collect(),
        body: body.as_bytes(),
    };
    let reply = block_on(entities.answer(asked));
    (
        reply.status.as_u16(),
        serde_json::from_slice(&reply.body).unwrap(),
    )
}

fn get(entities: &TestEntities, uri: &str) -> String {
    let (status, body) = ask(entities, &Method::GET, uri);
    format!("{status} {body:#}")
}

/// The previews of a page as `repository/number`, and where it goes on.
fn page(entities: &TestEntities, query: &str) -> String {
    let (status, body) = ask(entities, &Method::GET, &format!("/api/v1/previews{query}"));
    assert_eq!(status, 200, "{body}");
    let shown = body["previews"].as_array().unwrap().iter().map(|preview| {
        format!(
            "{}/{} {}",
            preview["repository_id"], preview["number"], preview["phase"]
        )
    });
    let shown: Vec<String> = shown.collect();
    format!("{} then {}", shown.join(", "), body["next"])
}

#[test]
fn a_preview_is_shown_with_what_it_waits_for() {
    insta::assert_snapshot!(get(&stored(), "/api/v1/previews/42/7"), @r#"
    200 {
      "active_at": "2026-11-21T10:31:07Z",
      "build": null,
      "configuration_problem": null,
      "expires_at": null,
      "next_look_at": "2026-11-21T10:31:07Z",
      "number": 7,
      "phase": "waiting",
      "pull_request": {
        "author": "ada",
        "branch": "feature/cart",
        "commit": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "draft": false,
        "state": "open",
        "title": "Add a cart",
        "updated_at": "2026-11-21T10:31:07Z"
      },
      "repository": "acme/shop",
      "repository_id": 42,
      "services": [
        {
          "application": "web-app",
          "commit": null,
          "deployment": null,
          "last_answer": null,
          "phase": "waiting",
          "reason": "waiting for the workflow CI to run",
          "service": "web",
          "trouble": null,
          "url": null
        }
      ],
      "timeline": [
        {
          "at": "2026-11-21T10:31:07Z",
          "what": "the head commit aaaaaaa became known"
        },
        {
          "at": "2026-11-21T10:31:07Z",
          "what": "the pull request became known as open"
        },
        {
          "at": "2026-11-21T10:31:07Z",
          "what": "GitHub confirmed the pull request"
        }
      ],
      "troubles": []
    }
    "#);
}

#[test]
fn previews_are_listed_by_repository_the_newest_first_and_page_by_page() {
    let entities = stored();
    insta::assert_snapshot!(page(&entities, ""), @r#"42/9 "failed", 42/7 "waiting", 43/1 "waiting" then null"#);
    insta::assert_snapshot!(page(&entities, "?limit=1"), @r#"42/9 "failed" then "42.9""#);
    insta::assert_snapshot!(page(&entities, "?limit=1&cursor=42.9"), @r#"42/7 "waiting" then "42.7""#);
    insta::assert_snapshot!(page(&entities, "?repository=43"), @r#"43/1 "waiting" then null"#);
    insta::assert_snapshot!(page(&entities, "?phase=failed"), @r#"42/9 "failed" then null"#);
}

#[test]
fn a_repository_tells_its_last_survey_and_what_is_held_back() {
    insta::assert_snapshot!(get(&stored(), "/api/v1/repositories"), @r#"
    200 {
      "next": null,
      "repositories": [
        {
          "held_back": {
            "previews": [
              1,
              2,
              3,
              4
            ],
            "reason": "GitHub lists no open pull request at all, and 4 previews would be removed",
            "since": "2026-11-21T10:41:07Z"
          },
          "id": 42,
          "last_survey": {
            "at": "2026-11-21T10:41:07Z",
            "deployed": 4,
            "dry": false,
            "gone": 0,
            "news": 0,
            "open": 0
          },
          "name": "acme/shop",
          "trouble": null
        }
      ]
    }
    "#);
}

#[test]
fn what_is_not_known_or_cannot_be_right_is_said() {
    let entities = stored();
    let told = [
        (Method::GET, "/api/v1/previews/42/99"),
        (Method::POST, "/api/v1/previews/42/99/retry"),
        (Method::GET, "/api/v1/previews/42/x"),
        (Method::GET, "/api/v1/previews/42/8"),
        (Method::GET, "/api/v1/repositories/41"),
        (Method::POST, "/api/v1/repositories/42"),
        (Method::GET, "/api/v1/previews?phase=fine"),
        (Method::GET, "/api/v1/previews?repository=acme/shop"),
        (Method::GET, "/api/v1/previews?cursor=7"),
        (Method::GET, "/api/v1/deliveries"),
    ]
    .map(|(method, uri)| {
        let (status, body) = ask(&entities, &method, uri);
        format!(
            "{method} {uri}: {status} {}",
            body["detail"].as_str().unwrap()
        )
    });
    insta::assert_snapshot!(told.join("\n"), @r#"
    GET /api/v1/previews/42/99: 404 no preview/42/99 is known
    POST /api/v1/previews/42/99/retry: 404 no preview/42/99 is known
    GET /api/v1/previews/42/x: 404 there is nothing at /api/v1/previews/42/x
    GET /api/v1/previews/42/8: 500 preview/42/8 cannot be read, so it is left as it is: EOF while parsing an object at line 1 column 1
    GET /api/v1/repositories/41: 404 no repository/41 is known
    POST /api/v1/repositories/42: 405 expected GET
    GET /api/v1/previews?phase=fine: 400 the parameter phase is "fine", expected one of absent, ready, waiting, deploying, removing, failed
    GET /api/v1/previews?repository=acme/shop: 400 the parameter repository is "acme/shop", expected GitHub's id of a repository, a whole number
    GET /api/v1/previews?cursor=7: 400 the parameter cursor is "7", expected the value of next of an earlier page
    GET /api/v1/deliveries: 404 there is nothing at /api/v1/deliveries
    "#);
}

#[test]
fn a_filter_of_decisions_that_can_fit_nothing_is_refused() {
    let entities = stored();
    for (query, expected) in [
        ("service=web", 200),
        ("service=0.5", 400),
        ("pull_request=", 400),
    ] {
        let uri = format!("/api/v1/decisions?{query}");
        let (status, body) = ask(&entities, &Method::GET, &uri);
        assert_eq!(status, expected, "{uri}: {body}");
    }
}

#[test]
fn removals_are_allowed_once_and_only_where_some_are_held_back() {
    let entities = stored();
    let allow = || {
        ask(
            &entities,
            &Method::POST,
            "/api/v1/repositories/42/allow-removals",
        )
        .0
    };
    entities.clock.0.set(START + 700_000);
    assert_eq!(allow(), 202);
    assert_eq!(allow(), 409, "nothing is held back any more");
}

#[test]
fn a_wish_to_try_again_is_taken_in_at_once() {
    let entities = stored();
    let id = preview_id(42, 7);
    let trouble = Trouble {
        reason: "403 Forbidden".to_owned(),
        reaction: domain::preview::Reaction::GiveUp,
    };
    learn::<Preview>(&entities, &id, &[Fact::RunsNotRead { trouble }]);
    let phase = || ask(&entities, &Method::GET, "/api/v1/previews/42/7").1["phase"].clone();
    assert_eq!(phase(), "failed");
    assert_eq!(
        ask(&entities, &Method::POST, "/api/v1/previews/42/7/retry").0,
        202
    );
    assert_eq!(phase(), "waiting");
}

#[test]
fn no_answer_tells_anything_of_the_other_values_in_the_store() {
    let entities = stored();
    for uri in [
        "/api/v1/overview",
        "/api/v1/previews",
        "/api/v1/repositories",
        "/api/v1/environments",
        "/api/v1/releases",
        "/api/v1/installations",
    ] {
        assert!(!get(&entities, uri).contains("ghs_"), "{uri}");
    }
}
