//! Tokens of the API: only their hashes are configured, each with a name and a role.

use domain::Account;
use http::{HeaderMap, header};
use serde::Deserialize;
use sha2::{Digest, Sha256};

/// What the bearer of a token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads.
    Viewer,
    /// Reports builds and images.
    Worker,
    /// Reads and acts.
    Deployer,
    /// Everything.
    Admin,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Worker, Self::Deployer, Self::Admin];

    /// Its name in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Worker => "worker",
            Self::Deployer => "deployer",
            Self::Admin => "admin",
        }
    }

    /// Whether whoever has this role may do what `needed` may.
    pub const fn allows(self, needed: Self) -> bool {
        match self {
            Self::Admin => true,
            Self::Deployer => matches!(needed, Self::Deployer | Self::Viewer),
            Self::Worker => matches!(needed, Self::Worker),
            Self::Viewer => matches!(needed, Self::Viewer),
        }
    }
}

/// A configured token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Whose it is, for the log.
    pub name: String,
    /// What it allows.
    pub role: Role,
    /// The GitHub account of whoever bears it; none if it is nobody's, then it approves nothing.
    pub account: Option<Account>,
    /// The SHA-256 of the token.
    digest: [u8; 32],
}

/// `api_tokens` is not what it should be. Holds nothing of its value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "variable api_tokens: {reason}; expected a JSON array of objects with \"name\", \"role\" (viewer, worker, deployer or admin) and \
     \"sha256\", the SHA-256 of the token as 64 hexadecimal digits, and \"github\", if it is a person's, the id or login of their account"
)]
pub struct TokensError {
    /// What is wrong, and with which token.
    pub reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Configured {
    name: String,
    role: Role,
    sha256: String,
    #[serde(default)]
    github: Option<ConfiguredAccount>,
}

/// A GitHub account: by its id, which stays, or by its login.
#[derive(Deserialize)]
#[serde(untagged)]
enum ConfiguredAccount {
    Id(u64),
    Login(String),
}

/// The longest login of GitHub.
const LOGIN_BYTES_MAX: usize = 39;

impl ConfiguredAccount {
    /// The account; none if there can be no such one, which would be nobody's who wrote anything.
    fn account(self) -> Option<Account> {
        match self {
            Self::Id(id) => (id != 0).then_some(Account {
                id: Some(id),
                login: None,
            }),
            Self::Login(login) => is_login(&login).then_some(Account {
                id: None,
                login: Some(login),
            }),
        }
    }
}

/// Whether it is a person's login: letters, digits and single hyphens inside, with `_` and the short name of the enterprise for managed
/// users. One of digits alone is far more often an id in quotes.
fn is_login(text: &str) -> bool {
    let (name, enterprise) = match text.split_once('_') {
        Some((name, enterprise)) => (name, Some(enterprise)),
        None => (text, None),
    };
    let is_word =
        |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric());
    text.len() <= LOGIN_BYTES_MAX
        && !text.bytes().all(|byte| byte.is_ascii_digit())
        && name.split('-').all(is_word)
        && enterprise.is_none_or(is_word)
}

/// The configured token, if it is one.
fn token(configured: Configured) -> Result<Token, TokensError> {
    let name = configured.name;
    let mut digest = [0; 32];
    if hex::decode_to_slice(&configured.sha256, &mut digest).is_err() {
        let reason = format!("the sha256 of {name:?} is not 64 hexadecimal digits");
        return Err(TokensError { reason });
    }
    let account = match configured.github.map(ConfiguredAccount::account) {
        None => None,
        Some(Some(account)) => Some(account),
        Some(None) => {
            let reason = format!(
                "the github of {name:?} is neither the id of an account, a number without quotes, nor a person's login, without @ and spaces"
            );
            return Err(TokensError { reason });
        }
    };
    Ok(Token {
        name,
        role: configured.role,
        account,
        digest,
    })
}

/// Reads the value of the variable `api_tokens`.
pub fn parse_tokens(text: &str) -> Result<Vec<Token>, TokensError> {
    let configured: Vec<Configured> = serde_json::from_str(text).map_err(|error| TokensError {
        // The message of serde_json may quote a value; line and column are enough to find it.
        reason: format!(
            "it cannot be read at line {}, column {}",
            error.line(),
            error.column()
        ),
    })?;
    configured.into_iter().map(token).collect()
}

/// The configured token that the request bears; none without a valid one.
pub(crate) fn authenticate<'a>(tokens: &'a [Token], headers: &HeaderMap) -> Option<&'a Token> {
    let bearer = bearer(headers)?;
    // Of hashes the time of a comparison tells nothing: nobody can choose a token by the start of its hash.
    let digest: [u8; 32] = Sha256::digest(bearer).into();
    tokens.iter().find(|token| token.digest == digest)
}

/// What the request bears; never empty.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let value = headers.get(header::AUTHORIZATION)?.as_bytes();
    let (scheme, bearer) = value.split_at_checked(b"bearer ".len())?;
    (scheme.eq_ignore_ascii_case(b"bearer ") && !bearer.is_empty()).then_some(bearer)
}
