//! Comments: whose they are, who may change them, pages, limits and locks.

use serde_json::json;
use world::Effect;

use crate::asking;

#[tokio::test]
async fn a_comment_is_created_changed_and_deleted_by_its_author() {
    let world = asking::world().await;
    let pull = world
        .github()
        .repository("acme/shop")
        .open_pull_request("Add cart", "feature/cart");
    let github = asking::github(&world);
    let created = github
        .post(
            "/repos/acme/shop/issues/1/comments",
            &json!({"body": "<!-- slipway:preview --> waiting"}),
        )
        .await;
    assert_eq!(created.status, 201);
    let comment = created.json();
    assert_eq!(
        (&comment["user"]["login"], created.header("location")),
        (&json!("slipway-bot"), comment["url"].as_str())
    );
    let id = comment["id"].as_u64().unwrap();
    world.advance(std::time::Duration::from_secs(60));
    let path = format!("/repos/acme/shop/issues/comments/{id}");
    let changed = github
        .call(
            "PATCH",
            &path,
            Some(&json!({"body": "<!-- slipway:preview --> ready"})),
        )
        .await;
    assert_eq!(
        (changed.status, &changed.json()["body"]),
        (200, &json!("<!-- slipway:preview --> ready"))
    );
    assert_ne!(changed.json()["updated_at"], comment["updated_at"]);
    assert_eq!(changed.json()["created_at"], comment["created_at"]);
    assert_eq!(
        pull.slipway_comment().unwrap().body,
        "<!-- slipway:preview --> ready"
    );

    let other = asking::github_as(&world, &world.github().token_of("mallory"));
    assert_eq!(
        other
            .call("PATCH", &path, Some(&json!({"body": "mine"})))
            .await
            .status,
        403
    );
    assert_eq!(other.call("DELETE", &path, None).await.status, 403);
    assert_eq!(github.call("DELETE", &path, None).await.status, 204);
    assert_eq!(github.call("DELETE", &path, None).await.status, 404);
    assert_eq!(pull.comments(), []);
    assert_eq!(
        world.effects(),
        [
            Effect::CommentCreated {
                repository: pull.repository_id(),
                pull_request: 1,
                comment: id
            },
            Effect::CommentUpdated { comment: id },
            Effect::CommentDeleted { comment: id },
        ]
    );
}

#[tokio::test]
async fn comments_are_listed_over_pages_oldest_first() {
    let world = asking::world().await;
    let pull = world
        .github()
        .repository("acme/shop")
        .open_pull_request("Add cart", "feature/cart");
    for number in 0..65 {
        pull.comment_by("somebody", &format!("comment {number}"));
    }
    let github = asking::github(&world);
    let (mut path, mut bodies, mut pages) = (
        "/repos/acme/shop/issues/1/comments".to_owned(),
        Vec::new(),
        0,
    );
    loop {
        let page = github.get(&path).await;
        let listed = page.json();
        bodies.extend(
            listed
                .as_array()
                .unwrap()
                .iter()
                .map(|comment| comment["body"].as_str().unwrap().to_owned()),
        );
        pages += 1;
        let links = page.header("link").unwrap_or_default().to_owned();
        let Some(next) = links
            .split(", ")
            .find(|link| link.ends_with("rel=\"next\""))
        else {
            break;
        };
        let url = next.trim_start_matches('<').split('>').next().unwrap();
        path = url.strip_prefix(&world.github_url()).unwrap().to_owned();
    }
    assert_eq!((pages, bodies.len()), (3, 65));
    assert_eq!(
        (bodies[0].as_str(), bodies[64].as_str()),
        ("comment 0", "comment 64")
    );
    let large = github
        .get("/repos/acme/shop/issues/1/comments?per_page=500")
        .await;
    assert_eq!(
        large.json().as_array().unwrap().len(),
        65,
        "at most 100 a page"
    );
}

#[tokio::test]
async fn comments_that_cannot_be_are_refused() {
    let world = asking::world().await;
    let pull = world
        .github()
        .repository("acme/shop")
        .open_pull_request("Add cart", "feature/cart");
    let github = asking::github(&world);
    let path = "/repos/acme/shop/issues/1/comments";
    let id = github.post(path, &json!({"body": "first"})).await.json()["id"]
        .as_u64()
        .unwrap();
    pull.lock();
    let locked = github.post(path, &json!({"body": "hello"})).await;
    assert_eq!(
        (locked.status, &locked.json()["message"]),
        (
            403,
            &json!("Unable to create comment because issue is locked.")
        )
    );
    let own = format!("/repos/acme/shop/issues/comments/{id}");
    assert_eq!(
        github
            .call("PATCH", &own, Some(&json!({"body": "hello"})))
            .await
            .status,
        403
    );
    pull.unlock();
    assert_eq!(
        github
            .post(path, &json!({"body": "x".repeat(65_536)}))
            .await
            .status,
        201
    );
    let long = github
        .post(path, &json!({"body": "x".repeat(65_537)}))
        .await;
    assert_eq!(
        (long.status, &long.json()["errors"][0]["code"]),
        (422, &json!("unprocessable"))
    );
    assert_eq!(github.post(path, &json!({"body": " "})).await.status, 422);
    assert_eq!(github.post(path, &json!({"boddy": "x"})).await.status, 422);
    assert_eq!(
        github
            .post("/repos/acme/shop/issues/9/comments", &json!({"body": "x"}))
            .await
            .status,
        404
    );
    let anonymous = asking::github(&world).without("authorization");
    assert_eq!(
        anonymous.post(path, &json!({"body": "x"})).await.status,
        401
    );
    let violations: Vec<String> = world
        .journal()
        .into_iter()
        .flat_map(|entry| entry.violations)
        .collect();
    assert_eq!(
        violations,
        ["body $: lacks `body`", "body $.boddy: is unknown"]
    );
}
