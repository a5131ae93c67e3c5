//! Tokens of jobs of GitHub Actions: which are believed, and when the issuer is asked for its keys.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::Timestamp;
use ports::{Clock, memory::MemoryStore};
use rsa::{
    RsaPrivateKey,
    pkcs1::DecodeRsaPrivateKey,
    pkcs1v15::SigningKey,
    signature::{SignatureEncoding, Signer},
    traits::PublicKeyParts,
};
use serde_json::{Value, json};
use sha2::Sha256;
use vendors::github::{Issuer, Job, NotBelieved};

use crate::script::{Script, now, timed_out};

const KEY: &str = include_str!("../../src/github/app/testdata/pkcs1.pem");
/// Another one.
const OTHER: &str = include_str!("../../../../tests/world/keys/first.pem");
const ISSUER: &str = "https://token.actions.githubusercontent.com";
const AUDIENCE: &str = "https://slipway.example.com";
/// 2026-11-21T10:31:07Z
const NOW: i64 = 1_795_257_067;

/// A clock that stands where it is put.
#[derive(Clone, Copy)]
struct At(i64);

impl Clock for At {
    fn now(&self) -> Timestamp {
        Timestamp::from_milliseconds(self.0 * 1_000)
    }

    async fn sleep(&self, _duration: Duration) {}
}

fn key(pem: &str) -> RsaPrivateKey {
    RsaPrivateKey::from_pkcs1_pem(pem).expect("a key")
}

