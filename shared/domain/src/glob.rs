//! Patterns of branches, tags and paths: `main`, `release/*`, `apps/web/**`.

/// Whether `pattern` matches the whole of `text`: `*` stands for any characters but `/`, `**` for any at all, everything else for
/// itself. A folder's `/**` takes in the folder's own name too.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    if pattern.strip_suffix("/**") == Some(text) {
        return true;
    }
    // For each place in the text, whether the pieces so far match what is before it: so the time is that of one pass for each piece.
    let mut reached = vec![false; text.len() + 1];
    if let Some(first) = reached.first_mut() {
        *first = true;
    }
    for piece in pieces(pattern) {
        reached = after(&piece, text.as_bytes(), &reached);
    }
    reached.last() == Some(&true)
}

/// The places that are reached after one more piece. Only whole characters are compared with whole characters: UTF-8 is
/// self-synchronizing, so a piece that begins at a character's start never matches from the middle of one.
fn after(piece: &Piece<'_>, text: &[u8], reached: &[bool]) -> Vec<bool> {
    let mut next = vec![false; reached.len()];
    match piece {
        Piece::Itself(own) => {
            for (from, _) in reached.iter().enumerate().filter(|(_, reached)| **reached) {
                let rest = text.get(from..).unwrap_or_default();
                if rest.starts_with(own.as_bytes())
                    && let Some(place) = next.get_mut(from + own.len())
                {
                    *place = true;
                }
            }
        }
        Piece::Within | Piece::Across => {
            let across = matches!(piece, Piece::Across);
            let mut within = false;
            for (index, (place, reached)) in next.iter_mut().zip(reached).enumerate() {
                let before = index.checked_sub(1).and_then(|before| text.get(before));
                within = *reached || (within && (across || before != Some(&b'/')));
                *place = within;
            }
        }
    }
    next
}

enum Piece<'a> {
    Itself(&'a str),
    /// `*`.
    Within,
    /// `**`.
    Across,
}

fn pieces(pattern: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = pattern;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix("**") {
            pieces.push(Piece::Across);
            rest = after;
        } else if let Some(after) = rest.strip_prefix('*') {
            pieces.push(Piece::Within);
            rest = after;
        } else {
            let end = rest.find('*').unwrap_or(rest.len());
            let (own, after) = rest.split_at(end);
            pieces.push(Piece::Itself(own));
            rest = after;
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_star_stays_within_a_part_and_two_go_on() {
        for (pattern, text, expected) in [
            ("main", "main", true),
            ("main", "mainly", false),
            ("main", "domain", false),
            ("release/*", "release/1.2", true),
            ("release/*", "release/1/2", false),
            ("release/*", "release", false),
            ("v*", "v1", true),
            ("v*", "v", true),
            ("apps/web/**", "apps/web/src/main.rs", true),
            ("apps/web/**", "apps/web", true),
            ("apps/web/**", "apps/website/x", false),
            ("**/Cargo.toml", "a/b/Cargo.toml", true),
            ("*.md", "README.md", true),
            ("*.md", "docs/README.md", false),
            ("a*b*c", "aXbYbZc", true),
            ("**", "anything/at all", true),
            ("", "", true),
            ("", "x", false),
            ("ä*", "äöü", true),
            ("*ö*", "äöü", true),
            ("a*/b", "a/x/b", false),
            ("**/src/**/*.rs", "apps/src/a/b/main.rs", true),
            ("**/src/**/*.rs", "apps/src/main.rs", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn a_pattern_of_many_stars_takes_no_time() {
        let pattern = "*a".repeat(90);
        assert!(!matches(&pattern, &"a".repeat(200).replace("aa", "ab")));
        // A path may have 4,096 bytes, written by whoever opens pull requests.
        assert!(!matches("**a**a**a**b", &"a".repeat(4_096)));
    }
}
