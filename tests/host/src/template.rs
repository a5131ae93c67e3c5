//! Templates in manifest values: literal text with `{{ variable }}` in between.

use std::fmt::Write as _;

/// A parsed template.
#[derive(Debug)]
pub(crate) struct Template<'a> {
    parts: Vec<Part<'a>>,
}

#[derive(Debug, PartialEq)]
enum Part<'a> {
    Literal(&'a str),
    Variable(&'a str),
}

/// A template that cannot be parsed or filled in.
#[derive(Debug, PartialEq, thiserror::Error)]
pub(crate) enum TemplateError {
    #[error("the template {0:?} has a `{{{{` without its `}}}}`")]
    Unclosed(String),
    #[error(
        "the template {template:?} names the variable {variable:?}, which the table [variables] does not define"
    )]
    Undefined { template: String, variable: String },
}

impl<'a> Template<'a> {
    /// Parses `text`; a single brace, or a `}}` without its opening, is literal text, as in Spin.
    pub(crate) fn parse(text: &'a str) -> Result<Self, TemplateError> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((literal, expression)) = rest.split_once("{{") {
            let (variable, after) = expression
                .split_once("}}")
                .ok_or_else(|| TemplateError::Unclosed(text.to_owned()))?;
            parts.push(Part::Literal(literal));
            parts.push(Part::Variable(variable.trim()));
            rest = after;
        }
        parts.push(Part::Literal(rest));
        Ok(Self { parts })
    }

    /// Fills in the variables.
    pub(crate) fn expand<'v>(
        &self,
        value_of: impl Fn(&str) -> Option<&'v str>,
    ) -> Result<String, TemplateError> {
        let mut expanded = String::new();
        for part in &self.parts {
            match part {
                Part::Literal(text) => expanded.push_str(text),
                Part::Variable(name) => match value_of(name) {
                    Some(value) => expanded.push_str(value),
                    None => {
                        let variable = (*name).to_owned();
                        return Err(TemplateError::Undefined {
                            template: self.source(),
                            variable,
                        });
                    }
                },
            }
        }
        Ok(expanded)
    }

    fn source(&self) -> String {
        let mut source = String::new();
        for part in &self.parts {
            // Writing to a String cannot fail.
            let _written = match part {
                Part::Literal(text) => source.write_str(text),
                Part::Variable(name) => write!(source, "{{{{ {name} }}}}"),
            };
        }
        source
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expand(text: &str) -> Result<String, TemplateError> {
        Template::parse(text)?.expand(|name| match name {
            "host" => Some("example.com"),
            "empty" => Some(""),
            _ => None,
        })
    }

    #[test]
    fn variables_are_filled_in_wherever_they_stand() {
        assert_eq!(expand("").unwrap(), "");
        assert_eq!(expand("plain").unwrap(), "plain");
        assert_eq!(expand("{{ host }}").unwrap(), "example.com");
        assert_eq!(
            expand("https://{{host}}:{{  host  }}/{{ empty }}x").unwrap(),
            "https://example.com:example.com/x"
        );
    }

    #[test]
    fn lone_braces_are_text() {
        assert_eq!(expand("{ host } }}").unwrap(), "{ host } }}");
    }

    #[test]
    fn an_unclosed_or_unknown_variable_is_an_error_that_quotes_the_template() {
        assert_eq!(
            expand("a {{ host").unwrap_err().to_string(),
            r#"the template "a {{ host" has a `{{` without its `}}`"#
        );
        assert_eq!(
            expand("a {{ hots }}").unwrap_err().to_string(),
            r#"the template "a {{ hots }}" names the variable "hots", which the table [variables] does not define"#
        );
    }
}
