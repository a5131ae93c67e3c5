//! Patterns of branches, tags and paths: `main`, `release/*`, `apps/web/**`.

/// Whether `pattern` matches the whole of `text`: `*` stands for any characters but `/`, `**` for any at all, everything else for
/// itself. A folder's `/**` takes in the folder's own name too.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    if pattern.strip_suffix("/**") == Some(text) {
        return true;
    }
    let pattern = pieces(pattern);
    // For each piece, the ends of the text's beginnings that the pieces up to it match: so nothing is tried twice.
    let mut reached = vec![0];
    for piece in pattern {
        let mut next: Vec<usize> = Vec::new();
        for from in reached {
            let rest = text.get(from..).unwrap_or_default();
            match piece {
                Piece::Itself(own) if rest.starts_with(own) => next.push(from + own.len()),
                Piece::Itself(_) => {}
                Piece::Within => next.extend(ends(rest, true).map(|end| from + end)),
                Piece::Across => next.extend(ends(rest, false).map(|end| from + end)),
            }
        }
        next.sort_unstable();
        next.dedup();
        reached = next;
    }
    reached.contains(&text.len())
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

/// Where a wildcard may end: after any characters, within one part of a path or across several.
fn ends(text: &str, within: bool) -> impl Iterator<Item = usize> {
    let limit = match text.find('/') {
        Some(slash) if within => slash,
        Some(_) | None => text.len(),
    };
    (0..=limit).filter(|end| text.is_char_boundary(*end))
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
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn a_pattern_of_many_stars_takes_no_time() {
        let pattern = "*a".repeat(90);
        assert!(!matches(&pattern, &"a".repeat(200).replace("aa", "ab")));
    }
}
