//! What can be asked, and which role it needs.

use std::fmt;

use domain::{
    DeliveryGuid, InstallationId, PreviewId, PullRequestNumber, RepositoryId, installation,
    operation::OperationId,
    preview::Ask,
    release::{LineId, Name, Wish},
    repository::Key,
};
use http::Method;

use crate::{Problem, Role};

/// A thing that can be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    /// `GET /api/v1/me`
    Me,
    /// `GET /api/v1/overview`
    Overview,
    /// `GET /api/v1/deliveries`
    ListDeliveries,
    /// `GET /api/v1/deliveries/{guid}`
    ShowDelivery(DeliveryGuid),
    /// `POST /api/v1/deliveries/{guid}/replay`
    ReplayDelivery(DeliveryGuid),
    /// `POST /api/v1/deliveries/replay`
    ReplayDeliveries,
    /// What the component `entities` answers.
    Entities(EntityRoute),
}

/// A thing that can be asked about entities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum EntityRoute {
    /// A page of one kind.
    List(List),
    /// One thing.
    Show(Thing),
    /// `POST /api/v1/previews/{repository id}/{number}/{ask}`
    Ask(PreviewId, Ask),
    /// `POST /api/v1/repositories/{id}/survey`
    Survey(Key),
    /// `POST /api/v1/repositories/{id}/allow-removals`
    AllowRemovals(Key),
    /// `POST /api/v1/environments/{repository id}/{service}/{environment}/{wish}`
    Intervene(LineId, Wish),
    /// `POST /api/v1/repositories/{id}/operations/{operation}`
    Operate(Key, Name),
    /// `POST /api/v1/installations/{id}/allow-losses`
    AllowLosses(installation::Key),
}

/// One thing that is shown, and that acts are about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Thing {
    /// `GET /api/v1/previews/{repository id}/{number}`
    Preview(PreviewId),
    /// `GET /api/v1/repositories/{id}`
    Repository(Key),
    /// `GET /api/v1/environments/{repository id}/{service}/{environment}`
    Environment(LineId),
    /// `GET /api/v1/releases/{repository id}/{service}/{environment}/{release}`
    Release(LineId, String),
    /// `GET /api/v1/installations/{id}`
    Installation(installation::Key),
    /// `GET /api/v1/repositories/{id}/operations`
    Operations(Key),
    /// `GET /api/v1/operations/{repository id}/{operation run}`
    Operation(OperationId),
}

/// What is listed page by page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum List {
    /// `GET /api/v1/previews`
    Previews,
    /// `GET /api/v1/repositories`
    Repositories,
    /// `GET /api/v1/environments`
    Environments,
    /// `GET /api/v1/releases`
    Releases,
    /// `GET /api/v1/installations`
    Installations,
    /// `GET /api/v1/decisions`
    Decisions,
    /// `GET /api/v1/audit`
    Audit,
    /// `GET /api/v1/builds`
    Builds,
    /// `GET /api/v1/vendors`
    Vendors,
    /// `GET /api/v1/operations`
    Operations,
}

impl fmt::Display for Thing {
    /// By the start of its keys in the store: `release/42/web/production`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Preview(id) => id.fmt(f),
            Self::Repository(key) | Self::Operations(key) => key.fmt(f),
            Self::Environment(line) | Self::Release(line, _) => line.fmt(f),
            Self::Installation(key) => key.fmt(f),
            Self::Operation(id) => id.fmt(f),
        }
    }
}

impl Thing {
    /// The repository that it is of; none if it is of none.
    pub(crate) fn repository(&self) -> Option<RepositoryId> {
        match self {
            Self::Preview(id) => Some(id.repository),
            Self::Repository(key) | Self::Operations(key) => Some(key.0),
            Self::Operation(id) => Some(id.repository),
            Self::Environment(line) | Self::Release(line, _) => Some(line.repository),
            Self::Installation(_) => None,
        }
    }
}

