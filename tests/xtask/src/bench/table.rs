//! The figures as people and programs read them.

use serde::Serialize;

use super::cases::Case;
use super::load::Measured;

/// One case with one number of connections.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    case: String,
    pub(super) connections: usize,
    requests_per_second: f64,
    /// Requests per second, divided by those of the ceiling with as many connections.
    of_ceiling: f64,
    p50_milliseconds: f64,
    p99_milliseconds: f64,
}

impl Row {
    /// The row of what was measured; without a ceiling it is the ceiling.
    pub(super) fn of(
        case: &Case,
        connections: usize,
        measured: &Measured,
        ceiling: Option<&Self>,
    ) -> Self {
        let requests_per_second = measured.requests_per_second();
        let milliseconds = |percent| measured.percentile(percent).as_secs_f64() * 1000.0;
        Self {
            case: case.name.to_owned(),
            connections,
            requests_per_second,
            of_ceiling: ceiling.map_or(1.0, |ceiling| {
                requests_per_second / ceiling.requests_per_second
            }),
            p50_milliseconds: milliseconds(50),
            p99_milliseconds: milliseconds(99),
        }
    }
}

/// What the figures were measured on.
pub(super) fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    format!(
        "Host and load generator together on {cores} cores, {} on {}.",
        std::env::consts::OS,
        std::env::consts::ARCH
    )
}

/// The rows as a Markdown table.
pub(super) fn markdown(rows: &[Row]) -> String {
    let head = "| case | connections | requests/s | of the ceiling | p50 ms | p99 ms |\n| --- | ---: | ---: | ---: | ---: | ---: |";
    let rows = rows.iter().map(|row| {
        format!(
            "| {} | {} | {:.0} | {:.3} | {:.2} | {:.2} |",
            row.case,
            row.connections,
            row.requests_per_second,
            row.of_ceiling,
            row.p50_milliseconds,
            row.p99_milliseconds
        )
    });
    [head.to_owned()]
        .into_iter()
        .chain(rows)
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_a_line_of_the_table() {
        let row = Row {
            case: "accepted, SQLite".to_owned(),
            connections: 16,
            requests_per_second: 812.4,
            of_ceiling: 0.0812,
            p50_milliseconds: 18.204,
            p99_milliseconds: 40.0,
        };
        let table = markdown(&[row]);
        assert_eq!(
            table.lines().last(),
            Some("| accepted, SQLite | 16 | 812 | 0.081 | 18.20 | 40.00 |")
        );
    }
}
