//! GitHub Apps: how they show who they are, and what their tokens may do.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use rsa::{
    RsaPrivateKey,
    pkcs1::DecodeRsaPrivateKey,
    pkcs1v15::SigningKey,
    signature::{SignatureEncoding, Signer},
};
use serde_json::{Value, json};
use sha2::Sha256;
use world::{App, Installation, Vendor, World, answer_differences};

use crate::asking::{self, Caller};

fn signed(key: &str, claims: &Value) -> String {
    let key = RsaPrivateKey::from_pkcs1_pem(key).expect("a key");
    let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let header = encode(br#"{"alg":"RS256","typ":"JWT"}"#);
    let message = format!("{header}.{}", encode(claims.to_string().as_bytes()));
    let signature = SigningKey::<Sha256>::new(key).sign(message.as_bytes());
    format!("{message}.{}", encode(&signature.to_vec()))
}

fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(since.expect("after 1970").as_secs()).expect("before the end")
}

/// The App as itself.
pub fn itself(world: &World, app: &App) -> Caller {
    itself_after(world, app, 0)
}

/// The same, in a world that so many seconds have passed in.
pub fn itself_after(world: &World, app: &App, seconds: i64) -> Caller {
    let now = now() + seconds;
    let claims = json!({"iat": now - 60, "exp": now + 540, "iss": app.id().to_string()});
    asking::github_as(world, &signed(app.private_key(), &claims))
}

pub struct Installed {
    pub world: World,
    pub app: App,
    pub installation: Installation,
    shop: u64,
}

pub async fn installed() -> Installed {
    let world = asking::world().await;
    let shop = world.github().repository("acme/shop");
    shop.open_pull_request("Add cart", "feature/cart");
    world.github().repository("acme/till");
    let app = world.github().app("slipway-acme");
    let installation = app.install_on("acme");
    Installed {
        app,
        installation,
        shop: shop.id(),
        world,
    }
}

impl Installed {
    fn tokens(&self) -> String {
        format!(
            "/app/installations/{}/access_tokens",
            self.installation.id()
        )
    }

    async fn token(&self, wish: &Value) -> (u16, Value) {
        let answer = itself(&self.world, &self.app)
            .post(&self.tokens(), wish)
            .await;
        (answer.status, answer.json())
    }

    pub async fn with_token(&self, wish: &Value) -> Caller {
        let (status, answer) = self.token(wish).await;
        assert_eq!(status, 201, "{answer}");
        asking::github_as(&self.world, answer["token"].as_str().expect("a token"))
    }
}

#[tokio::test]
async fn what_an_app_is_told_fits_githubs_published_document() {
    let story = installed().await;
    let app = itself(&story.world, &story.app);
    let installation = format!("/app/installations/{}", story.installation.id());
    for path in ["/app", installation.as_str()] {
        let answer = app.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        let differences = answer_differences(Vendor::GitHub, "GET", path, 200, &answer.json());
        assert!(differences.is_empty(), "{path}: {differences:#?}");
    }
    let (status, answer) = story.token(&json!({"repository_ids": [story.shop]})).await;
    assert_eq!(status, 201);
    let differences = answer_differences(Vendor::GitHub, "POST", &story.tokens(), 201, &answer);
    assert!(differences.is_empty(), "{differences:#?}");
    let found = app.get("/repos/acme/shop/installation").await.json();
    assert_eq!(found["id"], story.installation.id());
    story.world.assert_clean();
}

#[tokio::test]
async fn a_json_web_token_is_refused_for_each_reason_in_githubs_words() {
    let story = installed().await;
    let key = story.app.private_key();
    let id = story.app.id().to_string();
    let claims =
        |iat: i64, exp: i64, iss: &str| json!({"iat": now() + iat, "exp": now() + exp, "iss": iss});
    let good = claims(-60, 540, &id);
    let mut cases = vec![
        ("ends too late", signed(key, &claims(-60, 700, &id))),
        ("ended", signed(key, &claims(-660, -60, &id))),
        ("from the future", signed(key, &claims(120, 540, &id))),
        ("of nobody", signed(key, &claims(-60, 540, "1"))),
        ("no token", "ghp_world".to_owned()),
    ];
    let (message, _) = cases[0].1.rsplit_once('.').expect("three parts");
    let another = signed(key, &claims(-61, 540, &id));
    let (_, signature) = another.rsplit_once('.').expect("three parts");
    let forged = format!("{message}.{signature}");
    cases.push(("with another's signature", forged));
    cases.push(("signed with a key that was replaced", signed(key, &good)));
    let mut told = Vec::new();
    for (case, token) in &cases {
        if case.contains("replaced") {
            story.app.replace_key();
        }
        let answer = asking::github_as(&story.world, token).get("/app").await;
        told.push(format!(
            "{case}: {} {}",
            answer.status,
            answer.json()["message"]
        ));
    }
    let mut nobody = asking::github_as(&story.world, "");
    nobody.headers.retain(|(name, _)| name != "authorization");
    let answer = nobody.get("/app").await;
    told.push(format!(
        "nothing: {} {}",
        answer.status,
        answer.json()["message"]
    ));
    let undecodable = "A JSON web token could not be decoded";
    let ended = "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires";
    let early = "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued";
    assert_eq!(
        told,
        [
            "ends too late: 401 \"'Expiration time' claim ('exp') is too far in the future\""
                .to_owned(),
            format!("ended: 401 \"{ended}\""),
            format!("from the future: 401 \"{early}\""),
            "of nobody: 404 \"Integration not found\"".to_owned(),
            format!("no token: 401 \"{undecodable}\""),
            format!("with another's signature: 401 \"{undecodable}\""),
            format!("signed with a key that was replaced: 401 \"{undecodable}\""),
            format!("nothing: 401 \"{undecodable}\""),
        ]
    );
    assert_eq!(
        itself(&story.world, &story.app).get("/app").await.status,
        200,
        "the new key is good"
    );
}

