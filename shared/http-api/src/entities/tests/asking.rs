//! What people ask of a preview: each is taken in at once, or refused with what would be right.

use super::*;

const HEAD: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

#[test]
fn a_preview_is_removed_and_deployed_in_the_name_of_who_asks() {
    let entities = stored();
    let path = "/api/v1/previews/42/7";
    let phase = || ask(&entities, &Method::GET, path).1["phase"].clone();
    let remove = send(
        &entities,
        &Method::POST,
        &format!("{path}/remove"),
        ("ada", ""),
    );
    assert_eq!(remove.0, 202, "{}", remove.1);
    assert_eq!(phase(), "absent");
    let again = send(
        &entities,
        &Method::POST,
        &format!("{path}/remove"),
        ("ada", ""),
    );
    assert_eq!(
        (again.0, again.1["detail"].as_str()),
        (409, Some("preview/42/7: there is no preview to remove"))
    );
    entities.clock.0.set(START + 1_000);
    let body = format!("{{\"commit\":\"{HEAD}\"}}");
    let deploy = send(
        &entities,
        &Method::POST,
        &format!("{path}/deploy"),
        ("ada", &body),
    );
    assert_eq!(deploy.0, 202, "{}", deploy.1);
    assert_eq!(phase(), "waiting");
}

#[test]
fn what_is_asked_wrongly_is_refused_with_what_would_be_right() {
    let entities = stored();
    let other = format!("{{\"commit\":\"{}\"}}", "b".repeat(40));
    let head = format!("{{\"commit\":\"{HEAD}\"}}");
    let told: Vec<String> = [
        ("deploy", ""),
        ("deploy", &other),
        ("redeploy", "{\"commit\":\"main\"}"),
        ("remove", &head),
        ("keep", ""),
        ("keep", "{\"for\":\"a week\"}"),
        ("keep", "{\"for\":\"400d\"}"),
        ("keep", "{\"for\":\"7d\"}"),
        ("keep", "[]"),
    ]
    .iter()
    .map(|(name, body)| {
        let path = format!("/api/v1/previews/42/7/{name}");
        let (status, answer) = send(&entities, &Method::POST, &path, ("ada", body));
        format!(
            "{name} {body}: {status} {}",
            answer["detail"].as_str().unwrap()
        )
    })
    .collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    deploy : 400 the body: commit is missing: the head commit that is to be deployed
    deploy {"commit":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"}: 409 preview/42/7: bbbbbbb is not the head commit, aaaaaaa is
    redeploy {"commit":"main"}: 400 the body: "main" is not a commit SHA (40 or 64 lower-case hexadecimal digits) at line 1 column 17; expected an object with commit or for
    remove {"commit":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}: 400 the body: commit says nothing to remove, which does not take it
    keep : 400 the body: for is missing: a duration, such as 12h or 7d
    keep {"for":"a week"}: 400 the body: for is "a week", expected a duration, such as 12h or 7d
    keep {"for":"400d"}: 422 for is 400d, expected a second at least and at most a year
    keep {"for":"7d"}: 409 preview/42/7: no preview expires here: the configuration sets no `ttl`, and it is kept as long as the pull request is open
    keep []: 400 the body: for is missing: a duration, such as 12h or 7d
    "#);
}

#[test]
fn only_what_is_idle_is_listed_if_that_is_asked_for() {
    let entities = stored();
    assert_eq!(
        page(&entities, "?idle_days=3"),
        " then null",
        "nothing is there"
    );
    let (status, answer) = ask(&entities, &Method::GET, "/api/v1/previews?idle_days=0");
    assert_eq!(
        (status, answer["detail"].as_str()),
        (
            400,
            Some("the parameter idle_days is \"0\", expected a whole number from 1 to 366")
        )
    );
}
