//! The API, asked with the token of who signed in.

use std::time::Duration;

use futures_util::future::{try_join, try_join3, try_join4};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use http_api::{DOOR, model::ProblemDetails};
use ports::{Http, Request};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::pages::Known;

const API: &str = "http://api.spin.internal/api/v1";
/// Longer than `api` gives the component that it asks itself.
const PATIENCE: Duration = Duration::from_secs(25);

/// Why there is nothing to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The token is none of the configured ones (any more).
    NotSignedIn,
    /// Another one, with what would be right.
    Told { status: StatusCode, detail: String },
}

/// The API for one person.
pub(crate) struct Api<'a, H> {
    pub(crate) http: &'a H,
    pub(crate) token: &'a str,
}

impl<H: Http> Api<'_, H> {
    /// Reads what is at `path`, like `/previews?limit=20`.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Refusal> {
        let body = self.send(Method::GET, path, None).await?;
        serde_json::from_slice(&body).map_err(|error| Refusal::Told {
            status: StatusCode::BAD_GATEWAY,
            detail: format!("the API answered {path} with what is not known here: {error}"),
        })
    }

    /// Reads what the overview shows: of everything only what is asked for there, however much there is.
    pub(crate) async fn known(&self) -> Result<Known, Refusal> {
        let counts = try_join3(
            self.get("/overview"),
            self.get("/environments?limit=100"),
            self.get("/deliveries?status=dead&limit=5"),
        );
        let attention = try_join4(
            self.get("/environments?attention=needed&limit=50"),
            self.get("/repositories?attention=needed&limit=50"),
            self.get("/previews?attention=needed&limit=12"),
            self.get("/previews?attention=in-hand&limit=12"),
        );
        let ((overview, environments, dead), (stuck, repositories, failed, busy)) =
            try_join(counts, attention).await?;
        Ok(Known {
            overview,
            environments,
            stuck,
            repositories,
            failed,
            busy,
            dead,
        })
    }

    /// Does what is at `path`, with what is said beside it.
    pub(crate) async fn post(&self, path: &str, body: Option<Value>) -> Result<(), Refusal> {
        self.send(Method::POST, path, body).await.map(drop)
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Vec<u8>, Refusal> {
        let mut headers = HeaderMap::new();
        let Ok(mut bearer) = HeaderValue::try_from(format!("Bearer {}", self.token)) else {
            return Err(Refusal::NotSignedIn);
        };
        bearer.set_sensitive(true);
        headers.insert(header::AUTHORIZATION, bearer);
        headers.insert(DOOR, HeaderValue::from_static("dashboard"));
        if body.is_some() {
            let json = HeaderValue::from_static("application/json");
            headers.insert(header::CONTENT_TYPE, json);
        }
        let request = Request {
            method,
            url: format!("{API}{path}"),
            headers,
            body: body
                .map(|body| body.to_string().into_bytes())
                .unwrap_or_default(),
            timeout: PATIENCE,
        };
        let answer = self
            .http
            .send(request)
            .await
            .map_err(|error| Refusal::Told {
                status: StatusCode::BAD_GATEWAY,
                detail: error.to_string(),
            })?;
        if answer.status.is_success() {
            return Ok(answer.body);
        }
        if answer.status == StatusCode::UNAUTHORIZED {
            return Err(Refusal::NotSignedIn);
        }
        let detail = match serde_json::from_slice::<ProblemDetails>(&answer.body) {
            Ok(problem) => problem.detail,
            Err(_) => format!("the API answered {}", answer.status),
        };
        Err(Refusal::Told {
            status: answer.status,
            detail,
        })
    }
}
