//! Noting acts that `api` does itself, or lets nobody do: told to the component `entities`, which has the store of the audit.

use domain::audit::{Act, Door, Outcome};
use http::{HeaderMap, HeaderName};
use ports::{Clock, Http, Level, Log};

use crate::{Problem, Reply, elsewhere, route::Route};

/// Where `entities` takes an act; no public route leads there.
pub(crate) const PATH: &str = "/audit";
/// The query if the act is to be noted once in an hour.
pub(crate) const HOURLY: &str = "hourly";

/// Through what somebody acts, as whoever asks says. The dashboard says so of itself, and asks with the token of who signed in:
/// whoever has that token may do the same without it, so nothing follows from this but what the audit shows.
pub const DOOR: HeaderName = HeaderName::from_static("slipway-door");

/// Through what the request came.
pub(crate) fn door(headers: &HeaderMap) -> Door {
    let is_dashboard = headers
        .get(DOOR)
        .is_some_and(|door| door.as_bytes() == Door::Dashboard.name().as_bytes());
    if is_dashboard {
        Door::Dashboard
    } else {
        Door::Api
    }
}

/// What is done to the deliveries, or anything that is refused.
pub(crate) fn act_of(route: &Route, by: &str, headers: &HeaderMap, clock: &impl Clock) -> Act {
    let (act, on, repository) = route.noted();
    Act {
        at: clock.now(),
        by: by.to_owned(),
        door: door(headers),
        act: act.to_owned(),
        on,
        repository,
        said: None,
        outcome: Outcome::Allowed,
        reason: None,
    }
}

/// Notes that the role of who asks does not allow it: once in an hour, however often it is tried.
pub(crate) async fn forbidden(http: &impl Http, log: &impl Log, act: &Act, problem: &Problem) {
    let act = act.ended(Outcome::Refused, &problem.detail);
    tell(http, log, &act, Some(HOURLY)).await;
}

/// Notes an act, does it, and notes what came of it if nothing did.
pub(crate) async fn noted(
    http: &impl Http,
    log: &impl Log,
    act: &Act,
    doing: impl Future<Output = Result<Reply, Problem>>,
) -> Result<Reply, Problem> {
    elsewhere::note(http, act, None).await?;
    let done = doing.await;
    if let Err(problem) = &done {
        let outcome = if problem.status.is_server_error() {
            Outcome::Failed
        } else {
            Outcome::Refused
        };
        tell(http, log, &act.ended(outcome, &problem.detail), None).await;
    }
    done
}

async fn tell(http: &impl Http, log: &impl Log, act: &Act, query: Option<&str>) {
    if let Err(problem) = elsewhere::note(http, act, query).await {
        let fields = [
            ("act", act.act.as_str().into()),
            ("on", act.on.as_str().into()),
            ("reason", problem.detail.as_str().into()),
        ];
        log.write(Level::Error, "could not note an act", &fields);
    }
}
