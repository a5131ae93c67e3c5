//! What values of the configuration may be: numbers, truths, lists and maps. The kinds of text are in `texts`.

use std::{collections::BTreeMap, marker::PhantomData};

use super::{
    reader::{A_LIST, A_MAP, Reader, Rule, step},
    shape::{Literal, Shape},
    texts::TextRule,
    yaml::Node,
};

/// A whole number in a range.
pub(super) struct Whole<const LEAST: u32, const MOST: u32>;

impl<const LEAST: u32, const MOST: u32> Rule for Whole<LEAST, MOST> {
    type Value = u32;
    const SHAPE: Shape = Shape::Whole {
        least: LEAST,
        most: MOST,
    };

    fn expected() -> String {
        if LEAST == MOST {
            format!("the number {LEAST}")
        } else {
            format!("a whole number from {LEAST} to {MOST}")
        }
    }

    fn read(reader: &mut Reader, node: &Node) -> Option<u32> {
        reader.whole(node, LEAST, MOST, &Self::expected())
    }

    fn literal(value: &u32) -> Option<Literal> {
        Some(Literal::Whole(*value))
    }
}

impl Rule for bool {
    type Value = Self;
    const SHAPE: Shape = Shape::Truth;

    fn expected() -> String {
        "true or false".to_owned()
    }

    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        reader.truth(node, &[true, false], &Self::expected())
    }

    fn literal(value: &Self) -> Option<Literal> {
        Some(Literal::Truth(*value))
    }
}

/// `true`, where the other is said by leaving the key out.
pub(super) struct OnlyTrue;

impl Rule for OnlyTrue {
    type Value = bool;
    const SHAPE: Shape = Shape::OnlyTrue;

    fn expected() -> String {
        "true".to_owned()
    }

    fn read(reader: &mut Reader, node: &Node) -> Option<bool> {
        reader.truth(node, &[true], &Self::expected())
    }
}

/// A list.
pub(super) struct ListOf<R>(PhantomData<R>);

impl<R: Rule> Rule for ListOf<R> {
    type Value = Vec<R::Value>;
    const SHAPE: Shape = Shape::List(&R::SHAPE);

    fn expected() -> String {
        A_LIST.to_owned()
    }

    fn read(reader: &mut Reader, node: &Node) -> Option<Self::Value> {
        let items = reader.list(node)?;
        let values: Vec<Option<R::Value>> = items
            .iter()
            .enumerate()
            .map(|(index, item)| {
                reader.within(format!("[{index}]"), |reader| R::read(reader, item))
            })
            .collect();
        values.into_iter().collect()
    }
}

/// A map from names to values, with at least so many.
pub(super) struct MapOf<N, R, const LEAST: usize = 0>(PhantomData<(N, R)>);

impl<N: TextRule, R: Rule, const LEAST: usize> Rule for MapOf<N, R, LEAST> {
    type Value = BTreeMap<String, R::Value>;
    const SHAPE: Shape = Shape::Map {
        names: &<N as Rule>::SHAPE,
        values: &R::SHAPE,
        least: LEAST,
    };

    fn expected() -> String {
        A_MAP.to_owned()
    }

    fn read(reader: &mut Reader, node: &Node) -> Option<Self::Value> {
        let entries = reader.map(node)?;
        if entries.len() < LEAST {
            reader.tell(node.place, "found an empty map, expected at least one key");
        }
        let values: Vec<Option<(String, R::Value)>> = entries
            .iter()
            .map(|entry| {
                let name_is_good = N::parse(&entry.key).is_some();
                reader.within(step(&entry.key), |reader| {
                    if !name_is_good {
                        let message = format!("found this name, expected {}", N::EXPECTED);
                        reader.tell(entry.place, &message);
                    }
                    Some((entry.key.clone(), R::read(reader, &entry.node)?))
                })
            })
            .collect();
        values.into_iter().collect()
    }
}