impl Route {
    /// The route of a request.
    pub(crate) fn of(method: &Method, path: &str) -> Result<Self, Problem> {
        let parts: Vec<&str> = path
            .trim_end_matches('/')
            .trim_start_matches('/')
            .split('/')
            .collect();
        let is = |expected: &Method, allowed| {
            if method == expected {
                Ok(())
            } else {
                Err(Problem::method_not_allowed(allowed))
            }
        };
        let get = || is(&Method::GET, "GET");
        let post = || is(&Method::POST, "POST");
        match parts.as_slice() {
            ["api", "v1", "me"] => get().map(|()| Self::Me),
            ["api", "v1", "overview"] => get().map(|()| Self::Overview),
            ["api", "v1", "deliveries"] => get().map(|()| Self::ListDeliveries),
            ["api", "v1", "deliveries", "replay"] => post().map(|()| Self::ReplayDeliveries),
            ["api", "v1", "deliveries", guid] => {
                get()?;
                Ok(Self::ShowDelivery(delivery(guid)?))
            }
            ["api", "v1", "deliveries", guid, "replay"] => {
                post()?;
                Ok(Self::ReplayDelivery(delivery(guid)?))
            }
            [
                "api",
                "v1",
                about @ ("previews" | "repositories" | "environments" | "releases"
                | "installations" | "decisions" | "audit" | "operations" | "builds"
                | "vendors"),
                rest @ ..,
            ] => {
                let (route, allowed) = EntityRoute::of(about, rest)
                    .ok_or_else(|| Problem::not_found(format!("there is nothing at {path}")))?;
                is(
                    &allowed,
                    if allowed == Method::GET {
                        "GET"
                    } else {
                        "POST"
                    },
                )?;
                Ok(Self::Entities(route))
            }
            _ => Err(Problem::not_found(format!("there is nothing at {path}"))),
        }
    }

    /// The least role that may ask it; none for whoever bears any token.
    pub(crate) const fn role(&self) -> Option<Role> {
        match self {
            Self::Me => None,
            Self::Overview | Self::ListDeliveries | Self::ShowDelivery(_) => Some(Role::Viewer),
            Self::ReplayDelivery(_) | Self::ReplayDeliveries => Some(Role::Deployer),
            Self::Entities(route) => Some(route.role()),
        }
    }

    /// Whether it changes anything.
    pub(crate) const fn changes(&self) -> bool {
        match self {
            Self::Me | Self::Overview | Self::ListDeliveries | Self::ShowDelivery(_) => false,
            Self::ReplayDelivery(_) | Self::ReplayDeliveries => true,
            Self::Entities(route) => !matches!(route.role(), Role::Viewer),
        }
    }

    /// What the audit calls an act, on what it is, and of which repository.
    pub(crate) fn noted(&self) -> (&'static str, String, Option<RepositoryId>) {
        let about_entities = |route: &EntityRoute| {
            let about = route.about()?;
            Some((route.act()?, about.to_string(), about.repository()))
        };
        match self {
            Self::ReplayDelivery(guid) => ("replay", format!("delivery/{guid}"), None),
            Self::ReplayDeliveries => ("replay", "deliveries".to_owned(), None),
            Self::Entities(route) => about_entities(route).unwrap_or(("read", String::new(), None)),
            Self::Me | Self::Overview | Self::ListDeliveries | Self::ShowDelivery(_) => {
                ("read", String::new(), None)
            }
        }
    }
}

