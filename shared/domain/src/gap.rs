//! Deliveries that never arrived: which of those in GitHub's own log are missing here, and how far the log was read.
//!
//! GitHub sends nothing twice by itself, but its log shows every attempt for three days, newest first (VENDORS 4.3, 4.4). The
//! log is read from its newest end back to what was read before. A long way back is gone in several runs.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use crate::{DeliveryGuid, Timestamp};

/// So far back GitHub's log goes.
pub const HORIZON: Duration = Duration::from_secs(3 * 24 * 60 * 60);

/// The log is looked at no more often than this, if nothing was left.
pub const INTERVAL: Duration = Duration::from_secs(5 * 60);

/// The same, if something was left.
pub const INTERVAL_WHILE_BEHIND: Duration = Duration::from_secs(45);

/// What was read last is read once more, for attempts that GitHub lists late.
const OVERLAP: Duration = Duration::from_secs(2 * 60);

/// Clocks may differ by this much.
const SKEW: Duration = Duration::from_secs(5 * 60);

/// A delivery that cannot be fetched holds all others up; after so many tries it is passed over.
const TRIES_MAX: u32 = 5;

/// So many deliveries that were passed over are remembered.
const PASSED_OVER_MAX: usize = 50;

/// One attempt of GitHub's at a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedAttempt {
    /// GitHub's id of the attempt.
    pub id: u64,
    /// The delivery, the same for all attempts.
    pub guid: DeliveryGuid,
    /// When it was made.
    pub delivered_at: Timestamp,
    /// Whether it was answered with a success.
    pub is_ok: bool,
    /// `pull_request` …
    pub event: String,
    /// The payload's action, if it has one.
    pub action: Option<String>,
}

/// A page of the log, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogPage {
    /// The attempts.
    pub attempts: Vec<LoggedAttempt>,
    /// Where the next page begins, in GitHub's words; none on the last one.
    pub next: Option<String>,
}

/// Whether deliveries of an event and action are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// None is.
    Never,
    /// That depends on the rest of the payload.
    Sometimes,
    /// Every one is.
    Always,
}

/// A delivery that should be stored here. If it is not, it is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// The delivery.
    pub guid: DeliveryGuid,
    /// Its newest attempt, by which its payload is fetched.
    pub attempt: u64,
    /// `pull_request` …
    pub event: String,
}

/// How far the log was read. Durable.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Progress {
    /// When the log was looked at last.
    #[serde(default)]
    pub checked_at: Timestamp,
    /// All attempts up to this time are accounted for; none before the log was once read to its end.
    #[serde(default)]
    pub complete_to: Option<Timestamp>,
    /// How many deliveries were recovered, ever.
    #[serde(default)]
    pub recovered_total: u64,
    /// The number of the claim under which it was looked at last.
    #[serde(default)]
    pub claim: i64,
    /// Whoever looked last did not come to the end, or is not there yet.
    #[serde(default)]
    unfinished: bool,
    #[serde(default)]
    way: Option<Way>,
    #[serde(default)]
    trouble: Option<Trouble>,
    #[serde(default)]
    passed_over: VecDeque<DeliveryGuid>,
}

/// A way back that is not finished.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Way {
    /// The newest attempt where it began.
    top: Timestamp,
    /// The page to go on with; none for the first one.
    cursor: Option<String>,
}

/// A delivery that could not be fetched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Trouble {
    guid: DeliveryGuid,
    tries: u32,
}

impl Progress {
    /// When the log is to be looked at next.
    pub fn due_at(&self) -> Timestamp {
        let interval = if self.is_behind() {
            INTERVAL_WHILE_BEHIND
        } else {
            INTERVAL
        };
        self.checked_at.after(interval)
    }

    /// Whether a part of the log is still to be read, on the way back to what was read before.
    pub const fn is_behind(&self) -> bool {
        self.unfinished
    }

    /// Somebody begins to look.
    pub const fn begin(&mut self, now: Timestamp) {
        self.checked_at = now;
        self.unfinished = true;
    }

