//! Asking the components and making one answer of it.

use http::{HeaderMap, Method, StatusCode};
use ports::{Http, Request};
use serde_json::json;

use crate::{COMPONENTS, Check, PATH, Standing, TIMEOUT};

/// Asks every component. Returns `200` if nothing has failed, else `503`, and the answer as JSON.
pub async fn collect(http: &impl Http) -> (StatusCode, Vec<u8>) {
    let mut checks = Vec::new();
    for component in COMPONENTS {
        match ask(http, component).await {
            Ok(reported) => checks.extend(reported),
            Err(reason) => {
                let name = format!("component {component}");
                checks.push(Check::new(&name, Standing::Failed, reason));
            }
        }
    }
    let is_ready = checks.iter().all(|check| check.status != Standing::Failed);
    let (status, text) = if is_ready {
        (StatusCode::OK, "ready")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready")
    };
    let body = json!({ "status": text, "checks": checks });
    (status, body.to_string().into_bytes())
}

async fn ask(http: &impl Http, component: &str) -> Result<Vec<Check>, String> {
    let request = Request {
        method: Method::GET,
        url: format!("http://{component}.spin.internal{PATH}"),
        headers: HeaderMap::new(),
        body: Vec::new(),
        timeout: TIMEOUT,
    };
    let answer = http
        .send(request)
        .await
        .map_err(|error| format!("gave no answer: {error}"))?;
    if answer.status != StatusCode::OK {
        return Err(format!("answered {}", answer.status));
    }
    serde_json::from_slice(&answer.body).map_err(|error| format!("answered no report: {error}"))
}

#[cfg(test)]
mod tests;
