//! GitHub's published webhook examples, one file each, as they are.

use std::path::Path;

/// One published example of a webhook.
#[derive(Debug, Clone)]
pub struct Payload {
    /// The file's name, `event.action[-detail].number.json`.
    pub file: String,
    /// The event, for `X-GitHub-Event`.
    pub event: String,
    /// The payload's action; none for events that have none.
    pub action: Option<String>,
    /// The JSON, byte for byte.
    pub body: Vec<u8>,
}

/// All examples, by file name.
///
/// # Errors
/// When the project's `tests/world/vendor/github/payloads` cannot be read.
pub fn payloads() -> std::io::Result<Vec<Payload>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vendor/github/payloads");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let file = entry.file_name().to_string_lossy().into_owned();
        let body = std::fs::read(entry.path())?;
        let json: serde_json::Value = serde_json::from_slice(&body)?;
        let action = json
            .get("action")
            .and_then(serde_json::Value::as_str)
            .map(str::to_owned);
        let event = file.split('.').next().unwrap_or_default().to_owned();
        found.push(Payload {
            file,
            event,
            action,
            body,
        });
    }
    found.sort_by(|one, other| one.file.cmp(&other.file));
    Ok(found)
}
