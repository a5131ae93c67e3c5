//! People who signed in by GitHub: each sees and does what their permission in each repository allows, and nothing else is there.

use domain::{InstallationId, RepositoryId, preview::Permission};
use runtime::access::{self, Known};
use serde_json::{Value, json};
use vendors::github::UserAccess;

use super::*;

/// The people of these tests, by their passes: in which repository they may do what.
const PEOPLE: [(&str, u64, Permission); 5] = [
    ("github.nobody", 0, Permission::None),
    ("github.reader", 42, Permission::Read),
    ("github.writer", 42, Permission::Write),
    ("github.admin", 42, Permission::Admin),
    // Everything, and elsewhere.
    ("github.stranger", 43, Permission::Admin),
];

/// The component `people`: notes in `store` what the bearer may see.
pub(super) async fn who(store: &MemoryStore, request: &Request) -> Response {
    assert_eq!(request.url, "http://people.spin.internal/who");
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    let pass = body["pass"].as_str().unwrap();
    let found = PEOPLE.iter().find(|(known, _, _)| *known == pass);
    let (status, body) = match found {
        Some((_, repository, permission)) => {
            let mut known = Known {
                id: 7,
                login: pass.trim_start_matches("github.").to_owned(),
                access: UserAccess::default(),
            };
            if *permission != Permission::None {
                let repository = RepositoryId(*repository);
                known.access.repositories.insert(repository, *permission);
            }
            if *repository == 42 {
                known.access.installations.insert(InstallationId(99));
            }
            let key = access::key(pass, Timestamp::from_milliseconds(1_795_257_067_000));
            access::note(store, &key, &known).await.unwrap();
            (200, json!({ "key": key, "known": known }))
        }
        None if pass == "github.asleep" => (503, json!({ "detail": "GitHub answered 502" })),
        None => (401, json!({ "detail": "You are not signed in any more." })),
    };
    Response {
        status: StatusCode::from_u16(status).unwrap(),
        headers: HeaderMap::new(),
        body: serde_json::to_vec(&body).unwrap(),
    }
}

fn as_person(inbox: &TestInbox, pass: &str, method: &Method, uri: &str) -> Reply {
    ask(inbox, method, uri, Some(&format!("Bearer {pass}")))
}

fn seen(inbox: &TestInbox, pass: &str, uri: &str) -> Value {
    let reply = as_person(inbox, pass, &Method::GET, uri);
    assert_eq!(reply.status, 200, "{uri} as {pass}: {}", text(&reply));
    serde_json::from_slice(&reply.body).unwrap()
}

/// What each route answers to somebody with this permission in the repository that everything is of; none in another one.
fn expected(uri: &str, least: Role, status: u16, permission: Option<Permission>) -> u16 {
    let role = match permission {
        None | Some(Permission::None) => None,
        Some(Permission::Read) => Some(Role::Viewer),
        Some(Permission::Write) => Some(Role::Deployer),
        Some(Permission::Admin) => Some(Role::Admin),
    };
    let path = uri.trim_start_matches("/api/v1/");
    let is_list = !path.contains('/');
    match role {
        // A list shows what there is to see, if that is nothing.
        _ if is_list => status,
        // Of all deliveries those are run that may be.
        _ if path.starts_with("deliveries/replay") => match permission {
            Some(Permission::None | Permission::Read) => 403,
            Some(Permission::Write | Permission::Admin) | None => 202,
        },
        None => 404,
        Some(_) if path.ends_with("allow-losses") => 403,
        Some(role) if role.allows(least) => status,
        Some(_) => 403,
    }
}

#[test]
fn every_route_shows_and_does_what_the_permission_in_its_repository_allows() {
    for (pass, repository, permission) in PEOPLE {
        for (method, uri, least, status) in &ROUTES {
            let reply = as_person(&inbox(), pass, method, uri);
            let here = (repository != 43).then_some(permission);
            let expected = expected(uri, *least, *status, here);
            let said = text(&reply);
            assert_eq!(reply.status, expected, "{method} {uri} as {pass}: {said}");
        }
    }
}

#[test]
fn what_may_not_be_seen_is_told_like_what_is_not_there() {
    for (there, nowhere) in [
        ("/api/v1/previews/42/7", "/api/v1/previews/43/70"),
        ("/api/v1/repositories/42", "/api/v1/repositories/77"),
        ("/api/v1/installations/99", "/api/v1/installations/98"),
        ("/api/v1/deliveries/dead-1", "/api/v1/deliveries/dead-9"),
        (
            "/api/v1/environments/42/web/production",
            "/api/v1/environments/43/web/production",
        ),
    ] {
        let told = |uri: &str| {
            let reply = as_person(&inbox(), "github.stranger", &Method::GET, uri);
            assert_eq!(reply.status, 404, "{uri}");
            let digits = |text: String| text.replace(|one: char| one.is_ascii_digit(), "");
            digits(text(&reply))
        };
        assert_eq!(told(there), told(nowhere));
    }
}

