//! Declares records and choices once: the type, how it is read, and its description for editors.

/// Declares a struct that is read from a map with its fields as keys.
///
/// Each field says first whether its key may be missing: `required`, `optional` (then it is an `Option`) or `default(value)`.
/// A field whose type is not read by itself names the rule that reads it: `path: String as UrlPath`.
macro_rules! record {
    (
        $(#[doc = $description:literal])+
        pub struct $record:ident {
            $(
                $(#[doc = $key_description:literal])+
                $presence:ident $(($default:expr))? $key:ident: $value:ty $(as $rule:ty)?,
            )*
        }
        $(where $constraint:expr)?
    ) => {
        $(#[doc = $description])+
        #[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        pub struct $record {
            $(
                $(#[doc = $key_description])+
                pub $key: record!(@field $presence $value),
            )*
        }

        impl $crate::configuration::reader::Rule for $record {
            type Value = Self;

            const SHAPE: $crate::configuration::shape::Shape =
                $crate::configuration::shape::Shape::Record(&$crate::configuration::shape::Record {
                    description: concat!($($description, "\n"),+),
                    keys: &[$(
                        $crate::configuration::shape::Key {
                            name: stringify!($key),
                            description: concat!($($key_description, "\n"),+),
                            shape: &<record!(@rule $value $(, $rule)?) as $crate::configuration::reader::Rule>::SHAPE,
                            presence: record!(@presence $presence $(($default))? $value $(, $rule)?),
                        },
                    )*],
                    constraint: record!(@constraint $($constraint)?),
                });

            fn expected() -> String {
                $crate::configuration::reader::A_MAP.to_owned()
            }

            fn read(
                reader: &mut $crate::configuration::reader::Reader,
                node: &$crate::configuration::yaml::Node,
            ) -> Option<Self> {
                let _fields =
                    reader.record(node, &[$(stringify!($key)),*], record!(@constraint $($constraint)?))?;
                $(
                    let $key = record!(@read $presence $(($default))? reader, _fields, $key, $value $(, $rule)?);
                )*
                Some(Self { $($key: $key?),* })
            }
        }
    };

    (@field optional $value:ty) => { Option<$value> };
    (@field $presence:ident $value:ty) => { $value };

    (@rule $value:ty) => { $value };
    (@rule $value:ty, $rule:ty) => { $rule };

    (@presence required $($rest:tt)*) => { $crate::configuration::shape::Presence::Required };
    (@presence optional $($rest:tt)*) => { $crate::configuration::shape::Presence::Optional };
    (@presence default($default:expr) $value:ty $(, $rule:ty)?) => {
        $crate::configuration::shape::Presence::Default(|| {
            <record!(@rule $value $(, $rule)?) as $crate::configuration::reader::Rule>::literal(&$default)
        })
    };

    (@constraint) => { $crate::configuration::shape::Constraint::None };
    (@constraint $constraint:expr) => { $constraint };

    (@read required $reader:ident, $fields:ident, $key:ident, $value:ty $(, $rule:ty)?) => {
        $reader.required::<record!(@rule $value $(, $rule)?)>(&$fields, stringify!($key))
    };
    (@read optional $reader:ident, $fields:ident, $key:ident, $value:ty $(, $rule:ty)?) => {
        $reader.optional::<record!(@rule $value $(, $rule)?)>(&$fields, stringify!($key))
    };
    (@read default($default:expr) $reader:ident, $fields:ident, $key:ident, $value:ty $(, $rule:ty)?) => {
        $reader
            .optional::<record!(@rule $value $(, $rule)?)>(&$fields, stringify!($key))
            .map(|value| value.unwrap_or_else(|| $default))
    };
}

/// Declares an enum that is read from one of its words.
macro_rules! choice {
    (
        $(#[doc = $description:literal])+
        pub enum $choice:ident {
            $(
                $(#[doc = $word_description:literal])+
                $variant:ident = $word:literal,
            )+
        }
    ) => {
        $(#[doc = $description])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        pub enum $choice {
            $(
                $(#[doc = $word_description])+
                #[serde(rename = $word)]
                $variant,
            )+
        }

        impl $choice {
            const WORDS: &[&'static str] = &[$($word),+];
        }

        impl $crate::configuration::reader::Rule for $choice {
            type Value = Self;

            const SHAPE: $crate::configuration::shape::Shape = $crate::configuration::shape::Shape::Choice(&[$(
                $crate::configuration::shape::Word {
                    word: $word,
                    description: concat!($($word_description, "\n"),+),
                }
            ),+]);

            fn expected() -> String {
                $crate::configuration::problem::any_of(Self::WORDS)
            }

            fn read(
                reader: &mut $crate::configuration::reader::Reader,
                node: &$crate::configuration::yaml::Node,
            ) -> Option<Self> {
                let chosen = reader.choice(node, Self::WORDS)?;
                [$(Self::$variant),+].get(chosen).copied()
            }

            fn literal(value: &Self) -> Option<$crate::configuration::shape::Literal> {
                let word = match value {
                    $(Self::$variant => $word,)+
                };
                Some($crate::configuration::shape::Literal::Text(word.to_owned()))
            }
        }
    };
}

pub(super) use {choice, record};
