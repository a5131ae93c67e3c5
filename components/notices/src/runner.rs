//! The runner of outboxes, with those who are told as the component's variables describe them.

use previews::{DeliveryLog, VendorHttp, guarded};
use runtime::{Runner, outbox::OutboxExecutor};
use slipway_spin::{SpinClock, SpinHttp, SpinStore, VariableError, Variables};
use vendors::{backstage, notify, slack};

/// A runner of outboxes on Spin. One value serves one request and its background work.
pub(crate) type OutboxRunner = Runner<
    SpinStore,
    SpinClock,
    DeliveryLog,
    OutboxExecutor<VendorHttp, SpinHttp, SpinClock, DeliveryLog>,
>;

/// The runner as the component's variables describe it. Who is not configured is not told.
pub(crate) async fn runner(log: DeliveryLog) -> Result<OutboxRunner, VariableError> {
    let slack = Variables.secret("slack_webhooks").await?;
    let webhooks = Variables.secret("notify_webhooks").await?;
    let secret = Variables.secret("notify_secret").await?;
    let backstage = Variables
        .url("backstage_url")
        .await?
        .zip(Variables.secret("backstage_token").await?);
    let executor = OutboxExecutor {
        slack: slack.map(|webhooks| {
            slack::Client::new(guarded(slack::VENDOR, &log), SpinClock, webhooks.expose())
        }),
        webhooks: webhooks.map(|webhooks| {
            let secret = secret.as_ref().map_or("", |secret| secret.expose());
            notify::Client::new(SpinHttp, webhooks.expose(), secret)
        }),
        backstage: backstage.map(|(url, token)| {
            backstage::Client::new(guarded(backstage::VENDOR, &log), &url, token.expose())
        }),
        log: log.clone(),
    };
    Ok(Runner {
        store: SpinStore::new(),
        clock: SpinClock,
        log,
        executor,
    })
}