#[test]
fn lists_and_counts_hold_what_may_be_seen_and_nothing_else() {
    let inbox = inbox();
    let lock = "/api/v1/environments/42/web/production/lock";
    let acted = as_person(&inbox, "github.writer", &Method::POST, lock);
    assert_eq!(acted.status, 202, "{}", text(&acted));
    for (list, of_42, of_43) in [
        ("previews", 2, 1),
        ("environments", 2, 0),
        ("releases", 5, 0),
        ("decisions", 6, 0),
        ("repositories", 1, 0),
        ("deliveries", 2, 0),
        ("installations", 1, 0),
        ("builds", 1, 0),
        ("audit", 1, 0),
    ] {
        let count = |pass: &str| {
            let all = seen(&inbox, pass, &format!("/api/v1/{list}"));
            let field = if list == "audit" { "acts" } else { list };
            all[field].as_array().unwrap().len()
        };
        let counts = [count("github.reader"), count("github.stranger")];
        assert_eq!(counts, [of_42, of_43], "{list}");
        assert_eq!(count("github.nobody"), 0, "{list}");
    }
    let asked_for = seen(&inbox, "github.stranger", "/api/v1/previews?repository=42");
    assert_eq!(asked_for["previews"], json!([]), "a filter opens nothing");
    let overview = seen(&inbox, "github.stranger", "/api/v1/overview");
    insta::assert_snapshot!(overview, @r#"{"deliveries":null,"environments":0,"previews":1,"previews_in_hand":1,"repositories":0,"vendors_paused":[]}"#);
}

#[test]
fn a_person_acts_in_the_name_of_their_login() {
    let inbox = inbox();
    let replay = "/api/v1/deliveries/dead-1/replay";
    let acted = as_person(&inbox, "github.writer", &Method::POST, replay);
    assert_eq!(acted.status, 202, "{}", text(&acted));
    let refused = "/api/v1/repositories/42/allow-removals";
    let refused = as_person(&inbox, "github.writer", &Method::POST, refused);
    insta::assert_snapshot!(text(&refused), @r#"
    403 {
      "detail": "this needs the role admin, and your permission at GitHub is worth the role deployer",
      "status": 403,
      "title": "Forbidden",
      "type": "about:blank"
    }
    "#);
    let audit = seen(&inbox, "github.reader", "/api/v1/audit");
    let acts = audit["acts"].as_array().unwrap().iter();
    let acts: Vec<String> = acts
        .map(|act| {
            format!(
                "{} {} {} {}",
                act["by"], act["act"], act["on"], act["outcome"]
            )
        })
        .collect();
    insta::assert_snapshot!(acts.join("\n"), @r#"
    "writer" "allow-removals" "repository/42" "refused"
    "writer" "replay" "delivery/dead-1" "allowed"
    "#);
    let unseen = as_person(&inbox, "github.stranger", &Method::POST, replay);
    assert_eq!(unseen.status, 404);
    let after = seen(&inbox, "github.reader", "/api/v1/audit");
    assert_eq!(after, audit, "what cannot be seen cannot be filled");
}

#[test]
fn of_many_deliveries_those_run_again_that_may_be() {
    let many = "/api/v1/deliveries/replay?status=dead";
    for (pass, queued) in [("github.writer", 2), ("github.stranger", 0)] {
        let reply = as_person(&inbox(), pass, &Method::POST, many);
        assert_eq!(reply.process.len(), queued, "{pass}");
    }
}

#[test]
fn a_person_is_told_who_they_are_and_what_they_may_do_where() {
    let inbox = inbox();
    let me = seen(&inbox, "github.writer", "/api/v1/me");
    insta::assert_snapshot!(me, @r#"{"name":"writer","repositories":[{"id":42,"role":"deployer"}],"role":"deployer"}"#);
    let ended = as_person(&inbox, "github.ended", &Method::GET, "/api/v1/me");
    assert_eq!(ended.status, 401);
    let unknown = as_person(&inbox, "github.asleep", &Method::GET, "/api/v1/previews");
    assert_eq!(unknown.status, 503, "what cannot be learnt is not shown");
}

#[test]
fn nobody_is_shown_anything_of_whom_entities_is_not_told() {
    let entities = stored();
    let asked = |sees: Option<&str>| {
        let mut headers = HeaderMap::new();
        if let Some(sees) = sees {
            headers.insert(elsewhere::SEES, sees.parse().unwrap());
        }
        let asked = Asked {
            method: &Method::GET,
            path: "/api/v1/previews",
            query: None,
            headers: &headers,
            body: b"",
        };
        let reply = block_on(entities.answer(asked));
        let list: Value = serde_json::from_slice(&reply.body).unwrap();
        list["previews"].as_array().unwrap().len()
    };
    assert_eq!(asked(Some("everything")), 3);
    for unknown in [None, Some(""), Some("access/1/gone"), Some("delivery/1")] {
        assert_eq!(asked(unknown), 0, "{unknown:?}");
    }
}

#[test]
fn operations_are_run_by_who_may_write_and_seen_by_who_may_read() {
    let inbox = inbox();
    let restart = "/api/v1/repositories/42/operations/restart";
    let statuses = [
        "github.reader",
        "github.stranger",
        "github.nobody",
        "github.writer",
    ]
    .map(|pass| {
        as_person(&inbox, pass, &Method::POST, restart)
            .status
            .as_u16()
    });
    assert_eq!(statuses, [403, 404, 404, 202]);
    let runs = |pass: &str| seen(&inbox, pass, "/api/v1/operations")["runs"].clone();
    let run = runs("github.reader")[0].clone();
    assert_eq!(run["by"], "writer", "in the name of their login: {run}");
    assert_eq!(runs("github.reader").as_array().unwrap().len(), 1);
    assert_eq!(runs("github.stranger"), json!([]));
    let path = format!("/api/v1/operations/42/{}", run["id"].as_str().unwrap());
    let shown = ["github.reader", "github.stranger"].map(|pass| {
        let reply = as_person(&inbox, pass, &Method::GET, &path);
        reply.status.as_u16()
    });
    assert_eq!(shown, [200, 404]);
    let audit = seen(&inbox, "github.reader", "/api/v1/audit?act=operate");
    let acts = audit["acts"].as_array().unwrap().iter();
    let acts: Vec<String> = acts
        .map(|act| format!("{} {}", act["by"], act["outcome"]).replace('"', ""))
        .collect();
    assert_eq!(acts, ["writer allowed", "reader refused"]);
}

#[test]
fn of_an_installation_somebody_sees_what_concerns_their_repositories() {
    let inbox = inbox();
    let shown = |authorization: &str| {
        let uri = "/api/v1/installations/99";
        let reply = ask(&inbox, &Method::GET, uri, Some(authorization));
        let shown: Value = serde_json::from_slice(&reply.body).unwrap();
        json!([
            shown["repositories"],
            shown["held_back"],
            shown["rate_limit"].is_null(),
        ])
    };
    insta::assert_snapshot!(format!("{:#}", shown("Bearer viewer-token")), @r#"
    [
      1,
      {
        "others": false,
        "reason": "2 repositories are missing from the App's installation without an event that says so: 12 previews would be removed, and removal_limit allows 10 at once",
        "repositories": [
          2,
          3
        ],
        "since": "2026-11-21T10:51:07Z"
      },
      false
    ]
    "#);
    insta::assert_snapshot!(format!("{:#}", shown("Bearer github.reader")), @r#"
    [
      0,
      {
        "others": true,
        "reason": "repositories are missing from the App's installation without an event that says so",
        "repositories": [],
        "since": "2026-11-21T10:51:07Z"
      },
      true
    ]
    "#);
    let listed = seen(&inbox, "github.reader", "/api/v1/installations");
    let held_back = &listed["installations"][0]["held_back"];
    assert_eq!(held_back["repositories"], json!([]), "{held_back}");
}

#[test]
fn how_a_vendor_failed_is_told_to_tokens_alone() {
    let inbox = inbox();
    let circuit = br#"{"failures":5,"failing_since":1795257000000,"last_error":"acme/secret: it answered 502",
        "open":{"until":1795257070000,"pause_milliseconds":15000,"probe":1,"trying":false}}"#;
    let store = &inbox.http.0.store;
    block_on(store.set(ports::Label::Default, "breaker/Coolify", circuit)).unwrap();
    let coolify = |shown: Value| {
        let all = shown["vendors"].as_array().unwrap().clone();
        all.into_iter()
            .find(|one| one["vendor"] == "Coolify")
            .unwrap()
    };
    let person = seen(&inbox, "github.reader", "/api/v1/vendors");
    assert_eq!(person["limits"], json!([]));
    insta::assert_snapshot!(coolify(person), @r#"{"failures":5,"last_error":"how is shown to who has a token of the API","since":"2026-11-21T10:30:00Z","state":"left-alone","until":"2026-11-21T10:31:10Z","vendor":"Coolify"}"#);
    let token = as_role(&inbox, Role::Viewer, &Method::GET, "/api/v1/vendors");
    let token: Value = serde_json::from_slice(&token.body).unwrap();
    insta::assert_snapshot!(coolify(token), @r#"{"failures":5,"last_error":"acme/secret: it answered 502","since":"2026-11-21T10:30:00Z","state":"left-alone","until":"2026-11-21T10:31:10Z","vendor":"Coolify"}"#);
}
