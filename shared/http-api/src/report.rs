//! `POST /api/v1/services/{service}/deployments`: a job of GitHub Actions reports the image that it built. Reached over HTTP by
//! the component `image-report`, which knows no secret: whoever asks shows who it is by the token that GitHub gives to each job,
//! and which repository, commit and run the report is of says that token alone.

use std::time::Duration;

use domain::{
    ImageTag,
    argocd::ImageDigest,
    preview::{RunProgress, WorkflowRun},
    release::{ImageReport, IntakeFact, Name, Place, Reference},
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use ports::{Clock, Http, HttpError, Level, Log, Request, Response, Store};
use serde::Deserialize;
use vendors::github::{Issuer, Job, NotBelieved};

use crate::{Asked, Operation, Problem, Reply, model::Noted};

/// The operation, for the OpenAPI document. It has a security scheme of its own.
pub const OPERATION: Operation = Operation {
    method: "POST",
    path: "/api/v1/services/{service}/deployments",
    role: None,
    summary: "Reports the image that a run of GitHub Actions built of its commit.",
    query: &[],
    body: &["image", "digest", "tag?"],
};

/// The private component that runs releases; its answer comes before anything is done.
const RELEASES: &str = "http://push.spin.internal/image";
const PATIENCE: Duration = Duration::from_secs(5);

/// What the component's variables say.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where Slipway is reached: what tokens must be made for. Without it none is believed.
    pub public_url: Option<String>,
}

/// What is reported.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    image: String,
    digest: ImageDigest,
    #[serde(default)]
    tag: Option<ImageTag>,
}

/// Answers a report.
pub async fn answer<H: Http, C: Clock, S: Store>(
    issuer: &Issuer<H, C, S>,
    settings: &Settings,
    log: &impl Log,
    asked: Asked<'_>,
) -> Reply {
    match take(issuer, settings, log, asked).await {
        Ok(()) => Reply::accepted(
            &Noted {
                outcome: "noted".to_owned(),
            },
            Vec::new(),
        ),
        Err(problem) => {
            let fields = [
                ("path", asked.path.into()),
                ("status", u64::from(problem.status.as_u16()).into()),
                ("reason", problem.detail.as_str().into()),
            ];
            log.write(Level::Warn, "did not take the report of an image", &fields);
            problem.into()
        }
    }
}

async fn take<H: Http, C: Clock, S: Store>(
    issuer: &Issuer<H, C, S>,
    settings: &Settings,
    log: &impl Log,
    asked: Asked<'_>,
) -> Result<(), Problem> {
    let service = service(asked.path)?;
    if asked.method != Method::POST {
        return Err(Problem::method_not_allowed("POST"));
    }
    crate::check_body(asked)?;
    let Some(audience) = &settings.public_url else {
        let detail = "the variable public_url is not set, so no token can be made for it";
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail));
    };
    let token = bearer(asked.headers).ok_or_else(|| {
        refused("expected Authorization: Bearer with a token of GitHub Actions (OpenID Connect)")
    })?;
    let job = issuer
        .verify(token, audience)
        .await
        .map_err(|error| match &error {
            NotBelieved::Refused(_) => refused(&error.to_string()),
            NotBelieved::Unknown(_) => Problem::unavailable(&error.to_string()),
        })?;
    let body: Body = serde_json::from_slice(asked.body)
        .map_err(|error| Problem::bad_request(format!("the body: {error}")))?;
    if !ImageReport::is_image(&body.image) {
        let detail = "image: expected a name without tag and digest, such as ghcr.io/acme/shop-web";
        return Err(Problem::bad_request(detail));
    }
    let fields = [
        ("repository", job.repository.0.into()),
        ("run", job.run.into()),
        ("attempt", job.attempt.into()),
        ("commit", job.commit.as_str().into()),
        ("service", service.as_str().into()),
        ("digest", body.digest.as_str().into()),
    ];
    log.write(
        Level::Info,
        "a run reports the image that it built",
        &fields,
    );
    hand_on(&issuer.http, job, service, body).await
}

/// The service that the path names.
fn service(path: &str) -> Result<Name, Problem> {
    let named = path
        .strip_prefix("/api/v1/services/")
        .and_then(|rest| rest.strip_suffix("/deployments"))
        .and_then(|name| name.parse().ok());
    named.ok_or_else(|| Problem::not_found(format!("there is nothing at {path}")))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(token.trim())
}

/// `401`. A token of GitHub's is no secret to guess at: what is wrong with it may be told.
fn refused(detail: &str) -> Problem {
    Problem {
        header: Some((
            header::WWW_AUTHENTICATE,
            HeaderValue::from_static("Bearer realm=\"slipway\""),
        )),
        ..Problem::new(StatusCode::UNAUTHORIZED, detail)
    }
}

async fn hand_on(http: &impl Http, job: Job, service: Name, body: Body) -> Result<(), Problem> {
    let repository = job.repository;
    let fact = IntakeFact::ImageReported {
        place: Place {
            repository: job.repository_name.clone(),
            as_of: job.issued_at,
        },
        report: ImageReport {
            run: run(job),
            service,
            image: body.image,
            digest: body.digest,
            tag: body.tag,
        },
    };
    let unavailable =
        |reason: String| Problem::unavailable(&format!("the component push {reason}"));
    let body = serde_json::to_vec(&fact).map_err(|error| unavailable(error.to_string()))?;
    let request = Request {
        method: Method::POST,
        url: format!("{RELEASES}/{repository}"),
        headers: HeaderMap::new(),
        body,
        timeout: PATIENCE,
    };
    let answer: Result<Response, HttpError> = http.send(request).await;
    match answer {
        Ok(answer) if answer.status == StatusCode::OK => Ok(()),
        Ok(answer) => Err(unavailable(format!("answered {}", answer.status))),
        Err(error) => Err(unavailable(format!("gave no answer: {error}"))),
    }
}

/// The run of a job that is still at work.
fn run(job: Job) -> WorkflowRun {
    // A pull request's merge is neither branch nor tag, and no environment tracks it.
    let head_branch = Reference::parse(&job.reference)
        .map_or(job.reference, |reference| reference.name().to_owned());
    WorkflowRun {
        id: job.run,
        attempt: job.attempt,
        name: job.workflow,
        path: job.workflow_path,
        event: job.event,
        head_branch: Some(head_branch),
        head_commit: job.commit,
        head_repository: Some(job.repository),
        progress: RunProgress::Running,
        html_url: String::new(),
        skips_preview: false,
    }
}
