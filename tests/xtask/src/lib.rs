//! Builds, runs, demonstrates, measures and checks Slipway: what `cargo xtask` does.
//!
//! As a library it gives tests the built components, [`components::ensure_built`], and a Redis server, [`redis::Redis`].

mod bench;
mod checks;
mod command_line;
pub mod components;
mod deliver;
mod demo;
#[cfg(test)]
mod documents;
mod licences;
mod look;
mod manifest;
mod reconcile;
pub mod redis;
mod requests;
mod scene;
mod simulation;
pub mod stores;
mod toolchain;
mod up;
mod vendors;
mod workspace;

use std::process::ExitCode;

use clap::Parser as _;

use command_line::{Arguments, Command};

/// Does what the command line says. A failure is told on standard error in one line and makes the exit code 1.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    match dispatch(arguments.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Build => {
            components::build()?;
            println!("{}", components::sizes()?);
            Ok(())
        }
        Command::Up(options) => block_on(up::up(options)),
        Command::World(options) => block_on(vendors::run(options)),
        Command::Deliver(options) => block_on(deliver::deliver(options)),
        Command::Reconcile(options) => block_on(reconcile::reconcile(options)),
        Command::Demo(options) => block_on(demo::demo(options)),
        Command::Look(options) => block_on(look::look(options)),
        Command::Bench(options) => bench::bench(options),
        Command::Sim { arguments } => simulation::run(&arguments),
        Command::Ci => checks::run(),
        Command::Licences => licences::check(),
    }
}

/// The host needs the multi-thread runtime.
fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(work)
}
