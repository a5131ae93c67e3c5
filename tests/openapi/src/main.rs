//! Writes the OpenAPI document where it is committed.

fn main() -> anyhow::Result<()> {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(openapi::PATH);
    std::fs::write(&file, format!("{:#}\n", openapi::document()))?;
    Ok(())
}
