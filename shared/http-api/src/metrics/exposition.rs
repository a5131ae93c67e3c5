//! Prometheus' text format, version 0.0.4.

use std::fmt::Write as _;

/// Of the format.
pub(crate) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Families of metrics, written one after the other.
#[derive(Debug, Default)]
pub(crate) struct Exposition(String);

/// What a metric's value does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It goes up and down.
    Gauge,
    /// It only goes up.
    Counter,
}

impl Exposition {
    /// Begins the family `name`. Its samples follow.
    pub(crate) fn family(&mut self, name: &'static str, kind: Kind, help: &str) -> Family<'_> {
        let kind = match kind {
            Kind::Gauge => "gauge",
            Kind::Counter => "counter",
        };
        let help = help.replace('\\', "\\\\").replace('\n', "\\n");
        // Writing to a text cannot fail.
        let _infallible = write!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
        Family {
            text: &mut self.0,
            name,
        }
    }

    pub(crate) fn into_text(self) -> String {
        self.0
    }
}

/// A family that is being written.
pub(crate) struct Family<'a> {
    text: &'a mut String,
    name: &'static str,
}

impl Family<'_> {
    /// Adds a sample. Values of labels may be any text; their names are ours.
    pub(crate) fn sample(&mut self, labels: &[(&'static str, &str)], value: u64) -> &mut Self {
        let labels: Vec<String> = labels
            .iter()
            .map(|(name, value)| format!("{name}=\"{}\"", escaped(value)))
            .collect();
        let labels = if labels.is_empty() {
            String::new()
        } else {
            format!("{{{}}}", labels.join(","))
        };
        let _infallible = writeln!(self.text, "{}{labels} {value}", self.name);
        self
    }

    /// Adds a sample for each entry, with its key as the value of the label `name`.
    pub(crate) fn samples<'k>(
        &mut self,
        name: &'static str,
        entries: impl IntoIterator<Item = (&'k String, &'k u64)>,
    ) {
        for (key, value) in entries {
            self.sample(&[(name, key)], *value);
        }
    }
}

fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}
