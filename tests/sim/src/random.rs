//! The source of all chance: SplitMix64, so that a seed gives the same story on every machine.

use std::cell::Cell;

/// A stream of pseudo-random numbers.
#[derive(Debug)]
pub(crate) struct Random(Cell<u64>);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Cell::new(seed.wrapping_mul(0xD6E8_FEB8_6659_FD93)))
    }

    pub(crate) fn next(&self) -> u64 {
        let state = self.0.get().wrapping_add(0x9E37_79B9_7F4A_7C15);
        self.0.set(state);
        mix(state)
    }

    /// A number below `bound`; 0 if `bound` is 0.
    pub(crate) fn below(&self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// True in so many cases of a million.
    pub(crate) fn chance(&self, of_a_million: u64) -> bool {
        of_a_million > 0 && self.below(1_000_000) < of_a_million
    }

    /// True in so many cases of a hundred.
    pub(crate) fn percent(&self, percent: u64) -> bool {
        self.chance(percent * 10_000)
    }

    /// One of several; the default of none.
    pub(crate) fn pick<T: Copy + Default>(&self, several: &[T]) -> T {
        let index = usize::try_from(self.below(several.len() as u64)).unwrap_or_default();
        several.get(index).copied().unwrap_or_default()
    }
}

/// Mixes the bits of a number: near numbers give far ones.
pub(crate) fn mix(number: u64) -> u64 {
    let mixed = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}
