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

impl From<ConfiguredAccount> for Account {
    fn from(configured: ConfiguredAccount) -> Self {
        match configured {
            ConfiguredAccount::Id(id) => Self {
                id: Some(id),
                login: None,
            },
            ConfiguredAccount::Login(login) => Self {
                id: None,
                login: Some(login),
            },
        }
    }
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
    configured
        .into_iter()
        .map(|configured| {
            let name = configured.name;
            let mut digest = [0; 32];
            match hex::decode_to_slice(&configured.sha256, &mut digest) {
                Ok(()) => Ok(Token {
                    name,
                    role: configured.role,
                    account: configured.github.map(Account::from),
                    digest,
                }),
                Err(_) => Err(TokensError {
                    reason: format!("the sha256 of {name:?} is not 64 hexadecimal digits"),
                }),
            }
        })
        .collect()
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
