//! Environments, releases and installations as people are shown them, and what they ask of them.

use super::{stored::sha, *};

const PRODUCTION: &str = "/api/v1/environments/42/web/production";

fn act(entities: &TestEntities, wish: &str, body: &str) -> String {
    let uri = format!("{PRODUCTION}/{wish}");
    let (status, answer) = send(entities, &Method::POST, &uri, ("ada", body));
    let told = answer["outcome"].as_str().or(answer["detail"].as_str());
    format!("{wish} {body}: {status} {}", told.unwrap_or_default())
}

#[test]
fn an_environment_tells_what_is_live_what_holds_it_and_what_waits_for_what() {
    insta::assert_snapshot!(get(&stored(), PRODUCTION), @r#"
    200 {
      "after": [],
      "application": "shop",
      "environment": "production",
      "hold": {
        "by": "Slipway",
        "reason": "ddddddd failed: the application is not synced: one or more objects failed to apply; it was taken back",
        "since": "2026-11-21T10:31:07Z"
      },
      "last": {
        "approved_by": [],
        "build_url": null,
        "changes_url": null,
        "commit": "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
        "deployment": null,
        "diverged": false,
        "ended_at": "2026-11-21T10:31:07Z",
        "environment": "production",
        "id": "rollback-4",
        "image": null,
        "known_at": "2026-11-21T10:31:07Z",
        "needs_approval": false,
        "phase": "live",
        "reason": "went back to bbbbbbb: ddddddd failed",
        "repository_id": 42,
        "rollback": true,
        "rule": null,
        "service": "web",
        "timeline": [
          {
            "at": "2026-11-21T10:31:07Z",
            "what": "the release began"
          },
          {
            "at": "2026-11-21T10:31:07Z",
            "what": "Argo CD was done"
          },
          {
            "at": "2026-11-21T10:31:07Z",
            "what": "live: went back to bbbbbbb: ddddddd failed"
          }
        ],
        "title": ""
      },
      "live": {
        "commit": "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
        "since": "2026-11-21T10:31:07Z",
        "test": null,
        "title": ""
      },
      "lock": {
        "by": "ada",
        "reason": "counting coins",
        "since": "2026-11-21T10:31:07Z"
      },
      "next_look_at": "2026-11-21T10:31:07Z",
      "refused_runs": [],
      "repository": "acme/shop",
      "repository_id": 42,
      "running": null,
      "service": "web",
      "situation": "live",
      "tracks": "the branch main",
      "trouble": null,
      "url": null,
      "waiting": [
        {
          "approved_by": [],
          "build_url": "https://github.com/acme/shop/actions/runs/10",
          "changes_url": "https://github.com/acme/shop/compare/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb..cccccccccccccccccccccccccccccccccccccccc",
          "commit": "cccccccccccccccccccccccccccccccccccccccc",
          "deployment": null,
          "diverged": true,
          "ended_at": null,
          "environment": "production",
          "id": "cccccccccccccccccccccccccccccccccccccccc-10-1",
          "image": "ghcr.io/acme/shop:cccccccccccccccccccccccccccccccccccccccc",
          "known_at": "2026-11-21T10:31:07Z",
          "needs_approval": false,
          "phase": "waiting-for-approval",
          "reason": "it does not contain bbbbbbb: a person has to allow it",
          "repository_id": 42,
          "rollback": false,
          "rule": "allow_diverged",
          "service": "web",
          "timeline": [
            {
              "at": "2026-11-21T10:30:07Z",
              "what": "pushed"
            },
            {
              "at": "2026-11-21T10:31:07Z",
              "what": "became known here"
            },
            {
              "at": "2026-11-21T10:31:07Z",
              "what": "its build succeeded"
            }
          ],
          "title": "Rewrite history"
        }
      ],
      "ways_back": [
        {
          "back": 1,
          "commit": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
          "title": ""
        }
      ]
    }
    "#);
}

#[test]
fn an_environment_of_which_nothing_is_released_is_empty() {
    let entities = stored();
    let (status, list) = ask(&entities, &Method::GET, "/api/v1/environments");
    assert_eq!(status, 200);
    let shown = list["environments"].as_array().unwrap().iter();
    let shown: Vec<String> = shown
        .map(|one| format!("{} {}", one["environment"], one["situation"]))
        .collect();
    assert_eq!(shown, [r#""production" "live""#, r#""staging" "empty""#]);
}

#[test]
fn environments_are_listed_page_by_page_and_by_name() {
    let entities = stored();
    let page = |query: &str| {
        let (status, list) = ask(
            &entities,
            &Method::GET,
            &format!("/api/v1/environments{query}"),
        );
        assert_eq!(status, 200, "{list}");
        let shown = list["environments"].as_array().unwrap().iter();
        let shown: Vec<&str> = shown
            .map(|one| one["environment"].as_str().unwrap())
            .collect();
        format!("{} then {}", shown.join(", "), list["next"])
    };
    insta::assert_snapshot!(page("?limit=1"), @r#"production then "42.web.production""#);
    insta::assert_snapshot!(page("?limit=1&cursor=42.web.production"), @"staging then null");
    insta::assert_snapshot!(page("?environment=staging"), @"staging then null");
    insta::assert_snapshot!(page("?repository=43"), @" then null");
    insta::assert_snapshot!(page("?service=api"), @" then null");
}

#[test]
fn releases_are_listed_the_newest_first_and_every_page_goes_on_where_the_last_ended() {
    let entities = stored();
    let ids = |list: &serde_json::Value| -> Vec<String> {
        let releases = list["releases"].as_array().unwrap().iter();
        releases
            .map(|one| {
                format!(
                    "{} {}",
                    one["id"].as_str().unwrap(),
                    one["phase"].as_str().unwrap()
                )
            })
            .collect()
    };
    let (_, all) = ask(&entities, &Method::GET, "/api/v1/releases");
    insta::assert_snapshot!(ids(&all).join("\n"), @"
    rollback-4 live
    d-1 rolled-back
    cccccccccccccccccccccccccccccccccccccccc-10-1 waiting-for-approval
    b-1 live
    a-1 live
    ");
    let mut paged = Vec::new();
    let mut cursor = String::new();
    loop {
        let uri = format!("/api/v1/releases?limit=1{cursor}");
        let (status, page) = ask(&entities, &Method::GET, &uri);
        assert_eq!(status, 200, "{page}");
        paged.extend(ids(&page));
        let Some(next) = page["next"].as_str() else {
            break;
        };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(paged, ids(&all));
    let (_, live) = ask(
        &entities,
        &Method::GET,
        "/api/v1/releases?phase=rolled-back",
    );
    assert_eq!(ids(&live), ["d-1 rolled-back"]);
    let (_, beyond) = ask(
        &entities,
        &Method::GET,
        "/api/v1/releases?cursor=42.web.production.end",
    );
    assert!(ids(&beyond).is_empty(), "{beyond}");
}

#[test]
fn a_release_is_found_by_its_commit_and_tells_its_timeline() {
    let uri = format!("/api/v1/releases/42/web/production/{}", sha('d'));
    insta::assert_snapshot!(get(&stored(), &uri), @r#"
    200 {
      "approved_by": [],
      "build_url": null,
      "changes_url": null,
      "commit": "dddddddddddddddddddddddddddddddddddddddd",
      "deployment": null,
      "diverged": false,
      "ended_at": "2026-11-21T10:31:07Z",
      "environment": "production",
      "id": "d-1",
      "image": null,
      "known_at": "2026-11-21T10:31:07Z",
      "needs_approval": false,
      "phase": "rolled-back",
      "reason": "the application is not synced: one or more objects failed to apply",
      "repository_id": 42,
      "rollback": false,
      "rule": null,
      "service": "web",
      "timeline": [
        {
          "at": "2026-11-21T10:31:07Z",
          "what": "the release began"
        },
        {
          "at": "2026-11-21T10:31:07Z",
          "what": "Argo CD took it on"
        },
        {
          "at": "2026-11-21T10:31:07Z",
          "what": "rolled-back: the application is not synced: one or more objects failed to apply"
        }
      ],
      "title": ""
    }
    "#);
}

#[test]
fn acts_are_taken_in_at_once_in_the_name_of_who_asked() {
    let entities = stored();
    assert_eq!(act(&entities, "lift-hold", ""), "lift-hold : 202 noted");
    assert_eq!(
        act(
            &entities,
            "rollback",
            r#"{"back":1,"reason":"coins are free"}"#
        ),
        r#"rollback {"back":1,"reason":"coins are free"}: 202 noted"#
    );
    let (_, shown) = ask(&entities, &Method::GET, PRODUCTION);
    assert_eq!(shown["situation"], "going-back", "{shown}");
    assert_eq!(
        shown["hold"]["reason"],
        "it was taken back: ada asked for it: coins are free"
    );
    assert_eq!(shown["ways_back"], serde_json::json!([]), "{shown}");
    let due = entities.store.all_keys();
    let due = due
        .iter()
        .any(|key| key.starts_with("queue due/release/42/web/production/"));
    assert!(due, "reconcile finds what is to be done");
}

#[test]
fn acts_that_make_no_sense_or_lack_something_are_refused_with_the_reason() {
    let entities = stored();
    let refused = [
        ("rollback", ""),
        ("rollback", r#"{"back":1}"#),
        ("rollback", r#"{"back":11,"reason":"coins"}"#),
        ("rollback", r#"{"back":9,"reason":"coins"}"#),
        ("rollback", r#"{"back":1,"reason":"coins","force":true}"#),
        ("lock", r#"{"reason":"  "}"#),
        ("lock", "[]"),
        ("allow-diverged", r#"{"commit":"main"}"#),
        (
            "allow-diverged",
            r#"{"commit":"eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"}"#,
        ),
        (
            "approve",
            r#"{"commit":"eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"}"#,
        ),
        (
            "approve",
            r#"{"commit":"cccccccccccccccccccccccccccccccccccccccc","release":"cccccccccccccccccccccccccccccccccccccccc-9-1"}"#,
        ),
        (
            "approve",
            r#"{"commit":"cccccccccccccccccccccccccccccccccccccccc","release":"cccccccccccccccccccccccccccccccccccccccc-10-1","image":""}"#,
        ),
        ("approve", r#"{"commit":"cccccccccccccccccccccccccccccccccccccccc","image":""}"#),
        ("approve", ""),
        ("unlock", ""),
        ("unlock", ""),
    ]
    .map(|(wish, body)| act(&entities, wish, body));
    insta::assert_snapshot!(refused.join("\n"), @r#"
    rollback : 400 rollback: expected how many releases back, a whole number from 1 to 10
    rollback {"back":1}: 400 rollback: expected a reason
    rollback {"back":11,"reason":"coins"}: 400 rollback: expected how many releases back, a whole number from 1 to 10
    rollback {"back":9,"reason":"coins"}: 409 release/42/web/production: only 2 releases are known to have been healthy, and none is 9 back
    rollback {"back":1,"reason":"coins","force":true}: 400 the body: unknown field `force`, expected one of `reason`, `back`, `commit`, `release`, `image` at line 1 column 34; expected an object with reason, back, commit, release or image
    lock {"reason":"  "}: 400 lock: expected a reason
    lock []: 400 lock: expected a reason
    allow-diverged {"commit":"main"}: 400 the body: "main" is not a commit SHA (40 or 64 lower-case hexadecimal digits) at line 1 column 17; expected an object with reason, back, commit, release or image
    allow-diverged {"commit":"eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"}: 409 release/42/web/production: eeeeeee does not wait for anything
    approve {"commit":"eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"}: 409 release/42/web/production: eeeeeee does not wait for anything
    approve {"commit":"cccccccccccccccccccccccccccccccccccccccc","release":"cccccccccccccccccccccccccccccccccccccccc-9-1"}: 409 release/42/web/production: ccccccc was built anew since that was shown: look at it again
    approve {"commit":"cccccccccccccccccccccccccccccccccccccccc","release":"cccccccccccccccccccccccccccccccccccccccc-10-1","image":""}: 409 release/42/web/production: the image of ccccccc is another one than was shown: look at it again
    approve {"commit":"cccccccccccccccccccccccccccccccccccccccc","image":""}: 409 release/42/web/production: the image of ccccccc is another one than was shown: look at it again
    approve : 400 approve: expected the commit, 40 hexadecimal digits
    unlock : 202 noted
    unlock : 409 release/42/web/production: it is not locked
    "#);
}

#[test]
fn what_is_asked_of_environments_that_cannot_be_is_said() {
    let entities = stored();
    let told = [
        "/api/v1/environments/42/web/nowhere",
        "/api/v1/environments/42/WEB/production",
        "/api/v1/environments/42/web/production/lift_hold",
        "/api/v1/environments?environment=a/b",
        "/api/v1/environments?cursor=7",
        "/api/v1/releases?cursor=42.web.production.x",
        "/api/v1/releases?phase=gone",
        "/api/v1/releases/42/web/production/rollback-9",
        "/api/v1/installations/7",
    ]
    .map(|uri| {
        let (status, body) = ask(&entities, &Method::GET, uri);
        format!("{uri}: {status} {}", body["detail"].as_str().unwrap())
    });
    insta::assert_snapshot!(told.join("\n"), @r#"
    /api/v1/environments/42/web/nowhere: 404 no release/42/web/nowhere is known
    /api/v1/environments/42/WEB/production: 404 there is nothing at /api/v1/environments/42/WEB/production
    /api/v1/environments/42/web/production/lift_hold: 404 there is nothing at /api/v1/environments/42/web/production/lift_hold
    /api/v1/environments?environment=a/b: 400 the parameter environment: "a/b" is not a name (1 to 40 lower-case letters, digits and hyphens)
    /api/v1/environments?cursor=7: 400 the parameter cursor is "7", expected the value of next of an earlier page
    /api/v1/releases?cursor=42.web.production.x: 400 the parameter cursor is "42.web.production.x", expected the value of next of an earlier page
    /api/v1/releases?phase=gone: 400 the parameter phase is "gone", expected one of waiting-for-build, waiting-for-approval, queued, syncing, verifying, live, failed, rolling-back, rolled-back, superseded, cancelled
    /api/v1/releases/42/web/production/rollback-9: 404 no release rollback-9 of release/42/web/production is known: it never was, or is too old
    /api/v1/installations/7: 404 no installation/7 is known
    "#);
}

#[test]
fn an_installation_tells_what_it_reaches_and_what_is_held_back_until_it_is_allowed() {
    let entities = stored();
    entities.clock.0.set(START + 2_000_000);
    insta::assert_snapshot!(get(&entities, "/api/v1/installations"), @r#"
    200 {
      "installations": [
        {
          "account": "acme",
          "gone": false,
          "held_back": {
            "others": false,
            "reason": "2 repositories are missing from the App's installation without an event that says so: 12 previews would be removed, and removal_limit allows 10 at once",
            "repositories": [
              2,
              3
            ],
            "since": "2026-11-21T10:51:07Z"
          },
          "id": 99,
          "looked_at": "2026-11-21T10:51:07Z",
          "permissions": [
            "contents: read"
          ],
          "rate_limit": {
            "limit": 5000,
            "remaining": 5000,
            "resets_at": "2026-11-21T11:02:14Z"
          },
          "repositories": 1,
          "selection": "selected",
          "suspended_at": null,
          "target_type": "Organization",
          "trouble": null
        }
      ],
      "next": null
    }
    "#);
    let allow = || {
        ask(
            &entities,
            &Method::POST,
            "/api/v1/installations/99/allow-losses",
        )
        .0
    };
    assert_eq!(
        (allow(), allow()),
        (202, 409),
        "nothing is held back any more"
    );
}
