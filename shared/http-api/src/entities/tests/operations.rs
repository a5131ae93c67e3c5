//! Operations: which there are, what may be asked of them, and what is told of those that were started.

use std::sync::Mutex;

use domain::{
    operation::{self, OperationId, OperationRun, StartedRun},
    preview::RunProgress,
    repository::{ConfigurationFact, Origin, Outcome, Reading as Read, Version},
};

use super::*;

const PATH: &str = "/api/v1/repositories/42/operations";

const WITH_OPERATIONS: &str = "\
version: 1
build: { workflow: CI }
services:
  web: {}
operations:
  db-migrate: { workflow: db-migration.yml, inputs: { command: [migrate, rollback, status], reason: [] } }
  restart: { workflow: restart.yml }
";

/// What is stored, with operations of the repository 42.
pub(crate) fn configured() -> TestEntities {
    let entities = stored();
    let read = repository::Fact::Configuration(ConfigurationFact::Read(Read {
        version: Version {
            origin: Origin::Own,
            id: Some("c".repeat(40).parse().unwrap()),
        },
        outcome: Outcome::Valid(Box::new(
            domain::configuration::parse(WITH_OPERATIONS).unwrap(),
        )),
    }));
    learn::<Repository>(&entities, &Key(RepositoryId(42)), &[read]);
    entities
}

fn start(entities: &TestEntities, operation: &str, body: &str) -> (u16, serde_json::Value) {
    let uri = format!("{PATH}/{operation}");
    send(entities, &Method::POST, &uri, ("ada", body))
}

