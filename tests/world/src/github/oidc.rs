//! The tokens of jobs of GitHub Actions (OpenID Connect), and the keys that verify them. Here the issuer is GitHub's own address.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use rsa::{
    RsaPrivateKey,
    pkcs1::DecodeRsaPrivateKey,
    pkcs1v15::SigningKey,
    signature::{SignatureEncoding, Signer},
    traits::PublicKeyParts,
};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{
    app::{FIRST_KEY, SECOND_KEY},
    run::Run,
    shape::{overlay, run::workflow_path},
};
use crate::message::Reply;

/// The name of the key that signs.
const KEY: &str = "38826b17-6a30-5f9b-b169-8beb8202f723";
/// So long is a token good for.
const LIFE_SECONDS: i64 = 300;

/// `GET /.well-known/jwks`, for everybody.
pub(crate) fn keys() -> Reply {
    let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let keys: Vec<Value> = RsaPrivateKey::from_pkcs1_pem(FIRST_KEY)
        .into_iter()
        .map(|key| {
            json!({"kty": "RSA", "alg": "RS256", "use": "sig", "kid": KEY,
                "n": encode(&key.n_bytes()), "e": encode(&key.e_bytes())})
        })
        .collect();
    Reply::json(200, &json!({ "keys": keys }))
}

impl Run {
    /// The token that a job of this run gets for `audience`, with the permission `id-token: write`.
    #[must_use]
    pub fn token_for(&self, audience: &str) -> String {
        self.token_saying(audience, &json!({}))
    }

    /// The same with other claims, as nobody but the issuer can make one.
    #[must_use]
    pub fn token_saying(&self, audience: &str, claims: &Value) -> String {
        signed(FIRST_KEY, &self.claims(audience, claims))
    }

    /// The same, signed with a key that the issuer does not list under the name that it bears.
    #[must_use]
    pub fn forged_token(&self, audience: &str) -> String {
        signed(SECOND_KEY, &self.claims(audience, &json!({})))
    }

    fn claims(&self, audience: &str, others: &Value) -> Value {
        let issuer = self.shared.github_url();
        let now = self.shared.clock.now();
        self.shared.look(|state| {
            let github = &state.github;
            let Some(repository) = github.repositories.get(&self.repository) else {
                return Value::Null;
            };
            let Some(run) = repository.runs.get(&self.id) else {
                return Value::Null;
            };
            let name = github.full_name(repository);
            let reference = format!("refs/heads/{}", run.head_branch);
            let workflow = format!("{name}/{}@{reference}", workflow_path(&run.workflow));
            let mut claims = json!({
                "jti": format!("{}-{}", run.id, run.attempt), "iss": issuer, "aud": audience,
                "iat": now, "nbf": now - 300, "exp": now + LIFE_SECONDS,
                "sub": format!("repo:{name}:ref:{reference}"), "repository": name,
                "repository_id": repository.id.to_string(), "run_id": run.id.to_string(),
                "run_number": run.number.to_string(), "run_attempt": run.attempt.to_string(),
                "sha": run.head_sha, "ref": reference, "ref_type": "branch", "event_name": run.event,
                "workflow": run.workflow, "workflow_ref": workflow, "job_workflow_ref": workflow,
                "runner_environment": "github-hosted",
            });
            overlay(&mut claims, others.clone());
            claims
        })
    }
}

fn signed(private_key: &str, claims: &Value) -> String {
    let header = json!({"typ": "JWT", "alg": "RS256", "kid": KEY});
    let encode = |part: &Value| BASE64_URL_SAFE_NO_PAD.encode(part.to_string());
    let message = format!("{}.{}", encode(&header), encode(claims));
    let Ok(key) = RsaPrivateKey::from_pkcs1_pem(private_key) else {
        return message;
    };
    let signature = SigningKey::<Sha256>::new(key).sign(message.as_bytes());
    let signature = BASE64_URL_SAFE_NO_PAD.encode(signature.to_bytes());
    format!("{message}.{signature}")
}
