//! Reads the tree of nodes by the description of the keys, and collects every problem on the way.

use std::collections::BTreeMap;

use super::{
    problem::{PROBLEMS_MAX, Problem, any_of, nearest, quoted},
    shape::{Constraint, Literal, Shape},
    yaml::{Entry, Node, Place, Value},
};

/// What is expected where a list stands.
pub(super) const A_LIST: &str = "a list";

/// What is expected where a map stands.
pub(super) const A_MAP: &str = "a map of keys and values";

/// How values of one kind are read and described.
pub(super) trait Rule {
    /// What it is read into.
    type Value;

    /// Its description.
    const SHAPE: Shape;

    /// What is expected, with its article, as problems say it.
    fn expected() -> String;

    /// Reads one; none if a problem was told.
    fn read(reader: &mut Reader, node: &Node) -> Option<Self::Value>;

    /// A value as it is written; none if it is not a simple one.
    fn literal(_value: &Self::Value) -> Option<Literal> {
        None
    }
}

/// What was found so far, and where the reading is.
#[derive(Debug, Default)]
pub(super) struct Reader {
    path: Vec<String>,
    problems: Vec<Problem>,
    more: usize,
}

/// The entries of a record whose keys were checked.
#[derive(Debug, Clone)]
pub(super) struct Fields<'node> {
    place: Place,
    entries: &'node [Entry],
    /// Keys that were probably meant by unknown ones; that they are missing is not told again.
    misspelt: Vec<&'static str>,
}

impl Reader {
    /// The problems, and how many more there are.
    pub(super) fn finish(self) -> (Vec<Problem>, usize) {
        (self.problems, self.more)
    }

    /// Tells a problem of the value at the current path.
    pub(super) fn tell(&mut self, place: Place, message: &str) {
        if self.problems.len() == PROBLEMS_MAX {
            self.more += 1;
            return;
        }
        let path = self.path.concat();
        let path = path.strip_prefix('.').unwrap_or(&path);
        let separator = if path.is_empty() { "" } else { ": " };
        self.problems
            .push(Problem::new(place, format!("{path}{separator}{message}")));
    }

    /// Tells that `node` is something else than `expected`.
    pub(super) fn refuse(&mut self, node: &Node, expected: &str) {
        let found = match &node.value {
            Value::Nothing => "nothing".to_owned(),
            Value::Truth(truth) => truth.to_string(),
            Value::Number(number) => format!("the number {}", start(number)),
            Value::Text(text) => quoted(text),
            Value::List(_) => "a list".to_owned(),
            Value::Map(_) => "a map of keys and values".to_owned(),
        };
        self.tell(node.place, &format!("found {found}, expected {expected}"));
    }

    /// Does something one key or index deeper.
    pub(super) fn within<T>(&mut self, step: String, work: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(step);
        let outcome = work(self);
        self.path.pop();
        outcome
    }

