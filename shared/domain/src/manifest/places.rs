//! A YAML file as a tree that knows where each scalar stands, in bytes.

use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, Span, StrInput};

use super::NotEdited;

/// The deepest nesting that is read.
const DEPTH_MAX: usize = 48;

/// The most values that are read.
const NODES_MAX: usize = 50_000;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Tree {
    Scalar(Place),
    List(Vec<Tree>),
    Mapping(Mapping),
    /// Anchored, tagged, or an alias: read over, never changed.
    Other {
        start: usize,
    },
}

/// A scalar and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Place {
    pub(super) text: String,
    pub(super) style: ScalarStyle,
    pub(super) at: Range<usize>,
}

/// A mapping in the file's order.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mapping {
    pub(super) start: usize,
    /// Written in braces.
    pub(super) is_flow: bool,
    entries: Vec<(Key, Tree)>,
}

/// The key of an entry.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Key {
    text: String,
    pub(super) at: Range<usize>,
}

impl Place {
    /// Whether it has no quotes.
    pub(super) fn is_unquoted(&self) -> bool {
        self.style == ScalarStyle::Plain
    }

    /// Whether the bytes at its place are it, and nothing else is.
    pub(super) fn is_in_one_piece(&self, file: &str) -> bool {
        let Some(bytes) = file.get(self.at.clone()) else {
            return false;
        };
        let inside = |quote: char| {
            let inner = bytes
                .strip_prefix(quote)
                .and_then(|rest| rest.strip_suffix(quote));
            inner == Some(self.text.as_str())
        };
        match self.style {
            ScalarStyle::Plain => bytes == self.text && !bytes.is_empty(),
            ScalarStyle::SingleQuoted => inside('\''),
            ScalarStyle::DoubleQuoted => inside('"'),
            ScalarStyle::Literal | ScalarStyle::Folded => false,
        }
    }
}

impl Tree {
    /// The mapping, if it is one.
    pub(super) fn mapping(&self) -> Option<&Mapping> {
        match self {
            Self::Mapping(mapping) => Some(mapping),
            Self::Scalar(_) | Self::List(_) | Self::Other { .. } => None,
        }
    }

    /// Every scalar with its path and its quotes.
    fn flat(&self, path: &str, found: &mut Vec<String>) {
        match self {
            Self::Scalar(place) => found.push(format!("{path}={:?}{:?}", place.style, place.text)),
            Self::Other { .. } => found.push(format!("{path}=other")),
            Self::List(items) => {
                for (number, item) in items.iter().enumerate() {
                    item.flat(&format!("{path}[{number}]"), found);
                }
            }
            Self::Mapping(mapping) => {
                for (key, value) in &mapping.entries {
                    value.flat(&format!("{path}.{:?}", key.text), found);
                }
            }
        }
    }
}

impl Mapping {
    /// The last entry of this key.
    pub(super) fn get(&self, key: &str) -> Option<(&Key, &Tree)> {
        let mut entries = self.entries.iter().rev();
        let found = entries.find(|(known, _)| known.text == key);
        found.map(|(key, value)| (key, value))
    }

    /// The scalar of this key.
    pub(super) fn scalar(&self, key: &str) -> Option<&Place> {
        match self.get(key) {
            Some((_, Tree::Scalar(place))) => Some(place),
            Some(_) | None => None,
        }
    }
}

/// Whether at most one scalar of each is not in the other.
pub(super) fn differs_in_one(before: &Tree, after: &Tree) -> bool {
    let (mut old, mut new) = (Vec::new(), Vec::new());
    before.flat("", &mut old);
    after.flat("", &mut new);
    let gone = old.iter().filter(|one| !new.contains(one)).count();
    let come = new.iter().filter(|one| !old.contains(one)).count();
    let kept = |all: &[String], without: usize| all.len().saturating_sub(without);
    gone <= 1 && come == 1 && kept(&old, gone) == kept(&new, come)
}

/// Reads the one document of a file.
pub(super) fn read(file: &str) -> Result<Tree, NotEdited> {
    let mut offsets: Vec<usize> = file.char_indices().map(|(at, _)| at).collect();
    offsets.push(file.len());
    let mut reader = Reader {
        parser: Parser::new_from_str(file),
        file,
        offsets,
        nodes: 0,
    };
    let mut root = None;
    while let Some((event, span)) = reader.next()? {
        match event {
            Event::Nothing | Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd => {}
            Event::StreamEnd => break,
            Event::Alias(_)
            | Event::Scalar(..)
            | Event::SequenceStart(..)
            | Event::SequenceEnd
            | Event::MappingStart(..)
            | Event::MappingEnd => {
                if root.is_some() {
                    return Err(problem(&span, "it has more than one document"));
                }
                root = Some(reader.value(event, span, 1)?);
            }
        }
    }
    root.ok_or_else(|| NotEdited::NotYaml {
        line: 1,
        problem: "it is empty".to_owned(),
    })
}

