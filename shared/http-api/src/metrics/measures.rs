//! What `entities` measures, for the component `metrics`: counts, and times in seconds.

use std::collections::BTreeMap;

use domain::{
    Timestamp,
    preview::{Preview, Standing},
    release::{Line, Phase, Situation},
};
use ports::{Clock, Log, Store};
use runtime::{
    breaker,
    browse::{self, Listing},
    gap, reconcile,
};
use serde::{Deserialize, Serialize};

use crate::{Problem, entities::Entities};

/// So many values of a kind are read at most for one scrape.
const READ_MAX: usize = 1_000;

/// By a name, how many.
pub(crate) type Counts = BTreeMap<String, u64>;

/// What is measured.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Measures {
    /// Entities by kind.
    pub(crate) entities: Counts,
    /// Entities with mail or a note, by kind.
    pub(crate) waiting: Counts,
    /// Facts that no saved state contains, by kind.
    pub(crate) mail: Counts,
    /// For how long the latest note has been overdue, by kind.
    pub(crate) overdue_seconds: Counts,
    /// Previews by phase.
    pub(crate) previews: Counts,
    /// Environments by situation.
    pub(crate) environments: Counts,
    /// Environments that are held, and that are locked.
    pub(crate) kept_still: Counts,
    /// Releases that are kept, by phase.
    pub(crate) releases: Counts,
    /// Values that were not read, for there are too many or they cannot be, by kind.
    pub(crate) unread: Counts,
    /// Vendors that are left alone: since when, in seconds since 1970.
    pub(crate) paused: Counts,
    /// For whom GitHub's rate limit was reached: until when, in seconds since 1970.
    pub(crate) limited_until: Counts,
    /// How many requests GitHub takes in an hour, by payer.
    pub(crate) rate_limit: Counts,
    /// How many of them are left, by payer.
    pub(crate) rate_limit_remaining: Counts,
    /// When all of them are there again, in seconds since 1970, by payer.
    pub(crate) rate_limit_reset: Counts,
    /// GitHub's log of deliveries; none if it is not read.
    pub(crate) log: Option<DeliveryLog>,
}

/// How GitHub's log of deliveries compares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DeliveryLog {
    /// Deliveries that never came and were fetched, ever.
    pub(crate) recovered: u64,
    /// Everything is accounted for up to this time, in seconds since 1970.
    pub(crate) complete_to: Option<u64>,
    /// Whether a part of it is still to be read.
    pub(crate) behind: bool,
}

fn seconds(at: Timestamp) -> u64 {
    u64::try_from(at.milliseconds() / 1_000).unwrap_or_default()
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

fn add(counts: &mut Counts, name: impl Into<String>, number: u64) {
    *counts.entry(name.into()).or_default() += number;
}

/// Every name with zero, so that a series never disappears.
fn zeros<'a>(names: impl IntoIterator<Item = &'a str>) -> Counts {
    names.into_iter().map(|name| (name.to_owned(), 0)).collect()
}

impl<S: Store, C: Clock, L: Log> Entities<S, C, L> {
    /// Measures all of them: two listings of keys, and at most a thousand reads of each kind of value.
    pub(crate) async fn measures(&self) -> Result<Measures, Problem> {
        let listing = Listing::of(&self.store).await?;
        let mut measures = Measures::default();
        for (kind, number) in listing.kinds() {
            measures.entities.insert(kind.to_owned(), number);
            for counts in [
                &mut measures.waiting,
                &mut measures.mail,
                &mut measures.overdue_seconds,
                &mut measures.unread,
            ] {
                counts.insert(kind.to_owned(), 0);
            }
        }
        self.measure_work(&mut measures).await?;
        self.measure_previews(&listing, &mut measures).await?;
        self.measure_releases(&listing, &mut measures).await?;
        for (vendor, pause) in breaker::paused(&self.store).await? {
            measures
                .paused
                .insert(vendor.to_owned(), seconds(pause.since));
        }
        self.measure_limits(&listing, &mut measures).await?;
        let progress = gap::progress(&self.store).await?;
        measures.log = progress.map(|progress| DeliveryLog {
            recovered: progress.recovered_total,
            complete_to: progress.complete_to.map(seconds),
            behind: progress.is_behind(),
        });
        Ok(measures)
    }

    async fn measure_limits(
        &self,
        listing: &Listing,
        measures: &mut Measures,
    ) -> Result<(), Problem> {
        let now = self.clock.now();
        for (payer, known) in listing.github_limits(&self.store).await? {
            if let Some(until) = known.until.filter(|until| *until > now) {
                measures.limited_until.insert(payer.clone(), seconds(until));
            }
            if let Some(budget) = known.budget {
                let (remaining, reset) = (budget.remaining(now), seconds(budget.reset));
                measures.rate_limit.insert(payer.clone(), budget.limit);
                measures
                    .rate_limit_remaining
                    .insert(payer.clone(), remaining);
                measures.rate_limit_reset.insert(payer, reset);
            }
        }
        Ok(())
    }

    async fn measure_work(&self, measures: &mut Measures) -> Result<(), Problem> {
        let work = reconcile::work(&self.store).await?;
        for (entity, pending) in &work.entities {
            let kind = reconcile::kind_of(entity);
            add(&mut measures.waiting, kind, 1);
            add(&mut measures.mail, kind, count(pending.mail.len()));
        }
        let now = self.clock.now();
        let (overdue, unread) = reconcile::overdue(&self.store, &work, now, READ_MAX).await?;
        for (kind, late) in overdue {
            measures.overdue_seconds.insert(kind, late.as_secs());
        }
        add(&mut measures.unread, "note", count(unread));
        Ok(())
    }

    async fn measure_previews(
        &self,
        listing: &Listing,
        measures: &mut Measures,
    ) -> Result<(), Problem> {
        measures.previews = zeros(Standing::ALL.map(Standing::name));
        let ids = listing.ids::<Preview>();
        add(
            &mut measures.unread,
            "preview",
            count(ids.len().saturating_sub(READ_MAX)),
        );
        for id in ids.iter().take(READ_MAX) {
            let read = browse::state::<Preview>(&self.store, id).await;
            match self.readable(id, read)? {
                Some(preview) => add(&mut measures.previews, preview.standing().name(), 1),
                None => add(&mut measures.unread, "preview", 1),
            }
        }
        Ok(())
    }

    async fn measure_releases(
        &self,
        listing: &Listing,
        measures: &mut Measures,
    ) -> Result<(), Problem> {
        measures.environments = zeros(Situation::ALL.map(Situation::name));
        measures.kept_still = zeros(["held", "locked"]);
        let phases = Phase::ALL.map(|phase| phase.to_string());
        measures.releases = zeros(phases.iter().map(String::as_str));
        let ids = listing.ids::<Line>();
        add(
            &mut measures.unread,
            "release",
            count(ids.len().saturating_sub(READ_MAX)),
        );
        let now = self.clock.now();
        for id in ids.iter().take(READ_MAX) {
            let read = browse::state::<Line>(&self.store, id).await;
            let Some(line) = self.readable(id, read)? else {
                add(&mut measures.unread, "release", 1);
                continue;
            };
            let overview = line.overview(now);
            add(&mut measures.environments, line.situation().name(), 1);
            add(
                &mut measures.kept_still,
                "held",
                u64::from(overview.hold.is_some()),
            );
            add(
                &mut measures.kept_still,
                "locked",
                u64::from(overview.lock.is_some()),
            );
            for release in line.releases(now) {
                add(&mut measures.releases, release.shown.phase.to_string(), 1);
            }
        }
        Ok(())
    }
}
