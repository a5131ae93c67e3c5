//! The commands and their options.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Where `up` listens unless told otherwise, and where the others look for it.
pub(crate) const SLIPWAY: &str = "127.0.0.1:3000";

/// Slipway on a machine with nothing but Rust.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Build the components where spin.toml expects them, and print their sizes.
    Build,
    /// Run the application on the embedded host, configured by SPIN_VARIABLE_* as with `spin up`.
    Up(UpOptions),
    /// Run simulated vendors: GitHub, Coolify and its previews, with a control API.
    World(WorldOptions),
    /// Sign a payload and send it as GitHub would.
    Deliver(DeliverOptions),
    /// Ask a running application to advance everything that is due.
    Reconcile(ReconcileOptions),
    /// Play one pull request from opening to merge on the real components, and say what a person would see.
    Demo(DemoOptions),
    /// Play the demo, have a real browser walk through the dashboard and look at every page, and ask the API whatever its document gives rise to.
    Look(LookOptions),
    /// Measure deliveries against the least that any component can do, and pages with much in the stores against little.
    Bench(BenchOptions),
    /// Run the simulation: the durable core under crashes and faults, by seeds.
    #[command(disable_help_flag = true)]
    Sim {
        /// What the simulation takes, --help among it.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Run every check, as .ci/run does.
    Ci,
    /// Check the licences of all dependencies.
    Licences,
}

/// Options of `up`.
#[derive(Debug, Args)]
pub(crate) struct UpOptions {
    /// Where to listen.
    #[arg(long, default_value = SLIPWAY)]
    pub(crate) listen: SocketAddr,
    /// The directory of SQLite stores [default: .spin beside the manifest].
    #[arg(long)]
    pub(crate) state_dir: Option<PathBuf>,
    /// The stores [default: runtime-config.toml beside the manifest].
    #[arg(long)]
    pub(crate) runtime_config_file: Option<PathBuf>,
    /// Set a variable; wins over SPIN_VARIABLE_*. Can be given several times.
    #[arg(long, value_name = "NAME=VALUE", value_parser = name_and_value)]
    pub(crate) variable: Vec<(String, String)>,
    /// Another manifest, whose components are taken as they are [default: this project's, built first].
    #[arg(long, value_name = "SPIN_TOML")]
    pub(crate) from: Option<PathBuf>,
}

/// Options of `world`.
#[derive(Debug, Args)]
pub(crate) struct WorldOptions {
    /// Where the control API listens; GitHub, Coolify and the previews take the next three ports.
    #[arg(long, default_value = "127.0.0.1:4000")]
    pub(crate) listen: SocketAddr,
    /// Where GitHub's deliveries go.
    #[arg(
        long,
        value_name = "URL",
        default_value = "http://127.0.0.1:3000/webhooks/github"
    )]
    pub(crate) webhook_url: String,
}

/// Options of `deliver`.
#[derive(Debug, Args)]
pub(crate) struct DeliverOptions {
    /// The payload, a JSON file.
    pub(crate) file: PathBuf,
    /// The event [default: the file's name up to its first dot, as in pull_request.opened.1.json].
    #[arg(long)]
    pub(crate) event: Option<String>,
    /// Where to send it.
    #[arg(long, default_value = "http://127.0.0.1:3000/webhooks/github")]
    pub(crate) url: String,
    /// The secret to sign with [default: the first of SPIN_VARIABLE_GITHUB_WEBHOOK_SECRETS, else the simulated GitHub's].
    #[arg(long)]
    pub(crate) secret: Option<String>,
    /// The delivery's GUID [default: a new one].
    #[arg(long, value_name = "GUID")]
    pub(crate) delivery: Option<String>,
}

/// Options of `reconcile`.
#[derive(Debug, Args)]
pub(crate) struct ReconcileOptions {
    /// Where to ask.
    #[arg(long, default_value = "http://127.0.0.1:3000/reconcile")]
    pub(crate) url: String,
    /// The bearer token [default: SPIN_VARIABLE_RECONCILE_TOKEN].
    #[arg(long)]
    pub(crate) token: Option<String>,
}

/// Options of `demo`.
#[derive(Debug, Args)]
pub(crate) struct DemoOptions {
    /// End after the story instead of staying up; the exit code tells whether it went as told.
    #[arg(long)]
    pub(crate) once: bool,
}

/// Options of `look`.
#[derive(Debug, Args)]
pub(crate) struct LookOptions {
    /// Only these parts; they begin with the same scene.
    #[arg(long, value_enum, value_name = "PART")]
    pub(crate) only: Vec<Part>,
    /// Also keep the walkthrough's pictures beside docs/walkthrough.md.
    #[arg(long)]
    pub(crate) keep: bool,
}

/// A part of `look`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// docs/walkthrough.md, step by step.
    Walkthrough,
    /// Every page, in both themes and two sizes.
    Pages,
    /// The API, by requests made from its document.
    Api,
}

impl Part {
    /// In their order: pages are looked at with more in them than the walkthrough shows, and after the API was asked everything nothing is as
    /// it was.
    pub(crate) const ALL: [Self; 3] = [Self::Walkthrough, Self::Pages, Self::Api];
}

/// Options of `bench`.
#[derive(Debug, Args)]
pub(crate) struct BenchOptions {
    /// Fewer connections and shorter runs: a first impression.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Only the time from a finished build to the deployment that it leads to.
    #[arg(long)]
    pub(crate) reaction: bool,
    /// Only pages and lists, with much in the stores against little. With --quick the host is as it is, not optimised.
    #[arg(long, conflicts_with = "reaction")]
    pub(crate) pages: bool,
    /// Also write the figures to this file as JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
}

fn name_and_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        Some(_) | None => Err("expected NAME=VALUE".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_variable_is_a_name_and_a_value_that_may_have_equals_signs() {
        assert_eq!(
            name_and_value("a=b=c"),
            Ok(("a".to_owned(), "b=c".to_owned()))
        );
        assert!(name_and_value("a").is_err() && name_and_value("=b").is_err());
    }
}
