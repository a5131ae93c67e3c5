//! How long pages and lists take with much in the stores, against little; and how large they are.

mod bulk;
mod filling;
mod lives;
mod paths;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use domain::Timestamp;
use host::{LogSink, Running};
use serde::Serialize;
use tempfile::TempDir;
use world::Answer;

use crate::{scene, stores};

/// So many releases of an environment are known: those that are over (`domain::release`).
const ENDED_MAX: u64 = 30;

/// How much is stored.
#[derive(Debug, Clone, Copy)]
pub(super) struct Amount {
    /// Which everything is spread over.
    repositories: u64,
    previews: u64,
    /// One preview in so many waits for its build, the others are up.
    one_waits_in: u64,
    releases: u64,
    /// Each environment has as many releases.
    of_each_environment: u64,
    deliveries: u64,
}

/// What little is, and much. A page shows as many rows in both, or it would be the lengths of pages that are compared.
const LITTLE: Amount = Amount {
    repositories: 2,
    previews: 100,
    one_waits_in: 2,
    releases: 100,
    of_each_environment: 1,
    deliveries: 100,
};
pub(super) const MUCH: Amount = Amount {
    repositories: 20,
    previews: 10_000,
    one_waits_in: 50,
    releases: 50_000,
    of_each_environment: ENDED_MAX,
    deliveries: 100_000,
};
/// What much is for a first impression.
pub(super) const RATHER_MUCH: Amount = Amount {
    repositories: 20,
    previews: 1_000,
    one_waits_in: 10,
    releases: 3_000,
    of_each_environment: ENDED_MAX,
    deliveries: 5_000,
};

/// The bars: a page may be so large, and take so many times as long with much as with little.
const BAR_BYTES: usize = 200_000;
const BAR_RATIO: f64 = 3.0;
/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// One page or list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Row {
    path: String,
    little_milliseconds: f64,
    much_milliseconds: f64,
    /// The time with much by that with little.
    ratio: f64,
    /// With much, the whole body.
    bytes: usize,
}

/// Asks for everything `rounds` times, with little in the stores and with `much`.
pub(super) async fn measure(
    manifest: PathBuf,
    much: Amount,
    rounds: usize,
) -> anyhow::Result<Vec<Row>> {
    let little = Stage::set_up(manifest.clone(), LITTLE).await?;
    let much = Stage::set_up(manifest, much).await?;
    let mut rows = Vec::new();
    for path in paths::paths()? {
        let (before, after) = if path.after {
            (
                little.second(&path.path).await?,
                much.second(&path.path).await?,
            )
        } else {
            (path.path.clone(), path.path)
        };
        // In turn, so that whatever else the machine is at hits both.
        let (mut times, mut bytes) = ((Vec::new(), Vec::new()), 0);
        for round in 0..=rounds {
            let short = little.ask(&before).await?;
            let long = much.ask(&after).await?;
            // The first of each finds nothing at hand.
            if round > 0 {
                times.0.push(short.time);
                times.1.push(long.time);
            }
            bytes = long.bytes;
        }
        rows.push(Row::of(after, times, bytes));
    }
    little.tear_down().await;
    much.tear_down().await;
    Ok(rows)
}

impl Row {
    fn of(path: String, times: (Vec<Duration>, Vec<Duration>), bytes: usize) -> Self {
        let (little, much) = (median(times.0), median(times.1));
        Self {
            path,
            little_milliseconds: little,
            much_milliseconds: much,
            ratio: much / little,
            bytes,
        }
    }

    /// An answer of the API is as long as whoever asks wants it.
    fn keeps_the_bars(&self) -> bool {
        let is_short = self.path.starts_with("/api/") || self.bytes < BAR_BYTES;
        is_short && self.ratio <= BAR_RATIO
    }
}

/// In milliseconds.
fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    let middle = times.get(times.len() / 2).copied();
    middle.unwrap_or_default().as_secs_f64() * 1_000.0
}

/// An answer's time and size.
struct Asked {
    time: Duration,
    bytes: usize,
}

/// A host with full stores, and somebody who is signed in.
struct Stage {
    running: Running,
    url: String,
    cookie: String,
    // It is deleted after the host has ended.
    _directory: TempDir,
}

impl Stage {
    async fn set_up(manifest: PathBuf, amount: Amount) -> anyhow::Result<Self> {
        let directory = tempfile::tempdir()?;
        let runtime_config = directory.path().join("runtime-config.toml");
        std::fs::write(&runtime_config, stores::sqlite())?;
        let began = Instant::now();
        // Where the runtime configuration is: its paths begin there.
        filling::fill(directory.path(), amount, now()?).await?;
        eprintln!("{amount:?}: stored in {:.1?}", began.elapsed());
        let mut options = host::Options::new(manifest);
        options.runtime_config = Some(runtime_config);
        options.state_dir = directory.path().to_owned();
        for (name, value) in [
            ("api_tokens", scene::api_tokens()),
            (
                "session_secret",
                "known to everybody, so for nothing but a measurement".to_owned(),
            ),
            ("reconcile_token", scene::RECONCILE_TOKEN.to_owned()),
            // As many as can be asked for.
            ("api_requests_per_minute", "1000000".to_owned()),
        ] {
            options.variables.insert(name.to_owned(), value);
        }
        // Writing lines to a terminal would be measured too.
        options.log = LogSink::callback(|_| {});
        let running = host::start(options).await?;
        let url = format!("http://{}", running.address());
        let mut stage = Self {
            running,
            url,
            cookie: String::new(),
            _directory: directory,
        };
        stage.sign_in().await?;
        Ok(stage)
    }

