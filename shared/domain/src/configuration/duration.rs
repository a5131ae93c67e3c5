//! Durations as people write them: `10s`, `30m`, `72h`, `7d`.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

use crate::NotParsed;

/// A duration from the configuration: a whole number and `s`, `m`, `h` or `d`, at most a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ConfiguredDuration(u64);

impl ConfiguredDuration {
    /// A duration of whole seconds.
    pub const fn from_seconds(seconds: u64) -> Self {
        Self(seconds)
    }

    /// The duration.
    pub const fn get(self) -> Duration {
        Duration::from_secs(self.0)
    }
}

impl FromStr for ConfiguredDuration {
    type Err = NotParsed;

    fn from_str(text: &str) -> Result<Self, NotParsed> {
        let units = [("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400)];
        units
            .into_iter()
            .find_map(|(unit, seconds)| {
                text.strip_suffix(unit)
                    .filter(|count| count.bytes().all(|byte| byte.is_ascii_digit()))?
                    .parse::<u64>()
                    .ok()?
                    .checked_mul(seconds)
            })
            .filter(|seconds| (1..=366 * 86_400).contains(seconds))
            .map(Self)
            .ok_or_else(|| NotParsed::new("a duration (such as 10s, 30m, 72h or 7d)", text))
    }
}

impl TryFrom<String> for ConfiguredDuration {
    type Error = NotParsed;

    fn try_from(text: String) -> Result<Self, NotParsed> {
        text.parse()
    }
}

impl From<ConfiguredDuration> for String {
    fn from(duration: ConfiguredDuration) -> Self {
        duration.to_string()
    }
}

impl fmt::Display for ConfiguredDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, unit) = match self.0 {
            seconds if seconds % 86_400 == 0 => (seconds / 86_400, "d"),
            seconds if seconds % 3_600 == 0 => (seconds / 3_600, "h"),
            seconds if seconds % 60 == 0 => (seconds / 60, "m"),
            seconds => (seconds, "s"),
        };
        write!(f, "{count}{unit}")
    }
}
