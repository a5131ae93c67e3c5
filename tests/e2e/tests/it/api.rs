//! `/api/v1`: what is known about deliveries, and running them again.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use e2e::{API_TOKEN, Message, PATIENCE, Setup, Story};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use world::Answer;

use crate::release;

/// The delivery once it has the status.
async fn delivery_that_is(story: &Story, guid: &str, status: &str) -> Result<Value> {
    let started = Instant::now();
    loop {
        let answer = story
            .api("GET", &format!("/api/v1/deliveries/{guid}"))
            .await?;
        if answer.status == 200 && answer.json().get("status") == Some(&status.into()) {
            return Ok(answer.json());
        }
        if started.elapsed() > PATIENCE {
            bail!("waited for {guid} to be {status}, it is {}", answer.text());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_answered_without_a_token_that_is_configured() -> Result<()> {
    let story = Story::start().await?;
    let broken = Setup::default()
        .variable("api_tokens", "not JSON")
        .start()
        .await?;
    for story in [&story, &broken] {
        for authorization in ["", "Bearer wrong", "Basic tell-me-all"] {
            let message = Message {
                method: "GET",
                path: "/api/v1/deliveries",
                headers: vec![("authorization".to_owned(), authorization.to_owned())],
                body: Vec::new(),
            };
            assert_eq!(story.post(&message).await?.status, 401, "{authorization}");
        }
    }
    assert_eq!(broken.api("GET", "/api/v1/deliveries").await?.status, 401);
    let log = broken.slipway.log().join("\n");
    assert!(
        log.contains("variable api_tokens: it cannot be read"),
        "{log}"
    );
    assert!(!log.contains("not JSON"), "the value is a secret: {log}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_done_can_be_run_again_and_changes_nothing() -> Result<()> {
    let story = Story::start().await?;
    let pull = story
        .repository
        .open_pull_request("Add a cart", "feature/cart");
    story.repository.run("CI").for_pull_request(&pull).succeed();
    story.comment_with(&pull, "✅ Ready").await?;
    let list = story.api("GET", "/api/v1/deliveries?status=done").await?;
    assert_eq!(list.status, 200, "{}", list.text());
    let list = list.json();
    let deliveries = list["deliveries"].as_array().expect("a list");
    assert!(!deliveries.is_empty(), "{list}");
    for delivery in deliveries {
        let guid = delivery["guid"].as_str().expect("a guid");
        let answer = story
            .api("POST", &format!("/api/v1/deliveries/{guid}/replay"))
            .await?;
        assert_eq!(answer.status, 202, "{}", answer.text());
        assert_eq!(delivery_that_is(&story, guid, "done").await?["attempts"], 1);
    }
    story.comment_with(&pull, "✅ Ready").await?;
    assert_eq!(story.deployments_of(&pull), 1);
    story.world.assert_clean();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_dead_is_listed_with_its_reason_and_is_run_again_in_numbers() -> Result<()> {
    let story = Story::start().await?;
    // A delivery that no attempt can take: the disk gave something else back than it was given.
    let guid = "damaged-1";
    let pull = story
        .repository
        .open_pull_request("Add a cart", "feature/cart");
    story.comment_with(&pull, "Waiting for `CI`").await?;
    let queue = rusqlite::Connection::open(story.directory().join("queue.db"))?;
    queue.busy_timeout(PATIENCE)?;
    queue.execute(
        "INSERT INTO spin_key_value (store, key, value) VALUES ('queue', ?1, ?2)",
        (format!("delivery/{guid}"), b"damaged"),
    )?;
    assert_eq!(story.reconcile().await?.json()["deliveries"]["dead"], 1);
    let dead = delivery_that_is(&story, guid, "dead").await?;
    let reason = dead["last_error"].as_str().unwrap_or_default();
    assert!(reason.contains("not a stored delivery"), "{dead}");
    let list = story
        .api("GET", "/api/v1/deliveries?status=dead")
        .await?
        .json();
    assert_eq!(list["deliveries"][0]["guid"], guid, "{list}");
    let logged = |story: &Story| {
        let is_alert = |line: &&String| line.contains("delivery is dead") && line.contains(guid);
        story.slipway.log().iter().filter(is_alert).count()
    };
    assert_eq!(logged(&story), 1, "a person is alerted");
    let replayed = story
        .api("POST", "/api/v1/deliveries/replay?status=dead")
        .await?;
    assert_eq!(replayed.status, 202, "{}", replayed.text());
    assert_eq!(replayed.json()["queued"], 1);
    let started = Instant::now();
    while logged(&story) < 2 {
        assert!(started.elapsed() < PATIENCE, "it was not run again");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_and_its_repository_are_shown_and_take_wishes() -> Result<()> {
    let story = Story::start().await?;
    let pull = story
        .repository
        .open_pull_request("Add <b>a cart</b>", "feature/cart");
    story.comment_with(&pull, "Waiting for `CI`").await?;
    let list = story.api("GET", "/api/v1/previews?phase=waiting").await?;
    assert_eq!(list.status, 200, "{}", list.text());
    let list = list.json();
    let waiting = &list["previews"][0];
    assert_eq!(waiting["pull_request"]["title"], "Add <b>a cart</b>");
    assert_eq!(
        waiting["services"][0]["reason"],
        "waiting for the workflow CI to run"
    );
    let repository = waiting["repository_id"].as_u64().expect("an id");
    let path = format!("/api/v1/previews/{repository}/{}", pull.number());
    story.repository.run("CI").for_pull_request(&pull).succeed();
    story.comment_with(&pull, "✅ Ready").await?;
    let shown = story.api("GET", &path).await?.json();
    assert_eq!(shown["phase"], "ready", "{shown}");
    let url = shown["services"][0]["url"].as_str().unwrap_or_default();
    assert!(url.starts_with(&story.world.previews_url()), "{shown}");
    let overview = story.api("GET", "/api/v1/overview").await?.json();
    assert_eq!(
        (&overview["previews"], &overview["repositories"]),
        (&1.into(), &1.into()),
        "{overview}"
    );
    let retried = story.api("POST", &format!("{path}/retry")).await?;
    assert_eq!(retried.status, 202, "{}", retried.text());
    let path = format!("/api/v1/repositories/{repository}");
    let surveyed = story.api("POST", &format!("{path}/survey")).await?;
    assert_eq!(surveyed.status, 202, "{}", surveyed.text());
    assert_eq!(story.reconcile().await?.status, 200);
    let repository = story.api("GET", &path).await?.json();
    assert_eq!(repository["last_survey"]["open"], 1, "{repository}");
    let nothing_held = story.api("POST", &format!("{path}/allow-removals")).await?;
    assert_eq!(nothing_held.status, 409, "{}", nothing_held.text());
    assert_eq!(story.deployments_of(&pull), 1, "a wish repeats nothing");
    story.world.assert_clean();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_is_removed_and_deployed_through_the_api() -> Result<()> {
    let story = Story::start().await?;
    let pull = story.repository.open_pull_request("Add a cart", "cart");
    story.comment_with(&pull, "Waiting for `CI`").await?;
    story.repository.run("CI").for_pull_request(&pull).succeed();
    story.comment_with(&pull, "✅ Ready").await?;
    let repository = story.repository.id();
    let path = format!("/api/v1/previews/{repository}/{}", pull.number());
    let phase_is = async |phase: &str| -> Result<()> {
        let started = Instant::now();
        loop {
            assert_eq!(story.reconcile().await?.status, 200);
            let shown = story.api("GET", &path).await?.json();
            if shown["phase"] == phase {
                return Ok(());
            }
            if started.elapsed() > PATIENCE {
                bail!("waited for the preview to be {phase}: {shown}");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let removed = story.api("POST", &format!("{path}/remove")).await?;
    assert_eq!(removed.status, 202, "{}", removed.text());
    phase_is("absent").await?;
    story
        .comment_with(&pull, "Last command: `/preview remove` by `stories`")
        .await?;
    let stale = json!({ "commit": "0".repeat(40) });
    let refused = story.act(&format!("{path}/deploy"), &stale).await?;
    assert_eq!(refused.status, 409, "{}", refused.text());
    let seen = json!({ "commit": pull.head_sha() });
    let deployed = story.act(&format!("{path}/deploy"), &seen).await?;
    assert_eq!(deployed.status, 202, "{}", deployed.text());
    phase_is("ready").await?;
    let again = story.act(&format!("{path}/redeploy"), &seen).await?;
    assert_eq!(again.status, 202, "{}", again.text());
    story
        .reconcile_until("it is deployed anew", |_| story.deployments_of(&pull) == 3)
        .await?;
    let audit = story.api("GET", "/api/v1/audit").await?.json();
    let acts: Vec<&str> = audit["acts"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|act| act["act"].as_str())
        .collect();
    assert_eq!(
        acts,
        ["redeploy", "preview", "preview", "preview-remove"],
        "{audit}"
    );
    story.world.assert_clean();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_goes_back_locks_and_lets_releases_go_on_through_the_api() -> Result<()> {
    let story = release::story().await?;
    let mut commits = Vec::new();
    for title in ["Add a cart", "Show prices"] {
        let commit = story.repository.push("main", title);
        story.repository.run("CI").for_commit(&commit).succeed();
        release::said(&story, &commit, "success: released and found healthy").await?;
        commits.push(commit);
    }
    let list = story
        .api("GET", "/api/v1/environments?environment=production")
        .await?
        .json();
    let shown = &list["environments"][0];
    assert_eq!(shown["situation"], "live", "{list}");
    assert_eq!(shown["live"]["title"], "Show prices", "{list}");
    assert_eq!(shown["ways_back"][0]["commit"], commits[0], "{list}");
    let environment = format!(
        "/api/v1/environments/{}/web/production",
        story.repository.id()
    );

    let back = json!({ "back": 1, "reason": "prices are in the wrong currency" });
    let rollback = format!("{environment}/rollback");
    assert_eq!(story.act(&rollback, &back).await?.status, 202);
    let shown = story.api("GET", &environment).await?.json();
    assert_eq!(shown["situation"], "going-back", "{shown}");
    let again = story.act(&rollback, &back).await?;
    assert_eq!(again.status, 409, "it is asked for once: {}", again.text());
    let first = [format!("ghcr.io/acme/shop:{}", commits[0])];
    let shown = environment_that_is(&story, &environment, "live").await?;
    assert_eq!(release::images(&story), first, "{shown}");
    assert_eq!(
        shown["hold"]["reason"],
        "it was taken back: stories asked for it: prices are in the wrong currency"
    );

    let lock = json!({ "reason": "counting coins" });
    let locked = story.act(&format!("{environment}/lock"), &lock).await?;
    assert_eq!(locked.status, 202, "{}", locked.text());
    let lifted = story
        .api("POST", &format!("{environment}/lift-hold"))
        .await?;
    assert_eq!(lifted.status, 202, "{}", lifted.text());
    let third = story.repository.push("main", "Convert prices");
    story.repository.run("CI").for_commit(&third).succeed();
    release::said(&story, &third, "queued: locked by stories: counting coins").await?;
    let unlocked = story.api("POST", &format!("{environment}/unlock")).await?;
    assert_eq!(unlocked.status, 202, "{}", unlocked.text());
    assert_eq!(story.reconcile().await?.status, 200);
    release::said(&story, &third, "success: released and found healthy").await?;
    let path = format!(
        "/api/v1/releases/{}/web/production/{third}",
        story.repository.id()
    );
    let release = story.api("GET", &path).await?.json();
    let moments = release["timeline"].as_array().map_or(0, Vec::len);
    assert_eq!(
        (&release["phase"], moments),
        (&"live".into(), 7),
        "{release}"
    );
    story.world.assert_clean();
    Ok(())
}

/// The environment once it is in this situation, with `POST /reconcile` as an impatient scheduler.
async fn environment_that_is(story: &Story, path: &str, situation: &str) -> Result<Value> {
    let started = Instant::now();
    loop {
        assert_eq!(story.reconcile().await?.status, 200);
        let shown = story.api("GET", path).await?.json();
        if shown.get("situation") == Some(&situation.into()) {
            return Ok(shown);
        }
        if started.elapsed() > PATIENCE {
            bail!("waited for the environment to be {situation}: {shown}");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_is_for_its_roles_alone_and_answers_as_its_document_says() -> Result<()> {
    let roles = ["viewer", "worker", "deployer", "admin"];
    let tokens: Vec<Value> = roles
        .iter()
        .map(|role| {
            let digest = Sha256::digest(format!("{role}-token"));
            json!({ "name": role, "role": role, "sha256": hex::encode(digest) })
        })
        .collect();
    let story = Setup::default()
        .variable("api_tokens", &serde_json::to_string(&tokens)?)
        .start()
        .await?;
    let document = story.api_as("", "GET", "/api/v1/me").await?;
    assert_eq!(document.status, 401);
    for operation in openapi::OPERATIONS {
        let path = operation
            .path
            .replace("{guid}", "nobody")
            .replace("{repository_id}", "1")
            .replace("{number}", "1")
            .replace("{service}", "web")
            .replace("{environment}", "production")
            .replace("{operation}", "db-migrate")
            .replace("{operation_run}", "01795257067000-1d7e4b8a6035c1d7")
            .replace("{release}", "rollback-1")
            .replace("{installation_id}", "1");
        let path = if path.ends_with("/deliveries/replay") {
            format!("{path}?status=dead")
        } else {
            path
        };
        for role in roles {
            let token = format!("{role}-token");
            let answer = story.api_as(&token, operation.method, &path).await?;
            let may = operation.role.is_none_or(|needed| match role {
                "admin" => true,
                "deployer" => needed.name() != "admin" && needed.name() != "worker",
                role => needed.name() == role,
            });
            assert_eq!(
                answer.status == 403,
                !may,
                "{} {path} as {role}",
                operation.method
            );
            assert_ne!(answer.status, 401, "{path} as {role}");
        }
    }
    Ok(())
}

/// Asks in the name of the stories' token, with this key.
async fn with_key(story: &Story, path: &str, key: &str, body: &Value) -> Result<Answer> {
    let headers = [
        ("authorization".to_owned(), format!("Bearer {API_TOKEN}")),
        ("content-type".to_owned(), "application/json".to_owned()),
        ("idempotency-key".to_owned(), key.to_owned()),
    ];
    let url = format!("{}{path}", story.slipway.url);
    let body = body.to_string().into_bytes();
    Ok(world::send("POST", &url, &headers, body, PATIENCE).await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_act_with_a_key_is_done_and_noted_once_and_no_token_may_ask_without_end() -> Result<()> {
    let setup = Setup::default().variable("api_requests_per_minute", "6");
    let story = release::prepared(setup.start().await?);
    let commit = story.repository.push("main", "Add a cart");
    story.repository.run("CI").for_commit(&commit).succeed();
    release::said(&story, &commit, "success: released and found healthy").await?;

    let lock = format!(
        "/api/v1/environments/{}/web/production/lock",
        story.repository.id()
    );
    let body = json!({ "reason": "counting coins" });
    let first = with_key(&story, &lock, "f3a1", &body).await?;
    assert_eq!(first.status, 202, "{}", first.text());
    let again = with_key(&story, &lock, "f3a1", &body).await?;
    assert_eq!(
        (again.status, again.header("idempotent-replayed")),
        (202, Some("true"))
    );
    let other = with_key(&story, &lock, "f3a1", &json!({ "reason": "more coins" })).await?;
    assert_eq!(other.status, 422, "{}", other.text());
    let audit = story.api("GET", "/api/v1/audit?act=lock").await?.json();
    assert_eq!(audit["acts"].as_array().map(Vec::len), Some(1), "{audit}");
    assert_eq!(audit["acts"][0]["by"], "stories", "{audit}");
    assert_eq!(audit["acts"][0]["outcome"], "allowed", "{audit}");
    assert_eq!(audit["acts"][0]["said"], "counting coins", "{audit}");

    // A new minute may begin in between.
    let mut answer = story.api("GET", "/api/v1/me").await?;
    for _ in 0..20 {
        if answer.status == 429 {
            break;
        }
        answer = story.api("GET", "/api/v1/me").await?;
    }
    assert_eq!(answer.status, 429, "{}", answer.text());
    assert!(answer.header("retry-after").is_some());
    assert_eq!(answer.header("ratelimit-remaining"), Some("0"));
    assert_eq!(story.reconcile().await?.status, 200);
    story.world.assert_clean();
    Ok(())
}