    /// The page to read next; none for the newest.
    pub fn cursor(&self) -> Option<&str> {
        self.way.as_ref()?.cursor.as_deref()
    }

    /// Back to here the log is read.
    fn floor(&self, now: Timestamp) -> Timestamp {
        let horizon = now.before(HORIZON);
        let read = self.complete_to.map(|to| to.before(OVERLAP));
        read.map_or(horizon, |read| read.max(horizon))
    }

    /// The deliveries of a page that should be stored here, oldest first. `retention` is for how long those that are done are
    /// kept.
    pub fn expected(
        &self,
        page: &LogPage,
        now: Timestamp,
        retention: Duration,
        used: impl Fn(&str, Option<&str>) -> Use,
    ) -> Vec<Expected> {
        let floor = self.floor(now);
        let mut deliveries: BTreeMap<&DeliveryGuid, (&LoggedAttempt, bool)> = BTreeMap::new();
        for attempt in &page.attempts {
            if attempt.delivered_at < floor || self.passed_over.contains(&attempt.guid) {
                continue;
            }
            // The first one is the newest.
            let (_, is_ok) = deliveries.entry(&attempt.guid).or_insert((attempt, false));
            *is_ok |= attempt.is_ok;
        }
        let is_expected = |(newest, is_ok): &(&LoggedAttempt, bool)| {
            match used(&newest.event, newest.action.as_deref()) {
                Use::Never => false,
                Use::Sometimes => !is_ok,
                // One that was taken in and done may have expired.
                Use::Always => !is_ok || newest.delivered_at.after(retention) > now.after(SKEW),
            }
        };
        let mut found: Vec<&LoggedAttempt> = deliveries
            .into_values()
            .filter(is_expected)
            .map(|(newest, _)| newest)
            .collect();
        found.sort_by_key(|newest| (newest.delivered_at, newest.id));
        let expected = found.into_iter().map(|newest| Expected {
            guid: newest.guid.clone(),
            attempt: newest.id,
            event: newest.event.clone(),
        });
        expected.collect()
    }

    /// Everything on the page is accounted for. Returns whether the log is, back to what was read before.
    pub fn accounted_for(&mut self, page: &LogPage, now: Timestamp) -> bool {
        self.trouble = None;
        let floor = self.floor(now);
        let newest = page.attempts.first().map(|attempt| attempt.delivered_at);
        let top = self.way.take().map(|way| way.top).or(newest);
        let is_behind = page
            .attempts
            .last()
            .is_some_and(|oldest| oldest.delivered_at >= floor);
        match (&page.next, top) {
            (Some(next), Some(top)) if is_behind => {
                let cursor = Some(next.clone());
                self.way = Some(Way { top, cursor });
                false
            }
            (Some(_) | None, top) => {
                // An empty log says nothing of the time.
                self.complete_to = self.complete_to.max(top);
                self.unfinished = false;
                true
            }
        }
    }

    /// GitHub does not know the page to go on with: the way begins anew.
    pub fn begin_anew(&mut self) {
        self.way = None;
    }

    /// The delivery could not be fetched. Returns whether it is to be passed over from now on.
    pub fn could_not_fetch(&mut self, guid: &DeliveryGuid) -> bool {
        let before = self.trouble.take().filter(|before| before.guid == *guid);
        let tries = before.map_or(0, |before| before.tries).saturating_add(1);
        if tries >= TRIES_MAX {
            self.pass_over(guid);
            return true;
        }
        let guid = guid.clone();
        self.trouble = Some(Trouble { guid, tries });
        false
    }

    /// The delivery will never be fetched.
    pub fn pass_over(&mut self, guid: &DeliveryGuid) {
        self.passed_over.push_back(guid.clone());
        if self.passed_over.len() > PASSED_OVER_MAX {
            self.passed_over.pop_front();
        }
    }
}

#[cfg(test)]
mod tests;