fn encode(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// What the issuer answers, with the key under this name.
fn listed(kid: &str) -> String {
    let key = key(KEY);
    json!({"keys": [
        {"kty": "EC", "kid": kid, "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": kid, "n": encode(&key.n_bytes()), "e": encode(&key.e_bytes())},
    ]})
    .to_string()
}

fn issuer(answers: &[(u16, &str)]) -> Issuer<Script, At, MemoryStore> {
    let http = answers
        .iter()
        .fold(Script::default(), |script, (status, body)| {
            script.then(*status, &[], body)
        });
    Issuer {
        http,
        clock: At(NOW),
        store: MemoryStore::default(),
        url: ISSUER.to_owned(),
    }
}

fn claims() -> Value {
    json!({
        "iss": ISSUER, "aud": AUDIENCE, "iat": NOW, "nbf": NOW - 300, "exp": NOW + 300, "repository": "acme/shop",
        "repository_id": "1296269", "run_id": "9", "run_attempt": "2", "sha": "ec26c3e57ca3a959ca5aad62de7213c562f8c821",
        "ref": "refs/heads/main", "event_name": "push", "workflow": "Build", "sub": "repo:acme/shop:ref:refs/heads/main",
        "workflow_ref": "acme/shop/.github/workflows/deploy.yml@refs/heads/main",
        "job_workflow_ref": "acme/shop/.github/workflows/build-image.yml@refs/heads/main",
    })
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn signed_by(pem: &str, header: &Value, claims: &Value) -> String {
    let message = [header, claims]
        .map(|part| encode(part.to_string().as_bytes()))
        .join(".");
    let signature = SigningKey::<Sha256>::new(key(pem)).sign(message.as_bytes());
    format!("{message}.{}", encode(&signature.to_bytes()))
}

fn signed(claims: &Value) -> String {
    signed_by(
        KEY,
        &json!({"typ": "JWT", "alg": "RS256", "kid": "one"}),
        claims,
    )
}

fn verify(issuer: &Issuer<Script, At, MemoryStore>, token: &str) -> Result<Job, NotBelieved> {
    now(issuer.verify(token, AUDIENCE))
}

#[test]
fn a_token_of_now_for_us_is_believed_and_says_which_run_bears_it() {
    let issuer = issuer(&[(200, &listed("one"))]);
    let job = verify(&issuer, &signed(&claims())).unwrap();
    insta::assert_debug_snapshot!(job, @r#"
    Job {
        repository: RepositoryId(
            1296269,
        ),
        repository_name: acme/shop,
        run: 9,
        attempt: 2,
        commit: ec26c3e,
        reference: "refs/heads/main",
        event: "push",
        workflow: "Build",
        workflow_path: ".github/workflows/deploy.yml",
        issued_at: 2026-11-21T10:31:07Z,
    }
    "#);
    insta::assert_snapshot!(issuer.http.asked(), @r#"
    GET https://token.actions.githubusercontent.com/.well-known/jwks
    accept: "application/json"
    user-agent: "slipway/0.0.0"
    time limit: 10 s
    "#);
}

#[test]
fn whatever_is_not_as_it_should_be_is_refused_before_the_issuer_is_asked() {
    let seconds = |name: &str, offset: i64| signed(&with(name, json!(NOW + offset)));
    let header = |header: Value| signed_by(KEY, &header, &claims());
    let good = signed(&claims());
    let (start, _) = good.rsplit_once('.').unwrap();
    let tokens = [
        ("nothing", String::new()),
        ("words", "let me in".to_owned()),
        ("long", "x".repeat(20_000)),
        ("two parts", start.to_owned()),
        ("no algorithm", header(json!({"alg": "none", "kid": "one"}))),
        (
            "a shared secret",
            header(json!({"alg": "HS256", "kid": "one"})),
        ),
        ("no key's name", header(json!({"alg": "RS256"}))),
        (
            "an extension",
            header(json!({"alg": "RS256", "kid": "one", "crit": ["b64"]})),
        ),
        (
            "another issuer",
            signed(&with("iss", json!("https://mallory.example"))),
        ),
        (
            "another audience",
            signed(&with("aud", json!("https://github.com/acme"))),
        ),
        ("several audiences", signed(&with("aud", json!([AUDIENCE])))),
        ("expired", seconds("exp", -61)),
        ("not yet", seconds("nbf", 61)),
        ("made later", seconds("iat", 61)),
        (
            "no number",
            signed(&with("repository_id", json!("1; drop"))),
        ),
        (
            "another's workflow",
            signed(&with(
                "workflow_ref",
                json!("mallory/shop/.github/workflows/deploy.yml@refs/heads/main"),
            )),
        ),
        (
            "a name's beginning",
            signed(&with(
                "workflow_ref",
                json!("acme/shop-2/.github/workflows/deploy.yml@main"),
            )),
        ),
        (
            "a person's token",
            signed(&json!({"iss": ISSUER, "aud": AUDIENCE, "exp": NOW + 60})),
        ),
    ];
    let issuer = issuer(&[]);
    let told = tokens.map(|(what, token)| {
        let error = verify(&issuer, &token).expect_err(what);
        assert!(matches!(error, NotBelieved::Refused(_)), "{what}: {error}");
        format!("{what}: {error}")
    });
    insta::assert_snapshot!(told.join("\n"), @"
    nothing: the token is refused: it is no JSON Web Token of three parts
    words: the token is refused: it is no JSON Web Token of three parts
    long: the token is refused: it is longer than 16384 characters
    two parts: the token is refused: it is no JSON Web Token of three parts
    no algorithm: the token is refused: expected a signature by RS256, and no extensions
    a shared secret: the token is refused: expected a signature by RS256, and no extensions
    no key's name: the token is refused: its header is not what GitHub writes: missing field `kid` at line 1 column 15
    an extension: the token is refused: expected a signature by RS256, and no extensions
    another issuer: the token is refused: its issuer is not https://token.actions.githubusercontent.com
    another audience: the token is refused: it was made for another audience than https://slipway.example.com
    several audiences: the token is refused: its claims are not those of a job of GitHub Actions: invalid type: sequence, expected a string at line 1 column 7
    expired: the token is refused: it has expired
    not yet: the token is refused: it is of the future
    made later: the token is refused: it is of the future
    no number: the token is refused: repository_id is no number
    another's workflow: the token is refused: its workflow is not of its repository
    a name's beginning: the token is refused: its workflow is not of its repository
    a person's token: the token is refused: its claims are not those of a job of GitHub Actions: missing field `nbf` at line 1 column 106
    ");
    assert_eq!(issuer.http.lines(), Vec::<String>::new());
}

#[test]
fn clocks_may_differ_by_a_minute() {
    for (name, offset) in [("exp", -60), ("nbf", 60), ("iat", 60)] {
        let issuer = issuer(&[(200, &listed("one"))]);
        let token = signed(&with(name, json!(NOW + offset)));
        assert!(verify(&issuer, &token).is_ok(), "{name}");
    }
}

#[test]
fn a_signature_of_another_key_or_over_other_claims_is_refused() {
    let issuer = issuer(&[(200, &listed("one"))]);
    let header = json!({"typ": "JWT", "alg": "RS256", "kid": "one"});
    let forged = signed_by(OTHER, &header, &claims());
    let good = signed(&claims());
    let parts: Vec<&str> = good.split('.').collect();
    let others = encode(with("repository_id", json!("7")).to_string().as_bytes());
    for token in [
        forged,
        format!("{}.{others}.{}", parts[0], parts[2]),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{}.{}.AAAA", parts[0], parts[1]),
    ] {
        let error = verify(&issuer, &token).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the token is refused: its signature is not of the key that it names"
        );
    }
}

#[test]
fn the_keys_are_kept_for_an_hour_and_read_anew_for_one_that_is_new() {
    let mut issuer = issuer(&[
        (200, &listed("one")),
        (200, &listed("two")),
        (200, &listed("two")),
    ]);
    let named = |kid: &str, at: i64| {
        let mut claims = claims();
        claims["exp"] = json!(at + 300);
        signed_by(KEY, &json!({"alg": "RS256", "kid": kid}), &claims)
    };
    for (seconds, kid, believed, reads) in [
        (0, "one", true, 1),
        (10, "one", true, 1),
        (20, "nobody's", false, 1),
        // Half a minute after the last look.
        (40, "two", true, 2),
        (41, "one", false, 2),
        (3_600, "two", true, 2),
        (3_700, "two", true, 3),
    ] {
        issuer.clock = At(NOW + seconds);
        let result = verify(&issuer, &named(kid, NOW + seconds));
        assert_eq!(result.is_ok(), believed, "{seconds}: {result:?}");
        assert_eq!(issuer.http.lines().len(), reads, "{seconds}");
    }
}

#[test]
fn an_issuer_that_is_away_is_told_apart_from_a_bad_token_and_a_key_that_is_known_counts_for_a_day()
{
    let mut issuer = issuer(&[]);
    issuer.http = Script::default()
        .then_fails(timed_out())
        .then(502, &[], "<html>Bad Gateway</html>")
        .then(200, &[], "{}")
        .then(200, &[], &listed("one"))
        .then(503, &[], "")
        .then(503, &[], "");
    let mut told = Vec::new();
    for seconds in [0, 1, 30, 60, 90, 90 + 3_700, 90 + 86_500] {
        issuer.clock = At(NOW + seconds);
        let token = signed(&with("exp", json!(NOW + seconds)));
        told.push(match verify(&issuer, &token) {
            Ok(_) => format!("{seconds}: believed"),
            Err(error) => format!("{seconds}: {error}"),
        });
    }
    insta::assert_snapshot!(told.join("\n"), @"
    0: the token cannot be verified now: reading the keys at https://token.actions.githubusercontent.com/.well-known/jwks: no answer from https://vendor.example:443 within 30 s
    1: the token cannot be verified now: the keys could not be read a moment ago
    30: the token cannot be verified now: reading the keys at https://token.actions.githubusercontent.com/.well-known/jwks: answered 502 Bad Gateway
    60: the token cannot be verified now: reading the keys at https://token.actions.githubusercontent.com/.well-known/jwks: answered no list of keys (missing field `keys` at line 1 column 2)
    90: believed
    3790: believed
    86590: the token cannot be verified now: reading the keys at https://token.actions.githubusercontent.com/.well-known/jwks: answered 503 Service Unavailable
    ");
}
