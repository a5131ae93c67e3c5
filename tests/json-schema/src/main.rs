//! Writes the JSON Schema where it is committed: `cargo run -p json-schema`.

use std::{fs, path::Path};

use anyhow::Context as _;

fn main() -> anyhow::Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(json_schema::PATH);
    let text = serde_json::to_string_pretty(&json_schema::schema())?;
    fs::write(&path, text + "\n").with_context(|| format!("cannot write {}", path.display()))?;
    println!("wrote {}", json_schema::PATH);
    Ok(())
}
