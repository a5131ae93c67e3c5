//! What is stored of a vendor that fails, and what follows from it. Pure.

use std::time::Duration;

use domain::Timestamp;
use serde::{Deserialize, Serialize};

/// So many failures in a row open the circuit.
pub(super) const FAILURES_ENOUGH: u32 = 5;
/// The first pause.
pub(super) const FIRST_PAUSE: Duration = Duration::from_secs(15);
/// The longest pause: a vendor that is back is noticed within this.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(120);
/// A try has an outcome after so long, or whoever made it is gone: longer than any request may take.
pub(super) const TRY: Duration = Duration::from_secs(60);
/// The numbers of the first tries. Of later ones too a claim may be left behind, by a crash at the moment when the vendor comes
/// back; it costs the next failure that gets so far a minute.
pub(super) const FIRST_PROBES: [u64; 4] = [1, 2, 3, 4];
/// While somebody tries, the others come back after this.
pub(super) const WHILE_TRIED: Duration = Duration::from_secs(5);

/// A vendor that failed since it last worked. One that works has nothing stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Circuit {
    /// How often in a row, up to [`FAILURES_ENOUGH`].
    pub(super) failures: u32,
    pub(super) failing_since: Timestamp,
    pub(super) last_error: String,
    /// Set once calls are held back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) open: Option<Open>,
}

/// Calls are held back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Open {
    /// When one call may try.
    pub(super) until: Timestamp,
    /// The pause that led to `until`, in milliseconds.
    pub(super) pause_milliseconds: u64,
    /// The number of the try that may be made next; each is claimed once.
    pub(super) probe: u64,
    /// Whether the try before that is under way.
    pub(super) trying: bool,
}

/// What a call may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Admission {
    /// The circuit is closed.
    Go,
    /// Not now.
    Wait { after: Duration },
    /// One may try, whoever claims this number first.
    Try { probe: u64 },
}

impl Circuit {
    pub(super) fn admit(&self, now: Timestamp) -> Admission {
        match &self.open {
            None => Admission::Go,
            Some(open) if open.until <= now => Admission::Try { probe: open.probe },
            Some(open) => {
                let left = open.until.since(now);
                Admission::Wait {
                    after: if open.trying {
                        left.min(WHILE_TRIED)
                    } else {
                        left
                    },
                }
            }
        }
    }

    /// With the try at `now` under way: nobody else tries until it has an outcome, or can have none any more.
    pub(super) fn trying(&self, now: Timestamp) -> Self {
        let mut next = self.clone();
        if let Some(open) = &mut next.open {
            open.until = now.after(TRY);
            open.probe += 1;
            open.trying = true;
        }
        next
    }

    /// With the next try free, if the one that may be made has been claimed for long and nothing came of it: its owner died
    /// before it could say that it tries.
    pub(super) fn passing_over(&self, now: Timestamp) -> Option<Self> {
        let open = self
            .open
            .as_ref()
            .filter(|open| open.until.after(TRY) <= now)?;
        let mut next = self.clone();
        next.open = Some(Open {
            until: now,
            probe: open.probe + 1,
            trying: false,
            ..open.clone()
        });
        Some(next)
    }

    /// After a failure at `now`.
    pub(super) fn failed(before: Option<&Self>, last_error: String, now: Timestamp) -> Self {
        let mut next = before.cloned().unwrap_or(Self {
            failures: 0,
            failing_since: now,
            last_error: String::new(),
            open: None,
        });
        let pause = match &next.open {
            None => {
                next.failures = next.failures.saturating_add(1);
                if next.failures < FAILURES_ENOUGH {
                    next.last_error = last_error;
                    return next;
                }
                FIRST_PAUSE
            }
            Some(open) if open.trying => {
                (2 * Duration::from_millis(open.pause_milliseconds)).min(LONGEST_PAUSE)
            }
            // A call that was under way when the circuit opened says nothing new.
            Some(_) => return next,
        };
        next.last_error = last_error;
        next.open = Some(Open {
            until: now.after(pause),
            pause_milliseconds: u64::try_from(pause.as_millis()).unwrap_or(u64::MAX),
            probe: next.open.as_ref().map_or(1, |open| open.probe),
            trying: false,
        });
        next
    }

    /// The try whose claim is of no use once there is an outcome.
    pub(super) fn spent_probe(&self) -> Option<u64> {
        let open = self.open.as_ref().filter(|open| open.trying)?;
        Some(open.probe.saturating_sub(1))
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        // Plain data with text keys: serde_json cannot fail on it.
        serde_json::to_vec(self).unwrap_or_default()
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}
