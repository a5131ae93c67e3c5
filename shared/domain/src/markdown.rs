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