#[tokio::test]
async fn a_token_reaches_its_repositories_only_and_may_do_no_more_than_it_was_given() {
    let story = installed().await;
    let wish = json!({"repository_ids": [story.shop], "permissions": {"metadata": "read", "pull_requests": "read"}});
    let caller = story.with_token(&wish).await;
    assert_eq!(caller.get("/repos/acme/shop/pulls/1").await.status, 200);
    assert_eq!(
        caller.get("/repos/acme/till").await.status,
        404,
        "another repository"
    );
    let user = caller.get("/users/slipway-acme%5Bbot%5D").await.json();
    assert_eq!(user["type"], "Bot");
    for (path, needed) in [
        ("/repos/acme/shop/contents/README.md", "contents=read"),
        ("/repos/acme/shop/actions/runs", "actions=read"),
    ] {
        let refused = caller.get(path).await;
        assert_eq!(refused.status, 403, "{path}");
        assert_eq!(
            refused.json()["message"],
            "Resource not accessible by integration"
        );
        assert_eq!(
            refused.header("x-accepted-github-permissions"),
            Some(needed)
        );
    }
    let comments = "/repos/acme/shop/issues/1/comments";
    let refused = caller.post(comments, &json!({"body": "hello"})).await;
    assert_eq!(refused.status, 403, "it may read only");
    assert_eq!(caller.get("/user").await.status, 403, "an App is no person");

    let writer = story.with_token(&json!({})).await;
    let comment = writer.post(comments, &json!({"body": "hello"})).await;
    assert_eq!(
        comment.json()["user"]["id"],
        user["id"],
        "the App's account is the author"
    );
}

#[tokio::test]
async fn no_token_is_given_for_more_than_was_granted() {
    let story = installed().await;
    let other = story.world.github().repository("globex/shop").id();
    for (wish, message) in [
        (
            json!({"permissions": {"administration": "write"}}),
            "The permissions requested are not granted to this installation.",
        ),
        (
            json!({"permissions": {"contents": "write"}}),
            "The permissions requested are not granted to this installation.",
        ),
        (
            json!({"repository_ids": [story.shop, other]}),
            "There is at least one repository that does not exist or is not accessible to the parent installation.",
        ),
    ] {
        let (status, answer) = story.token(&wish).await;
        assert_eq!(
            (status, &answer["message"]),
            (422, &json!(message)),
            "{wish}"
        );
    }
}

#[tokio::test]
async fn tokens_end_with_their_hour_with_their_installation_and_while_that_is_suspended() {
    let story = installed().await;
    let path = "/repos/acme/shop/pulls/1";
    let caller = story.with_token(&json!({})).await;
    story.installation.suspend();
    let refused = caller.get(path).await;
    assert_eq!(refused.status, 403);
    assert_eq!(
        refused.json()["message"],
        "This installation has been suspended"
    );
    assert_eq!(story.token(&json!({})).await.0, 403);
    story.installation.unsuspend();
    assert_eq!(caller.get(path).await.status, 200);

    story.installation.end_tokens();
    assert_eq!(caller.get(path).await.status, 401);

    let caller = story.with_token(&json!({})).await;
    story.world.advance(std::time::Duration::from_secs(3_601));
    assert_eq!(caller.get(path).await.status, 401);

    let story = installed().await;
    let caller = story.with_token(&json!({})).await;
    story.installation.delete();
    assert_eq!(caller.get(path).await.status, 401);
    assert_eq!(story.token(&json!({})).await.0, 404);
    let app = itself(&story.world, &story.app);
    assert_eq!(app.get("/repos/acme/shop/installation").await.status, 404);
}

#[tokio::test]
async fn deliveries_of_an_installed_app_name_the_installation() {
    let story = installed().await;
    story
        .world
        .github()
        .repository("acme/shop")
        .open_pull_request("Two", "two");
    story
        .world
        .github()
        .repository("globex/shop")
        .open_pull_request("Three", "three");
    let deliveries = story.world.github().webhooks().all();
    let named: Vec<Value> = deliveries
        .iter()
        .map(|delivery| {
            serde_json::from_slice::<Value>(&delivery.body).expect("JSON")["installation"]["id"]
                .clone()
        })
        .collect();
    assert_eq!(
        named,
        [json!(null), json!(story.installation.id()), json!(null)]
    );
}
