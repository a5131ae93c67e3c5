//! A message as Block Kit, with its plain form for notifications (VENDORS 5).

use domain::notice::{Fact, Link, Message, Piece};
use serde_json::{Value, json};

/// The longest text of a header block.
const HEADER_MAX: usize = 150;

/// The longest text of a section block.
const SECTION_MAX: usize = 3_000;

/// Links are shown so many at most, as elements of one block.
const LINKS_MAX: usize = 10;

/// The body of a request.
pub(super) fn body(message: &Message) -> Value {
    let mut blocks = vec![json!({
        "type": "header",
        // No marks are read in plain text; emoji would be.
        "text": {"type": "plain_text", "text": cut(&message.headline, HEADER_MAX), "emoji": false},
    })];
    let lines: Vec<String> = message.facts.iter().map(marked).collect();
    if !lines.is_empty() {
        blocks.push(section(&lines.join("\n")));
    }
    blocks.push(section(&escaped(&message.next)));
    let links: Vec<Value> = message
        .links
        .iter()
        .filter_map(link)
        .take(LINKS_MAX)
        .collect();
    if !links.is_empty() {
        blocks.push(json!({"type": "context", "elements": links}));
    }
    let plain = format!("{}\n{}", message.headline, message.next);
    json!({"text": escaped(&plain), "blocks": blocks, "unfurl_links": false, "unfurl_media": false})
}

fn section(marked: &str) -> Value {
    json!({"type": "section", "text": mrkdwn(&cut_marked(marked, SECTION_MAX))})
}

/// Marked text that is taken as it is: Slack would make links and mentions of what looks like some.
fn mrkdwn(text: &str) -> Value {
    json!({"type": "mrkdwn", "text": text, "verbatim": true})
}

fn marked(fact: &Fact) -> String {
    let pieces: String = fact
        .pieces
        .iter()
        .map(|piece| match piece {
            Piece::Ours(text) => escaped(text),
            Piece::Theirs(text) => unstyled(&escaped(text)),
            // A backtick would end it.
            Piece::Code(text) => format!("`{}`", escaped(&text.replace('`', "'"))),
        })
        .collect();
    format!("*{}:* {pieces}", fact.name)
}

/// A link, if its address is one that people may be sent to.
fn link(link: &Link) -> Option<Value> {
    let url = link.url.trim();
    let absolute = url.starts_with("https://") || url.starts_with("http://");
    let harmless = url
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>' | b'|' | b'"' | b'`'));
    (absolute && harmless).then(|| {
        let name = escaped(&link.name).replace('|', "/");
        mrkdwn(&format!("<{}|{name}>", url.replace('&', "&amp;")))
    })
}

/// Slack's three marks of control, escaped: nothing in the text can mention anybody or be a link.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// Marks of style get a zero-width space, so that they stay what they are.
fn unstyled(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '*' | '_' | '~' | '`') {
            plain.push('\u{200b}');
        }
        plain.push(character);
    }
    plain
}

fn cut(text: &str, characters: usize) -> String {
    if text.chars().count() <= characters {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(characters.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// Cuts at the end of a line, so that no escape and no mark is cut in two.
fn cut_marked(text: &str, characters: usize) -> String {
    let mut short = String::new();
    for line in text.lines() {
        let length = short.chars().count() + line.chars().count() + 1;
        if length > characters {
            break;
        }
        if !short.is_empty() {
            short.push('\n');
        }
        short.push_str(line);
    }
    if short.is_empty() {
        "…".to_owned()
    } else {
        short
    }
}
