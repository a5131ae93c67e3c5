//! Backstage: what is asked, and what each answer means.

use domain::EntityRef;
use serde_json::json;
use vendors::{
    CallError,
    backstage::{Client, Refreshed},
};

use crate::script::{Script, TOKEN, broken, now, told};

const URL: &str = "https://backstage.example";

fn refresh(script: &Script) -> Result<Refreshed, CallError> {
    let entity: EntityRef = "shop-web".parse().expect("a reference");
    now(Client::new(script, URL, TOKEN).refresh(&entity))
}

fn look_up(script: &Script) -> Result<Vec<EntityRef>, CallError> {
    let repository = "acme/shop".parse().expect("a name");
    now(Client::new(script, URL, TOKEN).entities_of(&repository))
}

/// An answer in Backstage's own form for errors.
fn refused(status: u16, name: &str, message: &str) -> Script {
    let body = json!({"error": {"name": name, "message": message}, "request": {"method": "POST", "url": "/refresh"},
        "response": {"statusCode": status}});
    Script::one(status, &body.to_string())
}

#[test]
fn a_refresh_names_one_entity_whole_and_an_empty_200_is_its_success() {
    let script = Script::one(200, "");
    assert_eq!(refresh(&script).unwrap(), Refreshed::Scheduled);
    insta::assert_snapshot!(script.asked(), @r#"
    POST https://backstage.example/api/catalog/refresh
    accept: "application/json"
    authorization: Sensitive
    user-agent: "slipway/0.0.0"
    content-type: "application/json"
    time limit: 20 s
    {"entityRef":"component:default/shop-web"}
    "#);
}

#[test]
fn an_entity_that_is_not_there_is_no_trouble_that_a_repeat_would_mend() {
    let missing = refused(
        404,
        "NotFoundError",
        "Entity component:default/shop-web not found",
    );
    assert_eq!(refresh(&missing).unwrap(), Refreshed::NoSuchEntity);
}

#[test]
fn each_refusal_says_what_would_be_right_and_passing_trouble_is_tried_again() {
    let cases = [
        refused(401, "AuthenticationError", "Illegal token"),
        refused(401, "AuthenticationError", "Missing credentials"),
        refused(403, "NotAllowedError", "Unauthorized"),
        refused(400, "InputError", "unsupported media type text/plain"),
        refused(404, "NotFoundError", "Not found"),
        Script::one(404, "<html>404</html>"),
        refused(429, "TooManyRequestsError", "Too many requests"),
        refused(500, "Error", "connect ECONNREFUSED"),
        Script::one(200, "<html>Sign in</html>"),
        Script::default().then_fails(broken()),
    ];
    let told: Vec<String> = cases.iter().map(|script| told(refresh(script))).collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    refused: refreshing component:default/shop-web in Backstage: Backstage answered 401
        AuthenticationError "Illegal token". The variable backstage_token must hold a token of
        backend.auth.externalAccess in Backstage's app-config
    refused: refreshing component:default/shop-web in Backstage: Backstage answered 401
        AuthenticationError "Missing credentials". The variable backstage_token must hold a token of
        backend.auth.externalAccess in Backstage's app-config
    refused: refreshing component:default/shop-web in Backstage: Backstage answered 403 NotAllowedError
        "Unauthorized". The token's accessRestrictions in Backstage's app-config must let it have
        catalog.entity.read and catalog.entity.refresh
    refused: refreshing component:default/shop-web in Backstage: Backstage answered 400 InputError
        "unsupported media type text/plain"
    refused: refreshing component:default/shop-web in Backstage: Backstage answered 404 NotFoundError
        "Not found". The variable backstage_url must be the address of Backstage's backend, without
        /api/catalog
    retry: refreshing component:default/shop-web in Backstage: Backstage answered 404
        "<html>404</html>". That is not Backstage's way to say so: a proxy in front of it answered
    retry: refreshing component:default/shop-web in Backstage: Backstage answered 429
        TooManyRequestsError "Too many requests"
    retry: refreshing component:default/shop-web in Backstage: Backstage answered 500 Error "connect
        ECONNREFUSED"
    retry: refreshing component:default/shop-web in Backstage: Backstage answered 200 with something
        else than expected (a body)
    retry: refreshing component:default/shop-web in Backstage: the answer from
        https://vendor.example:443 broke off: connection reset
    "#);
}

#[test]
fn a_repositorys_entities_are_looked_up_by_their_annotation_over_all_pages() {
    let page = |names: &[&str], cursor: Option<&str>| {
        let items: Vec<_> = names
            .iter()
            .map(|name| json!({"kind": "Component", "metadata": {"name": name, "namespace": "team-a"}}))
            .collect();
        let info = cursor.map_or_else(|| json!({}), |cursor| json!({"nextCursor": cursor}));
        json!({"items": items, "totalItems": 3, "pageInfo": info}).to_string()
    };
    let last =
        r#"{"items":[{"kind":"API","metadata":{"name":"shop"}}],"totalItems":3,"pageInfo":{}}"#;
    let script =
        Script::one(200, &page(&["shop-web", "shop-worker"], Some("a+b/c="))).then(200, &[], last);
    let found: Vec<String> = look_up(&script)
        .unwrap()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        found,
        [
            "component:team-a/shop-web",
            "component:team-a/shop-worker",
            "api:default/shop"
        ]
    );
    insta::assert_snapshot!(script.lines().join("\n"), @"
    GET https://backstage.example/api/catalog/entities/by-query?filter=metadata.annotations.github.com%2Fproject-slug%3Dacme%2Fshop&fields=kind%2Cmetadata.name%2Cmetadata.namespace&limit=50
    GET https://backstage.example/api/catalog/entities/by-query?cursor=a%2Bb%2Fc%3D&fields=kind%2Cmetadata.name%2Cmetadata.namespace&limit=50
    ");
}

#[test]
fn a_repository_without_entities_and_an_answer_that_is_none_are_different() {
    let none = r#"{"items":[],"totalItems":0,"pageInfo":{}}"#;
    assert_eq!(look_up(&Script::one(200, none)).unwrap(), []);
    let odd = r#"{"items":[{"kind":"Component","metadata":{"name":"a/b/c"}}],"totalItems":1,"pageInfo":{}}"#;
    let told: Vec<String> = ["[]", "", odd]
        .iter()
        .map(|body| told(look_up(&Script::one(200, body))))
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    retry: looking for the entities of acme/shop in Backstage: Backstage answered 200 with something
        else than expected (invalid length 0, expected struct Page with 2 elements at line 1 column 2)
    retry: looking for the entities of acme/shop in Backstage: Backstage answered 200 with something
        else than expected (EOF while parsing a value at line 1 column 0)
    retry: looking for the entities of acme/shop in Backstage: Backstage answered 200 with something
        else than expected ("Component:default/a/b/c" is not a Backstage entity, such as
        component:default/shop-web)
    "#);
}

#[test]
fn pages_without_end_are_left_after_some() {
    let page = r#"{"items":[],"totalItems":9000,"pageInfo":{"nextCursor":"x"}}"#;
    let script = Script::one(200, page)
        .then(200, &[], page)
        .then(200, &[], page)
        .then(200, &[], page);
    assert_eq!(look_up(&script).unwrap(), []);
    assert_eq!(script.lines().len(), 4);
}

#[test]
fn what_is_not_configured_is_told_by_its_variable() {
    let script = Script::default();
    let entity: EntityRef = "shop-web".parse().unwrap();
    let told = [
        told(now(Client::new(&script, "", TOKEN).refresh(&entity))),
        told(now(Client::new(&script, URL, "").refresh(&entity))),
    ];
    insta::assert_snapshot!(told.join("\n"), @"
    refused: refreshing component:default/shop-web in Backstage: Backstage is not configured: expected
        an absolute http or https URL without user, query and fragment in the variable backstage_url
    refused: refreshing component:default/shop-web in Backstage: Backstage is not configured: set the
        variable backstage_token
    ");
}
