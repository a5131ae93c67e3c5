//! What Slipway asked of its stores and of the vendors, counted.

use std::fmt;

use host::{StoreCall, StoreOperation};
use world::{Entry, Vendor};

/// Counts; those of the stores are transactions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Values read.
    pub reads: usize,
    /// Values written, one or several at once.
    pub writes: usize,
    /// Counters incremented.
    pub increments: usize,
    /// Keys deleted, one or several at once.
    pub deletions: usize,
    /// Listings of a whole store.
    pub listings: usize,
    /// Requests to GitHub.
    pub github: usize,
    /// Requests to Coolify.
    pub coolify: usize,
    /// Probes of previews.
    pub probes: usize,
}

impl Tally {
    /// Of these calls and requests.
    pub fn of(calls: &[StoreCall], requests: &[Entry]) -> Self {
        let mut tally = Self::default();
        for call in calls {
            let count = match call.operation {
                StoreOperation::Get | StoreOperation::GetMany | StoreOperation::Exists => {
                    &mut tally.reads
                }
                StoreOperation::Set | StoreOperation::SetMany => &mut tally.writes,
                StoreOperation::Increment => &mut tally.increments,
                StoreOperation::Delete | StoreOperation::DeleteMany => &mut tally.deletions,
                StoreOperation::ListKeys => &mut tally.listings,
            };
            *count += 1;
        }
        for request in requests {
            let count = match request.vendor {
                Vendor::GitHub => &mut tally.github,
                Vendor::Coolify => &mut tally.coolify,
                Vendor::Previews => &mut tally.probes,
                // Releases have no budget here.
                Vendor::ArgoCd
                | Vendor::Backstage
                | Vendor::Slack
                | Vendor::Receiver
                | Vendor::Harbor
                | Vendor::Platform
                | Vendor::Kubernetes => continue,
            };
            *count += 1;
        }
        tally
    }

    fn counts(&self) -> [usize; 8] {
        [
            self.reads,
            self.writes,
            self.increments,
            self.deletions,
            self.listings,
            self.github,
            self.coolify,
            self.probes,
        ]
    }

    /// Whether none of the counts is greater than that of `limit`.
    pub fn is_within(&self, limit: &Self) -> bool {
        self.counts()
            .iter()
            .zip(limit.counts())
            .all(|(count, limit)| *count <= limit)
    }

    /// With room for what depends on time: when work is cut in two by a pause that a slow machine did not meet, the entity is taken
    /// up once more, its comment changes once more, and after 15 seconds the runs are asked for once more.
    pub fn with_slack(&self) -> Self {
        Self {
            reads: self.reads + 40,
            writes: self.writes + 12,
            increments: self.increments + 8,
            deletions: self.deletions + 8,
            github: self.github + 4,
            ..*self
        }
    }

    /// With a third more of everything: of a whole life not everything comes out worse.
    pub fn with_a_third(&self) -> Self {
        Self::from_counts(self.counts().map(|count| count + count / 3))
    }

    /// Both together.
    pub fn and(&self, other: &Self) -> Self {
        let mut counts = self.counts();
        for (count, more) in counts.iter_mut().zip(other.counts()) {
            *count += more;
        }
        Self::from_counts(counts)
    }

    /// From counts in the order of the table's columns.
    pub fn from_counts(
        [
            reads,
            writes,
            increments,
            deletions,
            listings,
            github,
            coolify,
            probes,
        ]: [usize; 8],
    ) -> Self {
        Self {
            reads,
            writes,
            increments,
            deletions,
            listings,
            github,
            coolify,
            probes,
        }
    }
}

/// The head of the table.
pub const HEAD: &str = "| what happens | deliveries | reads | writes | increments | deletions | listings | GitHub | Coolify | probes |\n\
                        | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |";

impl fmt::Display for Tally {
    /// The last cells of a row of the table.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = self.counts().map(|count| count.to_string());
        f.write_str(&counts.join(" | "))
    }
}
