//! What this component reports to `health`: whether those whom it tells are configured, and whether they are left alone at present.
//! Nobody is called for it.

use bytes::Bytes;
use http::Response;
use http_body_util::Full;
use previews::DeliveryLog;
use readiness::{Check, Standing};
use runtime::breaker;
use slipway_spin::{SpinStore, Variables};
use vendors::{backstage, slack};

use crate::runner::{OutboxRunner, runner};

/// Receivers of webhooks, for people.
const WEBHOOKS: &str = "outgoing webhooks";

/// The report; only other components can ask for it.
pub(crate) async fn report(log: &DeliveryLog) -> Response<Full<Bytes>> {
    let checks = match runner(log.clone()).await {
        Ok(runner) => checks(&runner).await,
        Err(error) => vec![Check::new("variables", Standing::Failed, error.to_string())],
    };
    Response::new(Full::new(Bytes::from(readiness::report(&checks))))
}

async fn checks(runner: &OutboxRunner) -> Vec<Check> {
    let executor = &runner.executor;
    let off = |what: &str| format!("{what}: nobody is told there of releases");
    let slack = check(
        slack::VENDOR,
        executor.slack.as_ref().map(|client| client.problem()),
        &off("slack_webhooks is not set"),
    );
    let webhooks = check(
        WEBHOOKS,
        executor.webhooks.as_ref().map(|client| client.problem()),
        &off("notify_webhooks is not set"),
    );
    vec![
        paused(slack).await,
        webhooks,
        paused(backstage(executor.backstage.is_some()).await).await,
    ]
}

/// `configured` is what is wrong with it, if it is configured at all.
fn check(name: &str, configured: Option<Option<String>>, off: &str) -> Check {
    match configured {
        None => Check::new(name, Standing::Off, off),
        Some(None) => Check::new(name, Standing::Ready, "configured"),
        Some(Some(problem)) => Check::new(name, Standing::Failed, problem),
    }
}

/// Half of Backstage's variables means that the other half was forgotten, none that it is not wanted.
async fn backstage(is_whole: bool) -> Check {
    let name = backstage::VENDOR;
    if is_whole {
        return Check::new(name, Standing::Ready, "configured");
    }
    let (standing, detail) = match (
        is_set("backstage_url").await,
        is_set("backstage_token").await,
    ) {
        (true, _) => (
            Standing::Failed,
            "backstage_url is set and backstage_token is not: Backstage needs both",
        ),
        (false, true) => (
            Standing::Failed,
            "backstage_token is set and backstage_url is not: Backstage needs both",
        ),
        (false, false) => (
            Standing::Off,
            "backstage_url and backstage_token are not set: no entity is refreshed",
        ),
    };
    Check::new(name, standing, detail)
}

async fn is_set(variable: &'static str) -> bool {
    let text = Variables.text(variable).await;
    text.is_ok_and(|text| text.is_some())
}

/// The check, or that the vendor is left alone.
async fn paused(mut check: Check) -> Check {
    if check.status != Standing::Ready {
        return check;
    }
    match breaker::pause(&SpinStore::new(), &check.name).await {
        Ok(None) => {}
        Ok(Some(pause)) => {
            check.status = Standing::Paused;
            check.detail = format!(
                "fails since {} and is left alone until {}: the log says how",
                pause.since, pause.until
            );
        }
        // That the store does not answer is told by those who have a check of it.
        Err(_) => {
            check.status = Standing::Failed;
            check.detail = "whether it is left alone cannot be read from the store".to_owned();
        }
    }
    check
}
