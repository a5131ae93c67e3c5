//! Requests from the command line to a running application.

use std::time::Duration;

use anyhow::{Context as _, bail};
use world::Answer;

/// A request to `/reconcile` works for a while before it answers.
const PATIENCE: Duration = Duration::from_secs(180);

/// GETs from a URL on plain HTTP.
pub(crate) async fn get(url: &str, headers: &[(String, String)]) -> anyhow::Result<Answer> {
    send("GET", url, headers, Vec::new()).await
}

/// POSTs to a URL on plain HTTP.
pub(crate) async fn post(
    url: &str,
    headers: &[(String, String)],
    body: Vec<u8>,
) -> anyhow::Result<Answer> {
    send("POST", url, headers, body).await
}

async fn send(
    method: &str,
    url: &str,
    headers: &[(String, String)],
    body: Vec<u8>,
) -> anyhow::Result<Answer> {
    if !url.starts_with("http://") {
        bail!(
            "{url}: only http:// is spoken here; for https, send the request from where TLS ends"
        );
    }
    world::send(method, url, headers, body, PATIENCE)
        .await
        .context("is Slipway running? `cargo xtask up` starts it")
}

/// Prints an answer; one that is not a success is an error.
pub(crate) fn show(answer: &Answer) -> anyhow::Result<()> {
    println!("{} {}", answer.status, answer.text().trim_end());
    if !(200..300).contains(&answer.status) {
        bail!("the answer is {}", answer.status);
    }
    Ok(())
}
