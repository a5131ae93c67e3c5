//! `cargo xtask look`: plays the demo, and looks at it as people do: docs/walkthrough.md step by step in a real browser, then every page
//! in both themes and two sizes by the rules of accessibility.
//!
//! What the browser does stands in `tests/xtask/look`; what it saw is kept below `target/look`.

mod browser;
mod inhabit;
mod there;
mod tools;

use std::time::Instant;

use anyhow::Context as _;

pub(crate) use tools::Tools;

use crate::command_line::{LookOptions, Part};
use crate::demo;
use crate::demo::stage::Stage;
use crate::scene;

/// Looks; fails if anything is not as it must be.
pub(crate) async fn look(options: LookOptions) -> anyhow::Result<()> {
    let tools = tokio::task::block_in_place(Tools::ensure)?;
    let stage = demo::play(true, scene::variables_as_app).await?;
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
    }
}
