//! The port of Slipway's clients over real HTTP, so that they can be held against the simulated vendors.

use http::StatusCode;
use ports::{Http, HttpError, Request, Response};

/// The HTTP port over the world's small client.
pub struct Wire;

impl Http for Wire {
    async fn send(&self, request: Request) -> Result<Response, HttpError> {
        if request.url.contains(".spin.internal") {
            return Err(HttpError::NotAllowed {
                host: request.url,
                reason: "there are no components here".to_owned(),
            });
        }
        let headers: Vec<(String, String)> = request
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        let sent = world::send(
            request.method.as_str(),
            &request.url,
            &headers,
            request.body,
            request.timeout,
        )
        .await;
        let answer = sent.map_err(|error| HttpError::Broken {
            host: request.url.clone(),
            reason: error.to_string(),
        })?;
        Ok(Response {
            status: StatusCode::from_u16(answer.status).unwrap(),
            headers: answer.headers,
            body: answer.body.to_vec(),
        })
    }
}
