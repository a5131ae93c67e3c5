//! The runner of previews, with the vendors that the component's variables name.

use std::{cell::Cell, time::Duration};

use runtime::{Runner, preview::PreviewExecutor};
use slipway_spin::{SpinClock, SpinHttp, SpinStore, VariableError, Variables};
use vendors::{coolify, github};

use crate::DeliveryLog;

/// For how long a request's background work follows a preview; the rest is for `POST /reconcile`.
pub const FOLLOWED_FOR: Duration = Duration::from_secs(120);

/// A runner of previews on Spin. One value serves one request and its background work.
pub type PreviewRunner =
    Runner<SpinStore, SpinClock, DeliveryLog, PreviewExecutor<SpinHttp, SpinClock, DeliveryLog>>;

/// The runner as the component's variables describe it. A vendor without a URL or a token is left out: what needs it fails with
/// a reason that names the variable.
pub async fn runner(log: DeliveryLog) -> Result<PreviewRunner, VariableError> {
    let github_url = Variables.url("github_api_url").await?;
    let github_token = Variables.secret("github_token").await?;
    let coolify_url = Variables.url("coolify_url").await?;
    let coolify_token = Variables.secret("coolify_token").await?;
    let github = github_url.zip(github_token);
    let coolify = coolify_url.zip(coolify_token);
    let executor = PreviewExecutor {
        github: github
            .map(|(url, token)| github::Client::new(SpinHttp, SpinClock, &url, token.expose())),
        coolify: coolify.map(|(url, token)| coolify::Client::new(SpinHttp, &url, token.expose())),
        http: SpinHttp,
        clock: SpinClock,
        log: log.clone(),
        account: Cell::new(None),
    };
    Ok(Runner {
        store: SpinStore::new(),
        clock: SpinClock,
        log,
        executor,
    })
}
