//! GitHub's workflow expressions, as far as the templates use them: contexts, literals, `!`, `==`, `!=`, `&&`, `||`, parentheses,
//! `format` and the status functions.
//!
//! Rules: <https://docs.github.com/en/actions/reference/workflows-and-actions/expressions>.

use anyhow::{Context as _, bail};
use serde_json::Value;

/// Replaces every `${{ … }}` in a text.
pub fn expand(text: &str, contexts: &Value) -> anyhow::Result<String> {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${{") {
        let (expression, behind) = after
            .split_once("}}")
            .with_context(|| format!("an expression does not end: {text}"))?;
        expanded.push_str(before);
        expanded.push_str(&as_text(&evaluate(expression, contexts)?));
        rest = behind;
    }
    expanded.push_str(rest);
    Ok(expanded)
}

/// Whether a condition (`if`) is met; with or without `${{ }}` around it.
pub fn holds(condition: &str, contexts: &Value) -> anyhow::Result<bool> {
    let trimmed = condition.trim();
    let inner = trimmed
        .strip_prefix("${{")
        .and_then(|rest| rest.strip_suffix("}}"));
    Ok(truth(&evaluate(inner.unwrap_or(trimmed), contexts)?))
}

/// Evaluates one expression. Status functions look at `status` in the contexts.
pub fn evaluate(expression: &str, contexts: &Value) -> anyhow::Result<Value> {
    let tokens = tokens(expression)?;
    let mut parser = Parser {
        tokens: &tokens,
        contexts,
    };
    let value = parser.alternatives()?;
    if let Some(token) = parser.tokens.first() {
        bail!("{expression:?}: did not expect {token:?}");
    }
    Ok(value)
}

fn truth(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(_) | Value::Object(_) => true,
    }
}

fn as_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

/// Of the same type by value, strings without regard to case; otherwise as numbers.
fn are_equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::String(left), Value::String(right)) => left.to_lowercase() == right.to_lowercase(),
        (Value::Null, Value::Null) => true,
        _ => as_number(left) == as_number(right),
    }
}

/// None for what is no number, which equals nothing.
fn as_number(value: &Value) -> f64 {
    match value {
        Value::Null => 0.0,
        Value::Bool(value) => f64::from(u8::from(*value)),
        Value::Number(number) => number.as_f64().unwrap_or(f64::NAN),
        Value::String(text) if text.trim().is_empty() => 0.0,
        Value::String(text) => text.trim().parse().unwrap_or(f64::NAN),
        Value::Array(_) | Value::Object(_) => f64::NAN,
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Sign(&'static str),
    Literal(Value),
    Name(String),
}

const SIGNS: [&str; 9] = ["==", "!=", "&&", "||", "!", "(", ")", ",", "."];

fn tokens(expression: &str) -> anyhow::Result<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = expression.trim_start();
    while let Some(first) = rest.chars().next() {
        let length;
        if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            tokens.push(Token::Sign(sign));
            length = sign.len();
        } else if let Some(quoted) = rest.strip_prefix('\'') {
            let (text, _) = quoted
                .split_once('\'')
                .with_context(|| format!("{expression:?}: a text does not end"))?;
            tokens.push(Token::Literal(text.into()));
            length = text.len() + 2;
        } else if first.is_ascii_alphanumeric() || first == '_' {
            let word: String = rest
                .chars()
                .take_while(|character| {
                    character.is_ascii_alphanumeric() || "_-".contains(*character)
                })
                .collect();
            length = word.len();
            tokens.push(match word.as_str() {
                "true" => Token::Literal(true.into()),
                "false" => Token::Literal(false.into()),
                "null" => Token::Literal(Value::Null),
                number if number.chars().all(|digit| digit.is_ascii_digit()) => {
                    Token::Literal(number.parse::<u64>()?.into())
                }
                _ => Token::Name(word),
            });
        } else {
            bail!("{expression:?}: did not expect {first:?}");
        }
        rest = rest.get(length..).unwrap_or_default().trim_start();
    }
    Ok(tokens)
}

struct Parser<'a> {
    tokens: &'a [Token],
    contexts: &'a Value,
}

