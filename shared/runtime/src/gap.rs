//! Repairs gaps in what was delivered: reads GitHub's log of the App's deliveries, and takes in those that are missing here.
//!
//! A delivery is fetched from the log rather than asked for again: that needs no way in from outside, its outcome is known at
//! once, and nothing has to be remembered of it but that it is stored, as of every delivery. Whoever increments a claim first
//! looks; two that look at once are wasteful and nothing worse, since a delivery that is stored is not fetched, and one that is
//! taken in twice is folded once.

use std::time::Duration;

use domain::{
    Timestamp,
    gap::{Expected, INTERVAL_WHILE_BEHIND, LogPage, Progress},
};
use inbox::{Inbox, Recovery};
use ports::{Clock, Http, Label, Level, Log, Store, StoreError};
use serde::Serialize;
use serde_json::Value;
use vendors::{CallError, github};

/// So many pages are read at most in one run, of 100 attempts each.
const PAGES_MAX: usize = 10;

/// So many deliveries are taken in at most in one run.
const RECOVERED_MAX: u64 = 50;

/// So many claims are looked for at most whose owners died before they wrote theirs down.
const LEFT_CLAIMS_MAX: i64 = 99;

const PROGRESS: &str = "github/deliveries";

fn claim_key(claim: i64) -> String {
    format!("{PROGRESS}/claim/{claim}")
}

/// How far GitHub's log was read; none if it never was.
pub async fn progress(store: &impl Store) -> Result<Option<Progress>, StoreError> {
    let stored = store.get(Label::Default, PROGRESS).await?;
    Ok(stored.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

/// What was found and done.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Report {
    /// Attempts in GitHub's log that were looked at in this run; none in most runs, since the log is read every few minutes.
    pub attempts: usize,
    /// Deliveries that were not stored.
    pub missing: u64,
    /// How many of them are stored now.
    pub recovered: u64,
    /// Those that cannot be had or understood: a person may redeliver them.
    pub passed_over: u64,
    /// Whether a part of the log is still to be read.
    pub behind: bool,
    /// What is known to be accounted for, as of GitHub's time.
    #[serde(serialize_with = "as_text")]
    pub complete_to: Option<Timestamp>,
    /// How many deliveries were recovered, ever.
    pub recovered_total: u64,
    /// Why it was not done to the end.
    pub problem: Option<String>,
}

#[expect(clippy::ref_option, reason = "the signature is serde's")]
fn as_text<S: serde::Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    at.map(|at| at.to_string()).serialize(serializer)
}

/// How a page ended.
enum Ended {
    /// Everything on it is accounted for.
    Whole,
    /// The rest is for the next run.
    Broken,
}

/// A run over GitHub's log.
struct Run<'a, V, W, P, S, H, C, L> {
    github: &'a github::Client<V, W, P>,
    inbox: &'a Inbox<S, H, C, L>,
    retention: Duration,
    deadline: Timestamp,
    progress: Progress,
    report: Report,
}

/// Looks for deliveries that never came and takes them in, until `deadline`. `retention` is for how long deliveries that are
/// done are kept. None with a plain token, which has no log of deliveries. Trouble with GitHub is reported, not returned.
pub async fn repair<V: Http, W: Clock, P: Store, S: Store, H: Http, C: Clock, L: Log>(
    github: &github::Client<V, W, P>,
    inbox: &Inbox<S, H, C, L>,
    retention: Duration,
    deadline: Timestamp,
) -> Result<Option<Report>, StoreError> {
    if !github.has_delivery_log() {
        return Ok(None);
    }
    let stored = progress(&inbox.store).await?;
    let mut run = Run {
        github,
        inbox,
        retention,
        deadline,
        progress: stored.unwrap_or_default(),
        report: Report::default(),
    };
    if run.begin().await? {
        run.read_log().await?;
        run.save().await?;
    }
    let Run {
        progress,
        mut report,
        ..
    } = run;
    report.behind = progress.is_behind();
    report.complete_to = progress.complete_to;
    report.recovered_total = progress.recovered_total;
    Ok(Some(report))
}

