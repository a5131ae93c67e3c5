//! Values of the application's variables, and of the components' own, which are templates over them.

use std::collections::BTreeMap;

use toml::Spanned;

use crate::document::{Document, Refusal};
use crate::manifest::Variable;
use crate::template::{Template, TemplateError};

/// The prefix of environment variables that set a variable.
pub const ENVIRONMENT_PREFIX: &str = "SPIN_VARIABLE_";

/// The application's variables, all with a value.
pub(crate) struct Variables {
    values: BTreeMap<String, String>,
}

impl Variables {
    /// Decides the values: `explicit` (Spin's `--variable`) wins over `environment` (`SPIN_VARIABLE_<NAME>`), that over
    /// the default.
    pub(crate) fn resolve(
        document: &Document,
        declared: &BTreeMap<Spanned<String>, Variable>,
        explicit: &BTreeMap<String, String>,
        environment: &BTreeMap<String, String>,
    ) -> Result<Self, Refusal> {
        let mut values = BTreeMap::new();
        for (name, variable) in declared {
            let refuse = |message: String| document.refuse(name.span(), message);
            let name = name.get_ref();
            check_name(name)
                .map_err(|problem| refuse(format!("the variable {name:?} {problem}")))?;
            if variable.required == variable.default.is_some() {
                let found = if variable.required {
                    "is required and has a default"
                } else {
                    "is not required and has no default"
                };
                return Err(refuse(format!(
                    "the variable {name:?} {found}; it has either `required = true` or a `default`"
                )));
            }
            let in_environment = format!("{ENVIRONMENT_PREFIX}{}", name.to_ascii_uppercase());
            let value = explicit
                .get(name)
                .or_else(|| environment.get(&in_environment))
                .or(variable.default.as_ref())
                .ok_or_else(|| {
                    refuse(format!(
                        "the variable {name:?} is required and has no value; set {in_environment}"
                    ))
                })?;
            values.insert(name.clone(), value.clone());
        }
        Ok(Self { values })
    }

    /// Fills the variables into a manifest value.
    pub(crate) fn expand(&self, text: &str) -> Result<String, TemplateError> {
        Template::parse(text)?.expand(|name| self.values.get(name).map(String::as_str))
    }
}

/// Spin's rule for names: lower-case letters, digits and single underscores between them, a letter first.
pub(crate) fn check_name(name: &str) -> Result<(), &'static str> {
    let letters = |character: char| {
        character.is_ascii_lowercase() || character.is_ascii_digit() || character == '_'
    };
    if name.is_empty() {
        Err("has an empty name")
    } else if !name.chars().all(letters) {
        Err("has more than lower-case letters, digits and underscores")
    } else if !name.starts_with(|first: char| first.is_ascii_lowercase()) {
        Err("does not start with a letter")
    } else if name.ends_with('_') || name.contains("__") {
        Err("has an underscore that is not single between other characters")
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_lower_snake_case() {
        for good in ["a", "github_token", "v2"] {
            assert_eq!(check_name(good), Ok(()), "{good}");
        }
        for bad in ["", "Token", "a-b", "_a", "a_", "a__b", "2fa"] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }
}
