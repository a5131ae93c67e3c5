//! Log lines on stderr, which Spin collects for each component.

use std::io::Write;

use domain::Timestamp;
use ports::{Clock, Level, Log};
use serde::ser::{SerializeMap, Serializer};
use serde_json::Value;

use crate::SpinClock;

/// Writes each line as one JSON object: `ts`, `level`, `component`, `message`, then the line's own fields.
#[derive(Debug, Clone, Copy)]
pub struct JsonLog {
    component: &'static str,
}

impl JsonLog {
    /// The log of `component`, named as in `spin.toml`.
    pub const fn new(component: &'static str) -> Self {
        Self { component }
    }
}

impl Log for JsonLog {
    fn write(&self, level: Level, message: &str, fields: &[(&str, Value)]) {
        let head = Head {
            at: SpinClock.now(),
            level,
            component: self.component,
            message,
        };
        if let Ok(line) = head.line(fields) {
            // One write for the whole line, so that lines of requests at the same time do not mix. There is nobody to
            // tell when the log itself fails.
            std::io::stderr().lock().write_all(&line).ok();
        }
    }
}

/// What every line begins with.
struct Head<'a> {
    at: Timestamp,
    level: Level,
    component: &'a str,
    message: &'a str,
}

impl Head<'_> {
    fn line(&self, fields: &[(&str, Value)]) -> serde_json::Result<Vec<u8>> {
        let mut line = Vec::with_capacity(256);
        let mut serializer = serde_json::Serializer::new(&mut line);
        let mut object = serializer.serialize_map(None)?;
        object.serialize_entry("ts", &to_the_millisecond(self.at))?;
        object.serialize_entry("level", self.level.name())?;
        object.serialize_entry("component", self.component)?;
        object.serialize_entry("message", self.message)?;
        for (name, value) in fields {
            object.serialize_entry(name, value)?;
        }
        object.end()?;
        line.push(b'\n');
        Ok(line)
    }
}

/// RFC 3339 with milliseconds, which tell apart what happens in one request.
fn to_the_millisecond(at: Timestamp) -> String {
    let seconds = at.to_string();
    format!(
        "{}.{:03}Z",
        seconds.trim_end_matches('Z'),
        at.milliseconds().rem_euclid(1000)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_object_that_begins_with_the_fixed_fields() {
        let head = Head {
            at: Timestamp::from_milliseconds(1_795_257_067_042),
            level: Level::Warn,
            component: "gateway",
            message: "two\nlines",
        };
        let line = head
            .line(&[
                ("repository", Value::from(7)),
                ("error", Value::from("a \"quoted\" word")),
            ])
            .unwrap();
        assert_eq!(
            String::from_utf8(line).unwrap(),
            concat!(
                r#"{"ts":"2026-11-21T10:31:07.042Z","level":"warn","component":"gateway","message":"two\nlines","#,
                r#""repository":7,"error":"a \"quoted\" word"}"#,
                "\n"
            )
        );
    }
}
