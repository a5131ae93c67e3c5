//! Fifty pull requests, five hundred deliveries, and instances that are killed every few seconds: nothing is lost, and nothing
//! is done twice.

mod dice;
mod fleet;
mod load;
mod stored;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use anyhow::{Result, bail};
use e2e::{Setup, Story};
use world::{Effect, PullRequest, Vendor};

use self::{
    dice::Dice,
    fleet::Fleet,
    load::{DELIVERIES, KILLS_MIN, PULL_REQUESTS},
};

/// The embedded host as a process of its own.
const HOST: &str = env!("CARGO_BIN_EXE_slipway-host");

#[tokio::test(flavor = "multi_thread")]
async fn two_instances_on_one_redis_killed_at_random_lose_nothing_and_do_nothing_twice()
-> Result<()> {
    weather(setup().on_redis().start().await?, 2).await
}

#[tokio::test(flavor = "multi_thread")]
async fn one_instance_on_sqlite_killed_again_and_again_loses_nothing_and_does_nothing_twice()
-> Result<()> {
    weather(setup().start().await?, 1).await
}

/// Processes that are told of deliveries by the load alone. What they lose no survey finds: it would come after the storm.
fn setup() -> Setup {
    Setup::default()
        .apart(HOST)
        .held()
        .variable("survey_seconds", "86400")
}

/// The storm, the clean-up after it, and what must hold then.
async fn weather(mut story: Story, instances: usize) -> Result<()> {
    // The fleet takes the place of the story's own instance.
    story.slipway.kill().await?;
    // The tag names the commit, so that Coolify tells which commit was deployed.
    let configuration = story
        .configuration()
        .replace("pr-{number}'", "pr-{number}-{short_commit}'");
    story
        .repository
        .write_file(".github/slipway.yml", configuration);
    let coolify = story.world.coolify();
    coolify.concurrent_builds(10);
    coolify.queue_limit(1_000);
    let fleet = Fleet::start(&story, instances).await?;
    let began = Instant::now();
    let storm = tokio::select! {
        lived = load::live(&story, &fleet, Dice::new(1)) => lived,
        killed = fleet.keep_killing(Dice::new(2)) => killed,
    };
    storm?;
    fleet.revive_all().await?;
    let stormed = began.elapsed();
    let redelivered = load::redeliver_failed(&story, &fleet, Dice::new(3)).await?;
    let calls = fleet.settle().await?;
    println!(
        "{DELIVERIES} deliveries in {stormed:.0?} with {} kills; {redelivered} delivered again; settled after {:.0?} with {calls} \
         calls of reconcile",
        fleet.kills(),
        began.elapsed()
    );
    assert!(
        fleet.kills() + 1 >= KILLS_MIN,
        "only {} kills",
        fleet.kills()
    );
    let wrong = wrong(&story)?;
    if !wrong.is_empty() {
        bail!("{}\nthe log:\n{}", wrong.join("\n"), fleet.log());
    }
    story.world.assert_clean();
    Ok(())
}

/// Everything that is not as it must be once all is settled, a line each.
fn wrong(story: &Story) -> Result<Vec<String>> {
    let pulls = story.repository.pull_requests();
    let mut wrong: Vec<String> = pulls
        .iter()
        .flat_map(|pull| wrong_with(story, pull))
        .collect();
    if pulls.len() != PULL_REQUESTS {
        wrong.push(format!("{} pull requests were opened", pulls.len()));
    }
    wrong.extend(wrong_deployments(story));
    wrong.extend(wrong_deliveries(story)?);
    let unsettled = stored::unsettled(story.stores())?;
    if !unsettled.is_empty() {
        wrong.push(format!("left in the queue: {unsettled:?}"));
    }
    let mut later: Vec<String> = pulls
        .iter()
        .filter(|pull| !pull.is_open())
        .map(|pull| format!("preview/{}/{}", pull.repository_id(), pull.number()))
        .collect();
    later.push(format!("repository/{}", story.repository.id()));
    later.sort();
    let mut due = stored::due(story.stores())?;
    due.sort();
    if due != later {
        wrong.push(format!(
            "due in days should be, once each, the closed pull requests and the survey: {later:?}, found {due:?}"
        ));
    }
    Ok(wrong)
}

