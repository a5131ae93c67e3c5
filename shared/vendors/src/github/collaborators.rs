//! What a person may do in a repository.

use domain::preview::Permission;
use http::{Method, StatusCode};
use ports::{Clock, Http, Store};
use serde::Deserialize;

use super::{Client, Repository};
use crate::{
    CallError,
    address::percent_encoded,
    exchange::{Repeat, message},
};

#[derive(Deserialize)]
struct Wire {
    /// `admin`, `write`, `read` or `none`; a role of the organisation's own counts as what it is based on, `maintain` as `write`
    /// and `triage` as `read`.
    permission: String,
    user: Option<Account>,
}

#[derive(Deserialize)]
struct Account {
    id: u64,
}

impl<H: Http, C: Clock, S: Store> Client<H, C, S> {
    /// What the account may do in the repository. A login that is another account's by now may do nothing: whose it was is told by
    /// the id.
    pub async fn permission(
        &self,
        repository: Repository<'_>,
        login: &str,
        account: u64,
    ) -> Result<Permission, CallError> {
        let call = self.exchange(
            repository,
            format!("asking what {login:?} may do in {}", repository.name),
            Repeat::Harmless,
        )?;
        let path = format!(
            "/repos/{}/collaborators/{}/permission",
            repository.name,
            percent_encoded(login, false)
        );
        let response = self.send(&call, Method::GET, &path, Vec::new()).await?;
        if response.status == StatusCode::NOT_FOUND && message(&response).is_some() {
            // There is no such account (any more), or it has nothing to do with the repository.
            return Ok(Permission::None);
        }
        if response.status != StatusCode::OK {
            return Err(self.failure(&call, &response));
        }
        let wire: Wire = call.read(&response)?;
        if wire.user.is_none_or(|user| user.id != account) {
            return Ok(Permission::None);
        }
        // A word that is new to us is never taken for more than reading.
        Ok(match wire.permission.as_str() {
            "admin" => Permission::Admin,
            "write" => Permission::Write,
            "none" => Permission::None,
            _ => Permission::Read,
        })
    }
}
