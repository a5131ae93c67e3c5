//! `cargo xtask look`: plays the demo, and looks at it as people do: docs/walkthrough.md step by step in a real browser, then every page
//! in both themes and two sizes by the rules of accessibility. Then its API is asked as nobody would who means well.
//!
//! What the browser does stands in `tests/xtask/look`; what it saw is kept below `target/look`.

mod api;
mod browser;
mod inhabit;
mod there;
mod tools;

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::Context as _;
use world::World;

pub(crate) use tools::Tools;

use crate::command_line::{LookOptions, Part};
use crate::demo;
use crate::demo::stage::Stage;
use crate::scene;

/// Looks; fails if anything is not as it must be.
pub(crate) async fn look(options: LookOptions) -> anyhow::Result<()> {
    let tools = tokio::task::block_in_place(Tools::ensure)?;
    let stage = demo::play(true, variables).await?;
    let schedule = stage.keep_reconciling();
    let mut looked = Ok(());
    for part in Part::ALL {
        if looked.is_ok() && (options.only.is_empty() || options.only.contains(&part)) {
            let began = Instant::now();
            looked = look_at(&stage, &tools, part, options.keep)
                .await
                .with_context(|| format!("the part {part:?} found what must not be"));
            println!("({:.0} s)", began.elapsed().as_secs_f64());
        }
    }
    schedule.abort();
    stage.tear_down().await;
    looked
}

/// As in the demo, with what the API needs beside: an address for the tokens of jobs, and leave to ask often.
fn variables(world: &World) -> BTreeMap<&'static str, String> {
    let mut variables = scene::variables_as_app(world);
    variables.insert("public_url", "https://slipway.example.com".to_owned());
    variables.insert("api_requests_per_minute", "1000000".to_owned());
    variables
}

async fn look_at(stage: &Stage, tools: &Tools, part: Part, keep: bool) -> anyhow::Result<()> {
    match part {
        Part::Walkthrough => {
            println!("\nThe walkthrough");
            browser::walk_through(stage, tools).await?;
            if keep {
                browser::keep_pictures()?;
            }
            Ok(())
        }
        Part::Pages => {
            println!("\nEvery page");
            let previews = inhabit::inhabit(stage).await?;
            browser::look_at_pages(stage, tools, &previews).await
        }
        Part::Api => api::ask(stage, tools).await,
    }
}