/// A preview of the newest commit of an open pull request and one comment that says so. Of a closed one nothing runs, and its one
/// comment says so; there is none if it was closed before there was anything to tell.
fn wrong_with(story: &Story, pull: &PullRequest) -> Vec<String> {
    let number = pull.number();
    let mut wrong = Vec::new();
    let comments = pull.comments();
    let comment = comments.first().map(|comment| comment.body.clone());
    let runs = story
        .application()
        .container(number)
        .map(|container| container.tag);
    let should_run = pull.is_open().then(|| tag_of_head(pull));
    if runs != should_run {
        wrong.push(format!(
            "#{number} runs {runs:?}, should run {should_run:?}; its comment: {comment:?}"
        ));
    }
    let says: &[&str] = match (pull.is_open(), story.deployments_of(pull)) {
        (true, _) => &["✅ Ready"],
        // It was removed to be on the safe side, if nobody knew what became of an attempt whose process was killed.
        (false, 0) => &["there was no preview to remove", "its preview was removed"],
        (false, _) => &["its preview was removed"],
    };
    let untold = !pull.is_open() && story.deployments_of(pull) == 0 && comment.is_none();
    let right = |comment: &String| says.iter().any(|says| comment.contains(says));
    if comments.len() > 1 || !(untold || comment.as_ref().is_some_and(right)) {
        wrong.push(format!(
            "#{number} should have one comment that says one of {says:?}; it has {}, the first is {comment:?}",
            comments.len()
        ));
    }
    wrong
}

fn tag_of_head(pull: &PullRequest) -> String {
    let head = pull.head_sha();
    format!("pr-{}-{}", pull.number(), head.get(..7).unwrap_or_default())
}

/// Each commit is deployed at most once, and nothing was cancelled or failed.
fn wrong_deployments(story: &Story) -> Vec<String> {
    let mut counts: BTreeMap<(u64, Option<String>), usize> = BTreeMap::new();
    for effect in story.world.deploys() {
        if let Effect::DeployRequested {
            pull_request, tag, ..
        } = effect
        {
            *counts.entry((pull_request, tag)).or_default() += 1;
        }
    }
    let several = counts.into_iter().filter(|(_, count)| *count > 1);
    several
        .map(|((number, tag), count)| {
            let asked: Vec<String> = story
                .world
                .journal()
                .iter()
                .filter(|entry| entry.vendor == Vendor::Coolify && entry.method == "POST")
                .map(world::Entry::line)
                .filter(|line| tag.as_ref().is_some_and(|tag| line.contains(tag)))
                .collect();
            format!("#{number} was deployed {count} times as {tag:?}: {asked:#?}")
        })
        .collect()
}

/// All deliveries were taken, and all are finished and none dead.
fn wrong_deliveries(story: &Story) -> Result<Vec<String>> {
    let sent: BTreeSet<String> = story
        .world
        .github()
        .webhooks()
        .all()
        .into_iter()
        .map(|delivery| delivery.guid)
        .collect();
    let mut finished = stored::finished(story.stores())?;
    let done = finished.remove("done").unwrap_or_default();
    let mut wrong = Vec::new();
    if sent.len() != DELIVERIES {
        wrong.push(format!(
            "{} deliveries were sent, not {DELIVERIES}",
            sent.len()
        ));
    }
    let lost: Vec<&String> = sent.difference(&done).collect();
    if !lost.is_empty() {
        wrong.push(format!(
            "{} deliveries are not done: {lost:?}; others finished: {finished:?}",
            lost.len()
        ));
    }
    Ok(wrong)
}
