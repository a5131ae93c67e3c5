//! `cargo xtask demo`: one pull request from opening to merge, then releases to staging and production, a bad one and its way
//! back, on the real components, told as a person would see it.

mod narration;
mod release;
pub(crate) mod stage;
mod story;
mod watch;

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::Context as _;
use world::World;

use crate::command_line::DemoOptions;
use crate::{components, scene};

use narration::Narration;
use stage::Stage;
use story::Story;

/// Plays the story; then ends or stays up.
pub(crate) async fn demo(options: DemoOptions) -> anyhow::Result<()> {
    let stage = play(!options.once, scene::variables_as_app).await?;
    if !options.once {
        println!("\n{}", stage.invitation());
        let schedule = stage.keep_reconciling();
        let interrupted = tokio::signal::ctrl_c().await;
        schedule.abort();
        interrupted.context("cannot wait for an interrupt")?;
    }
    stage.tear_down().await;
    Ok(())
}

/// Plays the story, and what stands there after it if it goes on.
pub(crate) async fn play(
    goes_on: bool,
    variables: impl FnOnce(&World) -> BTreeMap<&'static str, String>,
) -> anyhow::Result<Stage> {
    let began = Instant::now();
    let mut narration = Narration::new();
    println!(
        "Slipway, on its real components. GitHub, Coolify, Argo CD, Backstage and Slack are simulated; everything else is what \
         runs in production."
    );

    narration.step("Build the components");
    let manifest = tokio::task::block_in_place(components::build)?;
    narration.tell(&format!("built for Spin:\n{}", components::sizes()?));

    narration.step("Start the vendors and Slipway");
    let stage = Stage::set_up(manifest, variables).await?;
    narration.tell(&stage.whereabouts());

    let went_wrong = || {
        format!(
            "the story went wrong; the last that Slipway said:\n{}\n",
            stage.last_words()
        )
    };
    let mut story = Story::new(&stage, &mut narration);
    story.tell().await.with_context(went_wrong)?;
    println!(
        "\nThe story is over after {:.0} s.",
        began.elapsed().as_secs_f64()
    );
    if goes_on {
        story.go_on().await.with_context(went_wrong)?;
    }
    Ok(stage)
}
