//! Files that try to hurt: the parser never panics, and its work and its answer are bounded.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::{super::*, SPECIFICATION};

/// What an answer may have at most: ten problems of a path and some hundred characters each.
const ANSWER_MAX: usize = PROBLEMS_MAX * 2_000;

fn answer_is_bounded(text: &str) -> Result<(), String> {
    match parse(text) {
        Ok(_) => Ok(()),
        Err(error) => {
            let whole = serde_json::to_string(&error).map_err(|error| error.to_string())?;
            let one_line = !error.message.contains(['\n', '\r']);
            let places = error
                .problems
                .iter()
                .all(|problem| problem.line >= 1 && problem.column >= 1);
            let few = (1..=PROBLEMS_MAX).contains(&error.problems.len());
            if whole.len() <= ANSWER_MAX && one_line && places && few {
                Ok(())
            } else {
                Err(format!("for {text:?}: {whole}"))
            }
        }
    }
}

#[test]
fn a_file_made_to_hurt_is_refused_at_once() {
    let bomb = format!(
        "a: &a [1,1,1,1,1,1,1,1,1]\nb: &b [{}]\nc: [{}]\n",
        "*a,".repeat(50),
        "*b,".repeat(50)
    );
    let many_keys: String = (0..8_000).map(|number| format!("k{number}: \n")).collect();
    let link = |number: usize| {
        let next = (number + 1) % 900;
        format!("  s{number}: {{preview: {{needs: [s{next}, s{next}, x]}}}}\n")
    };
    let links: String = (0..900).map(link).collect();
    let circle = format!("services:\n{links}");
    let files = [
        ("alias bomb", bomb),
        ("too large", "#".repeat(BYTES_MAX + 1)),
        ("deep lists", "[".repeat(BYTES_MAX)),
        ("deep lists in lines", "- ".repeat(BYTES_MAX / 2)),
        ("deep maps", "{a: ".repeat(BYTES_MAX / 4)),
        ("deep keys", "? ".repeat(BYTES_MAX / 2)),
        (
            "many values",
            format!("[{}]", "1,".repeat(BYTES_MAX / 2 - 2)),
        ),
        ("many keys", many_keys),
        (
            "keys in a deep list",
            format!("{}{}", "[".repeat(200), "k,".repeat(32_000)),
        ),
        ("one long key", format!("{}: 1", "k".repeat(1_000))),
        (
            "one long text",
            format!("version: '{}'", "x\u{202e}\u{7f}".repeat(10_000)),
        ),
        (
            "a key of control characters",
            "\"\\u001b[2J\\n\": 1".to_owned(),
        ),
        ("many directives", "%a b\n".repeat(BYTES_MAX / 5)),
        ("many tags", format!("a: {}", "!a ".repeat(20_000))),
        ("a long circle of needs", circle),
    ];
    let mut told = Vec::new();
    for (name, text) in &files {
        let began = Instant::now();
        answer_is_bounded(text).unwrap();
        let took = began.elapsed();
        assert!(took < Duration::from_secs(2), "{name} took {took:?}");
        let error = parse(text).expect_err(name);
        told.push(format!("{name}: {error}"));
    }
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn the_limits_let_through_what_is_just_below_them() {
    let values = format!("[{}]", "1,".repeat(yaml::NODES_MAX - 1));
    assert!(yaml::parse(&values).is_ok());
    assert!(yaml::parse(&format!("[1,{}", &values[1..])).is_err());
    let deep = |depth: usize| format!("{}1{}", "[".repeat(depth - 1), "]".repeat(depth - 1));
    assert!(yaml::parse(&deep(yaml::DEPTH_MAX)).is_ok());
    assert!(yaml::parse(&deep(yaml::DEPTH_MAX + 1)).is_err());
}

/// Pieces of YAML that mean something to its scanner.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a",
        "version: 1\n",
        "build:",
        "services:",
        "web:",
        "preview:",
        "- ",
        "\n",
        "\n  ",
        "\n    ",
        "[",
        "]",
        "{",
        "}",
        ",",
        ": ",
        ":",
        "? ",
        "|",
        "|2\n",
        ">-\n ",
        "&a ",
        "*a",
        "!t ",
        "!!str ",
        "!<x>",
        "%YAML 1.2\n",
        "%TAG ! x\n",
        "---\n",
        "...\n",
        "'",
        "\"",
        "\\",
        "\\x4",
        "\\u00e9",
        "#",
        " # c",
        "\t",
        "\r",
        "\r\n",
        "é",
        "\u{feff}",
        "\u{2028}",
        "\0",
        "1",
        "~",
        "<<: ",
        "@",
        "`",
        "\u{10ffff}",
        "\u{85}",
        "0x",
        "1e",
        ".inf",
        "{number}",
    ]);
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn whatever_is_put_together_is_read_or_refused(text in pieces()) {
        answer_is_bounded(&text).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn whatever_is_typed_is_read_or_refused(text in any::<String>()) {
        answer_is_bounded(&text).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn a_good_file_with_a_piece_replaced_is_read_or_refused(
        place in any::<prop::sample::Index>(),
        length in 0_usize..40,
        piece in pieces(),
    ) {
        let characters: Vec<char> = SPECIFICATION.chars().collect();
        let start = place.index(characters.len());
        let end = (start + length).min(characters.len());
        let text: String =
            characters[..start].iter().copied().chain(piece.chars()).chain(characters[end..].iter().copied()).collect();
        answer_is_bounded(&text).map_err(TestCaseError::fail)?;
    }
}
