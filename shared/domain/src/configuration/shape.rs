//! The description of every key, from which the reader and the JSON Schema for editors both come.

/// What a value must be.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// A text.
    Text {
        /// A regular expression (ECMA 262) that every accepted text matches.
        pattern: &'static str,
        /// Whether the reader takes a text, which may ask for more than the pattern.
        accepts: fn(&str) -> bool,
    },
    /// One of several words.
    Choice(&'static [Word]),
    /// A whole number.
    Whole {
        /// The least.
        least: u32,
        /// The greatest.
        most: u32,
    },
    /// `true` or `false`.
    Truth,
    /// `true`.
    OnlyTrue,
    /// A list of values of one shape.
    List(&'static Shape),
    /// A map with keys of one's own choice.
    Map {
        /// The shape of its keys: a text.
        names: &'static Shape,
        /// The shape of its values.
        values: &'static Shape,
        /// How many there are at least.
        least: usize,
    },
    /// A map with the keys of this record.
    Record(&'static Record),
}

/// One word of a choice.
#[derive(Debug, Clone, Copy)]
pub struct Word {
    /// As it is written.
    pub word: &'static str,
    /// What it means, in a sentence.
    pub description: &'static str,
}

/// A map with certain keys.
#[derive(Debug, Clone, Copy)]
pub struct Record {
    /// What it is, in sentences.
    pub description: &'static str,
    /// Its keys.
    pub keys: &'static [Key],
    /// What holds between them.
    pub constraint: Constraint,
}

/// A key of a record.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// As it is written.
    pub name: &'static str,
    /// What it is for, in sentences.
    pub description: &'static str,
    /// What its value must be.
    pub shape: &'static Shape,
    /// Whether it may be missing.
    pub presence: Presence,
}

/// Whether a key may be missing.
#[derive(Debug, Clone, Copy)]
pub enum Presence {
    /// It must be there.
    Required,
    /// It may be missing, which is a meaning of its own.
    Optional,
    /// It may be missing, and is then this; none if that cannot be said in a word.
    Default(fn() -> Option<Literal>),
}

/// A simple value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Literal {
    /// A text.
    Text(String),
    /// A whole number.
    Whole(u32),
    /// `true` or `false`.
    Truth(bool),
}

/// What holds between the keys of a record.
#[derive(Debug, Clone, Copy)]
pub enum Constraint {
    /// Nothing.
    None,
    /// At least one of these is there.
    AnyOf(&'static [&'static str]),
    /// Exactly one of these is there.
    OneOf(&'static [&'static str]),
}
