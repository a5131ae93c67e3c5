//! Deleting tags of images: at GitHub's registry and at a Harbor.

use domain::{ImageTag, Timestamp, preview::ImageOutcome};
use ports::memory::MemoryStore;
use serde_json::json;
use vendors::{CallError, registry::Client};

use crate::{
    github_pull_request::{name, repository},
    script::{Script, Still, now, timed_out, told},
};

const GITHUB: &str = "https://api.github.com";
const HARBOR: &str = "https://harbor.example.com";
const ROBOT: &str = "robot$slipway:s3cr3t-0123456789";

fn tag() -> ImageTag {
    "pr-7".parse().expect("a tag")
}

fn delete(script: &Script, url: &str, token: &str, image: &str) -> Result<ImageOutcome, CallError> {
    let clock = Still(Timestamp::from_milliseconds(0));
    let client = Client::new(script, clock, MemoryStore::default(), (url, GITHUB), token);
    now(client.delete_image_tag(repository(&name()), image, &tag()))
}

fn of_github(script: &Script) -> Result<ImageOutcome, CallError> {
    delete(script, GITHUB, "ghp_classic", "ghcr.io/acme/shop/web")
}

fn of_harbor(script: &Script) -> Result<ImageOutcome, CallError> {
    delete(script, HARBOR, ROBOT, "harbor.example.com/acme/shop/web")
}

fn versions(all: &[(u64, &[&str])]) -> String {
    let shown = all.iter().map(|(id, tags)| {
        json!({"id": id, "name": "sha256:0", "metadata": {"package_type": "container", "container": {"tags": tags}}})
    });
    json!(shown.collect::<Vec<_>>()).to_string()
}

