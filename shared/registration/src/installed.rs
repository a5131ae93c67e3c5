//! `GET /api/github/setup`: somebody comes back from GitHub, where they installed the App or changed what it reaches.
//!
//! Anybody can call this with any number. All that follows is that an installation of which GitHub's API says that it is the App's is
//! looked at, which needs no leave; nothing is shown of it. A `state` is only there if the link to GitHub had one, and must be good then.
//! People are led on to the dashboard, where there is one.

use std::time::Duration;

use domain::{
    InstallationId,
    installation::{Fact, Hearsay, Installation, Key},
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use ports::{Clock, Http, Label, Level, Log, Request, Store, StoreError};
use runtime::mailbox;
use vendors::github;

use crate::{
    Asked, Ports, Reply, Settings,
    page::told,
    state::{self, Purpose},
    value,
};

/// GitHub is asked for installations at most so often in a minute: whoever guesses numbers uses nothing up.
const LOOKUPS_MAX: i64 = 20;
/// The dashboard's form to sign in: 503 instead if nobody can.
const DASHBOARD: &str = "http://dashboard.spin.internal/dashboard/sign-in";
const DASHBOARD_TIMEOUT: Duration = Duration::from_secs(5);
/// The minute in which lookups are counted.
const MINUTE_KEY: &str = "setup/minute";

pub(crate) async fn answer<H: Http, C: Clock, S: Store, L: Log, G: Http, K: Clock, T: Store>(
    ports: &Ports<H, C, S, L>,
    github: Option<&github::Client<G, K, T>>,
    settings: &Settings,
    asked: Asked<'_>,
) -> Reply {
    let field = |name: &str| value(asked.query.as_bytes(), name);
    if let Some(state) = field("state").filter(|state| !state.is_empty()) {
        let token = settings.reconcile_token.as_deref().unwrap_or_default();
        let good = !token.is_empty()
            && state::is_good(token, Purpose::Install, "", &state, ports.clock.now());
        if !good {
            return told(
                StatusCode::BAD_REQUEST,
                "This link has ended",
                "The link to GitHub was not made here, or more than an hour ago. The App's page at GitHub leads to the same place; \
                 and what was installed is found without this page, too.",
            );
        }
    }
    if field("setup_action").as_deref() == Some("request") {
        return told(
            StatusCode::OK,
            "Asked for",
            "An owner of the organisation was asked to install the App. Slipway notices by itself when that is done.",
        );
    }
    let Some(id) = field("installation_id").and_then(|id| id.parse().ok()) else {
        return told(
            StatusCode::BAD_REQUEST,
            "Which installation?",
            "installation_id: expected the number that GitHub gives.",
        );
    };
    let Some(github) = github else {
        return told(
            StatusCode::SERVICE_UNAVAILABLE,
            "Slipway is not a GitHub App yet",
            "The variables github_app_id and github_app_private_key must be set first.",
        );
    };
    match note(ports, github, Key(InstallationId(id))).await {
        Ok(Noted::Confirmed) if has_dashboard(&ports.http).await => to_dashboard(),
        Ok(Noted::Confirmed) => told(
            StatusCode::OK,
            "The App is installed",
            "Slipway looks at what it reaches within a minute or two. A new pull request in one of the repositories gets its comment \
             at once.",
        ),
        Ok(Noted::Unknown) => told(
            StatusCode::NOT_FOUND,
            "No such installation",
            "GitHub knows no installation of this App with that number.",
        ),
        Ok(Noted::TooMany) => told(
            StatusCode::TOO_MANY_REQUESTS,
            "Not now",
            "Too many installations were asked for in this minute. What was installed is found without this page, too.",
        ),
        Err(reason) => {
            let fields = [
                ("installation", id.into()),
                ("reason", reason.as_str().into()),
            ];
            let message = "could not note an installation of the App";
            ports.log.write(Level::Warn, message, &fields);
            told(
                StatusCode::SERVICE_UNAVAILABLE,
                "Not now",
                "GitHub or the store does not answer. What was installed is found without this page, too.",
            )
        }
    }
}

/// Whether people can sign in to the dashboard. It alone has the secret of its sessions and knows, so it is asked.
async fn has_dashboard(http: &impl Http) -> bool {
    let request = Request {
        method: Method::GET,
        url: DASHBOARD.to_owned(),
        headers: HeaderMap::new(),
        body: Vec::new(),
        timeout: DASHBOARD_TIMEOUT,
    };
    let answer = http.send(request).await;
    answer.is_ok_and(|answer| answer.status == StatusCode::OK)
}

/// The page of the installations, which says that this one was noted. Whoever is not signed in comes to the form first.
fn to_dashboard() -> Reply {
    let mut reply = told(
        StatusCode::SEE_OTHER,
        "The App is installed",
        "The dashboard shows what it reaches.",
    );
    let page = HeaderValue::from_static("/dashboard/installations?done=installed");
    reply.headers.push((header::LOCATION, page));
    reply
}

enum Noted {
    Confirmed,
    Unknown,
    TooMany,
}

async fn note<H, C: Clock, S: Store, L, G: Http, K: Clock, T: Store>(
    ports: &Ports<H, C, S, L>,
    github: &github::Client<G, K, T>,
    id: Key,
) -> Result<Noted, String> {
    let now = ports.clock.now();
    let minute = now.milliseconds().div_euclid(60_000);
    let counted = count(&ports.store, minute).await;
    if counted.map_err(|error| error.to_string())? > LOOKUPS_MAX {
        return Ok(Noted::TooMany);
    }
    let found = github.has_installation(id.0).await;
    if !found.map_err(|error| error.to_string())? {
        return Ok(Noted::Unknown);
    }
    let heard = Fact::Heard(Hearsay::default());
    mailbox::post::<Installation>(&ports.store, &id, &heard, now)
        .await
        .map_err(|error| error.to_string())?;
    Ok(Noted::Confirmed)
}

/// Counts one more lookup in this minute; the counter of the minute before is deleted by whoever begins the next one.
async fn count(store: &impl Store, minute: i64) -> Result<i64, StoreError> {
    let counter = |minute: i64| format!("{MINUTE_KEY}/{minute}");
    let stored = store.get(Label::Default, MINUTE_KEY).await?;
    let before = stored
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .and_then(|text| text.parse::<i64>().ok());
    if before != Some(minute) {
        if let Some(before) = before {
            store
                .delete_many(Label::Default, &[&counter(before)])
                .await?;
        }
        let text = minute.to_string();
        store
            .set(Label::Default, MINUTE_KEY, text.as_bytes())
            .await?;
    }
    store.increment(Label::Default, &counter(minute), 1).await
}
