//! What happened in a seed, counted: a simulation in which nothing happens finds nothing.

use std::cell::Cell;

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Counter(Cell<u64>);

impl Counter {
    pub(crate) fn add(&self, more: u64) {
        self.0.set(self.0.get() + more);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.get()
    }
}

macro_rules! statistics {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// The counters of one seed.
        #[derive(Debug, Default)]
        pub(crate) struct Statistics {
            $(pub(crate) $name: Counter,)*
        }

        /// What happened in all seeds.
        #[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
        pub struct Totals {
            $($(#[$doc])* pub $name: u64,)*
        }

        impl Totals {
            pub(crate) fn add(&mut self, other: &Self) {
                $(self.$name += other.$name;)*
            }

            /// The counters with their names.
            pub fn named(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name),)*]
            }
        }

        impl Statistics {
            pub(crate) fn totals(&self) -> Totals {
                Totals { $($name: self.$name.get(),)* }
            }
        }
    };
}

statistics! {
    /// Calls to the store.
    store_calls,
    /// Calls to the store that failed, or whose answer was lost.
    store_failures,
    /// Calls to vendors.
    vendor_calls,
    /// Calls to vendors that failed, or whose answer was lost.
    vendor_failures,
    /// Processes that died.
    crashes,
    /// Webhooks that GitHub had to send.
    deliveries,
    /// Webhooks that were sent again after the storm.
    redeliveries,
    /// Webhooks that never came and were fetched from GitHub's log.
    fetched,
    /// Deployments that Coolify queued.
    deployments,
    /// Deployments that waited for another service to be ready.
    in_order,
    /// Deployments among them of commits of forks that somebody approved.
    approved,
    /// Requests for virtual clusters that the platform API took.
    clusters,
    /// Namespaces that builds deployed to.
    namespaces,
    /// Previews that were removed, whoever had them.
    removals,
    /// Comments that were created.
    comments,
    /// Check runs that were made.
    checks,
    /// Deployments that were made on GitHub.
    github_deployments,
    /// Previews that waited for a place when everything was looked at.
    crowded_out,
    /// Images that Argo CD was given to go on.
    releases,
    /// Images that Argo CD was given to go back.
    ways_back,
    /// Runs of reconcile.
    reconciles,
}
