//! GitHub's reading endpoints: who may read, repositories that move, pages, contents.

use base64::Engine;
use serde_json::json;
use world::{Vendor, answer_differences};

use crate::asking;

#[tokio::test]
async fn answers_fit_githubs_published_document() {
    let world = asking::world().await;
    let repository = world.github().repository("acme/shop");
    repository.write_file("src/main.rs", "fn main() {}\n");
    let pull = repository.open_pull_request_from_fork("mallory", "Add cart", "feature/cart");
    pull.label("preview");
    let run = repository.run("CI").for_pull_request(&pull).succeed();
    let own = repository.open_pull_request("Own", "own");
    own.push_file("src/cart.rs", "struct Cart;\n");
    repository.run("CI").for_pull_request(&own).fail();
    let github = asking::github(&world);
    let created = github
        .post(
            "/repos/acme/shop/issues/1/comments",
            &json!({"body": "hello"}),
        )
        .await;
    assert_eq!(
        answer_differences(
            Vendor::GitHub,
            "POST",
            "/repos/acme/shop/issues/1/comments",
            201,
            &created.json()
        ),
        [""; 0]
    );
    for path in [
        "/repos/acme/shop".to_owned(),
        "/repos/acme/shop/pulls".to_owned(),
        "/repos/acme/shop/pulls/1".to_owned(),
        "/repos/acme/shop/pulls/2/files".to_owned(),
        "/repos/acme/shop/contents/src/main.rs".to_owned(),
        "/repos/acme/shop/contents/src".to_owned(),
        "/repos/acme/shop/actions/runs".to_owned(),
        format!("/repos/acme/shop/actions/runs/{}", run.id()),
        "/repos/acme/shop/issues/1/comments".to_owned(),
        format!("/repos/acme/shop/issues/comments/{}", created.json()["id"]),
        format!("/repos/acme/shop/commits/{}/pulls", pull.head_sha()),
        "/rate_limit".to_owned(),
    ] {
        let answer = github.get(&path).await;
        let differences =
            answer_differences(Vendor::GitHub, "GET", &path, answer.status, &answer.json());
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        assert!(differences.is_empty(), "{path}: {differences:#?}");
    }
    world.assert_clean();
}

#[tokio::test]
async fn a_pull_request_tells_its_state_its_head_and_its_fork() {
    let world = asking::world().await;
    let repository = world.github().repository("acme/shop");
    let pull = repository.open_pull_request_from_fork("mallory", "Add cart", "main");
    let github = asking::github(&world);
    let seen = github.get("/repos/acme/shop/pulls/1").await.json();
    assert_eq!(seen["head"]["sha"], pull.head_sha());
    assert_eq!(seen["head"]["label"], "mallory:main");
    assert_ne!(seen["head"]["repo"]["id"], seen["base"]["repo"]["id"]);
    assert_eq!(
        (&seen["state"], &seen["merged"], &seen["draft"]),
        (&json!("open"), &json!(false), &json!(false))
    );

    pull.delete_fork();
    pull.merge();
    let seen = github.get("/repos/acme/shop/pulls/1").await.json();
    assert_eq!(
        (&seen["state"], &seen["merged"], &seen["head"]["repo"]),
        (&json!("closed"), &json!(true), &json!(null))
    );
    let updated = seen["updated_at"].as_str().unwrap();
    assert_eq!(
        updated.len(),
        "2026-11-21T07:14:16Z".len(),
        "to the second: {updated}"
    );
    assert_eq!(
        github.get("/repos/acme/shop/pulls").await.json(),
        json!([]),
        "closed ones are not listed by default"
    );
    assert_eq!(
        github
            .get("/repos/acme/shop/pulls?state=all&head=mallory:main")
            .await
            .json()[0]["number"],
        1
    );
    assert_eq!(github.get("/repos/acme/shop/pulls/9").await.status, 404);
}