#[test]
fn a_repository_tells_which_operations_it_has() {
    insta::assert_snapshot!(get(&configured(), PATH), @r#"
    200 {
      "operations": [
        {
          "inputs": [
            {
              "name": "command",
              "values": [
                "migrate",
                "rollback",
                "status"
              ]
            },
            {
              "name": "reason",
              "values": []
            }
          ],
          "name": "db-migrate",
          "workflow": "db-migration.yml"
        },
        {
          "inputs": [],
          "name": "restart",
          "workflow": "restart.yml"
        }
      ],
      "repository": "acme/shop",
      "repository_id": 42
    }
    "#);
    insta::assert_snapshot!(get(&configured(), "/api/v1/repositories/7/operations"), @r#"
    404 {
      "detail": "no repository/7 is known",
      "status": 404,
      "title": "Not Found",
      "type": "about:blank"
    }
    "#);
}

#[test]
fn what_is_asked_wrongly_is_refused_with_what_would_be_right_and_starts_nothing() {
    let entities = configured();
    let asked = [
        ("deploy", ""),
        ("db-migrate", ""),
        ("db-migrate", r#"{"inputs":{"command":"drop"}}"#),
        (
            "db-migrate",
            r#"{"inputs":{"command":"migrate","force":"yes"}}"#,
        ),
        (
            "db-migrate",
            r#"{"inputs":{"command":"migrate","reason":"$(id)"}}"#,
        ),
        ("db-migrate", r#"{"inputs":{"command":1}}"#),
        ("db-migrate", r#"{"command":"migrate"}"#),
        ("db-migrate", "[]"),
    ];
    let told: Vec<String> = asked
        .into_iter()
        .map(|(operation, body)| {
            let (status, answer) = start(&entities, operation, body);
            format!(
                "{operation} {body}: {status} {}",
                answer["detail"].as_str().unwrap()
            )
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    deploy : 404 there is no operation deploy; the configuration in force names db-migrate, restart
    db-migrate : 400 db-migrate is not started: command is missing, it may be migrate, rollback or status
    db-migrate {"inputs":{"command":"drop"}}: 400 db-migrate is not started: command may be migrate, rollback or status
    db-migrate {"inputs":{"command":"migrate","force":"yes"}}: 400 db-migrate is not started: it has no input force, only command or reason
    db-migrate {"inputs":{"command":"migrate","reason":"$(id)"}}: 400 db-migrate is not started: the value of reason has characters that are not passed on; letters, digits, spaces and . _ - / : , = + @ are, 200 at most
    db-migrate {"inputs":{"command":1}}: 400 the body: invalid type: integer `1`, expected a string at line 1 column 22; expected an object with inputs: an object of texts
    db-migrate {"command":"migrate"}: 400 the body: unknown field `command`, expected `inputs` at line 1 column 10; expected an object with inputs: an object of texts
    db-migrate []: 400 db-migrate is not started: command is missing, it may be migrate, rollback or status
    "#);
    let (_, list) = ask(&entities, &Method::GET, "/api/v1/operations");
    assert_eq!(list["runs"], serde_json::json!([]));
}

#[test]
fn an_operation_is_noted_with_its_inputs_and_shown_from_the_order_to_its_end() {
    let entities = configured();
    let (status, run) = start(
        &entities,
        "db-migrate",
        r#"{"inputs":{"command":"migrate"}}"#,
    );
    assert_eq!((status, run["state"].as_str()), (202, Some("waiting")));
    let key = run["id"].as_str().unwrap().to_owned();
    let (_, audit) = ask(&entities, &Method::GET, "/api/v1/audit?act=operate");
    assert_eq!(audit["acts"][0]["said"], "db-migrate command=migrate");
    assert_eq!(audit["acts"][0]["on"], "repository/42");
    // Sent twice in the same moment it is one.
    start(
        &entities,
        "db-migrate",
        r#"{"inputs":{"command":"migrate"}}"#,
    );
    let id: OperationId = format!("operation/42/{key}").parse().unwrap();
    let run = Some(StartedRun {
        id: 11,
        url: "https://github.com/acme/shop/actions/runs/11".to_owned(),
    });
    let facts = [
        operation::Fact::Intended { attempt: 1 },
        operation::Fact::Started { attempt: 1, run },
        operation::Fact::Seen {
            progress: Some(RunProgress::Failed),
        },
    ];
    learn::<OperationRun>(&entities, &id, &facts);
    insta::assert_snapshot!(get(&entities, &format!("/api/v1/operations/42/{key}")), @r#"
    200 {
      "asked_at": "2026-11-21T10:31:07Z",
      "by": "ada",
      "ended_at": "2026-11-21T10:31:07Z",
      "id": "01795257067000-64349de05daa93a9",
      "inputs": {
        "command": "migrate"
      },
      "operation": "db-migrate",
      "reason": "its run did not succeed",
      "repository": "acme/shop",
      "repository_id": 42,
      "run_url": "https://github.com/acme/shop/actions/runs/11",
      "state": "failed",
      "timeline": [
        {
          "at": "2026-11-21T10:31:07Z",
          "what": "ada asked for it by api"
        },
        {
          "at": "2026-11-21T10:31:07Z",
          "what": "GitHub was asked to start it"
        },
        {
          "at": "2026-11-21T10:31:07Z",
          "what": "its run became known"
        },
        {
          "at": "2026-11-21T10:31:07Z",
          "what": "failed: its run did not succeed"
        }
      ],
      "via": "api",
      "workflow": "db-migration.yml"
    }
    "#);
    let (_, list) = ask(&entities, &Method::GET, "/api/v1/operations?repository=42");
    assert_eq!(list["runs"].as_array().unwrap().len(), 1);
    let none = get(
        &entities,
        "/api/v1/operations/42/01795257067000-0000000000000000",
    );
    assert!(none.starts_with("404"), "{none}");
}

#[test]
fn started_operations_are_listed_newest_first_page_by_page() {
    let entities = configured();
    for second in 0..3 {
        entities.clock.0.set(START + second * 1_000);
        let operation = if second == 1 { "restart" } else { "db-migrate" };
        let body = match operation {
            "restart" => "",
            _ => r#"{"inputs":{"command":"status"}}"#,
        };
        assert_eq!(start(&entities, operation, body).0, 202);
    }
    let seen = Mutex::new(Vec::new());
    let page = |uri: &str| {
        let (_, list) = ask(&entities, &Method::GET, uri);
        let runs = list["runs"].as_array().unwrap().clone();
        let times = runs
            .iter()
            .map(|run| run["asked_at"].as_str().unwrap()[17..19].to_owned());
        seen.lock().unwrap().extend(times);
        list["next"].as_str().map(str::to_owned)
    };
    let next = page("/api/v1/operations?limit=2").unwrap();
    assert_eq!(
        page(&format!("/api/v1/operations?limit=2&cursor={next}")),
        None
    );
    assert_eq!(seen.into_inner().unwrap(), ["09", "08", "07"]);
    let (_, list) = ask(
        &entities,
        &Method::GET,
        "/api/v1/operations?operation=restart&state=waiting",
    );
    assert_eq!(list["runs"].as_array().unwrap().len(), 1);
    let wrong = [
        "/api/v1/operations?state=lost",
        "/api/v1/operations?cursor=x",
        "/api/v1/operations?operation=No",
    ];
    for uri in wrong {
        assert_eq!(ask(&entities, &Method::GET, uri).0, 400, "{uri}");
    }
}
