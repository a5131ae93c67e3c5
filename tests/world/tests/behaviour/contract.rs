//! Requests that break a vendor's published document are noticed, and answered as the vendor would.

use serde_json::json;

use crate::asking;

fn violations(world: &world::World) -> Vec<Vec<String>> {
    world
        .journal()
        .into_iter()
        .map(|entry| entry.violations)
        .collect()
}

#[tokio::test]
async fn every_kind_of_violation_against_github_is_in_the_journal() {
    let world = asking::world().await;
    world
        .github()
        .repository("acme/shop")
        .open_pull_request("Add cart", "feature/cart");
    let github = asking::github(&world);
    assert_eq!(github.get("/repos/acme/shop/pull/1").await.status, 404);
    assert_eq!(
        github
            .call("DELETE", "/repos/acme/shop/pulls/1", None)
            .await
            .status,
        404
    );
    assert_eq!(
        github
            .get("/repos/acme/shop/pulls?state=opened&per_page=ten")
            .await
            .status,
        200
    );
    assert_eq!(
        github
            .call("POST", "/repos/acme/shop/issues/1/comments", None)
            .await
            .status,
        400
    );
    assert_eq!(
        violations(&world),
        [
            vec!["/repos/acme/shop/pull/1 is no path of the vendor's document"],
            vec!["DELETE is no method of /repos/{owner}/{repo}/pulls/{pull_number}"],
            vec![
                "query parameter `state` $: is \"opened\", must be one of [\"open\",\"closed\",\"all\"]",
                "query parameter `per_page` $: is a string, must be integer",
            ],
            vec!["the body is missing"],
        ]
    );
}

#[tokio::test]
async fn every_kind_of_violation_against_coolify_is_in_the_journal() {
    let world = asking::world().await;
    world.coolify().application("a1b2c3");
    let coolify = asking::coolify(&world);
    assert_eq!(
        coolify
            .call("PUT", "/deploy?uuid=a1b2c3", None)
            .await
            .status,
        404
    );
    assert_eq!(
        coolify
            .post("/deploy?uuid=a1b2c3&force=yes", &json!({"image": "x"}))
            .await
            .status,
        200
    );
    assert_eq!(
        coolify
            .get("/deployments/applications/a1b2c3?take=0")
            .await
            .status,
        200
    );
    assert_eq!(
        coolify
            .call("DELETE", "/applications/pr-1-shop", None)
            .await
            .status,
        404
    );
    assert_eq!(
        violations(&world),
        [
            vec!["PUT is no method of /deploy"],
            vec![
                "query parameter `force` $: is a string, must be boolean",
                "body field `image` is unknown"
            ],
            vec!["query parameter `take` $: is 0, out of range"],
            vec![],
        ]
    );
}

#[tokio::test]
async fn good_requests_break_nothing() {
    let world = asking::world().await;
    let pull = world
        .github()
        .repository("acme/shop")
        .open_pull_request("Add cart", "feature/cart");
    world.coolify().application("a1b2c3");
    let (github, coolify) = (asking::github(&world), asking::coolify(&world));
    github.get("/user").await;
    github
        .get("/repos/acme/shop/contents/.github/slipway.yml?ref=main")
        .await;
    github
        .get(&format!(
            "/repos/acme/shop/actions/runs?head_sha={}&per_page=100&page=1",
            pull.head_sha()
        ))
        .await;
    coolify
        .post(
            "/deploy",
            &json!({"uuid": "a1b2c3", "pull_request_id": 1, "docker_tag": "pr-1", "force": false}),
        )
        .await;
    coolify
        .get("/deployments/applications/a1b2c3?skip=0&take=10")
        .await;
    coolify.get("/version").await;
    coolify
        .call("DELETE", "/applications/a1b2c3/previews/1", None)
        .await;
    world.assert_clean();
    assert_eq!(world.journal().len(), 7);
}
