//! How often something was tried in vain, and when it may be tried again.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// The tries at one thing since it last worked.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Effort {
    /// How often in a row it did not work.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub failures: u32,
    /// Not tried again before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// The vendor wished not to be asked before this time: that holds whatever else changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wish: Option<Timestamp>,
    /// The last try was not made at all, since the vendor does not answer anybody.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub held_back: bool,
    /// What happened the last time, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands out references"
)]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// What a failed try calls for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// What happened and to what, for people.
    pub reason: String,
    /// What follows from it.
    pub reaction: Reaction,
}

/// What follows from a failed try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reaction {
    /// Nothing happened: try again, not before the vendor's own wish if it has one.
    Retry {
        /// The vendor's `Retry-After`, in milliseconds.
        after_milliseconds: Option<u64>,
    },
    /// It was not tried, since it cannot work now: come back after this long. It does not count as a failure.
    ComeBack {
        /// The pause, in milliseconds.
        after_milliseconds: u64,
    },
    /// It will not work until a person changes something.
    GiveUp,
    /// The answer was lost: look whether it happened before trying again.
    Look,
}

impl Effort {
    /// After so many failures in a row Slipway stops and says so: about an hour of trying.
    pub const FAILURES_MAX: u32 = 20;
    /// The first pause after a failure.
    const FIRST_PAUSE_MILLISECONDS: u64 = 2_000;
    /// Those who were held back come back within so long.
    const HELD_BACK_SPREAD_MILLISECONDS: u64 = 3_000;
    /// The longest pause.
    const LONGEST_PAUSE_MILLISECONDS: u64 = 300_000;
    /// What was given up is tried once more after this long, if leaving it would leave something behind.
    const LAST_RESORT: Duration = Duration::from_secs(3_600);

    /// Whether it is given up until something changes.
    pub fn is_exhausted(&self) -> bool {
        self.failures >= Self::FAILURES_MAX
    }

    /// When it may be tried again, if leaving it would leave something behind: what is given up, an hour after the last try.
    pub fn not_before_at_last(&self) -> Option<Timestamp> {
        match self.not_before {
            Some(not_before) if self.is_exhausted() => Some(not_before.after(Self::LAST_RESORT)),
            other => other,
        }
    }

    /// Notes a try in vain at `now`. `seed` spreads the retries of many entities; the same seed gives the same pause.
    pub fn fail(&mut self, trouble: &Trouble, now: Timestamp, seed: u64) {
        self.last_error = Some(trouble.reason.clone());
        self.held_back = false;
        if let Reaction::ComeBack { after_milliseconds } = trouble.reaction {
            return self.hold_back(Duration::from_millis(after_milliseconds), now, seed);
        }
        self.failures = self.failures.saturating_add(1);
        let mut pause = pause(self.failures, seed);
        match trouble.reaction {
            Reaction::Retry {
                after_milliseconds: Some(wish),
            } => {
                pause = pause.max(Duration::from_millis(wish));
                self.wish = Some(now.after(Duration::from_millis(wish)));
            }
            Reaction::Retry {
                after_milliseconds: None,
            }
            | Reaction::ComeBack { .. }
            | Reaction::Look => {}
            Reaction::GiveUp => self.failures = Self::FAILURES_MAX,
        }
        // Of two failures the one that is learnt of last may have happened first.
        self.not_before = Some(now.after(pause)).max(self.wish);
    }

    /// Notes that it was not tried and is to be in a while. Those who were held back together do not come back together.
    fn hold_back(&mut self, pause: Duration, now: Timestamp, seed: u64) {
        self.held_back = true;
        let spread = spread(seed ^ u64::from_ne_bytes(now.milliseconds().to_ne_bytes()));
        let late = Duration::from_millis(spread % Self::HELD_BACK_SPREAD_MILLISECONDS);
        self.not_before = Some(now.after(pause + late)).max(self.wish);
    }

    /// Lets it be tried again at once, since something changed: but for the vendor's own wish.
    pub fn start_afresh(&mut self) {
        let wish = self.wish;
        *self = Self {
            not_before: wish,
            wish,
            ..Self::default()
        };
    }

    /// Whether nothing was tried in vain since it last worked.
    pub(crate) fn is_fresh(&self) -> bool {
        *self == Self::default()
    }