#[tokio::test]
async fn tokens_that_are_wrong_or_see_nothing_are_refused_as_github_does() {
    let world = asking::world().await;
    let repository = world.github().repository("acme/shop");
    let wrong = asking::github_as(&world, "ghp_wrong").get("/user").await;
    assert_eq!(
        (wrong.status, &wrong.json()["message"]),
        (401, &json!("Bad credentials"))
    );
    let anonymous = asking::github(&world).without("authorization");
    assert_eq!(
        anonymous.get("/user").await.json()["message"],
        "Requires authentication"
    );
    repository.hide(true);
    let github = asking::github(&world);
    let hidden = github.get("/repos/acme/shop").await;
    assert_eq!(
        (hidden.status, &hidden.json()["message"]),
        (404, &json!("Not Found"))
    );
    let no_agent = asking::github(&world)
        .without("user-agent")
        .get("/user")
        .await;
    assert!(
        no_agent.status == 403 && no_agent.text().contains("User-Agent"),
        "{}",
        no_agent.text()
    );
    assert_eq!(
        asking::github(&world)
            .with("x-github-api-version", "2019-01-01")
            .get("/user")
            .await
            .status,
        410
    );
    assert_eq!(github.get("/user").await.json()["login"], "slipway-bot");
    let answer = github.get("/user").await;
    let remaining: u64 = answer
        .header("x-ratelimit-remaining")
        .unwrap()
        .parse()
        .unwrap();
    assert!(answer.header("x-ratelimit-limit") == Some("5000") && remaining < 5_000);
    world.github().revoke_token(&world.options().github_token);
    assert_eq!(github.get("/user").await.status, 401);
}

