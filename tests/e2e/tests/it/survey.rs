//! What deliveries told nobody, reconcile finds by itself; and what it does not dare without a person.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use e2e::{PATIENCE, Setup, Story};
use serde_json::Value;
use world::{Fault, PullRequest, Vendor, World};

/// A story with a survey every second and deliveries only by hand, and its repository known.
async fn story(removal_limit: &str, pulls: usize) -> Result<(Story, Vec<PullRequest>)> {
    let story = Setup::default()
        .held()
        .variable("survey_seconds", "1")
        .variable("removal_limit", removal_limit)
        .start()
        .await?;
    let mut opened = Vec::new();
    for number in 0..pulls {
        opened.push(open(&story, number));
    }
    deliver(&story).await;
    for pull in &opened {
        story.comment_with(pull, "✅ Ready").await?;
    }
    Ok((story, opened))
}

fn open(story: &Story, number: usize) -> PullRequest {
    let branch = format!("feature/{number}");
    let pull = story.repository.open_pull_request("Add a cart", &branch);
    story.repository.run("CI").for_pull_request(&pull).succeed();
    pull
}

async fn deliver(story: &Story) {
    let url = format!("{}/webhooks/github", story.slipway.url);
    let webhooks = story.world.github().webhooks();
    webhooks.deliver_all_to(&url).await;
}

/// All that GitHub has to tell is lost for good.
fn lose(story: &Story) {
    story.world.github().webhooks().lose_all();
}

