//! Starts the scripts that drive the browser, and tells them where everything is.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::{Value, json};

use super::there;
use super::tools::{OUTPUT, SCRIPTS, Tools};
use crate::demo::stage::Stage;
use crate::{scene, workspace};

/// Where the walkthrough is, and beside it the pictures that it shows.
const DOCUMENT: &str = "docs/walkthrough.md";
const PICTURES: &str = "docs/walkthrough";

/// A picture of the document is not larger, in bytes.
const PICTURE_MAX: u64 = 100_000;

/// docs/walkthrough.md, step by step; each leaves a picture.
pub(super) async fn walk_through(stage: &Stage, tools: &Tools) -> anyhow::Result<()> {
    let more = json!({ "document": workspace::file(DOCUMENT) });
    run("walkthrough", stage, tools, more).await?;
    for picture in pictures()? {
        let size = fs::metadata(&picture)?.len();
        anyhow::ensure!(
            size <= PICTURE_MAX,
            "{} has {size} bytes, at most {PICTURE_MAX} are right for a document",
            picture.display()
        );
    }
    Ok(())
}

/// Takes the pictures of the last walk into the documents.
pub(super) fn keep_pictures() -> anyhow::Result<()> {
    let folder = workspace::file(PICTURES);
    fs::create_dir_all(&folder)?;
    for picture in pictures()? {
        let name = picture.file_name().context("a picture has a name")?;
        fs::copy(&picture, folder.join(name))?;
    }
    println!("the pictures are in {PICTURES}");
    Ok(())
}

/// The pictures of the last walk.
fn pictures() -> anyhow::Result<Vec<PathBuf>> {
    let folder = output("walkthrough");
    let entries = fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
    let mut pictures = Vec::new();
    for entry in entries {
        pictures.push(entry?.path());
    }
    Ok(pictures)
}

/// Every page; `previews` are names and paths of some that are to be looked at.
pub(super) async fn look_at_pages(
    stage: &Stage,
    tools: &Tools,
    previews: &[(&str, String)],
) -> anyhow::Result<()> {
    let release = there::newest_release(stage).await?;
    let more = json!({ "previews": previews, "release": release });
    run("pages", stage, tools, more).await
}

/// Runs a script of `tests/xtask/look` to its end, with its output shown. What it saw is kept in a folder of its name.
async fn run(script: &str, stage: &Stage, tools: &Tools, more: Value) -> anyhow::Result<()> {
    let output = output(script);
    // What an earlier one saw is not this one's.
    if output.exists() {
        fs::remove_dir_all(&output)?;
    }
    fs::create_dir_all(&output)?;
    let told = told(stage, tools, &output, more);
    let mut node = workspace::program("node");
    node.arg(format!("{SCRIPTS}/{script}.mjs"))
        .env("SLIPWAY_LOOK", told.to_string());
    tokio::task::spawn_blocking(move || workspace::run(&mut node)).await?
}

/// What `tests/xtask/look/browser.mjs` reads.
fn told(stage: &Stage, tools: &Tools, output: &Path, more: Value) -> Value {
    let people = scene::PEOPLE.map(|person| {
        let scene::Person { name, role, token } = person;
        json!({ "name": name, "role": role, "token": token })
    });
    let mut told = json!({
        "url": stage.slipway_url(""),
        "people": people,
        "repository": stage.repository.id(),
        "service": scene::SERVICE,
        "modules": tools.node,
        "browser": tools.browser,
        "output": output,
    });
    if let (Some(told), Value::Object(more)) = (told.as_object_mut(), more) {
        told.extend(more);
    }
    told
}

fn output(script: &str) -> PathBuf {
    workspace::file(OUTPUT).join(script)
}
