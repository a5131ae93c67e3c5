//! A YAML file as a tree of nodes, each with its place. Only what a configuration needs: no anchors, no tags, one document.
//!
//! One small tree for everything keeps the components small, and puts the limits in one place.

use std::borrow::Cow;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, StrInput};

use super::problem::Problem;

/// The deepest nesting that is read; the deepest that a configuration needs is seven.
pub(super) const DEPTH_MAX: usize = 16;

/// The most values that are read.
pub(super) const NODES_MAX: usize = 10_000;

/// Where something begins, counted from 1, in lines and characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) line: usize,
    pub(super) column: usize,
}

impl From<&Marker> for Place {
    fn from(marker: &Marker) -> Self {
        Self {
            line: marker.line(),
            column: marker.col() + 1,
        }
    }
}

/// A value and where it begins; an empty one is where its key is.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) value: Value,
}

/// A value as YAML's core schema understands it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// `null`, `~`, or nothing at all.
    Nothing,
    /// `true` or `false`.
    Truth(bool),
    /// A number, as it was written.
    Number(String),
    /// A quoted text, or a plain one that is nothing else.
    Text(String),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, in the file's order; a key may be there twice.
    Map(Vec<Entry>),
}

/// A key of a mapping with its value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) place: Place,
    pub(super) key: String,
    pub(super) node: Node,
}

/// Reads the one document of a file.
pub(super) fn parse(text: &str) -> Result<Node, Problem> {
    let mut tree = Tree {
        parser: Parser::new_from_str(text),
        nodes: 0,
    };
    let root = tree.document()?;
    root.ok_or_else(|| {
        let place = Place { line: 1, column: 1 };
        Problem::new(place, "the file is empty, expected a configuration")
    })
}

/// What an event begins.
enum Begun<'text> {
    Scalar(Cow<'text, str>, ScalarStyle),
    List,
    Map,
}

struct Tree<'text> {
    parser: Parser<'text, StrInput<'text>>,
    nodes: usize,
}

impl<'text> Tree<'text> {
    fn next(&mut self) -> Result<Option<(Event<'text>, Place)>, Problem> {
        match self.parser.next() {
            None => Ok(None),
            Some(Ok((event, span))) => Ok(Some((event, Place::from(&span.start)))),
            Some(Err(error)) => Err(not_yaml(&error)),
        }
    }

    fn document(&mut self) -> Result<Option<Node>, Problem> {
        let mut root = None;
        while let Some((event, place)) = self.next()? {
            match event {
                Event::Nothing
                | Event::StreamStart
                | Event::DocumentStart(_)
                | Event::DocumentEnd => {}
                Event::StreamEnd => break,
                Event::Alias(_)
                | Event::Scalar(..)
                | Event::SequenceStart(..)
                | Event::SequenceEnd
                | Event::MappingStart(..)
                | Event::MappingEnd => {
                    if root.is_some() {
                        let message = "found a second document, expected one in the whole file";
                        return Err(Problem::new(place, message));
                    }
                    root = Some(self.node(event, place, 1)?);
                }
            }
        }
        Ok(root)
    }

