//! What the caller reads.

use bytes::Bytes;
use domain::Timestamp;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::Full;
use runtime::{breaker::Pause, gap, reconcile::Report, repository::Overview};
use serde_json::{Value, json};

use crate::{deliveries::Deliveries, entities::Advanced, releases};

/// What was done.
pub(crate) struct Done<'a> {
    /// When it was begun.
    pub(crate) started: Timestamp,
    pub(crate) deliveries: Deliveries,
    /// Old deliveries that were deleted.
    pub(crate) expired: usize,
    /// What was found of deliveries that never came; none unless Slipway is an App.
    pub(crate) gaps: Option<&'a gap::Report>,
    pub(crate) commands: &'a Report,
    /// Of operations that people started.
    pub(crate) operations: &'a Report,
    /// Of jobs on GitHub that wait before they deploy.
    pub(crate) jobs: &'a Report,
    pub(crate) entities: &'a Advanced,
    /// Of the places among live previews.
    pub(crate) places: &'a Report,
    pub(crate) releases: &'a releases::Advanced,
    /// Why GitHub does not let Slipway in as an App.
    pub(crate) github_problem: Option<&'a str>,
    /// Vendors that are left alone, since they keep failing.
    pub(crate) paused: &'a [(&'static str, Pause)],
}

impl Done<'_> {
    /// `200` with the numbers; `next_at` is when something is due again, and is null if nothing is.
    pub(crate) fn response(&self) -> Response<Full<Bytes>> {
        let (previews, repositories) = (&self.entities.previews, &self.entities.repositories);
        let installations = &self.entities.installations;
        // An absent time sorts before any, so it is not just the least of them.
        let next_at = [
            self.deliveries.next_at,
            previews.next_at,
            repositories.next_at,
            self.releases.next_at(),
            installations.next_at,
            self.commands.next_at,
            self.operations.next_at,
            self.jobs.next_at,
            self.places.next_at,
        ]
        .into_iter()
        .flatten()
        .min();
        let body = json!({
            "deliveries": self.deliveries,
            "deliveries_expired": self.expired,
            "delivery_gaps": self.gaps,
            "commands": {
                "advanced": self.commands.advanced,
                "busy": self.commands.busy,
                "failed": self.commands.failed,
                "left": self.commands.left,
            },
            "operations": {
                "advanced": self.operations.advanced,
                "busy": self.operations.busy,
                "failed": self.operations.failed,
                "left": self.operations.left,
            },
            "jobs": {
                "advanced": self.jobs.advanced,
                "busy": self.jobs.busy,
                "failed": self.jobs.failed,
                "left": self.jobs.left,
            },
            "previews": {
                "advanced": previews.advanced,
                "busy": previews.busy,
                "failed": previews.failed,
                "left": previews.left,
            },
            "releases": {
                "advanced": self.releases.lines.advanced,
                "busy": self.releases.lines.busy + self.releases.intakes.busy,
                "failed": self.releases.lines.failed + self.releases.intakes.failed,
                "left": self.releases.lines.left + self.releases.intakes.left,
                "lines": self.releases.shown(),
            },
            "notices": {
                "advanced": self.releases.notices.advanced,
                "busy": self.releases.notices.busy,
                "failed": self.releases.notices.failed,
                "left": self.releases.notices.left,
            },
            "repositories": {
                "busy": repositories.busy,
                "failed": repositories.failed,
                "left": repositories.left,
            },
            "installations": self.installations(),
            "installations_problem": self.entities.installations_problem,
            "surveys": self.surveys(),
            "surveys_failing": self.surveys_failing(),
            "held_back": self.held_back(),
            "archived": self.archived(),
            "access_lost": self.access_lost(),
            "github_problem": self.github_problem,
            "vendors_paused": self.paused.iter().map(paused).collect::<Vec<_>>(),
            "next_at": next_at.map(|at| at.to_string()),
        });
        json_response(StatusCode::OK, "application/json", &body)
    }

    /// What the surveys of this call found and did.
    fn surveys(&self) -> Vec<Value> {
        self.overviews(|overview| {
            let survey = overview.surveyed_since(self.started)?;
            Some(json!({
                "repository": overview.name,
                "repository_id": overview.id.0,
                "open": survey.open,
                "deployed": survey.deployed,
                "news": survey.news,
                "gone": survey.gone,
                "dry": survey.dry,
            }))
        })
    }

    /// The installations of the App, as they were seen last.
    fn installations(&self) -> Vec<Value> {
        let installed = self.entities.installed.iter();
        let shown = installed.map(|installation| {
            let details = installation.details();
            let suspended_at = details.and_then(|details| details.suspended_at);
            json!({
                "id": installation.id.0,
                "account": details.map(|details| &details.login),
                "repositories": installation.reached(),
                "suspended_at": suspended_at.map(|at| at.to_string()),
                "trouble": installation.trouble(),
                "held_back": installation.held_back().map(ToString::to_string),
            })
        });
        shown.collect()
    }

    /// Repositories from which nothing new is deployed, since they are archived.
    fn archived(&self) -> Vec<&str> {
        let archived = self.entities.overviews.iter();
        let archived = archived.filter(|overview| overview.archived);
        archived.map(|overview| overview.name.as_str()).collect()
    }

    /// Repositories that the App does not reach any more: their previews are taken down.
    fn access_lost(&self) -> Vec<Value> {
        self.overviews(|overview| {
            let loss = overview.access_lost?;
            Some(json!({
                "repository": overview.name,
                "repository_id": overview.id.0,
                "reason": loss.to_string(),
            }))
        })
    }

    /// Repositories whose last survey did not work: nothing follows from it.
    fn surveys_failing(&self) -> Vec<Value> {
        self.overviews(|overview| {
            let reason = overview.trouble.as_ref()?;
            Some(json!({
                "repository": overview.name,
                "repository_id": overview.id.0,
                "reason": reason,
            }))
        })
    }

    /// Removals that wait for a person, whenever they were found.
    fn held_back(&self) -> Vec<Value> {
        self.overviews(|overview| {
            let held_back = overview.held_back.as_ref()?;
            let numbers: Vec<u64> = held_back.previews.iter().map(|number| number.0).collect();
            Some(json!({
                "repository": overview.name,
                "repository_id": overview.id.0,
                "count": numbers.len(),
                "pull_requests": numbers,
                "reason": held_back.brake.to_string(),
                "since": held_back.since.to_string(),
            }))
        })
    }

    fn overviews(&self, shown: impl Fn(&Overview) -> Option<Value>) -> Vec<Value> {
        self.entities.overviews.iter().filter_map(shown).collect()
    }

    /// The numbers for the log.
    pub(crate) fn fields(&self) -> [(&'static str, Value); 12] {
        let previews = &self.entities.previews;
        [
            ("deliveries_done", self.deliveries.done.into()),
            ("deliveries_dead", self.deliveries.dead.into()),
            ("deliveries_expired", self.expired.into()),
            (
                "deliveries_recovered",
                self.gaps.map(|gaps| gaps.recovered).into(),
            ),
            ("previews_advanced", previews.advanced.into()),
            ("previews_failed", previews.failed.into()),
            ("previews_left", previews.left.into()),
            ("releases_advanced", self.releases.lines.advanced.into()),
            ("releases_failed", self.releases.lines.failed.into()),
            ("surveys", self.surveys().len().into()),
            ("surveys_failing", self.surveys_failing().len().into()),
            ("held_back", self.held_back().len().into()),
        ]
    }
}

fn paused((vendor, pause): &(&'static str, Pause)) -> Value {
    json!({
        "vendor": vendor,
        "since": pause.since.to_string(),
        "until": pause.until.to_string(),
        "reason": pause.last_error,
    })
}

/// An error (RFC 9457).
pub(crate) fn problem(status: StatusCode, detail: &str) -> Response<Full<Bytes>> {
    let title = status.canonical_reason().unwrap_or_default();
    let body = json!({ "status": status.as_u16(), "title": title, "detail": detail });
    json_response(status, "application/problem+json", &body)
}

fn json_response(
    status: StatusCode,
    content_type: &'static str,
    body: &Value,
) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
