//! Asks the API as anybody might: schemathesis makes requests from its document, and from what the document excludes, with each role and
//! with none, and holds every answer against the document.

use std::fs;
use std::path::Path;

use anyhow::Context as _;

use super::there;
use super::tools::{OUTPUT, SCRIPTS, Tools};
use crate::demo::stage::Stage;
use crate::{scene, workspace};

/// What is asked is the same each time, so what is found once is found again.
const SEED: &str = "20261122";
/// So many requests are made up for each operation, beside those that its document gives rise to anyhow.
const EXAMPLES_MAX: &str = "25";

/// Who asks.
#[derive(Debug, Clone, Copy)]
struct Asker {
    name: &'static str,
    /// None for who bears no token.
    token: Option<&'static str>,
}

/// With every role, and with none.
pub(super) async fn ask(stage: &Stage, tools: &Tools) -> anyhow::Result<()> {
    let output = workspace::file(OUTPUT).join("api");
    fs::create_dir_all(&output)?;
    let settings = output.join("schemathesis.toml");
    fs::write(&settings, settings_for(stage).await?)?;
    let people = scene::PEOPLE.iter().map(|person| Asker {
        name: person.role,
        token: Some(person.token),
    });
    let nobody = Asker {
        name: "nobody",
        token: None,
    };
    for asker in people.chain([nobody]) {
        println!("\nThe API, asked by {}", asker.name);
        run(stage, tools, &settings, asker)
            .await
            .with_context(|| format!("the API answers {} what must not be", asker.name))?;
    }
    Ok(())
}

/// Runs schemathesis to its end, with its output shown.
async fn run(stage: &Stage, tools: &Tools, settings: &Path, asker: Asker) -> anyhow::Result<()> {
    let program = tools.python.join("schemathesis");
    let mut schemathesis = workspace::program(&program.to_string_lossy());
    schemathesis
        .arg("--config-file")
        .arg(settings)
        .args(["run", "--seed", SEED, "--max-examples", EXAMPLES_MAX])
        .current_dir(workspace::file(OUTPUT).join("api"));
    if let Some(token) = asker.token {
        schemathesis.args(["--header", &format!("Authorization: Bearer {token}")]);
    }
    schemathesis.arg(stage.slipway_url("/api/openapi.json"));
    tokio::task::spawn_blocking(move || workspace::run(&mut schemathesis)).await?
}

/// What schemathesis reads: which ids there are, so that most requests are about something, and what is not looked at.
async fn settings_for(stage: &Stage) -> anyhow::Result<String> {
    let known = [
        ("repository_id", stage.repository.id().to_string()),
        ("number", "2".to_owned()),
        ("service", quoted(scene::SERVICE)),
        ("environment", quoted("production")),
        ("release", quoted(&there::newest_release(stage).await?)),
    ];
    let hooks = workspace::file(SCRIPTS).join("headers.py");
    let hooks = quoted(&hooks.to_string_lossy());
    // Keys of no table come first.
    let mut settings = format!(
        "hooks = {hooks}\n\n{}",
        include_str!("../../look/schemathesis.toml")
    );
    for (name, value) in &known {
        settings.push_str(&format!("\n[dictionaries.{name}]\nvalues = [{value}]\n"));
    }
    settings.push_str("\n[parameters]\n");
    for (name, _) in &known {
        settings.push_str(&format!(
            "\"path.{name}\" = {{ dictionary = \"{name}\", probability = 0.8 }}\n"
        ));
    }
    Ok(settings)
}

/// A text as TOML has it, which takes what JSON writes.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
