//! Whether the stories, all together, made every call to GitHub that the table of permissions lists: a row that nothing needs is a
//! permission that nobody should be asked for. `github-calls <directory>` reads what the stories noted there, which they do if the
//! environment variable `SLIPWAY_GITHUB_CALLS` names the directory.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};

fn main() -> Result<()> {
    let directory = std::env::args()
        .nth(1)
        .context("usage: github-calls <directory>")?;
    let mut made = BTreeSet::new();
    for entry in std::fs::read_dir(&directory).with_context(|| format!("listing {directory}"))? {
        let path = entry?.path();
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        made.extend(text.lines().map(str::to_owned));
    }
    let never: Vec<&str> = e2e::rows().filter(|row| !made.contains(*row)).collect();
    if !never.is_empty() {
        bail!("no story makes these calls of the table of permissions: {never:#?}");
    }
    println!(
        "the stories make all {} calls of the table of permissions",
        e2e::rows().count()
    );
    Ok(())
}
