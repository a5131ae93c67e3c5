//! What a visit leads to: who is there, may this be done, and what is answered.

mod sign_in;

use std::collections::BTreeMap;

use domain::Timestamp;
use http::{HeaderMap, StatusCode, header};
use http_api::model::{
    AuditList, BuildList, DecisionList, Delivery, DeliveryList, Environment, EnvironmentList,
    InstallationList, KnownOperations, Me, OperationRunList, Preview, PreviewList, Release,
    ReleaseList, RepositoryList, VendorList,
};
use ports::{Clock, Http};

use crate::{
    Answer, Asked, Dashboard, SessionKey,
    api::{Api, Refusal},
    assets, form,
    pages::{self, Filter, Seen},
    roles::Roles,
    route::{Act, NoRoute, Page, Route, Thing, notice},
    session::{Person, Session},
};

/// The path of the sign-in form.
const SIGN_IN: &str = "/dashboard/sign-in";

impl<H: Http, C: Clock> Dashboard<H, C> {
    /// Answers a browser.
    pub async fn answer(&self, asked: Asked<'_>) -> Answer {
        let known = asked.headers.get(header::IF_NONE_MATCH);
        if let Some(asset) = assets::at(asked.path, known) {
            return asset;
        }
        let route = match Route::of(asked.method, asked.path) {
            Ok(route) => route,
            Err(NoRoute::NotFound) => return not_found(),
            Err(NoRoute::Allowed(methods)) => return not_allowed(methods),
        };
        let key = match &self.key {
            Ok(key) => key,
            Err(error) => {
                let page = pages::closed(&error.to_string());
                return Answer::page(StatusCode::SERVICE_UNAVAILABLE, page);
            }
        };
        let now = self.clock.now();
        let session = form::cookie(asked.headers, cookie_name(self.over_tls(asked.headers)))
            .and_then(|cookie| key.open(cookie, now));
        let visit = Visit {
            dashboard: self,
            key,
            asked,
            now,
        };
        visit.lead(route, session).await
    }

    /// Whether the browser speaks TLS, as it does everywhere but on this machine itself. A proxy may ask in this machine's name,
    /// so what Slipway is reached by decides first.
    fn over_tls(&self, headers: &HeaderMap) -> bool {
        let public = self.public_url.as_deref().unwrap_or_default();
        public.starts_with("https://") || !form::is_loopback(headers)
    }
}

/// One request, with what is needed to answer it.
struct Visit<'a, H, C> {
    dashboard: &'a Dashboard<H, C>,
    key: &'a SessionKey,
    asked: Asked<'a>,
    now: Timestamp,
}

