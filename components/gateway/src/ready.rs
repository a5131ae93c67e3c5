//! What the gateway reports to `health`: whether deliveries can be taken in.

use bytes::Bytes;
use http::Response;
use http_body_util::Full;
use ports::Label;
use readiness::{Check, Standing};
use slipway_spin::{JsonLog, SpinStore, Variables};

/// The report; only other components can ask for it.
pub(crate) async fn report(store: &SpinStore, log: &JsonLog) -> Response<Full<Bytes>> {
    let checks = [
        secrets().await,
        Check::store(store, log, Label::Queue).await,
        Check::store(store, log, Label::Inbox).await,
    ];
    Response::new(Full::new(Bytes::from(readiness::report(&checks))))
}

async fn secrets() -> Check {
    let name = "github_webhook_secrets";
    match Variables.secrets(name).await {
        Ok(secrets) if secrets.is_empty() => Check::new(
            name,
            Standing::Failed,
            "no secret is set, so every delivery is refused: set it to the webhook secret of the GitHub App or webhook",
        ),
        Ok(secrets) => Check::new(
            name,
            Standing::Ready,
            format!("deliveries may be signed with {}", count(secrets.len())),
        ),
        Err(error) => Check::new(name, Standing::Failed, error.to_string()),
    }
}

fn count(secrets: usize) -> String {
    if secrets == 1 {
        "one secret".to_owned()
    } else {
        format!("any of {secrets} secrets")
    }
}