fn problem(span: &Span, problem: &str) -> NotEdited {
    NotEdited::NotYaml {
        line: span.start.line(),
        problem: problem.to_owned(),
    }
}

struct Reader<'file> {
    parser: Parser<'file, StrInput<'file>>,
    file: &'file str,
    /// The byte of each character.
    offsets: Vec<usize>,
    nodes: usize,
}

impl<'file> Reader<'file> {
    fn next(&mut self) -> Result<Option<(Event<'file>, Span)>, NotEdited> {
        match self.parser.next() {
            None => Ok(None),
            Some(Ok(found)) => Ok(Some(found)),
            Some(Err(error)) => Err(NotEdited::NotYaml {
                line: error.marker().line(),
                problem: error.info().to_owned(),
            }),
        }
    }

    fn bytes(&self, span: &Span) -> Range<usize> {
        let byte = |character: usize| {
            self.offsets
                .get(character)
                .copied()
                .unwrap_or(self.file.len())
        };
        byte(span.start.index())..byte(span.end.index())
    }

    /// The place without what follows on the line: the parser counts white space after a quote to the scalar.
    fn tight(&self, at: Range<usize>, text: &str, style: ScalarStyle) -> Range<usize> {
        let quotes = match style {
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => 2,
            ScalarStyle::Plain | ScalarStyle::Literal | ScalarStyle::Folded => 0,
        };
        let end = at.start.saturating_add(text.len()).saturating_add(quotes);
        at.start..end.min(at.end).min(self.file.len())
    }

    /// The value that begins with `event`.
    fn value(&mut self, event: Event<'file>, span: Span, depth: usize) -> Result<Tree, NotEdited> {
        self.nodes += 1;
        if self.nodes > NODES_MAX || depth > DEPTH_MAX {
            return Err(problem(
                &span,
                "it is larger or deeper than any that people write",
            ));
        }
        let at = self.bytes(&span);
        let other = Tree::Other { start: at.start };
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let at = self.tight(at, &text, style);
                let place = Place {
                    text: text.into_owned(),
                    style,
                    at,
                };
                Ok(if anchor == 0 && tag.is_none() {
                    Tree::Scalar(place)
                } else {
                    other
                })
            }
            Event::SequenceStart(anchor, tag) => {
                let mut items = Vec::new();
                while let Some((event, span)) = self.next()? {
                    if event == Event::SequenceEnd {
                        break;
                    }
                    items.push(self.value(event, span, depth + 1)?);
                }
                Ok(if anchor == 0 && tag.is_none() {
                    Tree::List(items)
                } else {
                    other
                })
            }
            Event::MappingStart(anchor, tag) => {
                let is_flow = self
                    .file
                    .get(at.start..)
                    .is_some_and(|rest| rest.starts_with('{'));
                let entries = self.entries(depth)?;
                let mapping = Mapping {
                    start: at.start,
                    is_flow,
                    entries,
                };
                Ok(if anchor == 0 && tag.is_none() {
                    Tree::Mapping(mapping)
                } else {
                    other
                })
            }
            Event::Alias(_) => Ok(other),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::SequenceEnd
            | Event::MappingEnd => Err(problem(&span, "a value does not begin where one should")),
        }
    }

    fn entries(&mut self, depth: usize) -> Result<Vec<(Key, Tree)>, NotEdited> {
        let mut entries = Vec::new();
        while let Some((event, span)) = self.next()? {
            if event == Event::MappingEnd {
                break;
            }
            let word = if let Event::Scalar(text, ..) = &event {
                Some(text.clone().into_owned())
            } else {
                None
            };
            let at = self.bytes(&span);
            let key = word.map(|text| Key { text, at });
            self.value(event, span, depth + 1)?;
            let Some((event, span)) = self.next()? else {
                break;
            };
            let value = self.value(event, span, depth + 1)?;
            // A key that is no word is nothing that is looked for.
            entries.extend(key.map(|key| (key, value)));
        }
        Ok(entries)
    }
}
