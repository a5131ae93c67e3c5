//! Faults on demand: each does what it says, to the requests that it is for, as often as it should.

use serde_json::json;
use std::time::{Duration, Instant};
use world::{ClientError, Fault, Vendor};

use crate::asking;

#[tokio::test]
async fn a_fault_meets_only_what_it_is_for_and_as_often_as_it_should() {
    let world = asking::world().await;
    let (github, coolify) = (asking::github(&world), asking::coolify(&world));
    let fault = world
        .fault(Vendor::Coolify)
        .on("GET", "/version")
        .after(1)
        .times(2)
        .is(Fault::Status(502));
    let mut statuses = Vec::new();
    for _ in 0..5 {
        statuses.push(coolify.get("/version").await.status);
    }
    assert_eq!((statuses, fault.hits()), (vec![200, 502, 502, 200, 200], 2));
    let lasting = world
        .fault(Vendor::GitHub)
        .on_path("/user")
        .is(Fault::TooManyRequests(17));
    let limited = github.get("/user").await;
    assert_eq!(
        (limited.status, limited.header("retry-after")),
        (429, Some("17"))
    );
    assert_eq!(github.get("/user").await.status, 429);
    assert_eq!(github.get("/rate_limit").await.status, 200);
    lasting.lift();
    assert_eq!(github.get("/user").await.status, 200);
    let marked = world
        .journal()
        .iter()
        .filter(|entry| entry.fault.is_some())
        .count();
    assert_eq!(marked, 4, "the journal names faults");
}

#[tokio::test]
async fn a_closed_connection_did_nothing_and_a_dropped_answer_did_everything() {
    let world = asking::world().await;
    world.coolify().application("a1b2c3");
    let coolify = asking::coolify(&world);
    let path = "/deploy?uuid=a1b2c3&pull_request_id=5&docker_tag=v1";
    world
        .fault(Vendor::Coolify)
        .on("POST", "/deploy")
        .once()
        .is(Fault::Close);
    let closed = coolify.try_call("POST", path, Some(&json!({}))).await;
    assert!(
        matches!(closed, Err(ClientError::Http { .. })),
        "{closed:?}"
    );
    assert_eq!(world.deploys(), []);
    world
        .fault(Vendor::Coolify)
        .on("POST", "/deploy")
        .once()
        .is(Fault::DropAnswer);
    let dropped = coolify.try_call("POST", path, Some(&json!({}))).await;
    assert!(
        matches!(dropped, Err(ClientError::Http { .. })),
        "{dropped:?}"
    );
    assert_eq!(world.deploys().len(), 1, "it was done all the same");
    assert_eq!(
        world
            .journal()
            .iter()
            .map(|entry| entry.status)
            .collect::<Vec<_>>(),
        [None, None]
    );
}

#[tokio::test]
async fn githubs_two_rate_limits_look_different() {
    let world = asking::world().await;
    let github = asking::github(&world);
    world
        .fault(Vendor::GitHub)
        .once()
        .is(Fault::PrimaryRateLimit(90));
    let primary = github.get("/user").await;
    assert_eq!(
        (
            primary.status,
            primary.header("x-ratelimit-remaining"),
            primary.header("retry-after")
        ),
        (403, Some("0"), None)
    );
    let reset: i64 = primary
        .header("x-ratelimit-reset")
        .unwrap()
        .parse()
        .unwrap();
    let wait = reset - world.journal()[0].at;
    assert!((90..=91).contains(&wait), "{wait}");
    world
        .fault(Vendor::GitHub)
        .once()
        .is(Fault::SecondaryRateLimit(60));
    let secondary = github.get("/user").await;
    assert_eq!(
        (secondary.status, secondary.header("retry-after")),
        (403, Some("60"))
    );
    assert!(
        secondary.text().contains("secondary rate limit")
            && secondary.header("x-ratelimit-remaining") != Some("0")
    );
}

#[tokio::test]
async fn bodies_can_be_rubbish_truncated_slow_or_late() {
    let world = asking::world().await;
    let github = asking::github(&world);
    world.fault(Vendor::GitHub).once().is(Fault::Rubbish);
    let rubbish = github.get("/user").await;
    assert_eq!(
        (rubbish.status, rubbish.header("content-type")),
        (200, Some("text/html"))
    );
    world.fault(Vendor::GitHub).once().is(Fault::TruncatedJson);
    let cut = github.get("/user").await;
    assert!(
        cut.status == 200 && cut.text().starts_with('{') && cut.json().is_null(),
        "{}",
        cut.text()
    );
    let takes = async || {
        let begun = Instant::now();
        assert_eq!(github.get("/user").await.json()["login"], "slipway-bot");
        begun.elapsed()
    };
    world
        .fault(Vendor::GitHub)
        .once()
        .is(Fault::SlowBodyMilliseconds(20));
    assert!(takes().await >= Duration::from_millis(160));
    world
        .fault(Vendor::GitHub)
        .once()
        .delay(Duration::from_millis(150));
    assert!(takes().await >= Duration::from_millis(150));
    world.fault(Vendor::Previews).is(Fault::Close);
    assert!(world.look_at(&world.previews_url()).await.is_err());
    world.lift_faults();
    assert_eq!(
        world.look_at(&world.previews_url()).await.unwrap().status,
        404
    );
}

#[tokio::test]
async fn a_vendor_that_is_gone_refuses_connections_and_comes_back_as_it_was() {
    let world = asking::world().await;
    world
        .github()
        .repository("acme/shop")
        .write_file("readme.md", "hello");
    let github = asking::github(&world);
    world.take_down(Vendor::GitHub).await;
    world.take_down(Vendor::GitHub).await;
    let gone = github.try_call("GET", "/user", None).await;
    assert!(matches!(gone, Err(ClientError::Connect { .. })), "{gone:?}");
    assert_eq!(
        asking::coolify(&world).get("/version").await.status,
        200,
        "the others are there"
    );
    world.bring_back(Vendor::GitHub).await;
    assert_eq!(
        github
            .get("/repos/acme/shop/contents/readme.md")
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn lists_can_be_empty_all_of_a_sudden_and_nothing_else_changes() {
    let world = asking::world().await;
    let github = asking::github(&world);
    let repository = world.github().repository("acme/shop");
    repository.open_pull_request("One", "one");
    repository.open_pull_request("Two", "two");
    let fault = world
        .fault(Vendor::GitHub)
        .on("GET", "/pulls")
        .is(Fault::EmptyList);
    let list = github.get("/repos/acme/shop/pulls?per_page=1").await;
    assert_eq!((list.status, list.text().as_str()), (200, "[]"));
    assert_eq!(list.header("link"), None);
    assert_eq!(
        github.get("/repos/acme/shop/pulls/1").await.json()["state"],
        "open"
    );
    fault.lift();
    let list = github.get("/repos/acme/shop/pulls?per_page=1").await;
    assert!(list.header("link").is_some(), "two pages: {}", list.text());
}
