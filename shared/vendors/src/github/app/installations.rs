//! The App's installations: the list of them, one of them with the repositories that it reaches, and whether any reaches a
//! repository. All of it is asked as the App itself, but for the repositories: with a token that may do nothing but list them.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    InstallationId, RepositoryId, RepositoryName, Timestamp,
    installation::{Details, Selection, Shown},
};
use http::{Method, StatusCode};
use ports::{Clock, Http, Response, Store};
use serde::Deserialize;

use super::{App, mint::Asked};
use crate::{
    CallError,
    exchange::{Exchange, Repeat, message},
    github::{
        Client, NAMES, Repository, TIMEOUT, budget::Payer, credentials::Login, link::next_page,
        request::Outgoing,
    },
};

/// More installations, or repositories of one, than these pages of a hundred hold are refused.
const PAGES: usize = 200;

/// Whether the App reaches a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// By this installation, which GitHub gives a token for this very repository.
    By(InstallationId),
    /// By none.
    None,
}

#[derive(Deserialize)]
struct Wire {
    id: InstallationId,
    app_id: u64,
    account: Option<WireAccount>,
    target_type: String,
    repository_selection: Selection,
    permissions: BTreeMap<String, String>,
    events: BTreeSet<String>,
    suspended_at: Option<String>,
    created_at: String,
    updated_at: String,
}

/// An enterprise has a slug instead of a login.
#[derive(Deserialize)]
struct WireAccount {
    id: u64,
    login: Option<String>,
    slug: Option<String>,
}

#[derive(Deserialize)]
struct WireFound {
    id: InstallationId,
    suspended_at: Option<String>,
}

#[derive(Deserialize)]
struct WirePage {
    total_count: usize,
    repositories: Vec<WireRepository>,
}

#[derive(Deserialize)]
struct WireRepository {
    id: RepositoryId,
    full_name: RepositoryName,
}

impl<H: Http, C: Clock, S: Store> Client<H, C, S> {
    /// All installations of the App, each with the id of the App; none with a plain token.
    pub async fn installations(&self) -> Result<BTreeSet<InstallationId>, CallError> {
        let exchange = self.exchange_of(
            "listing the App's installations".to_owned(),
            Repeat::Harmless,
        )?;
        let Login::App(app) = &self.setup(&exchange.what)?.login else {
            return Ok(BTreeSet::new());
        };
        let mut found = BTreeSet::new();
        for page in 1..=PAGES {
            let path = format!("/app/installations?per_page=100&page={page}");
            let response = self
                .send_as_app(app, &exchange, Method::GET, &path, Vec::new())
                .await?;
            if response.status != StatusCode::OK {
                return Err(self.app_failure(app, &exchange, &response));
            }
            let listed: Vec<WireFound> = exchange.read(&response)?;
            found.extend(listed.into_iter().map(|listed| listed.id));
            if next_page(&response.headers).is_none() {
                return Ok(found);
            }
        }
        Err(too_long(&exchange))
    }

    /// Whether GitHub knows this installation of the App.
    pub async fn has_installation(&self, id: InstallationId) -> Result<bool, CallError> {
        let (exchange, app) = self.about_installation(id)?;
        Ok(self
            .installation_answer(app, &exchange, id)
            .await?
            .is_some())
    }

    /// The installation, with all repositories that it reaches; gone if GitHub does not know it, which only counts if it knows the App
    /// that asks to be `expected`, the one that the installation was of.
    pub async fn look_at_installation(
        &self,
        id: InstallationId,
        expected: Option<u64>,
    ) -> Result<Shown, CallError> {
        let (exchange, app) = self.about_installation(id)?;
        let Some(response) = self.installation_answer(app, &exchange, id).await? else {
            self.check_app(&exchange, expected).await?;
            return Ok(Shown::Gone);
        };
        let wire: Wire = exchange.read(&response)?;
        if wire.id != id {
            return Err(exchange.unreadable(&response, "another installation"));
        }
        let details = details(wire).map_err(|problem| exchange.unreadable(&response, &problem))?;
        if details.suspended_at.is_some() {
            return Ok(Shown::Suspended { details });
        }
        let repositories = self.repositories_of(app, id).await?;
        Ok(Shown::Active {
            details,
            repositories,
        })
    }

    /// Whether any installation of the App reaches the repository. A name may lead to another repository by now, so a token for the
    /// repository's own id is asked for.
    pub async fn reach(&self, repository: Repository<'_>) -> Result<Reach, CallError> {
        let what = format!("looking up the App's installation on {}", repository.name);
        let exchange = self.exchange_of(what, Repeat::Harmless)?;
        let app = self.app(&exchange)?;
        let path = format!("/repos/{}/installation", repository.name);
        let response = self
            .send_as_app(app, &exchange, Method::GET, &path, Vec::new())
            .await?;
        if response.status == StatusCode::NOT_FOUND && message(&response).is_some() {
            // Another App's, or a key that GitHub does not take, would be told otherwise.
            self.check_app(&exchange, None).await?;
            return Ok(Reach::None);
        }
        if response.status != StatusCode::OK {
            return Err(self.app_failure(app, &exchange, &response));
        }
        let found: WireFound = exchange.read(&response)?;
        if found.suspended_at.is_some() {
            return Ok(Reach::None);
        }
        let wish = super::mint::Wish::listing(Some(repository.id));
        Ok(match self.ask(app, &exchange, &wish, found.id).await? {
            Asked::Given(_) => Reach::By(found.id),
            Asked::WrongInstallation(_) => Reach::None,
        })
    }

