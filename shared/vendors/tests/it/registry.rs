//! Deleting tags of images: at GitHub's registry and at a Harbor.

use domain::{ImageTag, PullRequestNumber, Timestamp, preview::ImageOutcome};
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
    let of = (&tag(), PullRequestNumber(7));
    now(client.delete_image_tag(repository(&name()), image, of))
}

fn of_github(script: &Script) -> Result<ImageOutcome, CallError> {
    delete(script, GITHUB, "ghp_classic", "ghcr.io/acme/shop/web")
}

fn of_harbor(script: &Script) -> Result<ImageOutcome, CallError> {
    delete(script, HARBOR, ROBOT, "harbor.example.com/acme/shop/web")
}

/// A package that is linked to this repository.
fn package(id: u64) -> String {
    json!({"id": 197, "name": "shop/web", "package_type": "container", "repository": {"id": id, "full_name": "acme/shop"}})
        .to_string()
}

/// GitHub shows the repository's own package, and then these versions.
fn seen(all: &[(u64, &[&str])]) -> Script {
    let own = package(repository(&name()).id.0);
    Script::one(200, &own).then(200, &[], &versions(all))
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
    let script = Script::one(200, &package(repository(&name()).id.0))
        .then(
            200,
            &[("link", next)],
            &versions(&[(1, &["pr-77"]), (2, &[])]),
        )
        .then(200, &[], &versions(&[(3, &["latest"]), (4, &["pr-7"])]))
        .then(204, &[], "");
    assert_eq!(of_github(&script).unwrap(), ImageOutcome::Deleted);
    insta::assert_snapshot!(script.lines().join("\n"), @"
    GET https://api.github.com/orgs/acme/packages/container/shop%2Fweb
    GET https://api.github.com/orgs/acme/packages/container/shop%2Fweb/versions?per_page=100
    GET https://api.github.com/orgs/acme/packages/container/shop%2Fweb/versions?page=2
    DELETE https://api.github.com/orgs/acme/packages/container/shop%2Fweb/versions/4
    ");
}

#[test]
fn a_version_with_other_tags_is_left_since_they_would_go_too() {
    let script = seen(&[(4, &["latest", "pr-7", "v1", "v1.2", "v1.2.3"])]);
    let others = ["latest", "v1", "v1.2"].map(str::to_owned).to_vec();
    assert_eq!(of_github(&script).unwrap(), ImageOutcome::Shared { others });
}

#[test]
fn a_version_that_bears_only_tags_of_the_pull_request_goes_with_all_of_them() {
    let whole = format!("pr-7-{}", "1a2b3c4d".repeat(5));
    let script = seen(&[(4, &["pr-7", "pr-7-1a2b3c4", &whole])]).then(204, &[], "");
    assert_eq!(of_github(&script).unwrap(), ImageOutcome::Deleted);
    for other in [
        "pr-70",
        "pr-70-1a2b3c4",
        "pr-7-stable",
        "pr-7-1a2b3c4d",
        "pr-7-",
        "pr-71a2b3c4",
        "x-pr-7",
    ] {
        let others = vec![other.to_owned()];
        let found = of_github(&seen(&[(4, &["pr-7", other])])).unwrap();
        assert_eq!(found, ImageOutcome::Shared { others }, "{other}");
    }
}

const MISSING: &str = r#"{"message":"Package not found.","status":"404"}"#;

#[test]
fn a_package_that_is_no_organisations_is_looked_for_among_the_owners_own() {
    let script = Script::default()
        .then(404, &[], MISSING)
        .then(200, &[], &package(repository(&name()).id.0))
        .then(200, &[], &versions(&[(4, &["pr-7"])]))
        .then(204, &[], "");
    assert_eq!(of_github(&script).unwrap(), ImageOutcome::Deleted);
    insta::assert_snapshot!(script.lines().join("\n"), @"
    GET https://api.github.com/orgs/acme/packages/container/shop%2Fweb
    GET https://api.github.com/users/acme/packages/container/shop%2Fweb
    GET https://api.github.com/users/acme/packages/container/shop%2Fweb/versions
    DELETE https://api.github.com/users/acme/packages/container/shop%2Fweb/versions/4
    ");
}

#[test]
fn a_tag_is_gone_only_if_its_package_was_seen_without_it() {
    let other: &[(u64, &[&str])] = &[(3, &["latest"])];
    assert_eq!(of_github(&seen(other)).unwrap(), ImageOutcome::NotThere);
    let version_missing = r#"{"message":"Package version not found."}"#;
    let found = || seen(&[(4, &["pr-7"])]).then(404, &[], version_missing);
    let gone = found().then(200, &[], &versions(other));
    assert_eq!(of_github(&gone).unwrap(), ImageOutcome::NotThere);
    let own = package(repository(&name()).id.0);
    let cases = [
        Script::one(404, MISSING).then(404, &[], MISSING),
        Script::one(200, &own).then(404, &[], MISSING),
        found().then(200, &[], &versions(&[(4, &["pr-7"])])),
    ];
    for script in &cases {
        let told = told(of_github(script));
        assert!(told.starts_with("refused: "), "{told}");
        assert!(told.contains("registry_token may not see it"), "{told}");
    }
}

#[test]
fn a_package_that_is_not_linked_to_the_repository_is_left_alone() {
    let cases = [
        Script::one(200, &package(4_711)),
        Script::one(200, r#"{"id":197,"name":"shop/web"}"#),
        Script::one(200, r#"{"id":197,"name":"shop/web","repository":null}"#),
    ];
    let told: Vec<String> = cases.iter().map(|script| told(of_github(script))).collect();
    insta::assert_snapshot!(told.join("\n"), @"
    refused: deleting the image ghcr.io/acme/shop/web:pr-7: the package is linked to another repository.
        It must be linked to this one, on the package's page or by the label
        org.opencontainers.image.source
    refused: deleting the image ghcr.io/acme/shop/web:pr-7: the package is linked to no repository, or
        to one that registry_token may not see. It must be linked to this one, on the package's page or
        by the label org.opencontainers.image.source
    refused: deleting the image ghcr.io/acme/shop/web:pr-7: the package is linked to no repository, or
        to one that registry_token may not see. It must be linked to this one, on the package's page or
        by the label org.opencontainers.image.source
    ");
    for script in &cases {
        assert_eq!(script.lines().len(), 1, "{:?}", script.lines());
    }
}

#[test]
fn only_the_one_host_of_the_configured_github_and_only_the_owners_images_are_touched() {
    let server = "https://git.example.com/api/v3";
    let found = || seen(&[(4, &["pr-7"])]).then(204, &[], "");
    let delete_at = |api: &str, image: &str, script: &Script| {
        let clock = Still(Timestamp::from_milliseconds(0));
        let client = Client::new(
            script,
            clock,
            MemoryStore::default(),
            (api, api),
            "ghp_classic",
        );
        let of = (&tag(), PullRequestNumber(7));
        now(client.delete_image_tag(repository(&name()), image, of))
    };
    for (api, image) in [
        (GITHUB, "ghcr.io/acme/shop/web"),
        (GITHUB, "ghcr.io/Acme/shop/web"),
        (server, "containers.git.example.com/acme/shop/web"),
    ] {
        let outcome = delete_at(api, image, &found()).unwrap();
        assert_eq!(outcome, ImageOutcome::Deleted, "{image}");
    }
    let silent = Script::default();
    for (api, image) in [
        (GITHUB, "containers.github.com/acme/shop/web"),
        (GITHUB, "containers.example.com/acme/shop/web"),
        (GITHUB, "containers.x/acme/shop/web"),
        (server, "ghcr.io/acme/shop/web"),
        (server, "containers.example.com/acme/shop/web"),
    ] {
        let outcome = delete_at(api, image, &silent).unwrap();
        assert_eq!(outcome, ImageOutcome::NotOurs, "{image}");
    }
    for (api, image) in [
        (GITHUB, "ghcr.io/others/shop"),
        (server, "containers.git.example.com/others/shop"),
    ] {
        let told = told(delete_at(api, image, &silent));
        assert!(told.starts_with("refused: "), "{told}");
        assert!(told.contains("no image of anybody else"), "{told}");
    }
}

#[test]
fn what_github_refuses_is_told_from_what_may_pass() {
    let found = || seen(&[(4, &["pr-7"])]);
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
fn at_harbor_the_project_must_be_the_owners() {
    let silent = Script::default();
    for image in [
        "harbor.example.com/others/shop",
        "harbor.example.com/Acme/shop",
    ] {
        let told = told(delete(&silent, HARBOR, ROBOT, image));
        assert!(told.starts_with("refused: "), "{told}");
        assert!(told.contains("the project is not that of acme"), "{told}");
    }
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
        error(404, "NOT_FOUND", "repository acme/shop/web not found"),
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
    refused: deleting the image acme/shop/web:pr-7 from Harbor: Harbor answered 404 "repository
        acme/shop/web not found". There is no such project or repository, or the robot account in
        registry_token may not see it
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
