//! `cargo xtask bench`: deliveries, measured against the least that any component can do, in the same run; and pages with much in
//! the stores against little.

mod cases;
mod load;
mod pages;
mod reaction;
mod stage;
mod table;

use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;
use serde::Serialize;

use crate::command_line::BenchOptions;
use crate::{components, workspace};

use cases::Case;
use table::Row;

/// The profile that the figures are meant for; in the root `Cargo.toml`.
const PROFILE: &str = "measured";

/// How long and with how many connections each case is measured.
struct Plan {
    connections: &'static [usize],
    load: load::Times,
    /// Builds that are finished.
    reactions: usize,
    /// What is stored when pages are asked for, and how often each is.
    stored: pages::Amount,
    asked: usize,
}

impl Plan {
    fn of(options: &BenchOptions) -> Self {
        if options.quick {
            Self {
                connections: &[1, 16],
                load: load::Times {
                    warm_up: Duration::from_millis(300),
                    measured: Duration::from_secs(1),
                },
                reactions: 5,
                stored: pages::RATHER_MUCH,
                asked: 5,
            }
        } else {
            Self {
                connections: &[1, 16, 64],
                load: load::Times {
                    warm_up: Duration::from_secs(1),
                    measured: Duration::from_secs(5),
                },
                reactions: 30,
                stored: pages::MUCH,
                asked: 15,
            }
        }
    }
}

/// What was measured, for programs.
#[derive(Serialize)]
struct Figures {
    deliveries: Vec<Row>,
    reactions: Vec<reaction::Row>,
    pages: Vec<pages::Row>,
}

/// Measures and prints Markdown tables.
pub(crate) fn bench(options: BenchOptions) -> anyhow::Result<()> {
    if cfg!(debug_assertions) && !(options.pages && options.quick) {
        return again_optimised(&options);
    }
    let plan = Plan::of(&options);
    println!("{}", table::machine());
    let all = !options.reaction && !options.pages;
    let (mut deliveries, mut reactions, mut pages) = (Vec::new(), Vec::new(), Vec::new());
    if all {
        deliveries = crate::block_on(measure(&plan))?;
        println!("\n{}", table::markdown(&deliveries));
    }
    if all || options.reaction {
        reactions = crate::block_on(react(&plan))?;
        println!("\n{}", reaction::markdown(&reactions));
        println!("\n{}", reaction::verdict(&reactions));
    }
    if all || options.pages {
        pages = crate::block_on(ask_for_pages(&plan))?;
        println!("\n{}", pages::markdown(plan.stored, &pages));
    }
    if let Some(file) = &options.json {
        let figures = Figures {
            deliveries,
            reactions,
            pages: pages.clone(),
        };
        let text = serde_json::to_string_pretty(&figures)? + "\n";
        std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    if all || options.pages {
        println!("\n{}", pages::verdict(&pages).map_err(anyhow::Error::msg)?);
    }
    Ok(())
}

/// An unoptimised host says nothing about an optimised one.
fn again_optimised(options: &BenchOptions) -> anyhow::Result<()> {
    eprintln!("Building the host optimised; the first time this takes some minutes …");
    let mut cargo: Command = workspace::cargo();
    cargo.args([
        "run",
        "--profile",
        PROFILE,
        "--package",
        "xtask",
        "--",
        "bench",
    ]);
    if options.quick {
        cargo.arg("--quick");
    }
    if options.reaction {
        cargo.arg("--reaction");
    }
    if options.pages {
        cargo.arg("--pages");
    }
    if let Some(file) = &options.json {
        cargo.arg("--json").arg(std::path::absolute(file)?);
    }
    workspace::run(&mut cargo)
}

async fn measure(plan: &Plan) -> anyhow::Result<Vec<Row>> {
    let components = tokio::task::block_in_place(stage::Components::build)?;
    let mut rows: Vec<Row> = Vec::new();
    for case in Case::all()? {
        for &connections in plan.connections {
            eprintln!("{}, {connections} connections …", case.name);
            let stage = stage::Stage::start(&components, case.application).await?;
            let target = load::Target {
                address: stage.address(),
                connections,
                times: plan.load,
            };
            let measured = tokio::task::block_in_place(|| load::run(&target, &case.traffic))?;
            stage.stop().await;
            let ceiling = rows.iter().find(|row| row.connections == connections);
            let row = Row::of(&case, connections, &measured, ceiling);
            rows.push(row);
        }
    }
    Ok(rows)
}

async fn react(plan: &Plan) -> anyhow::Result<Vec<reaction::Row>> {
    let manifest = tokio::task::block_in_place(components::build)?;
    let mut rows = Vec::new();
    for pause in reaction::PAUSES {
        eprintln!("from a finished build to its deployment, {pause:?} …");
        rows.push(reaction::measure(manifest.clone(), pause, plan.reactions).await?);
    }
    Ok(rows)
}

async fn ask_for_pages(plan: &Plan) -> anyhow::Result<Vec<pages::Row>> {
    let manifest = tokio::task::block_in_place(components::build)?;
    pages::measure(manifest, plan.stored, plan.asked).await
}
