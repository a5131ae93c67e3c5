//! Whether the vendors of previews are configured and answer, as `/readyz` tells it.

use readiness::{Check, Standing};
use slipway_spin::Variables;
use vendors::{argocd, coolify, github, registry};

use crate::{DeliveryLog, PreviewRunner, paused_vendors, runner};

/// How it stands with GitHub and Coolify. No vendor is called: whether they answer is known from the calls that were made.
pub async fn vendors_ready(log: DeliveryLog) -> Vec<Check> {
    let runner = match runner(log).await {
        Ok(runner) => runner,
        Err(error) => return vec![Check::new("variables", Standing::Failed, error.to_string())],
    };
    let mut checks = vec![
        github(&runner).await,
        coolify(&runner).await,
        registry().await,
        argocd().await,
    ];
    match paused_vendors(&runner.store).await {
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

/// Half of Coolify's variables means that the other half was forgotten, none that it is not wanted.
async fn coolify(runner: &PreviewRunner) -> Check {
    let name = coolify::VENDOR;
    if runner.executor.coolify.is_some() {
        return Check::new(name, Standing::Ready, "configured");
    }
    let (standing, detail) = if is_set("coolify_url").await {
        (
            Standing::Failed,
            "coolify_url is set and coolify_token is not: Coolify needs both",
        )
    } else if is_set("coolify_token").await {
        (
            Standing::Failed,
            "coolify_token is set and coolify_url is not: Coolify needs both",
        )
    } else {
        (
            Standing::Off,
            "coolify_url and coolify_token are not set: no previews on Coolify",
        )
    };
    Check::new(name, standing, detail)
}

/// The same of the registry of images.
async fn registry() -> Check {
    let name = registry::VENDOR;
    let (standing, detail) = match (is_set("registry_url").await, is_set("registry_token").await) {
        (true, true) => (Standing::Ready, "configured"),
        (true, false) => (
            Standing::Failed,
            "registry_url is set and registry_token is not: deleting images needs both",
        ),
        (false, true) => (
            Standing::Failed,
            "registry_token is set and registry_url is not: deleting images needs both",
        ),
        (false, false) => (
            Standing::Off,
            "registry_url and registry_token are not set: images of pull requests stay",
        ),
    };
    Check::new(name, standing, detail)
}

/// The same of Argo CD.
async fn argocd() -> Check {
    let name = argocd::VENDOR;
    let (standing, detail) = match (is_set("argocd_url").await, is_set("argocd_token").await) {
        (true, true) => (Standing::Ready, "configured"),
        (true, false) => (
            Standing::Failed,
            "argocd_url is set and argocd_token is not: Argo CD needs both",
        ),
        (false, true) => (
            Standing::Failed,
            "argocd_token is set and argocd_url is not: Argo CD needs both",
        ),
        (false, false) => (
            Standing::Off,
            "argocd_url and argocd_token are not set: no releases",
        ),
    };
    Check::new(name, standing, detail)
}

async fn is_set(variable: &'static str) -> bool {
    Variables
        .text(variable)
        .await
        .is_ok_and(|text| text.is_some())
}