    /// The value that begins with `event`.
    fn node(&mut self, event: Event<'text>, place: Place, depth: usize) -> Result<Node, Problem> {
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            let message = format!("found more than {NODES_MAX} values, and at most those are read");
            return Err(Problem::new(place, message));
        }
        if depth > DEPTH_MAX {
            let message = format!(
                "found a value nested deeper than {DEPTH_MAX}, and deeper ones are not read"
            );
            return Err(Problem::new(place, message));
        }
        let (anchor, tag, begun) = match event {
            Event::Scalar(text, style, anchor, tag) => (anchor, tag, Begun::Scalar(text, style)),
            Event::SequenceStart(anchor, tag) => (anchor, tag, Begun::List),
            Event::MappingStart(anchor, tag) => (anchor, tag, Begun::Map),
            Event::Alias(_) => return Err(Problem::new(place, ANCHOR)),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::SequenceEnd
            | Event::MappingEnd => {
                let message = "not YAML: a value does not begin where one should";
                return Err(Problem::new(place, message));
            }
        };
        if anchor != 0 {
            return Err(Problem::new(place, ANCHOR));
        }
        if tag.is_some() {
            let message = "found a tag (!), expected a value without one; a text that begins with ! needs quotes";
            return Err(Problem::new(place, message));
        }
        let value = match begun {
            Begun::Scalar(text, style) => scalar(text.into_owned(), style),
            Begun::List => self.list(depth)?,
            Begun::Map => self.map(depth)?,
        };
        Ok(Node { place, value })
    }

    fn list(&mut self, depth: usize) -> Result<Value, Problem> {
        let mut items = Vec::new();
        while let Some((event, place)) = self.next()? {
            if event == Event::SequenceEnd {
                break;
            }
            items.push(self.node(event, place, depth + 1)?);
        }
        Ok(Value::List(items))
    }

    fn map(&mut self, depth: usize) -> Result<Value, Problem> {
        let mut entries = Vec::new();
        while let Some((event, place)) = self.next()? {
            let Event::Scalar(key, ..) = &event else {
                if event == Event::MappingEnd {
                    break;
                }
                let message = "found a key that is a list, a map or an alias, expected a text";
                return Err(Problem::new(place, message));
            };
            let key = key.clone().into_owned();
            self.node(event, place, depth + 1)?;
            let Some((event, value_place)) = self.next()? else {
                break;
            };
            let mut node = self.node(event, value_place, depth + 1)?;
            if node.value == Value::Nothing {
                node.place = place;
            }
            entries.push(Entry { place, key, node });
        }
        Ok(Value::Map(entries))
    }
}

const ANCHOR: &str = "found an anchor or alias (& or *), expected the value written out; a text that begins with one of \
                      these needs quotes";

fn not_yaml(error: &ScanError) -> Problem {
    if error.info().ends_with("found unknown anchor") {
        return Problem::new(Place::from(error.marker()), ANCHOR);
    }
    let message = format!("not YAML: {}", error.info());
    Problem::new(Place::from(error.marker()), message)
}

/// What a scalar is in the core schema of YAML 1.2 (10.3.2): `yes` and `on` are texts, `0x1F` and `1e3` are numbers.
fn scalar(text: String, style: ScalarStyle) -> Value {
    if style != ScalarStyle::Plain {
        return Value::Text(text);
    }
    match text.as_str() {
        "" | "~" | "null" | "Null" | "NULL" => Value::Nothing,
        "true" | "True" | "TRUE" => Value::Truth(true),
        "false" | "False" | "FALSE" => Value::Truth(false),
        plain if is_number(plain) => Value::Number(text),
        _ => Value::Text(text),
    }
}

fn is_number(text: &str) -> bool {
    if let Some(digits) = text.strip_prefix("0o") {
        return !digits.is_empty() && digits.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
    }
    if let Some(digits) = text.strip_prefix("0x") {
        return !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let exponent_is_one = exponent.is_none_or(|exponent| {
        let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !digits.is_empty() && are_digits(digits)
    });
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let has_digits = !whole.is_empty() || !fraction.is_empty();
    has_digits && are_digits(whole) && are_digits(fraction) && exponent_is_one
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_words_are_what_the_core_schema_says() {
        for number in [
            "0", "-12", "+3", "007", "0o17", "0x1F", "1.10", ".5", "1.", "1e3", "-.inf", ".nan",
        ] {
            assert!(is_number(number), "{number}");
        }
        for text in [
            "", ".", "-", "1.2.3", "1e", "e3", "0o8", "0x", "72h", "1_000", "+.nan", "..", "1 2",
        ] {
            assert!(!is_number(text), "{text}");
        }
        assert_eq!(
            scalar("yes".into(), ScalarStyle::Plain),
            Value::Text("yes".into())
        );
        assert_eq!(
            scalar("null".into(), ScalarStyle::DoubleQuoted),
            Value::Text("null".into())
        );
    }

    #[test]
    fn everything_has_its_place() {
        let root = parse("a:\n  - é: 'x'\n    b:\n").unwrap();
        let Value::Map(entries) = root.value else {
            panic!("{root:?}")
        };
        let Value::List(items) = &entries[0].node.value else {
            panic!("{entries:?}")
        };
        let Value::Map(inner) = &items[0].value else {
            panic!("{items:?}")
        };
        assert_eq!(
            inner[0].node.place,
            Place { line: 2, column: 8 },
            "columns are characters, not bytes"
        );
        assert_eq!(
            inner[1].node.place,
            Place { line: 3, column: 5 },
            "nothing is where its key is"
        );
    }
}
