//! The runner of previews, with the vendors that the component's variables name.

use std::{
    cell::{Cell, RefCell},
    marker::PhantomData,
    time::Duration,
};

use runtime::{Runner, breaker::Guarded, preview::PreviewExecutor};
use slipway_spin::{Secret, SpinClock, SpinHttp, SpinStore, VariableError, Variables};
use vendors::{
    coolify,
    github::{self, Credentials},
    kubernetes, platform, registry,
};

use crate::{Correlated, DeliveryLog};

/// For how long a request's background work follows a preview; the rest is for `POST /reconcile`.
pub const FOLLOWED_FOR: Duration = Duration::from_secs(120);

/// HTTP to a vendor that names the delivery, behind the vendor's circuit breaker.
pub type VendorHttp = Guarded<Correlated<SpinHttp>, SpinStore, SpinClock, DeliveryLog>;

/// GitHub, as the components call it.
pub type GitHub = github::Client<VendorHttp, SpinClock, SpinStore>;

/// The registry of images, as the components call it.
type Registry = registry::Client<VendorHttp, SpinClock, SpinStore>;

/// A runner of previews on Spin. One value serves one request and its background work.
pub type PreviewRunner = Runner<
    SpinStore,
    SpinClock,
    DeliveryLog,
    PreviewExecutor<VendorHttp, SpinHttp, SpinClock, DeliveryLog, SpinStore>,
>;

/// The runner as the component's variables describe it. Where a vendor's variables are missing or make no sense, what needs it
/// fails with a reason that names them.
pub async fn runner(log: DeliveryLog) -> Result<PreviewRunner, VariableError> {
    let coolify = of_both("coolify_url", "coolify_token").await?;
    let github = github_client(&log).await?;
    let executor = PreviewExecutor {
        checks: github.as_ref().is_some_and(GitHub::may_check),
        github,
        coolify: coolify.map(|(url, token)| {
            coolify::Client::new(guarded(coolify::VENDOR, &log), &url, token.expose())
        }),
        platform: of_both("platform_api_url", "platform_api_token")
            .await?
            .map(|(url, token)| {
                platform::Client::new(guarded(platform::VENDOR, &log), &url, token.expose())
            }),
        kubernetes: of_both("kubernetes_api_url", "kubernetes_token")
            .await?
            .map(|(url, token)| {
                kubernetes::Client::new(guarded(kubernetes::VENDOR, &log), &url, token.expose())
            }),
        registry: registry_client(&log).await?,
        http: SpinHttp,
        store: SpinStore::new(),
        clock: SpinClock,
        log: log.clone(),
        account: Cell::new(None),
        told: RefCell::default(),
        preview: PhantomData,
    };
    Ok(Runner {
        store: SpinStore::new(),
        clock: SpinClock,
        log,
        executor,
    })
}

/// GitHub as the component's variables describe it; none if the variable `github_api_url` is not set.
pub async fn github_client(log: &DeliveryLog) -> Result<Option<GitHub>, VariableError> {
    let url = Variables.url("github_api_url").await?;
    let credentials = github_credentials().await?;
    Ok(url.map(|url| {
        let http = guarded(github::VENDOR, log);
        github::Client::new(http, SpinClock, SpinStore::new(), &url, &credentials)
    }))
}

/// A vendor's address and token; none unless both are set.
async fn of_both(
    url: &'static str,
    token: &'static str,
) -> Result<Option<(String, Secret)>, VariableError> {
    let url = Variables.url(url).await?;
    let token = Variables.secret(token).await?;
    Ok(url.zip(token))
}

/// The registry as the component's variables describe it; none unless both are set.
async fn registry_client(log: &DeliveryLog) -> Result<Option<Registry>, VariableError> {
    let both = of_both("registry_url", "registry_token").await?;
    let github = Variables.url("github_api_url").await?.unwrap_or_default();
    Ok(both.map(|(url, token)| {
        let http = guarded(registry::VENDOR, log);
        let urls = (url.as_str(), github.as_str());
        registry::Client::new(http, SpinClock, SpinStore::new(), urls, token.expose())
    }))
}

async fn github_credentials() -> Result<Credentials, VariableError> {
    let app_id = Variables.text("github_app_id").await?;
    let private_key = Variables.secret("github_app_private_key").await?;
    let token = Variables.secret("github_token").await?;
    Ok(Credentials::of(
        app_id.as_deref(),
        private_key.as_ref().map(Secret::expose),
        token.as_ref().map(Secret::expose),
    ))
}

/// HTTP to `vendor`, behind its circuit breaker.
pub fn guarded(vendor: &'static str, log: &DeliveryLog) -> VendorHttp {
    Guarded {
        vendor,
        http: Correlated {
            http: SpinHttp,
            delivery: log.correlation(),
        },
        store: SpinStore::new(),
        clock: SpinClock,
        log: log.clone(),
    }
}