#[tokio::test]
async fn a_renamed_repository_redirects_to_its_number_until_its_name_is_taken() {
    let world = asking::world().await;
    let repository = world.github().repository("acme/shop");
    let pull = repository.open_pull_request("Add cart", "feature/cart");
    repository.rename("store");
    let github = asking::github(&world);
    let moved = github.get("/repos/acme/shop/pulls/1?x=1").await;
    let target = format!(
        "{}/repositories/{}/pulls/1?x=1",
        world.github_url(),
        repository.id()
    );
    assert_eq!(
        (moved.status, moved.header("location")),
        (301, Some(target.as_str()))
    );
    let by_number = github
        .get(&format!("/repositories/{}/pulls/1", repository.id()))
        .await;
    assert_eq!(
        (by_number.status, &by_number.json()["head"]["sha"]),
        (200, &json!(pull.head_sha()))
    );
    assert_eq!(by_number.json()["base"]["repo"]["full_name"], "acme/store");
    let write = github
        .post(
            "/repos/acme/shop/issues/1/comments",
            &json!({"body": "hello"}),
        )
        .await;
    assert_eq!(write.status, 307);
    repository.transfer("globex");
    assert_eq!(github.get("/repos/acme/store").await.status, 301);
    assert_eq!(github.get("/repos/globex/store").await.status, 200);

    let newcomer = world.github().repository("acme/shop");
    assert_ne!(newcomer.id(), repository.id());
    assert_eq!(
        github.get("/repos/acme/shop").await.json()["id"],
        newcomer.id()
    );
    repository.delete();
    assert_eq!(
        github
            .get(&format!("/repositories/{}", repository.id()))
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn contents_come_as_base64_in_lines_and_large_files_without_content() {
    let world = asking::world().await;
    let repository = world.github().repository("acme/shop");
    let text = "version: 1\n".repeat(20);
    repository.write_file(".github/slipway.yml", &text);
    repository.write_file_on("other", ".github/slipway.yml", "version: 2\n");
    let github = asking::github(&world);
    let path = "/repos/acme/shop/contents/.github/slipway.yml";
    let decode = |content: &serde_json::Value| {
        let joined: String = content.as_str().unwrap().split('\n').collect();
        String::from_utf8(
            base64::engine::general_purpose::STANDARD
                .decode(joined)
                .unwrap(),
        )
        .unwrap()
    };
    let file = github.get(path).await.json();
    assert!(
        file["content"].as_str().unwrap().contains('\n'),
        "broken into lines"
    );
    assert_eq!(decode(&file["content"]), text);
    assert_eq!(
        (&file["encoding"], &file["size"]),
        (&json!("base64"), &json!(text.len()))
    );
    assert_eq!(
        decode(&github.get(&format!("{path}?ref=other")).await.json()["content"]),
        "version: 2\n"
    );
    let sha = repository.head_of("main");
    assert_eq!(
        decode(&github.get(&format!("{path}?ref={sha}")).await.json()["content"]),
        text
    );

    let missing = github.get("/repos/acme/shop/contents/nothing.yml").await;
    assert_eq!(
        (missing.status, &missing.json()["message"]),
        (404, &json!("Not Found"))
    );
    let no_ref = github.get(&format!("{path}?ref=nowhere")).await;
    assert_eq!(
        (no_ref.status, &no_ref.json()["message"]),
        (404, &json!("No commit found for the ref nowhere"))
    );
    let folder = github.get("/repos/acme/shop/contents/").await.json();
    let names: Vec<&str> = folder
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|entry| entry["name"].as_str())
        .collect();
    assert_eq!(names, [".github"]);
    repository.remove_file(".github/slipway.yml");
    assert_eq!(github.get(path).await.status, 404);
}

#[tokio::test]
async fn a_file_over_a_megabyte_has_content_only_in_its_raw_form() {
    let world = asking::world().await;
    let repository = world.github().repository("acme/shop");
    repository.write_file("large.bin", vec![0_u8; 1024 * 1024 + 1]);
    let github = asking::github(&world);
    let large = github
        .get("/repos/acme/shop/contents/large.bin")
        .await
        .json();
    assert_eq!(
        (&large["encoding"], &large["content"], &large["size"]),
        (&json!("none"), &json!(""), &json!(1024 * 1024 + 1))
    );
    let raw = asking::github(&world).with("accept", "application/vnd.github.raw+json");
    assert_eq!(
        raw.get("/repos/acme/shop/contents/large.bin")
            .await
            .body
            .len(),
        1024 * 1024 + 1
    );
}

#[tokio::test]
async fn runs_are_found_by_commit_over_pages() {
    let world = asking::world().await;
    let repository = world.github().repository("acme/shop");
    let pull = repository.open_pull_request("Add cart", "feature/cart");
    for number in 0..5 {
        let run = repository
            .run(&format!("CI {number}"))
            .for_pull_request(&pull)
            .start();
        if number == 0 {
            run.succeed();
        }
    }
    pull.push();
    repository.run("CI 0").for_pull_request(&pull).fail();
    let github = asking::github(&world);
    let old = repository.runs()[0].clone();
    let first = github
        .get(&format!("/repos/acme/shop/actions/runs/{}", old.id()))
        .await
        .json();
    assert_eq!(
        (
            &first["status"],
            &first["conclusion"],
            &first["run_attempt"]
        ),
        (&json!("completed"), &json!("success"), &json!(1))
    );
    assert_eq!(
        first["pull_requests"],
        json!([]),
        "its commit is no pull request's head any more"
    );
    let sha = first["head_sha"].as_str().unwrap();

    let page = github
        .get(&format!(
            "/repos/acme/shop/actions/runs?head_sha={sha}&per_page=2"
        ))
        .await;
    assert_eq!(
        (
            &page.json()["total_count"],
            page.json()["workflow_runs"].as_array().unwrap().len()
        ),
        (&json!(5), 2)
    );
    let link = page.header("link").unwrap().to_owned();
    assert!(
        link.contains(&format!("head_sha={sha}&per_page=2&page=2>; rel=\"next\""))
            && link.contains("page=3>; rel=\"last\""),
        "{link}"
    );
    let last = github
        .get(&format!(
            "/repos/acme/shop/actions/runs?head_sha={sha}&per_page=2&page=3"
        ))
        .await;
    assert_eq!(last.json()["workflow_runs"].as_array().unwrap().len(), 1);
    assert!(!last.header("link").unwrap().contains("rel=\"next\""));

    let newest = github
        .get(&format!(
            "/repos/acme/shop/actions/runs?head_sha={}",
            pull.head_sha()
        ))
        .await
        .json();
    assert_eq!(newest["workflow_runs"][0]["pull_requests"][0]["number"], 1);
}

#[tokio::test]
async fn a_run_that_is_run_again_keeps_its_id() {
    let world = asking::world().await;
    let github = asking::github(&world);
    let old = world.github().repository("acme/shop").run("CI").succeed();
    old.rerun();
    old.fail();
    let again = github
        .get(&format!("/repos/acme/shop/actions/runs/{}", old.id()))
        .await
        .json();
    assert_eq!(
        (&again["id"], &again["run_attempt"], &again["conclusion"]),
        (&json!(old.id()), &json!(2), &json!("failure"))
    );
}

#[tokio::test]
async fn the_default_branch_may_change_and_reading_follows_it() {
    let world = asking::world().await;
    let repository = world.github().repository("acme/shop");
    repository.write_file("version", "one");
    repository.set_default_branch("trunk");
    repository.write_file("version", "two");
    let raw = asking::github(&world).with("accept", "application/vnd.github.raw+json");
    assert_eq!(
        raw.get("/repos/acme/shop/contents/version").await.text(),
        "two"
    );
    assert_eq!(
        raw.get("/repos/acme/shop/contents/version?ref=main")
            .await
            .text(),
        "one"
    );
    assert_eq!(
        asking::github(&world).get("/repos/acme/shop").await.json()["default_branch"],
        "trunk"
    );
    repository.open_pull_request("Add cart", "feature/cart");
    let pull = asking::github(&world)
        .get("/repos/acme/shop/pulls/1")
        .await
        .json();
    assert_eq!(
        (&pull["base"]["ref"], &pull["base"]["sha"]),
        (&json!("trunk"), &json!(repository.head_of("trunk")))
    );
    let run = repository.run("CI").succeed();
    assert_eq!(run.id(), repository.runs()[0].id());
    let runs = asking::github(&world)
        .get("/repos/acme/shop/actions/runs?branch=trunk&event=push&status=success")
        .await
        .json();
    assert_eq!(runs["total_count"], 1);
}

#[tokio::test]
async fn an_answer_that_is_what_it_was_comes_as_304_and_costs_nothing() {
    let world = asking::world().await;
    let pull = world
        .github()
        .repository("acme/shop")
        .open_pull_request("Add cart", "feature/cart");
    let path = "/repos/acme/shop/pulls/1";
    let first = asking::github(&world).get(path).await;
    let etag = first.header("etag").unwrap().to_owned();
    let remaining = |answer: &world::Answer| {
        let header = answer.header("x-ratelimit-remaining").unwrap();
        header.parse::<u64>().unwrap()
    };
    let again = asking::github(&world)
        .with("if-none-match", &etag)
        .get(path)
        .await;
    assert_eq!((again.status, again.text().as_str()), (304, ""));
    assert_eq!(remaining(&again), remaining(&first));
    pull.label("preview");
    let changed = asking::github(&world)
        .with("if-none-match", &etag)
        .get(path)
        .await;
    assert_eq!(changed.status, 200, "it changed");
    let token = world.github().token_of("somebody");
    let now = changed.header("etag").unwrap().to_owned();
    let other = asking::github_as(&world, &token)
        .with("if-none-match", &now)
        .get(path)
        .await;
    assert_eq!(other.status, 200, "of another token");
}