#[test]
fn at_github_the_version_with_this_tag_alone_is_deleted() {
    let next = "<https://api.github.com/orgs/acme/packages/container/shop%2Fweb/versions?page=2>; rel=\"next\"";
    let script = Script::default()
        .then(
            200,
            &[("link", next)],
            &versions(&[(1, &["pr-77"]), (2, &[])]),
        )
        .then(200, &[], &versions(&[(3, &["latest"]), (4, &["pr-7"])]))
        .then(204, &[], "");
    assert_eq!(of_github(&script).unwrap(), ImageOutcome::Deleted);
    insta::assert_snapshot!(script.lines().join("\n"), @"
    GET https://api.github.com/orgs/acme/packages/container/shop%2Fweb/versions?per_page=100
    GET https://api.github.com/orgs/acme/packages/container/shop%2Fweb/versions?page=2
    DELETE https://api.github.com/orgs/acme/packages/container/shop%2Fweb/versions/4
    ");
}

#[test]
fn a_version_with_other_tags_is_left_since_they_would_go_too() {
    let script = Script::one(
        200,
        &versions(&[(4, &["latest", "pr-7", "v1", "v1.2", "v1.2.3"])]),
    );
    let others = ["latest", "v1", "v1.2"].map(str::to_owned).to_vec();
    assert_eq!(of_github(&script).unwrap(), ImageOutcome::Shared { others });
}

#[test]
fn a_package_that_is_no_organisations_is_looked_for_among_the_owners_own() {
    let missing = r#"{"message":"Package not found.","status":"404"}"#;
    let script = Script::default()
        .then(404, &[], missing)
        .then(200, &[], &versions(&[(4, &["pr-7"])]))
        .then(204, &[], "");
    assert_eq!(of_github(&script).unwrap(), ImageOutcome::Deleted);
    insta::assert_snapshot!(script.lines().join("\n"), @"
    GET https://api.github.com/orgs/acme/packages/container/shop%2Fweb/versions?per_page=100
    GET https://api.github.com/users/acme/packages/container/shop%2Fweb/versions
    DELETE https://api.github.com/users/acme/packages/container/shop%2Fweb/versions/4
    ");
    let nowhere = Script::default()
        .then(404, &[], missing)
        .then(404, &[], missing);
    assert_eq!(of_github(&nowhere).unwrap(), ImageOutcome::NotThere);
    let gone = Script::default()
        .then(200, &[], &versions(&[(4, &["pr-7"])]))
        .then(404, &[], r#"{"message":"Package version not found."}"#);
    assert_eq!(of_github(&gone).unwrap(), ImageOutcome::NotThere);
}

#[test]
fn what_github_refuses_is_told_from_what_may_pass() {
    let found = || Script::default().then(200, &[], &versions(&[(4, &["pr-7"])]));
    let last = r#"{"message":"You cannot delete the last tagged version of a package. You must delete the package instead."}"#;
    let cases = [
        Script::one(
            403,
            r#"{"message":"You need at least read:packages scope to do this."}"#,
        ),
        found().then(400, &[], last),
        Script::one(401, r#"{"message":"Bad credentials"}"#),
        Script::default().then(
            403,
            &[("retry-after", "60")],
            r#"{"message":"You have exceeded a secondary rate limit."}"#,
        ),
        Script::one(502, "<h1>Bad gateway</h1>"),
        Script::one(404, "404 page not found"),
    ];
    let told: Vec<String> = cases.iter().map(|script| told(of_github(script))).collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    refused: deleting the image ghcr.io/acme/shop/web:pr-7: GitHub answered 403 "You need at least
        read:packages scope to do this."
    refused: deleting the image ghcr.io/acme/shop/web:pr-7: GitHub answered 400 "You cannot delete the
        last tagged version of a package. You must delete the package instead."
    refused: deleting the image ghcr.io/acme/shop/web:pr-7: GitHub answered 401 "Bad credentials". The
        variable registry_token must hold a token that is still valid
    retry after 60 s: deleting the image ghcr.io/acme/shop/web:pr-7: GitHub answered 403 "You have
        exceeded a secondary rate limit."
    retry: deleting the image ghcr.io/acme/shop/web:pr-7: GitHub answered 502 "<h1>Bad gateway</h1>"
    retry: deleting the image ghcr.io/acme/shop/web:pr-7: GitHub answered 404 "404 page not found". That
        is not GitHub's way to say so: a proxy in front of it answered
    "#);
}

#[test]
fn harbor_deletes_the_tag_alone() {
    let script = Script::one(200, "");
    assert_eq!(of_harbor(&script).unwrap(), ImageOutcome::Deleted);
    insta::assert_snapshot!(script.asked(), @r#"
    DELETE https://harbor.example.com/api/v2.0/projects/acme/repositories/shop%252Fweb/artifacts/pr-7/tags/pr-7
    accept: "application/json"
    authorization: Sensitive
    user-agent: "slipway/0.0.0"
    time limit: 20 s
    "#);
    let gone = Script::one(
        404,
        r#"{"errors":[{"code":"NOT_FOUND","message":"artifact acme/shop/web:pr-7 not found"}]}"#,
    );
    assert_eq!(of_harbor(&gone).unwrap(), ImageOutcome::NotThere);
}

#[test]
fn what_harbor_refuses_is_told_from_what_may_pass() {
    let error = |status: u16, code: &str, message: &str| {
        Script::one(
            status,
            &json!({"errors": [{"code": code, "message": message}]}).to_string(),
        )
    };
    let cases = [
        error(401, "UNAUTHORIZED", "unauthorized"),
        error(403, "FORBIDDEN", "forbidden s3cr3t-0123456789"),
        error(
            412,
            "PRECONDITION",
            "the tag pr-7 configured as immutable, cannot be deleted",
        ),
        error(429, "TOO_MANY", "slow down"),
        error(500, "UNKNOWN", "internal server error"),
        Script::one(404, "<h1>404</h1>"),
        Script::default().then_fails(timed_out()),
    ];
    let told: Vec<String> = cases.iter().map(|script| told(of_harbor(script))).collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    refused: deleting the image acme/shop/web:pr-7 from Harbor: Harbor answered 401 "unauthorized". The
        robot account in registry_token must be valid and may delete tags in the project
    refused: deleting the image acme/shop/web:pr-7 from Harbor: Harbor answered 403 "forbidden
        [secret]". The robot account in registry_token must be valid and may delete tags in the project
    refused: deleting the image acme/shop/web:pr-7 from Harbor: Harbor answered 412 "the tag pr-7
        configured as immutable, cannot be deleted". A rule of the project makes the tag immutable
    retry: deleting the image acme/shop/web:pr-7 from Harbor: Harbor answered 429
        "{"errors":[{"code":"TOO_MANY","message":"slow down"}]}"
    retry: deleting the image acme/shop/web:pr-7 from Harbor: Harbor answered 500
        "{"errors":[{"code":"UNKNOWN","message":"internal server error"}]}"
    retry: deleting the image acme/shop/web:pr-7 from Harbor: Harbor answered 404 "<h1>404</h1>". That
        is not Harbor's way to say so: a proxy in front of it answered
    retry: deleting the image acme/shop/web:pr-7 from Harbor: no answer from https://vendor.example:443
        within 30 s
    "#);
}

#[test]
fn images_of_other_registries_are_left_alone_without_a_request() {
    let silent = Script::default();
    for (url, token, image) in [
        (GITHUB, "ghp_classic", "harbor.example.com/acme/shop"),
        (GITHUB, "ghp_classic", "acme/shop"),
        (HARBOR, ROBOT, "ghcr.io/acme/shop"),
        (HARBOR, ROBOT, "harbor.example.com:8443/acme/shop"),
    ] {
        assert_eq!(
            delete(&silent, url, token, image).unwrap(),
            ImageOutcome::NotOurs,
            "{image}"
        );
    }
    let unusable = told(delete(
        &silent,
        HARBOR,
        "a-bearer-token",
        "harbor.example.com/acme/shop",
    ));
    assert!(unusable.contains("robot$<name>:<secret>"), "{unusable}");
}
