//! `cargo xtask world`: the simulated vendors, to try Slipway against.

use anyhow::Context as _;
use world::{Options, World};

use crate::command_line::WorldOptions;
use crate::scene;

/// Runs until interrupted.
pub(crate) async fn run(options: WorldOptions) -> anyhow::Result<()> {
    let started = Options {
        webhook_url: Some(options.webhook_url.clone()),
        ..Options::listening_at(options.listen)
    };
    let world = World::start(started)
        .await
        .with_context(|| format!("cannot listen on {} or the ports after it", options.listen))?;
    scene::furnish(&world);
    println!("{}", introduction(&world, &options.webhook_url));
    tokio::signal::ctrl_c()
        .await
        .context("cannot wait for an interrupt")
}

/// What runs where, and what to type next.
fn introduction(world: &World, webhook_url: &str) -> String {
    let exports: String = scene::variables(world)
        .iter()
        .map(|(name, value)| {
            format!(
                "  export SPIN_VARIABLE_{}={}\n",
                name.to_uppercase(),
                quoted(value)
            )
        })
        .collect();
    format!(
        "The simulated vendors run, until Ctrl-C:
  GitHub    {}
  Coolify   {}
  Previews  {}
  Argo CD   {}
  Control   {control}/_world/state

{repository} has a .github/slipway.yml, and Coolify and Argo CD the applications that it names.
Webhooks go to {webhook_url}.

Start Slipway against them, in another terminal:
{exports}  cargo xtask up

Then let something happen, in a third one:
  curl -d '{{\"repository\":\"{repository}\",\"title\":\"Add a cart\",\"branch\":\"cart\"}}' {control}/_world/pull-requests
  curl -d '{{\"repository\":\"{repository}\",\"number\":1,\"workflow\":\"{workflow}\"}}' {control}/_world/runs
  curl -d '{{\"repository\":\"{repository}\"}}' {control}/_world/pull-requests/1/merge
  curl {control}/_world/state

Faults and everything else: tests/world/README.md, \"The control API\".",
        world.github_url(),
        world.coolify_url(),
        world.previews_url(),
        world.argocd_url(),
        control = world.control_url(),
        repository = scene::REPOSITORY,
        workflow = scene::WORKFLOW,
    )
}

/// A value as a shell takes it literally.
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_with_an_apostrophe_survives_the_shell() {
        assert_eq!(quoted("It's"), r"'It'\''s'");
    }
}
