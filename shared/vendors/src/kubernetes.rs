//! The Kubernetes API: looking at a namespace and deleting it (kubernetes.io/docs/reference, core v1 `Namespace`).
//!
//! - Errors are objects of the kind `Status`; only one with the reason `NotFound` means that there is no such namespace. A 404
//!   of a proxy's does not.
//! - A namespace is deleted by its name and its uid (`preconditions`): one that was made anew under the same name is not meant.
//!   It is then `Terminating` until all that is in it is gone; what keeps it stands in its conditions.
//! - Deleting one that is `Terminating` already is answered 409.
//! - Both calls need a ClusterRole with `get` and `delete` of `namespaces`, since namespaces lie in none.

use std::{collections::BTreeMap, time::Duration};

use domain::preview::SeenNamespace;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use ports::{Http, Request, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    CallError,
    address::{Access, Names},
    error::excerpt,
    exchange::{Exchange, Repeat, USER_AGENT},
};

/// Its name for people.
pub const VENDOR: &str = "Kubernetes";

const NAMES: Names = Names {
    vendor: VENDOR,
    url_variable: "kubernetes_api_url",
    token_variable: "kubernetes_token",
};

const TIMEOUT: Duration = Duration::from_secs(20);

/// A client of the API server of one cluster.
pub struct Client<H> {
    http: H,
    access: Result<Access, String>,
}

#[derive(Deserialize)]
struct Wire {
    metadata: WireMetadata,
    #[serde(default)]
    status: WireStatus,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireMetadata {
    name: String,
    uid: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    deletion_timestamp: Option<String>,
}

#[derive(Deserialize, Default)]
struct WireStatus {
    #[serde(default)]
    phase: String,
    #[serde(default)]
    conditions: Vec<WireCondition>,
}

#[derive(Deserialize)]
struct WireCondition {
    status: String,
    #[serde(default)]
    message: String,
}

/// Kubernetes' own way to say that something went wrong.
#[derive(Deserialize)]
struct Refusal {
    kind: String,
    #[serde(default)]
    reason: String,
}

impl<H: Http> Client<H> {
    /// A client of the API server at `base_url` (`https://10.0.0.1:6443`), by the token of a service account. A URL or token that
    /// cannot work is reported by every call as [`CallError::Refused`].
    pub fn new(http: H, base_url: &str, token: &str) -> Self {
        Self {
            http,
            access: Access::new(base_url, token, NAMES),
        }
    }

    /// The namespace of this name; none if Kubernetes says that there is none.
    pub async fn namespace(&self, name: &str) -> Result<Option<SeenNamespace>, CallError> {
        let what = format!("looking at the namespace {name}");
        let (exchange, response) = self.call(what, (Method::GET, name), None).await?;
        match response.status {
            StatusCode::OK => {
                let wire: Wire = exchange.read(&response)?;
                if wire.metadata.name != name {
                    return Err(exchange.unreadable(&response, "another namespace"));
                }
                Ok(Some(seen(wire)))
            }
            StatusCode::NOT_FOUND if reason(&response).as_deref() == Some("NotFound") => Ok(None),
            _ => Err(exchange.failure(&response, hint(&response))),
        }
    }

    /// Deletes this very namespace. A repeat is harmless: it is gone, or on its way, or another one.
    pub async fn delete_namespace(&self, namespace: &SeenNamespace) -> Result<(), CallError> {
        let what = format!("deleting the namespace {}", namespace.name);
        let body = json!({
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "preconditions": {"uid": namespace.uid},
        });
        let (exchange, response) = self
            .call(what, (Method::DELETE, &namespace.name), Some(&body))
            .await?;
        match (response.status, reason(&response).as_deref()) {
            (StatusCode::OK | StatusCode::ACCEPTED, _) => {
                let _: Value = exchange.read(&response)?;
                Ok(())
            }
            (StatusCode::NOT_FOUND, Some("NotFound"))
            | (StatusCode::CONFLICT, Some("Conflict")) => Ok(()),
            _ => Err(exchange.failure(&response, hint(&response))),
        }
    }

    async fn call(
        &self,
        what: String,
        (method, name): (Method, &str),
        body: Option<&Value>,
    ) -> Result<(Exchange<'_>, Response), CallError> {
        let access = self.access.as_ref().map_err(|problem| CallError::Refused {
            reason: format!("{what}: {problem}"),
        })?;
        let exchange = Exchange {
            names: NAMES,
            what,
            repeat: Repeat::Harmless,
            secrets: &access.secrets,
        };
        let json = HeaderValue::from_static("application/json");
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, json.clone());
        headers.insert(header::AUTHORIZATION, access.bearer.clone());
        headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
        if body.is_some() {
            headers.insert(header::CONTENT_TYPE, json);
        }
        let request = Request {
            method,
            url: access.base.url(&format!("/api/v1/namespaces/{name}")),
            headers,
            body: body
                .map(|body| body.to_string().into_bytes())
                .unwrap_or_default(),
            timeout: TIMEOUT,
        };
        let sent = self.http.send(request).await;
        let response = sent.map_err(|error| exchange.no_answer(&error))?;
        Ok((exchange, response))
    }
}

fn seen(wire: Wire) -> SeenNamespace {
    let going = wire.metadata.deletion_timestamp.is_some() || wire.status.phase == "Terminating";
    let holding = wire.status.conditions.iter();
    let holding = holding.filter(|condition| going && condition.status == "True");
    let told: Vec<&str> = holding
        .map(|condition| condition.message.as_str())
        .collect();
    let told = excerpt(&told.join("; "));
    SeenNamespace {
        name: wire.metadata.name,
        uid: wire.metadata.uid,
        labels: wire.metadata.labels,
        going,
        remains: (!told.is_empty()).then_some(told),
    }
}

/// The reason of a `Status`; none if Kubernetes did not write the body.
fn reason(response: &Response) -> Option<String> {
    let refusal: Refusal = serde_json::from_slice(&response.body).ok()?;
    (refusal.kind == "Status").then_some(refusal.reason)
}

/// A sentence for people on what to change.
fn hint(response: &Response) -> &'static str {
    match response.status {
        StatusCode::UNAUTHORIZED => {
            "The variable kubernetes_token must hold the token of a service account that is still valid"
        }
        StatusCode::FORBIDDEN => {
            "The service account of kubernetes_token needs a ClusterRole with get and delete of namespaces"
        }
        _ => "",
    }
}