    async fn send(&self, method: &str, path: &str, form: String) -> anyhow::Result<Answer> {
        let token = scene::PEOPLE.first().context("somebody has a token")?.token;
        let mut headers = vec![("cookie".to_owned(), self.cookie.clone())];
        if path.starts_with("/api/") || path == "/metrics" {
            headers.push(("authorization".to_owned(), format!("Bearer {token}")));
        }
        if method == "POST" {
            let kind = "application/x-www-form-urlencoded";
            headers.push(("content-type".to_owned(), kind.to_owned()));
        }
        let url = format!("{}{path}", self.url);
        let sent = world::send(method, &url, &headers, form.into_bytes(), PATIENCE);
        Ok(sent.await?)
    }

    async fn sign_in(&mut self) -> anyhow::Result<()> {
        const PAGE: &str = "/dashboard/sign-in";
        let page = self.send("GET", PAGE, String::new()).await?;
        self.keep_cookie(&page);
        let text = page.text();
        let (_, after) = text
            .split_once("name=\"csrf\" value=\"")
            .context("the page has no form")?;
        let csrf = after.split('"').next().unwrap_or_default();
        let token = scene::PEOPLE.first().context("somebody has a token")?.token;
        let form = format!("csrf={csrf}&token={token}");
        let answer = self.send("POST", PAGE, form).await?;
        ensure!(answer.status == 303, "{}: {}", answer.status, answer.text());
        self.keep_cookie(&answer);
        Ok(())
    }

    fn keep_cookie(&mut self, answer: &Answer) {
        if let Some(set) = answer.header("set-cookie") {
            set.split(';')
                .next()
                .unwrap_or_default()
                .clone_into(&mut self.cookie);
        }
    }

    async fn ask(&self, path: &str) -> anyhow::Result<Asked> {
        let began = Instant::now();
        let answer = self.send("GET", path, String::new()).await?;
        let time = began.elapsed();
        ensure!(
            answer.status == 200,
            "{path}: {} {}",
            answer.status,
            answer.text()
        );
        Ok(Asked {
            time,
            bytes: answer.body.len(),
        })
    }

    /// The path of the second page of a list of the API's, as the first one tells it; the first one's if there is no second.
    async fn second(&self, path: &str) -> anyhow::Result<String> {
        let first = self.send("GET", path, String::new()).await?;
        let first: serde_json::Value = serde_json::from_slice(&first.body)?;
        Ok(
            match first.get("next").and_then(serde_json::Value::as_str) {
                Some(next) => format!("{path}&cursor={next}"),
                None => path.to_owned(),
            },
        )
    }

    async fn tear_down(self) {
        self.running.stop().await;
    }
}

fn now() -> anyhow::Result<Timestamp> {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    Ok(Timestamp::from_milliseconds(i64::try_from(
        since.as_millis(),
    )?))
}

/// The rows as a Markdown table.
pub(super) fn markdown(much: Amount, rows: &[Row]) -> String {
    let mut table = format!(
        "| page or list, with {} previews, {} releases and {} deliveries | kB | p50 ms | p50 ms with 100 of each | times as long |\n\
         | --- | ---: | ---: | ---: | ---: |",
        much.previews, much.releases, much.deliveries
    );
    for row in rows {
        table.push_str(&format!(
            "\n| `{}` | {:.1} | {:.1} | {:.1} | {:.2} |",
            row.path,
            row.bytes as f64 / 1_000.0,
            row.much_milliseconds,
            row.little_milliseconds,
            row.ratio
        ));
    }
    table
}

/// Whether the bars are kept, in one line.
pub(super) fn verdict(rows: &[Row]) -> Result<String, String> {
    let bars = "each page under 200 kB and within 3 times of its time with 100 of each";
    let broken: Vec<&str> = rows
        .iter()
        .filter(|row| !row.keeps_the_bars())
        .map(|row| row.path.as_str())
        .collect();
    if broken.is_empty() {
        Ok(format!("The bars are kept: {bars}."))
    } else {
        Err(format!(
            "The bars are not kept ({bars}): {}.",
            broken.join(", ")
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(bytes: usize, ratio: f64) -> Row {
        Row {
            path: "/dashboard/previews".to_owned(),
            little_milliseconds: 10.0,
            much_milliseconds: 10.0 * ratio,
            ratio,
            bytes,
        }
    }

    #[test]
    fn a_row_is_a_line_of_the_table() {
        let table = markdown(MUCH, &[row(54_321, 1.5)]);
        assert_eq!(
            table.lines().last(),
            Some("| `/dashboard/previews` | 54.3 | 15.0 | 10.0 | 1.50 |")
        );
    }

    #[test]
    fn a_page_that_is_too_large_or_too_slow_is_named() {
        assert!(verdict(&[row(199_999, 3.0)]).is_ok());
        for broken in [row(200_000, 1.0), row(100, 3.1)] {
            let told = verdict(&[row(1, 1.0), broken]).unwrap_err();
            assert!(told.ends_with(": /dashboard/previews."), "{told}");
        }
    }

    #[test]
    fn the_median_is_the_one_in_the_middle() {
        let times = [30, 10, 20].map(Duration::from_millis).to_vec();
        assert!((median(times) - 20.0).abs() < 1e-9);
    }
}
