//! Who asks: the bearer of a token, whose role holds everywhere, or somebody who signed in by GitHub, who has in each repository
//! the role that follows from their permission there.

use domain::{Account, RepositoryId, installation, preview::Permission};
use http::{HeaderMap, StatusCode};
use ports::{Http, Store};
use runtime::access::{self, Known};
use sign_in::ask::{self, Person, Refusal};

use crate::{
    Problem, Role, Token,
    elsewhere::SEES,
    model::{Me, RepositoryRole},
    route::{EntityRoute, Route, Thing},
    tokens,
};

/// Whoever asks.
#[derive(Debug, Clone)]
pub(crate) enum Caller<'a> {
    Token(&'a Token),
    Person(Person),
}

/// The role that follows from a permission: `write` and `maintain` act, `admin` may do everything to the repository.
fn role_of(permission: Permission) -> Option<Role> {
    match permission {
        Permission::None => None,
        Permission::Read => Some(Role::Viewer),
        Permission::Write => Some(Role::Deployer),
        Permission::Admin => Some(Role::Admin),
    }
}

impl<'a> Caller<'a> {
    /// Who bears what stands in `Authorization`. Passes of people are made by the component `people` alone, which is asked about
    /// them.
    pub(crate) async fn of(
        tokens: &'a [Token],
        headers: &HeaderMap,
        http: &impl Http,
    ) -> Result<Self, Problem> {
        if let Some(token) = tokens::authenticate(tokens, headers) {
            return Ok(Self::Token(token));
        }
        let pass = tokens::bearer(headers).and_then(|bearer| std::str::from_utf8(bearer).ok());
        let Some(pass) = pass.filter(|pass| pass.starts_with(ask::PREFIX)) else {
            return Err(Problem::unauthorized());
        };
        match ask::who(http, pass).await {
            Ok(person) => Ok(Self::Person(person)),
            Err(Refusal::Told { status, .. }) if status == StatusCode::UNAUTHORIZED => {
                Err(Problem::unauthorized())
            }
            Err(Refusal::Told { detail, .. }) => {
                let detail = format!("what you may see cannot be learnt now: {detail}");
                Err(Problem::unavailable(&detail))
            }
            Err(Refusal::TooMany { .. }) => Err(Problem::unavailable("too many requests")),
        }
    }

    /// In whose name it is done.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Token(token) => &token.name,
            Self::Person(person) => &person.known.login,
        }
    }

    /// Which account asks; none for a token that is nobody's.
    pub(crate) fn account(&self) -> Option<Account> {
        match self {
            Self::Token(token) => token.account.clone(),
            Self::Person(person) => Some(Account::seen(person.known.id, &person.known.login)),
        }
    }

    /// By what requests are counted, and remembered by their `Idempotency-Key`: no token is taken for a person.
    pub(crate) fn key(&self) -> String {
        match self {
            Self::Token(token) => token.name.clone(),
            Self::Person(person) => format!("account\n{}", person.known.id),
        }
    }

    /// What `entities` is told of what may be seen.
    pub(crate) fn sees_key(&self) -> &str {
        match self {
            Self::Token(_) => EVERYTHING,
            Self::Person(person) => &person.key,
        }
    }

    /// Whether something of the repository may be seen, or of none.
    pub(crate) fn sees(&self, repository: Option<RepositoryId>) -> bool {
        self.role_in(repository)
            .is_some_and(|role| role.allows(Role::Viewer))
    }

    /// The role in a repository, or for what is of none.
    pub(crate) fn role_in(&self, repository: Option<RepositoryId>) -> Option<Role> {
        match self {
            Self::Token(token) => Some(token.role),
            Self::Person(person) => role_of(person.known.permission(repository?)),
        }
    }

    /// The highest role anywhere.
    pub(crate) fn highest(&self) -> Role {
        match self {
            Self::Token(token) => token.role,
            Self::Person(person) => {
                let roles = person.known.access.repositories.values();
                let roles = roles.filter_map(|permission| role_of(*permission));
                roles.fold(Role::Viewer, |highest, role| {
                    if role.allows(highest) { role } else { highest }
                })
            }
        }
    }

    /// Who it is, for themselves.
    pub(crate) fn me(&self) -> Me {
        let repositories = match self {
            Self::Token(_) => None,
            Self::Person(person) => {
                let all = person.known.access.repositories.iter();
                let shown = all.filter_map(|(id, permission)| {
                    let role = role_of(*permission)?.name().to_owned();
                    Some(RepositoryRole { id: id.0, role })
                });
                Some(shown.collect())
            }
        };
        Me {
            name: self.name().to_owned(),
            role: self.highest().name().to_owned(),
            repositories,
        }
    }

    /// Whether the route may be asked. Of what somebody may not see they are told that there is no such thing; a delivery is
    /// looked at first, so whoever answers for it decides again.
    pub(crate) fn check(&self, route: &Route) -> Result<(), Problem> {
        let Some(needed) = route.role() else {
            return Ok(());
        };
        let role = match self {
            Self::Token(token) => token.role,
            Self::Person(_)
                if matches!(route, Route::ShowDelivery(_) | Route::ReplayDelivery(_)) =>
            {
                return Ok(());
            }
            Self::Person(person) => match about(route) {
                Some(Thing::Installation(key)) => role_on(person, key)?,
                Some(thing) => self
                    .role_in(thing.repository())
                    .ok_or_else(|| Problem::unknown(&thing))?,
                None => self.highest(),
            },
        };
        if role.allows(needed) {
            return Ok(());
        }
        Err(match self {
            Self::Token(_) => Problem::forbidden(role, needed),
            Self::Person(_) => Problem::not_permitted(role, needed),
        })
    }

    /// Whether a delivery of the repository may be asked for; an error is what is told instead.
    pub(crate) fn check_delivery(
        &self,
        repository: Option<RepositoryId>,
        needed: Role,
        unknown: impl FnOnce() -> Problem,
    ) -> Result<(), Problem> {
        match self.role_in(repository) {
            None => Err(unknown()),
            Some(role) if role.allows(needed) => Ok(()),
            Some(role) => Err(Problem::not_permitted(role, needed)),
        }
    }
}

