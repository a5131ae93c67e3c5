//! Whether the vendors of previews are configured and answer, as `/readyz` tells it.

use readiness::{Check, Standing};
use runtime::breaker;
use slipway_spin::Variables;
use vendors::{argocd, coolify, github, kubernetes, platform, registry};

use crate::{DeliveryLog, PreviewRunner, runner};

/// How it stands with GitHub and with whoever has previews. No vendor is called: whether they answer is known from the calls that were made.
pub async fn vendors_ready(log: DeliveryLog) -> Vec<Check> {
    let runner = match runner(log).await {
        Ok(runner) => runner,
        Err(error) => return vec![Check::new("variables", Standing::Failed, error.to_string())],
    };
    let mut checks = vec![
        github(&runner).await,
        pair(&COOLIFY).await,
        pair(&PLATFORM).await,
        pair(&KUBERNETES).await,
        pair(&REGISTRY).await,
        pair(&ARGOCD).await,
    ];
    match breaker::paused(&runner.store).await {
        Ok(paused) => {
            for (vendor, pause) in paused {
                let works =
                    |check: &&mut Check| check.name == vendor && check.status == Standing::Ready;
                if let Some(check) = checks.iter_mut().find(works) {
                    check.status = Standing::Paused;
                    check.detail = format!(
                        "fails since {} and is left alone until {}: the log says how",
                        pause.since, pause.until
                    );
                }
            }
        }
        Err(error) => checks.push(Check::new("vendors", Standing::Failed, error.to_string())),
    }
    checks
}

async fn github(runner: &PreviewRunner) -> Check {
    let name = github::VENDOR;
    let Some(client) = &runner.executor.github else {
        return Check::new(
            name,
            Standing::Failed,
            "the variable github_api_url is not set",
        );
    };
    let Some(problem) = client.problem() else {
        return Check::new(name, Standing::Ready, "configured");
    };
    for variable in ["github_app_id", "github_app_private_key", "github_token"] {
        if is_set(variable).await {
            return Check::new(name, Standing::Failed, problem);
        }
    }
    Check::new(name, Standing::Off, problem)
}

/// A vendor that takes two variables, and what there is not without them.
struct Pair {
    vendor: &'static str,
    url: &'static str,
    token: &'static str,
    /// What needs both.
    needs: &'static str,
    /// What follows from having neither.
    without: &'static str,
}

const COOLIFY: Pair = Pair {
    vendor: coolify::VENDOR,
    url: "coolify_url",
    token: "coolify_token",
    needs: "Coolify",
    without: "no previews on Coolify",
};

const PLATFORM: Pair = Pair {
    vendor: platform::VENDOR,
    url: "platform_api_url",
    token: "platform_api_token",
    needs: "the platform API",
    without: "no previews in virtual clusters",
};

const KUBERNETES: Pair = Pair {
    vendor: kubernetes::VENDOR,
    url: "kubernetes_api_url",
    token: "kubernetes_token",
    needs: "Kubernetes",
    without: "no previews in namespaces",
};

const REGISTRY: Pair = Pair {
    vendor: registry::VENDOR,
    url: "registry_url",
    token: "registry_token",
    needs: "deleting images",
    without: "images of pull requests stay",
};

const ARGOCD: Pair = Pair {
    vendor: argocd::VENDOR,
    url: "argocd_url",
    token: "argocd_token",
    needs: "Argo CD",
    without: "no releases",
};

/// Half of the variables means that the other half was forgotten, none that the vendor is not wanted.
async fn pair(pair: &Pair) -> Check {
    let Pair {
        vendor,
        url,
        token,
        needs,
        without,
    } = pair;
    let (standing, detail) = match (is_set(url).await, is_set(token).await) {
        (true, true) => (Standing::Ready, "configured".to_owned()),
        (true, false) => (
            Standing::Failed,
            format!("{url} is set and {token} is not: {needs} needs both"),
        ),
        (false, true) => (
            Standing::Failed,
            format!("{token} is set and {url} is not: {needs} needs both"),
        ),
        (false, false) => (
            Standing::Off,
            format!("{url} and {token} are not set: {without}"),
        ),
    };
    Check::new(vendor, standing, detail)
}

async fn is_set(variable: &'static str) -> bool {
    Variables
        .text(variable)
        .await
        .is_ok_and(|text| text.is_some())
}
