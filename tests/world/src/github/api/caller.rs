//! Who asks: a person by a token, an installation by its token, an App by a JSON Web Token, or nobody.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use rsa::{
    RsaPrivateKey,
    pkcs1::DecodeRsaPrivateKey,
    pkcs1v15::{Signature, VerifyingKey},
    signature::Verifier,
};
use serde_json::Value;
use sha2::Sha256;

use super::error;
use crate::github::installed::Token;
use crate::github::state::GitHubState;
use crate::message::{Reply, Request};

/// A token that ends later than this is refused.
const LONGEST_SECONDS: i64 = 600;

/// Whoever asks.
#[derive(Debug, Clone)]
pub(super) enum Caller {
    Nobody,
    Person(u64),
    /// An App as itself.
    App(u64),
    /// A person, by a token for an App.
    Authorized {
        app: u64,
        user: u64,
    },
    /// An installation, acting as the App's account.
    Installation {
        bot: u64,
        token: Token,
    },
}

impl Caller {
    /// The account that acts.
    pub(super) fn user(&self) -> Option<u64> {
        match self {
            Self::Nobody | Self::App(_) => None,
            Self::Person(user) | Self::Authorized { user, .. } => Some(*user),
            Self::Installation { bot, .. } => Some(*bot),
        }
    }

    /// Whether this is a request that only an App may make.
    pub(super) fn is_for_apps(request: &Request) -> bool {
        let segments: Vec<&str> = request.segments.iter().map(String::as_str).collect();
        matches!(
            segments.as_slice(),
            ["app", ..] | ["repos", _, _, "installation"] | ["repositories", _, "installation"]
        )
    }

    /// Reads the request's credentials, as GitHub takes them at `now`.
    pub(super) fn of(github: &GitHubState, request: &Request, now: i64) -> Result<Self, Reply> {
        if Self::is_for_apps(request) {
            let token = request.token().unwrap_or_default();
            return app_of(github, token, now).map(Self::App);
        }
        let Some(token) = request.token() else {
            return match request.header("authorization") {
                Some(_) => Err(error(401, "Bad credentials")),
                None => Ok(Self::Nobody),
            };
        };
        if let Some(user) = github.tokens.get(token) {
            return Ok(Self::Person(*user));
        }
        let installed = &github.installed;
        if let Some(found) = installed.authorized.get(token)
            && found.expires_at > now
        {
            return Ok(Self::Authorized {
                app: found.app,
                user: found.user,
            });
        }
        let found = installed
            .tokens
            .get(token)
            .filter(|found| found.expires_at > now)
            .and_then(|found| Some((found, installed.installations.get(&found.installation)?)));
        let Some((found, installation)) = found else {
            return Err(error(401, "Bad credentials"));
        };
        if installation.suspended_at.is_some() {
            return Err(error(403, "This installation has been suspended"));
        }
        let bot = installed.apps.get(&installation.app).map(|app| app.bot);
        Ok(Self::Installation {
            bot: bot.unwrap_or_default(),
            token: found.clone(),
        })
    }
}

/// The App whose JSON Web Token this is. GitHub's words for each way in which it is not one.
fn app_of(github: &GitHubState, token: &str, now: i64) -> Result<u64, Reply> {
    let undecodable = || error(401, "A JSON web token could not be decoded");
    let (message, signature) = token.rsplit_once('.').ok_or_else(undecodable)?;
    let (header, claims) = message.split_once('.').ok_or_else(undecodable)?;
    let header = decoded(header).ok_or_else(undecodable)?;
    let claims = decoded(claims).ok_or_else(undecodable)?;
    if header.get("alg").and_then(Value::as_str) != Some("RS256") {
        return Err(undecodable());
    }
    let issuer = match claims.get("iss") {
        Some(Value::String(text)) => text.parse().ok(),
        Some(Value::Number(number)) => number.as_u64(),
        _ => None,
    };
    let app = issuer.and_then(|id| github.installed.apps.get(&id));
    let app = app.ok_or_else(|| error(404, "Integration not found"))?;
    let is_signed = app
        .keys
        .iter()
        .any(|key| verifies(key, message.as_bytes(), signature));
    if !is_signed {
        return Err(undecodable());
    }
    let number = |name: &str| claims.get(name).and_then(Value::as_i64);
    let expires = number("exp").filter(|expires| *expires > now);
    let Some(expires) = expires else {
        let message = "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires";
        return Err(error(401, message));
    };
    if expires > now + LONGEST_SECONDS {
        let message = "'Expiration time' claim ('exp') is too far in the future";
        return Err(error(401, message));
    }
    if number("iat").is_none_or(|issued| issued > now) {
        let message = "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued";
        return Err(error(401, message));
    }
    Ok(app.id)
}

fn decoded(part: &str) -> Option<Value> {
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

fn verifies(private_key: &str, message: &[u8], signature: &str) -> bool {
    let Ok(key) = RsaPrivateKey::from_pkcs1_pem(private_key) else {
        return false;
    };
    let signature = BASE64_URL_SAFE_NO_PAD
        .decode(signature)
        .ok()
        .and_then(|bytes| Signature::try_from(bytes.as_slice()).ok());
    let public = VerifyingKey::<Sha256>::new(key.to_public_key());
    signature.is_some_and(|signature| public.verify(message, &signature).is_ok())
}