impl<H: Http, C: Clock> Visit<'_, H, C> {
    async fn lead(&self, route: Route, session: Option<Session>) -> Answer {
        match (route, session) {
            (Route::SignIn | Route::ToGitHub, Some(session)) if session.person.is_some() => {
                Answer::see_other(&self.return_to())
            }
            (Route::SignIn, session) => self.sign_in_form(session),
            (Route::SigningIn, session) => self.sign_in(session).await,
            (Route::ToGitHub, session) => self.to_github(session),
            (Route::FromGitHub, session) => self.back_from_github(session).await,
            (Route::SigningOut, Some(session)) if self.is_ours(&session) => {
                self.sign_out(&session).await
            }
            (Route::SigningOut, _) => forged(),
            (Route::Show(page), Some(session)) => match &session.person {
                Some(person) => self.show(page, person, &session).await,
                None => self.to_sign_in(),
            },
            (Route::Show(_), None) => self.to_sign_in(),
            (Route::Act(act), Some(session)) if self.is_ours(&session) => match &session.person {
                Some(person) => self.act(&act, person, &session).await,
                None => forged(),
            },
            (Route::Act(_), _) => forged(),
        }
    }

    /// Whether the form was made for this session and sent from one of our pages.
    fn is_ours(&self, session: &Session) -> bool {
        let sent = form::field(self.asked.body, "csrf").unwrap_or_default();
        !self.is_from_elsewhere() && !session.csrf.is_empty() && is_same(&sent, &session.csrf)
    }

    fn is_from_elsewhere(&self) -> bool {
        let public_url = self.dashboard.public_url.as_deref();
        form::is_from_elsewhere(self.asked.headers, public_url)
    }

    async fn act(&self, act: &Act, person: &Person, session: &Session) -> Answer {
        match self
            .api(person)
            .post(&act.path(), act.body(self.asked.body))
            .await
        {
            Ok(()) => Answer::see_other(&act.leads_to()),
            Err(refusal) => self.refused(refusal, person, session),
        }
    }

    async fn show(&self, page: Page, person: &Person, session: &Session) -> Answer {
        let query = self.asked.query.unwrap_or_default().as_bytes();
        let parameter = |name: &str| form::field(query, name).filter(|value| !value.is_empty());
        let done = parameter("done");
        let roles = match self.roles(person).await {
            Ok(roles) => roles,
            Err(refusal) => return self.refused(refusal, person, session),
        };
        let seen = Seen {
            person,
            roles,
            csrf: &session.csrf,
            now: self.now,
            notice: done.as_deref().and_then(notice),
        };
        let filter = Filter {
            phase: parameter("phase"),
            attention: parameter("attention"),
            repository: parameter("repository"),
            status: parameter("status"),
            outcome: parameter("outcome"),
            idle_days: parameter("idle_days"),
            cursor: parameter("cursor"),
        };
        match self.page(page, &seen, &filter).await {
            Ok(page) => {
                let known = self.asked.headers.get(header::IF_NONE_MATCH);
                Answer::page(StatusCode::OK, page).unless_known(known)
            }
            Err(refusal) => self.refused(refusal, person, session),
        }
    }

    async fn page(
        &self,
        page: Page,
        seen: &Seen<'_>,
        filter: &Filter,
    ) -> Result<maud::Markup, Refusal> {
        let api = self.api(seen.person);
        Ok(match page {
            Page::Overview => {
                // All at once: each of them lists keys of a store.
                pages::overview(seen, &api.known().await?)
            }
            Page::Environments => {
                let names = ["repository", "attention", "cursor"];
                let path = filter.path("/environments", &names, 100);
                let list: EnvironmentList = api.get(&path).await?;
                pages::environments(seen, &list, filter)
            }
            Page::Releases => {
                let path = filter.path("/releases", &["phase", "repository", "cursor"], 50);
                let list: ReleaseList = api.get(&path).await?;
                pages::releases(seen, &list, filter)
            }
            Page::Approvals => {
                let waiting = Filter {
                    phase: Some("waiting-for-approval".to_owned()),
                    ..filter.clone()
                };
                let path = waiting.path("/releases", &["phase", "repository", "cursor"], 50);
                let list: ReleaseList = api.get(&path).await?;
                pages::approvals(seen, &list, filter)
            }
            Page::Builds => {
                let path = filter.path("/builds", &["status", "repository", "cursor"], 25);
                let list: BuildList = api.get(&path).await?;
                pages::builds(seen, &list, filter)
            }
            Page::Vendors => {
                let list: VendorList = api.get("/vendors").await?;
                let installations: InstallationList = api.get("/installations?limit=50").await?;
                pages::vendors(seen, &list, &installations)
            }
            Page::Audit => {
                let path = filter.path("/audit", &["repository", "outcome", "cursor"], 50);
                let list: AuditList = api.get(&path).await?;
                pages::audit(seen, &list, filter)
            }
            Page::Installations => {
                let path = filter.path("/installations", &["cursor"], 50);
                let list: InstallationList = api.get(&path).await?;
                pages::installations(seen, &list, filter)
            }
            Page::Previews => {
                let path = filter.path(
                    "/previews",
                    &["phase", "attention", "idle_days", "repository", "cursor"],
                    50,
                );
                let list: PreviewList = api.get(&path).await?;
                pages::previews(seen, &list, filter)
            }
            Page::Deliveries => {
                let path = filter.path("/deliveries", &["status", "cursor"], 50);
                let list: DeliveryList = api.get(&path).await?;
                pages::deliveries(seen, &list, filter)
            }
            Page::Repositories => {
                let path = filter.path("/repositories", &["cursor"], 50);
                let list: RepositoryList = api.get(&path).await?;
                pages::repositories(seen, &list, filter)
            }
            Page::Operations { repository } => {
                let known = format!("/repositories/{repository}/operations");
                let known: KnownOperations = api.get(&known).await?;
                let of_it = Filter {
                    repository: Some(repository.to_string()),
                    ..filter.clone()
                };
                let path = of_it.path("/operations", &["repository", "cursor"], 50);
                let list: OperationRunList = api.get(&path).await?;
                pages::operations(seen, &known, &list, filter)
            }
            Page::One(thing) => self.thing(thing, seen).await?,
        })
    }

    async fn thing(&self, thing: Thing, seen: &Seen<'_>) -> Result<maud::Markup, Refusal> {
        let api = self.api(seen.person);
        Ok(match thing {
            Thing::Environment(line) => {
                let (repository, service, name) =
                    (line.repository, &line.service, &line.environment);
                let path = format!("/environments/{repository}/{service}/{name}");
                let environment: Environment = api.get(&path).await?;
                let path = format!(
                    "/releases?repository={repository}&service={service}&environment={name}&limit=50"
                );
                let releases: ReleaseList = api.get(&path).await?;
                pages::environment(seen, &environment, &releases)
            }
            Thing::Release(line, release) => {
                let (repository, service, name) =
                    (line.repository, &line.service, &line.environment);
                let path = format!("/releases/{repository}/{service}/{name}/{release}");
                let release: Release = api.get(&path).await?;
                pages::release(seen, &release)
            }
            Thing::Preview { repository, number } => {
                let path = format!("/previews/{repository}/{number}");
                let preview: Preview = api.get(&path).await?;
                let path = format!("/decisions?repository={repository}&pull_request={number}");
                let list: DecisionList = api.get(&path).await?;
                pages::preview(seen, &preview, &list.decisions)
            }
            Thing::Delivery { guid } => {
                let delivery: Delivery = api.get(&format!("/deliveries/{guid}")).await?;
                pages::delivery(seen, &delivery)
            }
        })
    }

    /// What the person may do. Of who signed in by GitHub it changes, and the API is asked first and alone: what it learns of
    /// GitHub for that it knows for all that the page asks next.
    async fn roles(&self, person: &Person) -> Result<Roles, Refusal> {
        if person.by_github {
            let me: Me = self.api(person).get("/me").await?;
            return Ok(Roles::of(me));
        }
        Ok(Roles::Everywhere(person.role.clone()))
    }

    fn api<'a>(&'a self, person: &'a Person) -> Api<'a, H> {
        Api {
            http: &self.dashboard.http,
            token: &person.token,
        }
    }

    fn refused(&self, refusal: Refusal, person: &Person, session: &Session) -> Answer {
        match refusal {
            Refusal::NotSignedIn => self.with_cookie(Answer::see_other(SIGN_IN), None),
            Refusal::Told { status, detail } => {
                let seen = Seen {
                    person,
                    roles: Roles::In(BTreeMap::new()),
                    csrf: &session.csrf,
                    now: self.now,
                    notice: None,
                };
                Answer::page(status, pages::refused(&seen, status, &detail))
            }
        }
    }

    /// Sets the session's cookie, or deletes it.
    fn with_cookie(&self, answer: Answer, session: Option<&Session>) -> Answer {
        let sealed = session.map(|session| {
            let age = session.expires_at.since(self.now).as_secs();
            (self.key.seal(session).unwrap_or_default(), age)
        });
        self.with_cookie_of(answer, cookie_name, sealed)
    }

    /// Sets a cookie to a value for so many seconds, or deletes it.
    fn with_cookie_of(
        &self,
        mut answer: Answer,
        name: fn(bool) -> &'static str,
        value: Option<(String, u64)>,
    ) -> Answer {
        let over_tls = self.dashboard.over_tls(self.asked.headers);
        let name = name(over_tls);
        let secure = if over_tls { "; Secure" } else { "" };
        let (value, age) = value.unwrap_or_default();
        let cookie =
            format!("{name}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{secure}");
        answer.add(header::SET_COOKIE, &cookie);
        answer
    }
}

/// With the prefix a browser takes the cookie from nobody but this host, over TLS.
fn cookie_name(over_tls: bool) -> &'static str {
    if over_tls {
        "__Host-slipway"
    } else {
        "slipway"
    }
}

/// Compares without telling by its time how much agrees.
fn is_same(left: &str, right: &str) -> bool {
    left.len() == right.len()
        && left
            .bytes()
            .zip(right.bytes())
            .fold(0, |differs, (left, right)| differs | (left ^ right))
            == 0
}

fn not_found() -> Answer {
    Answer::page(StatusCode::NOT_FOUND, pages::nothing_here())
}

fn not_allowed(methods: &str) -> Answer {
    let text = format!("expected {methods}\n");
    let mut answer = Answer::text(StatusCode::METHOD_NOT_ALLOWED, &text);
    answer.set(header::ALLOW, methods);
    answer
}

/// A form that is not ours, or older than the session.
fn forged() -> Answer {
    Answer::page(StatusCode::FORBIDDEN, pages::forged())
}
