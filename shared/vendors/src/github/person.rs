//! People as GitHub shows them beside what they did.

use domain::Account;
use serde::Deserialize;

/// GitHub shows an empty object, or none, for somebody whom it does not know.
#[derive(Deserialize)]
pub(super) struct WirePerson {
    #[serde(default)]
    id: Option<u64>,
    #[serde(default)]
    login: Option<String>,
}

impl WirePerson {
    /// The account, if GitHub shows one.
    pub(super) fn account(person: Option<Self>) -> Option<Account> {
        let Self { id, login } = person?;
        (id.is_some() || login.is_some()).then_some(Account { id, login })
    }
}