    /// A text that `accepts` takes. One that may be a secret by mistake is not shown.
    pub(super) fn text<'node>(
        &mut self,
        node: &'node Node,
        accepts: fn(&str) -> bool,
        expected: &str,
        may_be_shown: bool,
    ) -> Option<&'node str> {
        if !may_be_shown
            && let Value::Text(text) = &node.value
            && !accepts(text)
        {
            let message = format!("found a text that is not repeated here, expected {expected}");
            self.tell(node.place, &message);
            return None;
        }
        let plain = match &node.value {
            Value::Text(text) if accepts(text) => return Some(text),
            Value::Number(number) => number.as_str(),
            Value::Truth(true) => "true",
            Value::Truth(false) => "false",
            Value::Nothing | Value::Text(_) | Value::List(_) | Value::Map(_) => "",
        };
        if !plain.is_empty() && accepts(plain) {
            let plain = quoted(plain);
            self.refuse(node, &format!("{expected}; write {plain} in quotes"));
        } else {
            self.refuse(node, expected);
        }
        None
    }

    /// A whole number from `least` to `most`.
    pub(super) fn whole(
        &mut self,
        node: &Node,
        least: u32,
        most: u32,
        expected: &str,
    ) -> Option<u32> {
        if let Value::Number(number) = &node.value
            && let Ok(whole) = number.parse::<u32>()
            && (least..=most).contains(&whole)
        {
            return Some(whole);
        }
        self.refuse(node, expected);
        None
    }

    /// `true` or `false`.
    pub(super) fn truth(&mut self, node: &Node, accepted: &[bool], expected: &str) -> Option<bool> {
        if let Value::Truth(truth) = node.value
            && accepted.contains(&truth)
        {
            return Some(truth);
        }
        self.refuse(node, expected);
        None
    }

    /// The index of the word that was chosen.
    pub(super) fn choice(&mut self, node: &Node, words: &[&'static str]) -> Option<usize> {
        let mut meant = None;
        if let Value::Text(text) = &node.value {
            let chosen = words.iter().position(|word| word == text);
            if chosen.is_some() {
                return chosen;
            }
            meant = nearest(text, words);
        }
        self.refuse(node, &format!("{}{}", any_of(words), did_you_mean(meant)));
        None
    }

    /// The items of a list.
    pub(super) fn list<'node>(&mut self, node: &'node Node) -> Option<&'node [Node]> {
        if let Value::List(items) = &node.value {
            return Some(items);
        }
        self.refuse(node, A_LIST);
        None
    }

    /// The entries of a map; that a key is there twice is told.
    pub(super) fn map<'node>(&mut self, node: &'node Node) -> Option<&'node [Entry]> {
        let Value::Map(entries) = &node.value else {
            self.refuse(node, A_MAP);
            return None;
        };
        let mut seen = BTreeMap::new();
        for entry in entries {
            if let Some(first) = seen.insert(entry.key.as_str(), entry.place.line) {
                let message =
                    format!("found the key twice, expected it once; it is in line {first} too");
                self.within(step(&entry.key), |reader| {
                    reader.tell(entry.place, &message)
                });
            }
        }
        Some(entries)
    }

    /// The entries of a map that has only these keys; what else holds between them is told.
    pub(super) fn record<'node>(
        &mut self,
        node: &'node Node,
        keys: &[&'static str],
        constraint: Constraint,
    ) -> Option<Fields<'node>> {
        let entries = self.map(node)?;
        let mut misspelt = Vec::new();
        for entry in entries {
            if keys.contains(&entry.key.as_str()) {
                continue;
            }
            let absent: Vec<&'static str> = keys
                .iter()
                .filter(|key| entries.iter().all(|entry| entry.key != **key))
                .copied()
                .collect();
            let meant = nearest(&entry.key, &absent);
            misspelt.extend(meant);
            let key = quoted(&entry.key);
            let expected = if keys.is_empty() {
                "none".to_owned()
            } else {
                any_of(keys)
            };
            let hint = did_you_mean(meant);
            self.tell(
                entry.place,
                &format!("found the key {key}, expected {expected}{hint}"),
            );
        }
        let fields = Fields {
            place: node.place,
            entries,
            misspelt,
        };
        self.constrain(&fields, constraint);
        Some(fields)
    }

    fn constrain(&mut self, fields: &Fields<'_>, constraint: Constraint) {
        let (keys, most) = match constraint {
            Constraint::None => return,
            Constraint::AnyOf(keys) => (keys, usize::MAX),
            Constraint::OneOf(keys) => (keys, 1),
        };
        if keys.iter().any(|key| fields.misspelt.contains(key)) {
            return;
        }
        let present = keys.iter().filter(|key| fields.get(key).is_some()).count();
        if (1..=most).contains(&present) {
            return;
        }
        let found = if present == 0 {
            "none"
        } else {
            "more than one"
        };
        let expected = if most == 1 { "one" } else { "at least one" };
        let message = format!(
            "found {found} of the keys {}, expected {expected}",
            any_of(keys)
        );
        self.tell(fields.place, &message);
    }

    /// The value of a key that must be there.
    pub(super) fn required<R: Rule>(
        &mut self,
        fields: &Fields<'_>,
        key: &'static str,
    ) -> Option<R::Value> {
        let value = self.optional::<R>(fields, key)?;
        if value.is_none() && !fields.misspelt.contains(&key) {
            let expected = R::expected();
            self.within(step(key), |reader| {
                reader.tell(
                    fields.place,
                    &format!("the key is missing, expected {expected}"),
                );
            });
        }
        value
    }

    /// The value of a key, if it is there.
    pub(super) fn optional<R: Rule>(
        &mut self,
        fields: &Fields<'_>,
        key: &'static str,
    ) -> Option<Option<R::Value>> {
        match fields.get(key) {
            None => Some(None),
            Some(node) => self
                .within(step(key), |reader| R::read(reader, node))
                .map(Some),
        }
    }
}

impl<'node> Fields<'node> {
    fn get(&self, key: &str) -> Option<&'node Node> {
        let entry = self.entries.iter().find(|entry| entry.key == key);
        entry.map(|entry| &entry.node)
    }
}

/// A key as a step of a path: `.web`, or quoted if it has other characters than names have.
pub(super) fn step(key: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if !key.is_empty() && key.len() <= 60 && key.bytes().all(is_plain) {
        format!(".{key}")
    } else {
        format!(".{}", quoted(key))
    }
}

fn did_you_mean(word: Option<&str>) -> String {
    word.map(|word| format!("; did you mean {word}?"))
        .unwrap_or_default()
}

fn start(text: &str) -> String {
    text.chars().take(60).collect()
}