/// The role on an installation: it is of many repositories, so to change anything about it as a whole takes a token.
fn role_on(person: &Person, key: installation::Key) -> Result<Role, Problem> {
    if person.known.access.installations.contains(&key.0) {
        Ok(Role::Viewer)
    } else {
        Err(Problem::unknown(&key))
    }
}

/// The one thing that a route is about; none for lists and deliveries.
fn about(route: &Route) -> Option<Thing> {
    match route {
        Route::Entities(EntityRoute::Show(thing)) => Some(thing.clone()),
        Route::Entities(route) => route.about(),
        Route::Me
        | Route::Overview
        | Route::ListDeliveries
        | Route::ShowDelivery(_)
        | Route::ReplayDelivery(_)
        | Route::ReplayDeliveries => None,
    }
}

/// What `entities` is told for whoever bears a token.
const EVERYTHING: &str = "everything";

/// What a list shows.
#[derive(Debug, Clone)]
pub(crate) enum Sees {
    /// All that there is.
    Everything,
    /// What somebody who signed in by GitHub may see.
    Of(Box<Known>),
    /// Nothing: nobody said who asks.
    Nothing,
}

impl Sees {
    /// As `api` says.
    pub(crate) async fn of(store: &impl Store, headers: &HeaderMap) -> Result<Self, Problem> {
        let said = headers.get(SEES).and_then(|value| value.to_str().ok());
        match said {
            Some(EVERYTHING) => Ok(Self::Everything),
            Some(key) => Ok(access::read(store, key)
                .await?
                .map_or(Self::Nothing, |known| Self::Of(Box::new(known)))),
            None => Ok(Self::Nothing),
        }
    }

    /// Whether things of the repository are shown.
    pub(crate) fn repository(&self, id: RepositoryId) -> bool {
        match self {
            Self::Everything => true,
            Self::Of(known) => known.sees(id),
            Self::Nothing => false,
        }
    }

    /// Whether the installation is shown.
    pub(crate) fn installation(&self, key: installation::Key) -> bool {
        match self {
            Self::Everything => true,
            Self::Of(known) => known.access.installations.contains(&key.0),
            Self::Nothing => false,
        }
    }

    /// Whether there is nothing that is not shown.
    pub(crate) fn is_everything(&self) -> bool {
        matches!(self, Self::Everything)
    }
}
