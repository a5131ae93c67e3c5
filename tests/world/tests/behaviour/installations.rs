//! Installations: which repositories they reach, and the deliveries that tell of it.

use serde_json::{Value, json};
use world::{Vendor, answer_differences, payload_differences};

use crate::{
    apps::{Installed, installed, itself},
    asking,
};

/// The deliveries so far about what the App reaches, as GitHub's schema names them.
fn told(story: &Installed) -> Vec<(String, Value)> {
    let deliveries = story.world.github().webhooks().all();
    deliveries
        .iter()
        .filter(|delivery| delivery.event != "pull_request")
        .map(|delivery| {
            let action = delivery.action.as_deref().expect("an action");
            let payload = serde_json::from_slice(&delivery.body).expect("JSON");
            (format!("{}${action}", delivery.event), payload)
        })
        .collect()
}

#[tokio::test]
async fn every_change_of_what_is_reached_is_told_as_githubs_schema_says() {
    let story = installed().await;
    let github = story.world.github();
    let (shop, till) = (
        github.repository("acme/shop"),
        github.repository("acme/till"),
    );
    story.installation.limit_to(&[&shop]);
    story.installation.reach_all();
    story.installation.suspend();
    story.installation.unsuspend();
    story.installation.accept_permissions();
    let other = story.app.install("globex");
    till.rename("cash");
    till.archive();
    till.unarchive();
    till.set_private(true);
    till.set_private(false);
    till.set_default_branch("trunk");
    till.transfer("globex");
    other.delete();
    github.rename_account("acme", "acme-corp");
    let told = told(&story);
    let names: Vec<&str> = told.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "installation_repositories$removed",
            "installation_repositories$added",
            "installation$suspend",
            "installation$unsuspend",
            "installation$new_permissions_accepted",
            "installation$created",
            "repository$renamed",
            "repository$archived",
            "repository$unarchived",
            "repository$privatized",
            "repository$publicized",
            "repository$edited",
            "installation_repositories$removed",
            "installation_repositories$added",
            "repository$transferred",
            "installation$deleted",
            "installation_target$renamed",
        ]
    );
    assert_eq!(shop.full_name(), "acme-corp/shop");
    for (definition, payload) in &told {
        let differences = payload_differences(definition, payload);
        assert!(differences.is_empty(), "{definition}: {differences:#?}");
    }
    let removed = &told[0].1["repositories_removed"];
    assert_eq!(removed[0]["id"], till.id());
}

#[tokio::test]
async fn an_installation_lists_page_by_page_what_it_reaches() {
    let story = installed().await;
    for number in 0..4 {
        story.world.github().repository(&format!("acme/r{number}"));
    }
    story.world.github().repository("globex/shop");
    let app = itself(&story.world, &story.app);
    let list = app.get("/app/installations?per_page=100").await.json();
    assert_eq!(list[0]["id"], story.installation.id());
    let tokens = format!(
        "/app/installations/{}/access_tokens",
        story.installation.id()
    );
    let token = app
        .post(&tokens, &json!({"permissions": {"metadata": "read"}}))
        .await;
    let token = token.json()["token"].as_str().expect("a token").to_owned();
    let caller = asking::github_as(&story.world, &token);
    let first = caller.get("/installation/repositories?per_page=4").await;
    let body = first.json();
    let path = "/installation/repositories";
    let differences = answer_differences(Vendor::GitHub, "GET", path, 200, &body);
    assert!(differences.is_empty(), "{differences:#?}");
    assert_eq!(body["total_count"], 6);
    assert_eq!(body["repositories"].as_array().map(Vec::len), Some(4));
    assert!(
        first
            .header("link")
            .is_some_and(|link| link.contains("rel=\"next\""))
    );
    let second = caller
        .get("/installation/repositories?per_page=4&page=2")
        .await;
    assert_eq!(
        second.json()["repositories"].as_array().map(Vec::len),
        Some(2)
    );
    let person = asking::github_as(&story.world, "ghp_world");
    assert_eq!(
        person.get(path).await.status,
        403,
        "a person has no such list"
    );
    story.world.assert_clean();
}

#[tokio::test]
async fn an_archived_repository_is_read_only() {
    let story = installed().await;
    let shop = story.world.github().repository("acme/shop");
    shop.archive();
    let person = asking::github_as(&story.world, "ghp_world");
    let comments = "/repos/acme/shop/issues/1/comments";
    let refused = person.post(comments, &json!({"body": "hello"})).await;
    assert_eq!(refused.status, 403);
    assert_eq!(
        refused.json()["message"],
        "Repository was archived so is read-only."
    );
    assert_eq!(
        person.get("/repos/acme/shop").await.json()["archived"],
        true
    );
}
