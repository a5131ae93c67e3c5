//! What Slack takes as a message, with Block Kit's limits.

use serde_json::Value;

/// Why Slack refuses a message, in its own word.
pub(super) fn check(body: &Value) -> Result<(), &'static str> {
    let blocks = body
        .get("blocks")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let has_text = body
        .get("text")
        .and_then(Value::as_str)
        .is_some_and(|text| !text.is_empty());
    if !has_text && blocks.is_empty() {
        return Err("no_text");
    }
    if blocks.len() > 50 || !blocks.iter().all(fits) {
        return Err("invalid_blocks");
    }
    Ok(())
}

fn fits(block: &Value) -> bool {
    let list = |name: &str| {
        block
            .get(name)
            .and_then(Value::as_array)
            .map(Vec::as_slice)
            .unwrap_or_default()
    };
    match block.get("type").and_then(Value::as_str) {
        Some("header") => block
            .get("text")
            .is_some_and(|text| is_text(text, &["plain_text"], 150)),
        Some("section") => {
            let fields = list("fields");
            let text = block.get("text");
            (text.is_some() || !fields.is_empty())
                && text.is_none_or(|text| is_text(text, &["plain_text", "mrkdwn"], 3_000))
                && fields.len() <= 10
                && fields
                    .iter()
                    .all(|field| is_text(field, &["plain_text", "mrkdwn"], 2_000))
        }
        Some("context") => {
            let elements = list("elements");
            (1..=10).contains(&elements.len())
                && elements
                    .iter()
                    .all(|element| is_text(element, &["plain_text", "mrkdwn"], 3_000))
        }
        Some("divider") => true,
        _ => false,
    }
}

fn is_text(text: &Value, kinds: &[&str], most: usize) -> bool {
    let kind = text.get("type").and_then(Value::as_str).unwrap_or_default();
    let length = text
        .get("text")
        .and_then(Value::as_str)
        .map_or(0, |text| text.chars().count());
    // `verbatim` is for marked text only, `emoji` for plain text only.
    let other = if kind == "mrkdwn" {
        "emoji"
    } else {
        "verbatim"
    };
    kinds.contains(&kind) && (1..=most).contains(&length) && text.get(other).is_none()
}
