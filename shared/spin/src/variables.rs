//! Spin's variables, read and checked. A feature whose variable is not set is off, so most reads give an option.

use std::{fmt, hint::black_box};

use http::Uri;
use spin_sdk::variables;

/// The default of variables that stand in `allowed_outbound_hosts`, where Spin wants a host even when there is none.
const NOT_CONFIGURED: &str = "http://unset.invalid";

/// A secret of fewer characters could be guessed.
const SECRET_LENGTH_MIN: usize = 16;

/// Reads variables of the component.
#[derive(Debug, Clone, Copy, Default)]
pub struct Variables;

/// A variable that cannot be used. Never holds its value, which may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VariableError {
    /// Spin did not give it.
    #[error("variable {name}: {reason}")]
    NotRead {
        /// The name.
        name: &'static str,
        /// What Spin said.
        reason: String,
    },
    /// It is set to something else than it should be.
    #[error("variable {name} is not {expected}")]
    NotValid {
        /// The name.
        name: &'static str,
        /// What it should be, with its article.
        expected: String,
    },
}

impl Variables {
    /// The text of `name` without blanks around it; none if it is not configured.
    pub async fn text(self, name: &'static str) -> Result<Option<String>, VariableError> {
        match variables::get(name).await {
            Ok(value) => Ok(configured(&value).map(str::to_owned)),
            Err(error) => Err(VariableError::NotRead {
                name,
                reason: reason(error),
            }),
        }
    }

    /// The `http` or `https` URL in `name`, without a slash at its end; none if it is not configured.
    pub async fn url(self, name: &'static str) -> Result<Option<String>, VariableError> {
        let text = self.text(name).await?;
        text.map(|text| parse_url(name, &text)).transpose()
    }

    /// The whole number in `name`, from `least` to `most`; none if it is not configured.
    pub async fn number(
        self,
        name: &'static str,
        least: u64,
        most: u64,
    ) -> Result<Option<u64>, VariableError> {
        let text = self.text(name).await?;
        text.map(|text| parse_number(name, &text, least, most))
            .transpose()
    }

    /// The secret in `name`; none if it is not configured.
    pub async fn secret(self, name: &'static str) -> Result<Option<Secret>, VariableError> {
        Ok(self.text(name).await?.map(Secret))
    }

    /// The secrets in `name`, one a line or with commas between them, the current one first; empty if not configured. None may be
    /// shorter than 16 characters: a comma within a secret would make two guessable ones of it.
    pub async fn secrets(self, name: &'static str) -> Result<Vec<Secret>, VariableError> {
        let text = self.text(name).await?;
        text.map_or_else(|| Ok(Vec::new()), |text| split_secrets(name, &text))
    }
}

/// A secret: never printed, and compared in a time that does not depend on its content.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// The secret itself, to be sent to whom it belongs.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether `candidate` is the secret. The time that it takes tells at most whether the lengths are equal.
    pub fn matches(&self, candidate: &[u8]) -> bool {
        let secret = self.0.as_bytes();
        if secret.len() != candidate.len() {
            return false;
        }
        let difference = secret
            .iter()
            .zip(candidate)
            .fold(0_u8, |found, (left, right)| {
                black_box(found | (left ^ right))
            });
        difference == 0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

fn configured(value: &str) -> Option<&str> {
    let value = value.trim();
    (!value.is_empty() && value.trim_end_matches('/') != NOT_CONFIGURED).then_some(value)
}

fn parse_url(name: &'static str, text: &str) -> Result<String, VariableError> {
    let web = text.parse::<Uri>().is_ok_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https")) && uri.query().is_none()
    });
    if web {
        Ok(text.trim_end_matches('/').to_owned())
    } else {
        Err(VariableError::NotValid {
            name,
            expected: "an http or https URL such as https://example.com".to_owned(),
        })
    }
}

