//! Text of any origin in what GitHub shows as Markdown.

/// Text of any origin as code: nothing in it is markup, a mention or the end of a table's cell.
pub(crate) fn code(text: &str) -> String {
    const CHARACTERS_MAX: usize = 300;
    let mut safe: String = text
        .chars()
        .take(CHARACTERS_MAX)
        .map(|character| match character {
            '`' => '\'',
            // A table's cell ends at `|` even in code, and a backslash before it would show.
            '|' => '¦',
            character if character.is_control() => ' ',
            character => character,
        })
        .collect();
    if text.chars().nth(CHARACTERS_MAX).is_some() {
        safe.push('…');
    }
    match safe.trim() {
        "" => "–".to_owned(),
        shown => format!("`{shown}`"),
    }
}

/// The items of a list in Markdown, each beginning with a new line: as many as there is room for, and how many were left out beside
/// those that nobody looked at.
pub(crate) fn listed_within(bytes: usize, items: Vec<String>, unseen: usize) -> String {
    let (mut listed, all) = (String::new(), items.len());
    let mut shown = 0;
    for item in items {
        if listed.len() + item.len() > bytes {
            break;
        }
        listed.push_str(&item);
        shown += 1;
    }
    match all.saturating_sub(shown).saturating_add(unseen) {
        0 => listed,
        left_out => format!("{listed}\n- and {left_out} more: the dashboard shows them"),
    }
}

/// A link that shows its address; of characters that would end it or the table's cell only their escapes are left.
pub(crate) fn link(url: &str) -> String {
    let safe: String = url
        .chars()
        .map(|character| match character {
            '<' => "%3C".to_owned(),
            '>' => "%3E".to_owned(),
            '|' => "%7C".to_owned(),
            '`' => "%60".to_owned(),
            character if character.is_whitespace() || character.is_control() => "%20".to_owned(),
            character => character.to_string(),
        })
        .collect();
    format!("<{safe}>")
}