    /// Notes that it worked.
    pub fn succeed(&mut self) {
        *self = Self::default();
    }
}

/// The pause after the `failures`-th failure: doubling from 2 s to 5 min, of which up to a quarter is taken off by `seed`.
fn pause(failures: u32, seed: u64) -> Duration {
    let doubled =
        Effort::FIRST_PAUSE_MILLISECONDS.saturating_mul(1 << failures.saturating_sub(1).min(20));
    let full = doubled.min(Effort::LONGEST_PAUSE_MILLISECONDS);
    let spread = spread(seed ^ u64::from(failures)) % (full / 4).max(1);
    Duration::from_millis(full - spread)
}

/// Mixes the bits of `seed` (the finaliser of SplitMix64), so that near seeds give far values.
fn spread(seed: u64) -> u64 {
    let mut mixed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retry() -> Trouble {
        Trouble {
            reason: "503".into(),
            reaction: Reaction::Retry {
                after_milliseconds: None,
            },
        }
    }

    #[test]
    fn pauses_double_up_to_five_minutes_and_differ_between_entities() {
        for failures in 1..=Effort::FAILURES_MAX {
            let full = (2_000_u64 << (failures - 1).min(20)).min(300_000);
            for seed in 0..50 {
                let milliseconds = u64::try_from(pause(failures, seed).as_millis()).unwrap();
                assert!(
                    (full * 3 / 4..=full).contains(&milliseconds),
                    "failure {failures}, seed {seed}: {milliseconds} ms"
                );
            }
        }
        assert_ne!(pause(5, 1), pause(5, 2));
    }

    #[test]
    fn a_vendors_wish_for_a_longer_pause_is_honoured() {
        let mut effort = Effort::default();
        let trouble = Trouble {
            reason: "429".into(),
            reaction: Reaction::Retry {
                after_milliseconds: Some(60_000),
            },
        };
        effort.fail(&trouble, Timestamp::from_milliseconds(0), 7);
        assert_eq!(
            effort.not_before,
            Some(Timestamp::from_milliseconds(60_000))
        );
    }

    #[test]
    fn a_vendors_wish_outlives_what_lets_everything_be_tried_again() {
        let mut effort = Effort::default();
        let trouble = Trouble {
            reason: "429".into(),
            reaction: Reaction::Retry {
                after_milliseconds: Some(60_000),
            },
        };
        effort.fail(&trouble, Timestamp::from_milliseconds(0), 7);
        effort.fail(&retry(), Timestamp::from_milliseconds(1_000), 7);
        effort.start_afresh();
        assert_eq!(effort.failures, 0);
        assert_eq!(
            effort.not_before,
            Some(Timestamp::from_milliseconds(60_000))
        );
        effort.succeed();
        assert_eq!(effort, Effort::default());
    }

    #[test]
    fn what_was_held_back_comes_back_in_time_and_never_exhausts_the_effort() {
        let trouble = Trouble {
            reason: "Coolify is left alone".into(),
            reaction: Reaction::ComeBack {
                after_milliseconds: 30_000,
            },
        };
        let mut effort = Effort::default();
        for round in 0..100 {
            let now = Timestamp::from_milliseconds(round * 60_000);
            effort.fail(&trouble, now, 7);
            let pause = effort.not_before.unwrap().since(now).as_millis();
            assert!((30_000..33_000).contains(&pause), "{pause} ms");
        }
        assert_eq!((effort.failures, effort.held_back), (0, true));
        effort.fail(&retry(), Timestamp::default(), 7);
        assert_eq!((effort.failures, effort.held_back), (1, false));
    }

    #[test]
    fn a_refusal_ends_the_effort_at_once_and_failures_end_it_at_last() {
        let mut refused = Effort::default();
        refused.fail(
            &Trouble {
                reason: "no".into(),
                reaction: Reaction::GiveUp,
            },
            Timestamp::default(),
            0,
        );
        assert!(refused.is_exhausted());
        let mut failing = Effort::default();
        for _ in 0..Effort::FAILURES_MAX {
            assert!(!failing.is_exhausted());
            failing.fail(&retry(), Timestamp::default(), 0);
        }
        assert!(failing.is_exhausted());
        failing.succeed();
        assert_eq!(failing, Effort::default());
    }
}
