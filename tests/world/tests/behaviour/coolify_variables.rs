//! Coolify's variables: production's are copied for previews, and only some tokens see values.

use serde_json::Value;
use world::{Vendor, World, answer_differences};

use crate::asking;

const PATH: &str = "/applications/a1b2c3/envs";

/// The variables as the token with these abilities sees them, `key=value (preview)` each.
async fn seen(world: &World, abilities: &[&str]) -> Vec<String> {
    let token = world.coolify().token_with(abilities);
    let answer = asking::coolify_as(world, &token).get(PATH).await;
    let shown = answer.json();
    let path = format!("/api/v1{PATH}");
    let differences = answer_differences(Vendor::Coolify, "GET", &path, answer.status, &shown);
    assert!(differences.is_empty(), "{differences:?}");
    let one = |variable: &Value| {
        let value = variable["value"].as_str().unwrap_or("hidden");
        let set = if variable["is_preview"] == true {
            "preview"
        } else {
            "production"
        };
        format!("{}={value} ({set})", variable["key"].as_str().unwrap())
    };
    shown.as_array().unwrap().iter().map(one).collect()
}

#[tokio::test]
async fn a_variable_of_production_is_copied_once_and_values_need_an_ability() {
    let world = asking::world().await;
    let application = world.coolify().application("a1b2c3");
    application.preview_variable("OWN", "harmless");
    application.variable("OWN", "s3cret");
    application.variable("COPIED", "s3cret");
    application.variable("COPIED", "changed later");
    insta::assert_snapshot!(seen(&world, &["read", "read:sensitive"]).await.join("\n"), @"
    OWN=s3cret (production)
    COPIED=changed later (production)
    OWN=harmless (preview)
    COPIED=s3cret (preview)
    ");
    let hidden = seen(&world, &["read"]).await;
    assert!(
        hidden.iter().all(|line| line.contains("=hidden")),
        "{hidden:?}"
    );
}

#[tokio::test]
async fn an_application_that_is_not_there_has_no_variables() {
    let world = asking::world().await;
    let answer = asking::coolify(&world).get(PATH).await;
    assert_eq!(answer.status, 404);
    assert_eq!(answer.json()["message"], "Application not found.");
}
