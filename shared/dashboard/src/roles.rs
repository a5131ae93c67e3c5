//! What whoever looks may do, to show what can be done. The API decides, whatever is shown.

use std::collections::BTreeMap;

use http_api::model::Me;

/// The roles of somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Roles {
    /// That of a token holds everywhere.
    Everywhere(String),
    /// Whoever signed in by GitHub has one in each repository, by its id.
    In(BTreeMap<u64, String>),
}

impl Roles {
    pub(crate) fn of(me: Me) -> Self {
        match me.repositories {
            Some(repositories) => Self::In(
                repositories
                    .into_iter()
                    .map(|repository| (repository.id, repository.role))
                    .collect(),
            ),
            None => Self::Everywhere(me.role),
        }
    }

    /// Whether something of the repository can be acted on, or of none, which takes a token.
    pub(crate) fn may_deploy(&self, repository: Option<u64>) -> bool {
        matches!(self.role_in(repository), "deployer" | "admin")
    }

    /// Whether everything may be done to it.
    pub(crate) fn may_administer(&self, repository: Option<u64>) -> bool {
        self.role_in(repository) == "admin"
    }

    fn role_in(&self, repository: Option<u64>) -> &str {
        match self {
            Self::Everywhere(role) => role,
            Self::In(roles) => repository
                .and_then(|repository| roles.get(&repository))
                .map_or("", String::as_str),
        }
    }
}
