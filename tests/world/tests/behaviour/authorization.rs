//! People who authorize an App: the page, the code that comes back, the exchange, and what the token is good for.

use std::time::Duration;

use serde_json::{Value, json};
use world::{App, World};

use crate::asking::{self, Caller};

const BACK: &str = "https://slipway.example.com/back";
/// The example of RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// An App on acme, whose shop ada may write to.
async fn installed() -> (World, App) {
    let world = asking::world().await;
    let shop = world.github().repository("acme/shop");
    shop.give_role("ada", "write");
    world.github().repository("acme/till");
    let app = world.github().app("slipway-acme");
    app.install_on("acme");
    app.call_back_to(BACK);
    (world, app)
}

/// Where GitHub sends the browser.
async fn sent_back(world: &World, app: &App, redirect: &str, choice: &str) -> String {
    let path = format!(
        "/login/oauth/authorize?client_id={}&redirect_uri={redirect}&state=s&code_challenge={CHALLENGE}\
         &code_challenge_method=S256{choice}",
        app.client_id()
    );
    let page = asking::github(world).get(&path).await;
    page.header("location").expect("a way back").to_owned()
}

async fn code(world: &World, app: &App) -> String {
    let back = sent_back(world, app, BACK, "&login=ada").await;
    let code = back.strip_prefix(&format!("{BACK}?code=")).expect(&back);
    code.trim_end_matches("&state=s").to_owned()
}

async fn exchanged(world: &World, app: &App, code: &str, verifier: &str) -> Value {
    let github = asking::github(world).with("accept", "application/json");
    let body = json!({
        "client_id": app.client_id(), "client_secret": app.client_secret(), "code": code, "code_verifier": verifier,
        "redirect_uri": BACK,
    });
    let answer = github.post("/login/oauth/access_token", &body).await;
    assert_eq!(answer.status, 200, "also for what is refused");
    answer.json()
}

#[tokio::test]
async fn a_code_is_good_once_for_ten_minutes_with_its_verifier() {
    let (world, app) = installed().await;
    let first = code(&world, &app).await;
    let token = exchanged(&world, &app, &first, VERIFIER).await;
    assert_eq!(token["expires_in"], 28_800, "{token}");
    let refused = |answer: Value| assert_eq!(answer["error"], "bad_verification_code", "{answer}");
    refused(exchanged(&world, &app, &first, VERIFIER).await);
    let second = code(&world, &app).await;
    refused(exchanged(&world, &app, &second, "another").await);
    refused(exchanged(&world, &app, &second, VERIFIER).await);
    let third = code(&world, &app).await;
    world.advance(Duration::from_secs(600));
    refused(exchanged(&world, &app, &third, VERIFIER).await);
}

#[tokio::test]
async fn people_are_sent_back_to_registered_addresses_alone_and_may_refuse() {
    let (world, app) = installed().await;
    let denied = sent_back(&world, &app, BACK, "&cancel=1").await;
    assert!(
        denied.starts_with(&format!("{BACK}?error=access_denied&")),
        "{denied}"
    );
    let elsewhere = sent_back(&world, &app, "https://evil.example", "&login=ada").await;
    let expected = format!("{BACK}?error=redirect_uri_mismatch&state=s");
    assert_eq!(elsewhere, expected);
}

#[tokio::test]
async fn a_token_tells_what_its_person_was_given_until_it_is_ended() {
    let (world, app) = installed().await;
    let first = code(&world, &app).await;
    let token = exchanged(&world, &app, &first, VERIFIER).await;
    let token = token["access_token"].as_str().expect("a token").to_owned();
    let ada: Caller = asking::github_as(&world, &token);
    assert_eq!(ada.get("/user").await.json()["login"], "ada");
    let installations = ada.get("/user/installations").await.json();
    assert_eq!(installations["total_count"], 1, "{installations}");
    let id = &installations["installations"][0]["id"];
    let path = format!("/user/installations/{id}/repositories");
    let seen = ada.get(&path).await.json();
    assert_eq!(seen["total_count"], 1, "not what is merely public: {seen}");
    assert_eq!(seen["repositories"][0]["full_name"], "acme/shop");
    assert_eq!(seen["repositories"][0]["permissions"]["push"], true);
    assert_eq!(seen["repositories"][0]["permissions"]["admin"], false);
    world.github().repository("acme/shop").take_role("ada");
    assert_eq!(ada.get(&path).await.status, 404);
    assert_eq!(
        asking::github(&world).get(&path).await.status,
        403,
        "no App's token"
    );
    let end = format!("/applications/{}/token", app.client_id());
    let wish = json!({ "access_token": token });
    assert_eq!(
        ada.call("DELETE", &end, Some(&wish)).await.status,
        401,
        "not by herself"
    );
    world.github().end_authorizations("ada");
    assert_eq!(ada.get("/user").await.status, 401);
}
