//! Comments of people as webhooks, and reactions to comments.

use serde_json::{Value, json};
use world::{Vendor, answer_differences, payload_differences};

use crate::asking;

#[tokio::test]
async fn a_comment_of_a_person_is_delivered_as_github_says() {
    let world = asking::world().await;
    let pull = world
        .github()
        .repository("acme/shop")
        .open_pull_request("Add cart", "feature/cart");
    let comment = pull.comment_by("grace", "/preview");
    pull.edit_comment(comment, "/redeploy");
    let deliveries = world.github().webhooks().all();
    let told: Vec<_> = deliveries
        .iter()
        .filter(|delivery| delivery.event == "issue_comment")
        .collect();
    assert_eq!(told.len(), 2);
    for delivery in told {
        let payload: Value = serde_json::from_slice(&delivery.body).unwrap();
        let action = delivery.action.as_deref().unwrap();
        let differences = payload_differences(&format!("issue_comment${action}"), &payload);
        assert_eq!(differences, Vec::<String>::new(), "{action}");
        assert_eq!(payload["comment"]["id"], comment);
        assert_eq!(payload["sender"]["login"], "grace");
        assert!(payload["issue"]["pull_request"].is_object());
    }
}

#[tokio::test]
async fn a_reaction_is_made_once_for_each_account_and_kind() {
    let world = asking::world().await;
    let pull = world
        .github()
        .repository("acme/shop")
        .open_pull_request("Add cart", "feature/cart");
    let comment = pull.comment_by("grace", "/preview");
    let github = asking::github(&world);
    let path = format!("/repos/acme/shop/issues/comments/{comment}/reactions");
    for (content, status) in [("eyes", 201), ("eyes", 200), ("rocket", 201)] {
        let answer = github.post(&path, &json!({"content": content})).await;
        assert_eq!(answer.status, status, "{}", answer.text());
        let differences = answer_differences(
            Vendor::GitHub,
            "POST",
            "/repos/acme/shop/issues/comments/1/reactions",
            status,
            &answer.json(),
        );
        assert_eq!(differences, Vec::<String>::new());
    }
    assert_eq!(pull.reactions_to(comment), ["eyes", "rocket"]);
    let other = asking::github_as(&world, &world.github().token_of("mallory"));
    assert_eq!(
        other.post(&path, &json!({"content": "eyes"})).await.status,
        201
    );
    let wrong = github.post(&path, &json!({"content": "shrug"})).await;
    assert_eq!(wrong.status, 422);
    let nowhere = "/repos/acme/shop/issues/comments/1/reactions";
    assert_eq!(
        github
            .post(nowhere, &json!({"content": "eyes"}))
            .await
            .status,
        404
    );
    pull.lock();
    let locked = github.post(&path, &json!({"content": "heart"})).await;
    assert_eq!(locked.status, 403);
}