    fn app<'a>(&'a self, exchange: &Exchange<'_>) -> Result<&'a App, CallError> {
        match &self.setup(&exchange.what)?.login {
            Login::App(app) => Ok(app),
            Login::Token { .. } => Err(exchange.refused(
                exchange.reason("only an App has installations"),
                "The variables github_app_id and github_app_private_key must be set",
            )),
        }
    }

    fn about_installation(&self, id: InstallationId) -> Result<(Exchange<'_>, &App), CallError> {
        let what = format!("reading the App's installation {id}");
        let exchange = self.exchange_of(what, Repeat::Harmless)?;
        let app = self.app(&exchange)?;
        Ok((exchange, app))
    }

    /// GitHub's answer about the installation; none if it knows none.
    async fn installation_answer(
        &self,
        app: &App,
        exchange: &Exchange<'_>,
        id: InstallationId,
    ) -> Result<Option<Response>, CallError> {
        let path = format!("/app/installations/{id}");
        let response = self
            .send_as_app(app, exchange, Method::GET, &path, Vec::new())
            .await?;
        match response.status {
            StatusCode::OK => Ok(Some(response)),
            StatusCode::NOT_FOUND if message(&response).is_some() => Ok(None),
            _ => Err(self.app_failure(app, exchange, &response)),
        }
    }

    /// That GitHub knows nothing of an installation means something only if it knows the App, and that is the right one.
    async fn check_app(
        &self,
        exchange: &Exchange<'_>,
        expected: Option<u64>,
    ) -> Result<(), CallError> {
        let identity = self.app_identity().await?;
        match (identity, expected) {
            (Some(identity), Some(expected)) if identity.id != expected => {
                let reason = exchange.reason(&format!(
                    "it is one of the App {expected}, and Slipway signs in as the App {}",
                    identity.id
                ));
                Err(exchange.refused(
                    reason,
                    "Nothing is concluded from that: what is left of the other App's previews is to be removed by hand, or with \
                     its key",
                ))
            }
            (Some(_) | None, _) => Ok(()),
        }
    }

    /// All repositories that the installation reaches: as many as GitHub says that there are.
    async fn repositories_of(
        &self,
        app: &App,
        id: InstallationId,
    ) -> Result<BTreeMap<RepositoryId, RepositoryName>, CallError> {
        let what = format!("listing the repositories of the App's installation {id}");
        let exchange = self.exchange_of(what, Repeat::Harmless)?;
        let wish = super::mint::Wish::listing(None);
        let token = match self.ask(app, &exchange, &wish, id).await? {
            Asked::Given(token) => token.token,
            Asked::WrongInstallation(error) => return Err(error),
        };
        exchange.secrets.add(&token);
        let bearer = crate::address::bearer(&token, NAMES)
            .map_err(|problem| exchange.retry(exchange.reason(&problem), None))?;
        let payer = Payer::Installation(id);
        let mut found = BTreeMap::new();
        for page in 1..=PAGES {
            self.may_call(&exchange, payer, &Method::GET).await?;
            let path = format!("/installation/repositories?per_page=100&page={page}");
            let outgoing = Outgoing {
                bearer: &bearer,
                method: &Method::GET,
                url: self.setup(&exchange.what)?.base.url(&path),
                body: &[],
                timeout: TIMEOUT,
                etag: None,
            };
            let response = self.follow(&exchange, outgoing).await?;
            self.note_limits(payer, &response).await;
            if response.status != StatusCode::OK {
                return Err(self.failure(&exchange, &response));
            }
            let listed: WirePage = exchange.read(&response)?;
            let pairs = listed.repositories.into_iter();
            found.extend(pairs.map(|repository| (repository.id, repository.full_name)));
            if next_page(&response.headers).is_some() {
                continue;
            }
            if found.len() != listed.total_count {
                let problem = format!(
                    "{} repositories, of which {} were listed",
                    listed.total_count,
                    found.len()
                );
                return Err(exchange.unreadable(&response, &problem));
            }
            return Ok(found);
        }
        Err(too_long(&exchange))
    }
}

fn too_long(exchange: &Exchange<'_>) -> CallError {
    let reason = exchange.reason(&format!("GitHub's list has more than {PAGES} pages"));
    exchange.refused(reason, "Slipway reads no longer ones")
}

fn details(wire: Wire) -> Result<Details, String> {
    let time = |name: &str, text: &str| {
        Timestamp::parse(text).ok_or_else(|| format!("{text:?} instead of a time in {name}"))
    };
    let account = wire.account.ok_or("no account")?;
    let login = account.login.or(account.slug).ok_or("no account.login")?;
    Ok(Details {
        app: wire.app_id,
        account: account.id,
        login,
        target_type: wire.target_type,
        selection: wire.repository_selection,
        permissions: wire.permissions,
        events: wire.events,
        suspended_at: wire
            .suspended_at
            .map(|text| time("suspended_at", &text))
            .transpose()?,
        created_at: time("created_at", &wire.created_at)?,
        updated_at: time("updated_at", &wire.updated_at)?,
    })
}