/// Reconciles until an answer is as it should be, and returns it.
async fn answer_with(story: &Story, what: &str, holds: impl Fn(&Value) -> bool) -> Result<Value> {
    let started = Instant::now();
    loop {
        let answer = story.reconcile().await?;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let answer = answer.json();
        if holds(&answer) {
            return Ok(answer);
        }
        if started.elapsed() > PATIENCE {
            bail!("waited for {what} in vain; the last answer: {answer}");
        }
        // The next survey is due after a second.
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Two more surveys were made of the repository.
async fn two_surveys(story: &Story) -> Result<()> {
    for _ in 0..2 {
        let surveyed = |answer: &Value| answer.pointer("/surveys/0/dry") == Some(&false.into());
        answer_with(story, "a survey", surveyed).await?;
    }
    Ok(())
}

fn is_held_back(answer: &Value) -> bool {
    answer.pointer("/held_back/0").is_some_and(Value::is_object)
}

fn have_previews(story: &Story, pulls: &[PullRequest]) -> bool {
    pulls
        .iter()
        .all(|pull| story.application().has_preview(pull.number()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_request_of_which_no_delivery_arrived_gets_its_preview_by_reconcile_alone()
-> Result<()> {
    let (story, _) = story("10", 1).await?;
    let unheard = open(&story, 7);
    lose(&story);
    let first = answer_with(&story, "the first survey", |answer| {
        answer["surveys"][0].is_object()
    })
    .await?;
    assert_eq!(first["surveys"][0]["dry"], true, "{first}");
    assert_eq!(first["surveys"][0]["open"], 2, "{first}");
    assert_eq!(first["surveys"][0]["news"], 1, "{first}");
    assert!(unheard.comments().is_empty(), "the first survey only looks");
    let ready = |_: &World| {
        unheard
            .slipway_comment()
            .is_some_and(|comment| comment.body.contains("✅ Ready"))
    };
    story.reconcile_until("the preview", ready).await?;
    assert_eq!(story.deployments_of(&unheard), 1);
    // A push of which nobody hears, either.
    unheard.push();
    story
        .repository
        .run("CI")
        .for_pull_request(&unheard)
        .succeed();
    lose(&story);
    let deployed = |_: &World| story.deployments_of(&unheard) == 2;
    story.reconcile_until("the new commit", deployed).await?;
    story.comment_with(&unheard, "✅ Ready").await?;
    story.world.assert_clean();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_request_that_was_closed_unheard_is_removed_after_two_surveys() -> Result<()> {
    let (story, pulls) = story("10", 2).await?;
    two_surveys(&story).await?;
    pulls[0].close();
    lose(&story);
    let once = answer_with(&story, "a survey", |answer| {
        answer["surveys"][0]["open"] == 1
    })
    .await?;
    assert_eq!(once["surveys"][0]["gone"], 0, "seen once: {once}");
    let gone = |_: &World| {
        pulls[0]
            .slipway_comment()
            .is_some_and(|comment| comment.body.contains("was removed"))
    };
    story.reconcile_until("the removal", gone).await?;
    assert!(have_previews(&story, &pulls[1..]));
    story.world.assert_clean();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suddenly_empty_list_is_held_back_and_seen_and_over_when_the_list_is_back() -> Result<()>
{
    let (story, pulls) = story("10", 3).await?;
    two_surveys(&story).await?;
    let fault = story
        .world
        .fault(Vendor::GitHub)
        .on("GET", "/pulls")
        .is(Fault::EmptyList);
    let answer = answer_with(&story, "what is held back", is_held_back).await?;
    let held_back = &answer["held_back"][0];
    assert_eq!(held_back["repository"], "acme/shop");
    assert_eq!(held_back["repository_id"], story.repository.id());
    assert_eq!(held_back["count"], 3);
    assert_eq!(
        held_back["reason"],
        "GitHub lists no open pull request at all, and 3 previews would be removed"
    );
    two_surveys(&story).await?;
    assert!(have_previews(&story, &pulls), "nothing is removed");
    let alerts = story.slipway.log();
    let alerts = alerts
        .iter()
        .filter(|line| line.contains("removals are held back") && line.contains("\"error\""));
    assert_eq!(alerts.count(), 1, "people are told once");
    fault.lift();
    answer_with(&story, "the end of it", |answer| !is_held_back(answer)).await?;
    assert!(have_previews(&story, &pulls));
    story.world.assert_clean();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_the_limit_is_held_back_until_a_person_allows_it() -> Result<()> {
    let (story, pulls) = story("1", 4).await?;
    two_surveys(&story).await?;
    pulls[0].close();
    pulls[1].merge();
    lose(&story);
    let answer = answer_with(&story, "what is held back", is_held_back).await?;
    let numbers: Vec<u64> = pulls[..2].iter().map(PullRequest::number).collect();
    assert_eq!(
        answer["held_back"][0]["pull_requests"],
        Value::from(numbers)
    );
    assert_eq!(
        answer["held_back"][0]["reason"],
        "2 previews would be removed, and removal_limit allows 1 at once"
    );
    two_surveys(&story).await?;
    assert!(have_previews(&story, &pulls), "nothing is removed");
    for (query, status) in [
        ("?allow_removals=4711", 404),
        ("?allow_removals=all", 400),
        ("?everything=now", 400),
    ] {
        assert_eq!(
            story.reconcile_asking(query).await?.status,
            status,
            "{query}"
        );
    }
    assert!(have_previews(&story, &pulls));
    let allowed = format!("?allow_removals={}", story.repository.id());
    assert_eq!(story.reconcile_asking(&allowed).await?.status, 200);
    let gone = |_: &World| {
        pulls[..2].iter().all(|pull| {
            pull.slipway_comment()
                .is_some_and(|comment| comment.body.contains("was removed"))
        })
    };
    story.reconcile_until("the removals", gone).await?;
    assert!(have_previews(&story, &pulls[2..]));
    story.world.assert_clean();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_cannot_be_read_changes_nothing_and_is_told() -> Result<()> {
    let (story, pulls) = story("10", 1).await?;
    two_surveys(&story).await?;
    story.repository.hide(true);
    let failing = answer_with(&story, "a survey that fails", |answer| {
        answer["surveys_failing"][0].is_object()
    })
    .await?;
    let reason = failing["surveys_failing"][0]["reason"].as_str();
    assert!(
        reason.is_some_and(|reason| reason.contains("404")),
        "{failing}"
    );
    assert!(have_previews(&story, &pulls));
    story.repository.hide(false);
    let answer = story.reconcile_asking("?survey=now").await?;
    assert_eq!(answer.json()["surveys"][0]["open"], 1, "{}", answer.text());
    assert_eq!(answer.json()["surveys_failing"], Value::Array(Vec::new()));
    Ok(())
}
