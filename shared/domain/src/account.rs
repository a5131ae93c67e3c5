//! Accounts on GitHub: who wrote a change, and who lets it go on.

use serde::{Deserialize, Serialize};

/// An account on GitHub. Its login may be changed by its owner and taken by somebody else; its id stays.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Account {
    /// GitHub's id of it, where that is known.
    #[serde(default)]
    pub id: Option<u64>,
    /// Its login when it was seen, where that is known.
    #[serde(default)]
    pub login: Option<String>,
}

impl Account {
    /// That of GitHub's id, with its login at the time.
    pub fn seen(id: u64, login: &str) -> Self {
        Self {
            id: Some(id),
            login: Some(login.to_owned()),
        }
    }

    /// Whether both may be the same: by their ids where both are known, else by their logins. Of which nothing can be compared may be the
    /// same: nobody counts twice, nor approves their own work, because it is not known who they are.
    pub fn may_be(&self, other: &Self) -> bool {
        if let (Some(one), Some(other)) = (self.id, other.id) {
            return one == other;
        }
        match (&self.login, &other.login) {
            (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
            (Some(_) | None, None) | (None, Some(_)) => true,
        }
    }

    /// Whether there is something of both to compare: their ids, or their logins.
    pub fn can_be_compared_with(&self, other: &Self) -> bool {
        let ids = self.id.is_some() && other.id.is_some();
        ids || (self.login.is_some() && other.login.is_some())
    }
}

/// Who asks for something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Speaker {
    /// A name for people: a login, or the name of a token.
    pub name: String,
    /// The account that speaks; none if nobody said whose the token is.
    pub account: Option<Account>,
}

impl Speaker {
    /// Somebody whom GitHub showed.
    pub fn seen(id: u64, login: &str) -> Self {
        Self {
            name: login.to_owned(),
            account: Some(Account::seen(id, login)),
        }
    }

    /// Somebody who is said to be the account of this login.
    pub fn called(login: &str) -> Self {
        Self {
            name: login.to_owned(),
            account: Some(Account {
                id: None,
                login: Some(login.to_owned()),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_known_by_its_id_and_without_one_by_its_login() {
        let ada = Account::seen(1, "ada");
        let by_login = |login: &str| Account {
            id: None,
            login: Some(login.to_owned()),
        };
        let by_id = |id: u64| Account {
            id: Some(id),
            login: None,
        };
        for (other, expected, why) in [
            (Account::seen(1, "countess"), true, "renamed"),
            (Account::seen(2, "ada"), false, "somebody took the login"),
            (by_login("Ada"), true, "GitHub does not tell cases apart"),
            (by_login("bob"), false, "another login"),
            (by_id(1), true, "the same id"),
            (by_id(2), false, "another id"),
        ] {
            assert_eq!(ada.may_be(&other), expected, "{why}");
            assert_eq!(other.may_be(&ada), expected, "{why}, the other way round");
        }
        assert!(ada.can_be_compared_with(&by_id(2)));
        assert!(ada.can_be_compared_with(&by_login("bob")));
        assert!(!by_id(1).can_be_compared_with(&by_login("bob")));
        let unknown = by_login("ada").may_be(&by_id(1));
        assert!(unknown, "nothing to compare: they may be the same");
    }
}
