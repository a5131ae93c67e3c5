//! Registries: what GitHub's and Harbor's APIs do about images.

use base64::{Engine, prelude::BASE64_STANDARD};
use world::{Vendor, answer_differences};

use crate::asking::{self, Caller};

const VERSIONS: &str = "/orgs/acme/packages/container/shop%2Fweb/versions";

#[tokio::test]
async fn at_github_a_version_goes_with_all_its_tags_and_the_last_one_stays() {
    let world = asking::world().await;
    let github = world.github();
    github.repository("acme/shop");
    github.add_classic_token(
        "ghp_classic",
        "janitor",
        &["read:packages", "delete:packages"],
    );
    github.push_image("acme/shop/web", &["v1", "latest"]);
    github.push_image("acme/shop/web", &["pr-1"]);
    let caller = asking::github_as(&world, "ghp_classic");
    let answer = caller.get(VERSIONS).await;
    let shown = answer.json();
    let differences = answer_differences(Vendor::GitHub, "GET", VERSIONS, 200, &shown);
    assert!(differences.is_empty(), "{differences:?}");
    let one = |place: usize| format!("{VERSIONS}/{}", shown[place]["id"]);
    assert_eq!(caller.call("DELETE", &one(1), None).await.status, 204);
    assert_eq!(
        github.image_tags("acme/shop/web"),
        ["pr-1".to_owned()].into()
    );
    assert_eq!(caller.call("DELETE", &one(0), None).await.status, 400);
    let unknown = caller.get(&VERSIONS.replace("shop", "none")).await;
    assert_eq!(unknown.status, 404);
    let as_person = caller.get(&VERSIONS.replace("orgs", "users")).await;
    assert_eq!(as_person.status, 404, "acme is an organisation");
}

#[tokio::test]
async fn at_github_a_package_tells_the_repository_that_it_is_linked_to() {
    let world = asking::world().await;
    let github = world.github();
    let repository = github.repository("acme/shop");
    github.add_classic_token("ghp_classic", "janitor", &["read:packages"]);
    github.push_image("acme/shop/web", &["pr-1"]);
    github.push_image("acme/tools", &["pr-1"]);
    let caller = asking::github_as(&world, "ghp_classic");
    for (path, linked) in [
        ("/orgs/acme/packages/container/shop%2Fweb", true),
        ("/orgs/acme/packages/container/tools", false),
    ] {
        let answer = caller.get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        let shown = answer.json();
        let differences = answer_differences(Vendor::GitHub, "GET", path, 200, &shown);
        assert!(differences.is_empty(), "{path}: {differences:?}");
        let id = shown["repository"]["id"].as_u64();
        assert_eq!(id, linked.then(|| repository.id()), "{path}");
    }
    for path in [
        "/orgs/acme/packages/container/none",
        "/users/acme/packages/container/tools",
    ] {
        assert_eq!(caller.get(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn at_github_packages_are_for_classic_tokens_with_the_scope() {
    let world = asking::world().await;
    world.github().repository("acme/shop");
    world.github().push_image("acme/shop/web", &["v1"]);
    assert_eq!(asking::github(&world).get(VERSIONS).await.status, 403);
}

#[tokio::test]
async fn at_a_harbor_a_tag_goes_alone_unless_it_is_immutable() {
    let world = asking::world().await;
    let harbor = world.harbor();
    harbor.add_robot("robot$slipway:secret", &["acme"]);
    harbor.push_image("acme/shop/web", &["v1", "pr-1", "pr-2"]);
    harbor.make_immutable("acme/shop/web", "v1");
    let as_robot = |robot: &str| Caller {
        base: format!("{}/api/v2.0/projects", world.harbor_url()),
        headers: vec![(
            "authorization".to_owned(),
            format!("Basic {}", BASE64_STANDARD.encode(robot)),
        )],
    };
    let robot = as_robot("robot$slipway:secret");
    let delete = async |caller: &Caller, project: &str, tag: &str| {
        let path = format!("/{project}/repositories/shop%252Fweb/artifacts/{tag}/tags/{tag}");
        caller.call("DELETE", &path, None).await.status
    };
    assert_eq!(delete(&robot, "acme", "pr-1").await, 200);
    assert_eq!(delete(&robot, "acme", "pr-1").await, 404);
    assert_eq!(delete(&robot, "acme", "v1").await, 412);
    assert_eq!(delete(&robot, "others", "pr-2").await, 403);
    assert_eq!(
        delete(&as_robot("robot$slipway:x"), "acme", "pr-2").await,
        401
    );
    assert_eq!(harbor.image_tags("acme/shop/web").len(), 2);
}
