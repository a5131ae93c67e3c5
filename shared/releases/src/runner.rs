//! The runner of intakes and release lines, with the vendors that the component's variables name.

use std::cell::RefCell;

use previews::{DeliveryLog, GitHub, VendorHttp};
use runtime::{Runner, release::ReleaseExecutor};
use slipway_spin::{SpinClock, SpinHttp, SpinStore, VariableError, Variables};
use vendors::{
    argocd,
    github::{self, Credentials},
};

/// A runner of intakes and release lines on Spin. One value serves one request and its background work.
pub type ReleaseRunner = Runner<
    SpinStore,
    SpinClock,
    DeliveryLog,
    ReleaseExecutor<VendorHttp, SpinHttp, SpinClock, DeliveryLog, SpinStore>,
>;

/// The runner as the component's variables describe it. Where a vendor's variables are missing or make no sense, what needs it
/// fails with a reason that names them.
pub async fn runner(log: DeliveryLog) -> Result<ReleaseRunner, VariableError> {
    let url = Variables.url("argocd_url").await?;
    let token = Variables.secret("argocd_token").await?;
    let executor = ReleaseExecutor {
        github: previews::github_client(&log).await?,
        gitops: gitops_client(&log).await?,
        argocd: url.zip(token).map(|(url, token)| {
            let http = previews::guarded(argocd::VENDOR, &log);
            argocd::Client::new(http, &url, token.expose())
        }),
        http: SpinHttp,
        store: SpinStore::new(),
        clock: SpinClock,
        log: log.clone(),
        told: RefCell::default(),
    };
    Ok(Runner {
        store: SpinStore::new(),
        clock: SpinClock,
        log,
        executor,
    })
}

/// GitHub with the token that may commit to the repositories of manifests, and does nothing else.
async fn gitops_client(log: &DeliveryLog) -> Result<Option<GitHub>, VariableError> {
    let url = Variables.url("github_api_url").await?;
    let token = Variables.secret("gitops_token").await?;
    Ok(url.zip(token).map(|(url, token)| {
        let http = previews::guarded(github::VENDOR, log);
        let credentials = Credentials::GitopsToken(token.expose().to_owned());
        github::Client::new(http, SpinClock, SpinStore::new(), &url, &credentials)
    }))
}
