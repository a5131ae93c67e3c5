//! The world's time: the machine's own, moved on by the story where a story needs it to pass.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// What the vendors' clocks show.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    ahead: AtomicI64,
}

impl Clock {
    /// Seconds since 1970, to the second: GitHub's timestamps are no finer.
    pub(crate) fn now(&self) -> i64 {
        let machine = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        i64::try_from(machine)
            .unwrap_or(i64::MAX)
            .saturating_add(self.ahead.load(Ordering::Relaxed))
    }

    /// Lets this many seconds pass.
    pub(crate) fn advance(&self, seconds: i64) {
        self.ahead.fetch_add(seconds, Ordering::Relaxed);
    }
}

/// GitHub's form, `2026-11-21T07:14:16Z`.
pub(crate) fn github_time(seconds: i64) -> String {
    OffsetDateTime::from_unix_timestamp(seconds)
        .ok()
        .and_then(|at| at.format(&Rfc3339).ok())
        .unwrap_or_else(|| "1970-01-01T00:00:00Z".to_owned())
}

/// The form of a `Date` header, `Sat, 21 Nov 2026 07:14:16 GMT`.
pub(crate) fn http_time(seconds: i64) -> String {
    let at = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let short = |name: String| name.chars().take(3).collect::<String>();
    let (weekday, month) = (
        short(at.weekday().to_string()),
        short(at.month().to_string()),
    );
    let (hour, minute, second) = at.to_hms();
    format!(
        "{weekday}, {:02} {month} {} {hour:02}:{minute:02}:{second:02} GMT",
        at.day(),
        at.year()
    )
}

/// Coolify's form, Laravel's default with microseconds: `2026-11-21T07:14:16.000000Z`.
pub(crate) fn coolify_time(seconds: i64) -> String {
    github_time(seconds).replace('Z', ".000000Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_each_vendor_writes_them() {
        assert_eq!(github_time(1_795_245_256), "2026-11-21T07:14:16Z");
        assert_eq!(coolify_time(1_795_245_256), "2026-11-21T07:14:16.000000Z");
        assert_eq!(http_time(1_795_245_256), "Sat, 21 Nov 2026 07:14:16 GMT");
    }
}