impl Parser<'_> {
    fn take_if(&mut self, sign: &str) -> bool {
        match self.tokens.split_first() {
            Some((Token::Sign(found), rest)) if *found == sign => {
                self.tokens = rest;
                true
            }
            _ => false,
        }
    }

    fn expect(&mut self, sign: &str) -> anyhow::Result<()> {
        if self.take_if(sign) {
            return Ok(());
        }
        bail!("expected {sign:?}, found {:?}", self.tokens.first())
    }

    /// Both sides are always read; the value is that of the first side that is true, or of the last.
    fn alternatives(&mut self) -> anyhow::Result<Value> {
        let mut value = self.conjunction()?;
        while self.take_if("||") {
            let other = self.conjunction()?;
            if !truth(&value) {
                value = other;
            }
        }
        Ok(value)
    }

    fn conjunction(&mut self) -> anyhow::Result<Value> {
        let mut value = self.comparison()?;
        while self.take_if("&&") {
            let other = self.comparison()?;
            if truth(&value) {
                value = other;
            }
        }
        Ok(value)
    }

    fn comparison(&mut self) -> anyhow::Result<Value> {
        let left = self.single()?;
        if self.take_if("==") {
            return Ok(are_equal(&left, &self.single()?).into());
        }
        if self.take_if("!=") {
            return Ok((!are_equal(&left, &self.single()?)).into());
        }
        Ok(left)
    }

    fn single(&mut self) -> anyhow::Result<Value> {
        if self.take_if("!") {
            return Ok((!truth(&self.single()?)).into());
        }
        if self.take_if("(") {
            let value = self.alternatives()?;
            self.expect(")")?;
            return Ok(value);
        }
        match self.tokens.split_first() {
            Some((Token::Literal(value), rest)) => {
                self.tokens = rest;
                Ok(value.clone())
            }
            Some((Token::Name(name), rest)) => {
                self.tokens = rest;
                if self.take_if("(") {
                    self.call(name)
                } else {
                    Ok(self.member_of(name))
                }
            }
            Some((Token::Sign(_), _)) | None => {
                bail!("expected a value, found {:?}", self.tokens.first())
            }
        }
    }

    /// What a context does not have is null, however deep.
    fn member_of(&mut self, context: &str) -> Value {
        let mut value = self.contexts.get(context).cloned().unwrap_or_default();
        while let Some((Token::Sign("."), rest)) = self.tokens.split_first() {
            let Some((Token::Name(name), rest)) = rest.split_first() else {
                break;
            };
            value = value.get(name).cloned().unwrap_or_default();
            self.tokens = rest;
        }
        value
    }

    fn call(&mut self, name: &str) -> anyhow::Result<Value> {
        let mut arguments = Vec::new();
        while !self.take_if(")") {
            if !arguments.is_empty() {
                self.expect(",")?;
            }
            arguments.push(self.alternatives()?);
        }
        match (name, arguments.as_slice()) {
            ("format", [Value::String(text), values @ ..]) => {
                let filled = values
                    .iter()
                    .enumerate()
                    .fold(text.clone(), |text, (place, value)| {
                        text.replace(&format!("{{{place}}}"), &as_text(value))
                    });
                Ok(filled.into())
            }
            ("always", []) => Ok(true.into()),
            ("cancelled" | "failure" | "success", []) => {
                let status = self.contexts.get("status");
                Ok(status
                    .and_then(|status| status.get(name))
                    .cloned()
                    .unwrap_or_default())
            }
            _ => bail!(
                "{name} with {} arguments is not known here",
                arguments.len()
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn expressions_mean_what_they_mean_at_github() {
        let contexts = json!({
            "github": { "event_name": "pull_request", "event": { "pull_request": { "number": 7 } }, "sha": "abc" },
            "inputs": { "dry_run": null },
            "status": { "cancelled": false },
        });
        for (expression, value) in [
            ("github.event.pull_request.number || github.sha", json!(7)),
            ("github.event.nothing.at.all || github.sha", json!("abc")),
            ("github.event_name == 'Pull_Request'", json!(true)),
            ("github.event_name != 'push' && !cancelled()", json!(true)),
            ("github.event_name == 'push' && 'a' || 'b'", json!("b")),
            ("(true || false) && false", json!(false)),
            ("true || false && false", json!(true)),
            ("inputs.dry_run || false", json!(false)),
            ("github.nothing == ''", json!(true)),
            (
                "format('refs/pull/{0}/head', github.event.pull_request.number)",
                json!("refs/pull/7/head"),
            ),
        ] {
            assert_eq!(
                evaluate(expression, &contexts).unwrap(),
                value,
                "{expression}"
            );
        }
        assert_eq!(
            expand("a-${{ github.sha }}-${{ 1 }}", &contexts).unwrap(),
            "a-abc-1"
        );
        assert!(
            holds("${{ github.sha }}", &contexts).unwrap()
                && !holds("github.no", &contexts).unwrap()
        );
        for broken in ["github.", "'text", "a ==", "unknown(1)", "(a", "a b", "§"] {
            assert!(evaluate(broken, &contexts).is_err(), "{broken}");
        }
    }
}