impl<V: Http, W: Clock, P: Store, S: Store, H: Http, C: Clock, L: Log>
    Run<'_, V, W, P, S, H, C, L>
{
    /// Whether it is time to look, and nobody else does.
    async fn begin(&mut self) -> Result<bool, StoreError> {
        let now = self.inbox.clock.now();
        if now < self.progress.due_at() {
            return Ok(false);
        }
        let window = i64::try_from(INTERVAL_WHILE_BEHIND.as_millis()).unwrap_or(i64::MAX);
        let claim = now.milliseconds().div_euclid(window);
        let store = &self.inbox.store;
        let key = claim_key(claim);
        if store.increment(Label::Default, &key, 1).await? != 1 {
            return Ok(false);
        }
        let before = std::mem::replace(&mut self.progress.claim, claim);
        self.progress.begin(now);
        self.save().await?;
        let oldest = before.max(claim.saturating_sub(LEFT_CLAIMS_MAX));
        let left: Vec<String> = (oldest..claim).chain([before]).map(claim_key).collect();
        let left: Vec<&str> = left.iter().map(String::as_str).collect();
        store.delete_many(Label::Default, &left).await?;
        Ok(true)
    }

    async fn save(&self) -> Result<(), StoreError> {
        let bytes = serde_json::to_vec(&self.progress).unwrap_or_default();
        let store = &self.inbox.store;
        store.set(Label::Default, PROGRESS, &bytes).await
    }

    fn has_time(&self) -> bool {
        self.inbox.clock.now() < self.deadline
    }

    async fn read_log(&mut self) -> Result<(), StoreError> {
        for _ in 0..PAGES_MAX {
            if !self.has_time() {
                return Ok(());
            }
            let page = match self.github.delivery_page(self.progress.cursor()).await {
                Ok(page) => page,
                Err(error) => {
                    if matches!(error, CallError::Refused { .. }) {
                        // It may be that GitHub knows the page no more.
                        self.progress.begin_anew();
                    }
                    self.stopped(&error);
                    return Ok(());
                }
            };
            match self.take_in(&page).await? {
                Ended::Whole => {}
                Ended::Broken => return Ok(()),
            }
            let now = self.inbox.clock.now();
            if self.progress.accounted_for(&page, now) {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Takes in what is missing of a page.
    async fn take_in(&mut self, page: &LogPage) -> Result<Ended, StoreError> {
        self.report.attempts = self.report.attempts.saturating_add(page.attempts.len());
        let now = self.inbox.clock.now();
        let expected = self
            .progress
            .expected(page, now, self.retention, webhooks::use_of);
        for expected in &expected {
            if self.inbox.has(&expected.guid).await? {
                continue;
            }
            if self.report.recovered >= RECOVERED_MAX || !self.has_time() {
                return Ok(Ended::Broken);
            }
            self.report.missing += 1;
            match self.github.delivery_payload(expected.attempt).await {
                Ok(Some(payload)) => self.recover(expected, &payload).await?,
                Ok(None) => self.pass_over(expected, "GitHub has its payload no more"),
                Err(error) => {
                    self.stopped(&error);
                    let is_its_own = !matches!(error, CallError::Paused { .. });
                    if is_its_own && self.progress.could_not_fetch(&expected.guid) {
                        self.tell_passed_over(expected, &error.to_string());
                    }
                    return Ok(Ended::Broken);
                }
            }
        }
        Ok(Ended::Whole)
    }

    async fn recover(&mut self, expected: &Expected, payload: &str) -> Result<(), StoreError> {
        let recovery = self
            .inbox
            .recover(&expected.guid, &expected.event, payload)
            .await?;
        match recovery {
            Recovery::TakenIn(_) => {
                self.report.recovered += 1;
                self.progress.recovered_total = self.progress.recovered_total.saturating_add(1);
            }
            Recovery::Came | Recovery::Unused => self.report.missing -= 1,
            Recovery::Malformed(reason) => self.pass_over(expected, &reason),
        }
        Ok(())
    }

    fn pass_over(&mut self, expected: &Expected, reason: &str) {
        self.progress.pass_over(&expected.guid);
        self.tell_passed_over(expected, reason);
    }

    fn tell_passed_over(&mut self, expected: &Expected, reason: &str) {
        self.report.passed_over += 1;
        let fields = [
            ("delivery", Value::from(expected.guid.as_str())),
            ("event", Value::from(expected.event.as_str())),
            ("reason", Value::from(reason)),
        ];
        let message = "a delivery never came and cannot be recovered";
        self.inbox.log.write(Level::Error, message, &fields);
    }

    fn stopped(&mut self, error: &CallError) {
        let reason = error.to_string();
        let fields = [("reason", Value::from(reason.as_str()))];
        let message = "could not look for deliveries that never came";
        self.inbox.log.write(Level::Warn, message, &fields);
        self.report.problem = Some(reason);
    }
}

#[cfg(test)]
mod tests;
