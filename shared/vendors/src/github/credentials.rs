//! By what Slipway shows GitHub who it is: an App, or a plain token.

use http::HeaderValue;

use super::{NAMES, app::App};
use crate::{
    address::{Base, Names, bearer},
    error::Secrets,
};

/// By what Slipway shows GitHub who it is. No `Debug`: it holds secrets.
#[derive(Clone)]
pub enum Credentials {
    /// A GitHub App.
    App {
        /// `github_app_id`: its numeric id, or its client id.
        id: String,
        /// `github_app_private_key`: PEM, or base64 of it.
        private_key: String,
    },
    /// `github_token`: a plain token, for a single repository or a first try.
    Token(String),
    /// `gitops_token`: a plain token that may commit to repositories of manifests, and is for nothing else.
    GitopsToken(String),
    /// `registry_token`: a classic token that may delete packages, and is for nothing else.
    RegistryToken(String),
    /// The variables contradict each other or none is set: what is wrong, for people.
    Unusable(String),
}

impl Credentials {
    /// What the three variables mean together: the App if it is configured, else the token.
    pub fn of(app_id: Option<&str>, private_key: Option<&str>, token: Option<&str>) -> Self {
        let half = |set: &str, missing: &str| {
            Self::Unusable(format!(
                "the variable {set} is set and {missing} is not: an App needs both"
            ))
        };
        match (app_id, private_key, token) {
            (Some(id), Some(private_key), _) => Self::App {
                id: id.to_owned(),
                private_key: private_key.to_owned(),
            },
            (Some(_), None, _) => half("github_app_id", "github_app_private_key"),
            (None, Some(_), _) => half("github_app_private_key", "github_app_id"),
            (None, None, Some(token)) => Self::Token(token.to_owned()),
            (None, None, None) => Self::Unusable(
                "GitHub is not configured: set the variables github_app_id and github_app_private_key, or github_token"
                    .to_owned(),
            ),
        }
    }
}

/// What a client works by, once the variables were found to make sense.
pub(super) struct Setup {
    pub(super) base: Base,
    pub(super) login: Login,
    pub(super) secrets: Secrets,
}

pub(super) enum Login {
    Token {
        bearer: HeaderValue,
        kind: PlainToken,
    },
    App(Box<App>),
}

/// What a plain token is for, for people.
#[derive(Clone, Copy)]
pub(super) struct PlainToken {
    /// The variable that holds it.
    pub(super) variable: &'static str,
    /// What it needs to be allowed.
    pub(super) rights: &'static str,
}

const ORDINARY: PlainToken = PlainToken {
    variable: NAMES.token_variable,
    rights: "read contents and actions, and to write pull requests",
};

const GITOPS: PlainToken = PlainToken {
    variable: "gitops_token",
    rights: "write contents of the repository of the manifests",
};

const REGISTRY: PlainToken = PlainToken {
    variable: "registry_token",
    rights: "read and delete packages, as a classic token of somebody who administers them",
};

impl Setup {
    pub(super) fn new(base_url: &str, credentials: &Credentials) -> Result<Self, String> {
        let base = Base::new(base_url, NAMES)?;
        let secrets = Secrets::default();
        let login = match credentials {
            Credentials::Token(token) => plain(token, ORDINARY, &secrets)?,
            Credentials::RegistryToken(token) => plain(token, REGISTRY, &secrets)?,
            Credentials::GitopsToken(token) => plain(token, GITOPS, &secrets)?,
            Credentials::App { id, private_key } => {
                secrets.add(private_key.trim());
                Login::App(Box::new(App::new(id, private_key)?))
            }
            Credentials::Unusable(problem) => return Err(problem.clone()),
        };
        Ok(Self {
            base,
            login,
            secrets,
        })
    }
}

fn plain(token: &str, kind: PlainToken, secrets: &Secrets) -> Result<Login, String> {
    secrets.add(token.trim());
    let names = Names {
        token_variable: kind.variable,
        ..NAMES
    };
    let bearer = bearer(token, names)?;
    Ok(Login::Token { bearer, kind })
}