impl EntityRoute {
    /// The route below `/api/v1/<about>/`, and its method.
    fn of(about: &str, rest: &[&str]) -> Option<(Self, Method)> {
        let key = |id: &str| id.parse().ok().map(|id| Key(RepositoryId(id)));
        match (about, rest) {
            ("previews", []) => Some((Self::List(List::Previews), Method::GET)),
            ("previews", [repository, number]) => Some((
                Self::Show(Thing::Preview(preview(repository, number)?)),
                Method::GET,
            )),
            ("previews", [repository, number, ask]) => {
                let ask = Ask::ALL.into_iter().find(|known| known.name() == *ask)?;
                Some((Self::Ask(preview(repository, number)?, ask), Method::POST))
            }
            ("repositories", []) => Some((Self::List(List::Repositories), Method::GET)),
            ("repositories", [id]) => Some((Self::Show(Thing::Repository(key(id)?)), Method::GET)),
            ("repositories", [id, "survey"]) => Some((Self::Survey(key(id)?), Method::POST)),
            ("repositories", [id, "allow-removals"]) => {
                Some((Self::AllowRemovals(key(id)?), Method::POST))
            }
            ("repositories", [id, "operations"]) => {
                Some((Self::Show(Thing::Operations(key(id)?)), Method::GET))
            }
            ("repositories", [id, "operations", name]) => {
                Some((Self::Operate(key(id)?, name.parse().ok()?), Method::POST))
            }
            ("operations", []) => Some((Self::List(List::Operations), Method::GET)),
            ("operations", [repository, run]) => {
                let id = format!("operation/{repository}/{run}").parse().ok()?;
                Some((Self::Show(Thing::Operation(id)), Method::GET))
            }
            ("environments", []) => Some((Self::List(List::Environments), Method::GET)),
            ("environments", [repository, service, environment]) => Some((
                Self::Show(Thing::Environment(line(repository, service, environment)?)),
                Method::GET,
            )),
            ("environments", [repository, service, environment, wish]) => {
                let wish = Wish::ALL.into_iter().find(|known| known.name() == *wish)?;
                let line = line(repository, service, environment)?;
                Some((Self::Intervene(line, wish), Method::POST))
            }
            ("releases", []) => Some((Self::List(List::Releases), Method::GET)),
            ("releases", [repository, service, environment, release]) => {
                let line = line(repository, service, environment)?;
                Some((
                    Self::Show(Thing::Release(line, release_id(release)?)),
                    Method::GET,
                ))
            }
            ("installations", []) => Some((Self::List(List::Installations), Method::GET)),
            ("audit", []) => Some((Self::List(List::Audit), Method::GET)),
            ("builds", []) => Some((Self::List(List::Builds), Method::GET)),
            ("vendors", []) => Some((Self::List(List::Vendors), Method::GET)),
            ("decisions", []) => Some((Self::List(List::Decisions), Method::GET)),
            ("installations", [id]) => Some((
                Self::Show(Thing::Installation(installation(id)?)),
                Method::GET,
            )),
            ("installations", [id, "allow-losses"]) => {
                Some((Self::AllowLosses(installation(id)?), Method::POST))
            }
            _ => None,
        }
    }

    /// What an act is about; none for what only reads.
    pub(crate) fn about(&self) -> Option<Thing> {
        match self {
            Self::List(_) | Self::Show(_) => None,
            Self::Ask(id, _) => Some(Thing::Preview(*id)),
            Self::Survey(key) | Self::AllowRemovals(key) => Some(Thing::Repository(*key)),
            Self::Intervene(line, _) => Some(Thing::Environment(line.clone())),
            Self::Operate(key, _) => Some(Thing::Operations(*key)),
            Self::AllowLosses(key) => Some(Thing::Installation(*key)),
        }
    }

    /// What the audit calls an act; none for what only reads.
    pub(crate) fn act(&self) -> Option<&'static str> {
        match self {
            Self::List(_) | Self::Show(_) => None,
            Self::Ask(_, ask) => Some(ask.act()),
            Self::Survey(_) => Some("survey"),
            Self::AllowRemovals(_) => Some("allow-removals"),
            Self::Intervene(_, wish) => Some(wish.name()),
            Self::Operate(..) => Some("operate"),
            Self::AllowLosses(_) => Some("allow-losses"),
        }
    }

    const fn role(&self) -> Role {
        match self {
            Self::List(_) | Self::Show(_) => Role::Viewer,
            Self::Ask(..) | Self::Survey(_) | Self::Intervene(..) | Self::Operate(..) => {
                Role::Deployer
            }
            // What they let go on takes running previews away, many at once.
            Self::AllowRemovals(_) | Self::AllowLosses(_) => Role::Admin,
        }
    }
}

fn line(repository: &str, service: &str, environment: &str) -> Option<LineId> {
    Some(LineId {
        repository: RepositoryId(repository.parse().ok()?),
        service: service.parse().ok()?,
        environment: environment.parse().ok()?,
    })
}

/// What a release can be known by: a commit, perhaps with its build, or the number of a way back.
pub(crate) fn release_id(text: &str) -> Option<String> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let fits = (1..=100).contains(&text.len()) && text.bytes().all(allowed);
    fits.then(|| text.to_owned())
}

fn installation(id: &str) -> Option<installation::Key> {
    Some(installation::Key(InstallationId(id.parse().ok()?)))
}

fn preview(repository: &str, number: &str) -> Option<PreviewId> {
    Some(PreviewId {
        repository: RepositoryId(repository.parse().ok()?),
        number: PullRequestNumber(number.parse().ok()?),
    })
}

fn delivery(text: &str) -> Result<DeliveryGuid, Problem> {
    text.parse().map_err(|error: domain::NotParsed| {
        Problem::not_found(format!("there is no such delivery: {error}"))
    })
}