fn parse_number(
    name: &'static str,
    text: &str,
    least: u64,
    most: u64,
) -> Result<u64, VariableError> {
    match text.parse() {
        Ok(number) if (least..=most).contains(&number) => Ok(number),
        Ok(_) | Err(_) => Err(VariableError::NotValid {
            name,
            expected: format!("a whole number from {least} to {most}"),
        }),
    }
}

fn split_secrets(name: &'static str, text: &str) -> Result<Vec<Secret>, VariableError> {
    let secrets = text.split(['\n', ',']).map(str::trim);
    let secrets = secrets.filter(|secret| !secret.is_empty());
    secrets
        .map(|secret| {
            if secret.len() < SECRET_LENGTH_MIN {
                Err(VariableError::NotValid {
                    name,
                    expected: format!(
                        "one or more secrets of at least {SECRET_LENGTH_MIN} characters each, with commas or line ends only \
                         between them"
                    ),
                })
            } else {
                Ok(Secret(secret.to_owned()))
            }
        })
        .collect()
}

fn reason(error: variables::Error) -> String {
    match error {
        variables::Error::Undefined(_) => {
            "the component's variables in spin.toml do not list it".to_owned()
        }
        variables::Error::InvalidName(reason)
        | variables::Error::Provider(reason)
        | variables::Error::Other(reason) => reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_and_unset_mean_not_configured() {
        for value in ["", "  \n", "http://unset.invalid", "http://unset.invalid/"] {
            assert_eq!(configured(value), None, "{value:?}");
        }
        assert_eq!(configured(" x\n"), Some("x"));
    }

    #[test]
    fn a_url_loses_its_last_slash_and_anything_else_is_told_by_name_without_its_value() {
        assert_eq!(
            parse_url("coolify_url", "https://coolify.example.com/").unwrap(),
            "https://coolify.example.com"
        );
        for text in [
            "coolify.example.com",
            "ftp://x",
            "hunter2",
            "https://x/?a=b",
        ] {
            assert_eq!(
                parse_url("coolify_url", text).unwrap_err().to_string(),
                "variable coolify_url is not an http or https URL such as https://example.com",
                "{text}"
            );
        }
    }

    #[test]
    fn a_number_outside_its_range_is_refused_with_the_range() {
        assert_eq!(parse_number("max_body_bytes", "5", 1, 10), Ok(5));
        for text in ["0", "11", "-1", "1e3", "ten"] {
            assert_eq!(
                parse_number("max_body_bytes", text, 1, 10)
                    .unwrap_err()
                    .to_string(),
                "variable max_body_bytes is not a whole number from 1 to 10",
                "{text}"
            );
        }
    }

    #[test]
    fn secrets_come_one_a_line_or_with_commas_and_are_never_empty() {
        let text = "the first of three,\n the second of three \n,,the third of three\r\n";
        let exposed: Vec<String> = split_secrets("secrets", text)
            .unwrap()
            .iter()
            .map(|secret| secret.expose().to_owned())
            .collect();
        assert_eq!(
            exposed,
            [
                "the first of three",
                "the second of three",
                "the third of three"
            ]
        );
    }

    #[test]
    fn a_secret_that_a_comma_cuts_into_guessable_ones_is_refused_without_being_told() {
        let error = split_secrets("secrets", "Xk,9f8e7d6c5b4a39281706f5e4d3c2b1a0").unwrap_err();
        assert_eq!(
            error.to_string(),
            "variable secrets is not one or more secrets of at least 16 characters each, with commas or line ends only between \
             them"
        );
    }

    #[test]
    fn a_secret_matches_itself_only_and_does_not_print() {
        let secret = Secret("hunter2".to_owned());
        assert!(secret.matches(b"hunter2"));
        for other in [&b""[..], b"hunter", b"hunter3", b"hunter22"] {
            assert!(!secret.matches(other), "{other:?}");
        }
        assert_eq!(format!("{secret:?}"), "Secret");
    }
}
