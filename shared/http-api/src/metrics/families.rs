//! Which metrics there are. The names are a promise to whoever has dashboards and alerts on them.

use std::collections::BTreeMap;

use domain::Timestamp;
use inbox::Tally;

use super::{
    exposition::{Exposition, Kind},
    measures::Measures,
};

pub(super) fn of_deliveries(exposition: &mut Exposition, tally: &Tally, now: Timestamp) {
    let mut by_event: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    let mut by_secret: BTreeMap<u32, u64> = BTreeMap::new();
    for (kept, number) in &tally.kept {
        let event = kept.event.as_deref().unwrap_or("unknown");
        *by_event.entry((event, kept.status)).or_default() += number;
        if let Some(secret) = kept.secret {
            *by_secret.entry(secret).or_default() += number;
        }
    }
    let mut family = exposition.family(
        "slipway_deliveries_kept",
        Kind::Gauge,
        "Finished deliveries that are still kept, by event and outcome: done ones for delivery_retention_days, dead ones for a month.",
    );
    for ((event, outcome), number) in by_event {
        family.sample(&[("event", event), ("outcome", outcome)], number);
    }
    exposition
        .family(
            "slipway_deliveries_pending",
            Kind::Gauge,
            "Deliveries that are to be handed to their component.",
        )
        .sample(&[], tally.pending);
    exposition
        .family(
            "slipway_deliveries_pending_retried",
            Kind::Gauge,
            "Pending deliveries that failed before, of the first 50.",
        )
        .sample(&[], tally.retried);
    let age = tally.oldest.map(|oldest| now.since(oldest).as_secs());
    exposition
        .family(
            "slipway_deliveries_pending_oldest_age_seconds",
            Kind::Gauge,
            "How long ago the oldest pending delivery came, of the first 50; 0 if none is pending.",
        )
        .sample(&[], age.unwrap_or_default());
    let mut family = exposition.family(
        "slipway_webhook_secret_deliveries_kept",
        Kind::Gauge,
        "Finished deliveries that are still kept, by the position in github_webhook_secrets, from 0, of the secret that signed them.",
    );
    for (secret, number) in by_secret {
        family.sample(&[("secret", &secret.to_string())], number);
    }
    let mut family = exposition.family(
        "slipway_webhook_secret_last_used_timestamp_seconds",
        Kind::Gauge,
        "When a delivery was finished last that the secret at this position signed.",
    );
    for (secret, last) in &tally.secrets {
        let last = u64::try_from(last.milliseconds() / 1_000).unwrap_or_default();
        family.sample(&[("secret", &secret.to_string())], last);
    }
}

pub(super) fn of_entities(exposition: &mut Exposition, measures: &Measures) {
    let families = [
        (
            "slipway_entities",
            "kind",
            "Entities that are stored; a release is an environment of a service.",
            &measures.entities,
        ),
        (
            "slipway_entities_waiting",
            "kind",
            "Entities with unread facts, or a time when they are looked at again.",
            &measures.waiting,
        ),
        (
            "slipway_facts_unread",
            "kind",
            "Facts that were posted to entities and not taken in yet.",
            &measures.mail,
        ),
        (
            "slipway_entities_overdue_seconds",
            "kind",
            "How long ago the entity that is overdue most was to be looked at: POST /reconcile brings it about.",
            &measures.overdue_seconds,
        ),
        (
            "slipway_previews",
            "phase",
            "Previews by phase.",
            &measures.previews,
        ),
        (
            "slipway_environments",
            "situation",
            "Environments of services by situation.",
            &measures.environments,
        ),
        (
            "slipway_environments_kept_still",
            "by",
            "Environments in which no release begins by itself: held after a rollback, or locked by a person.",
            &measures.kept_still,
        ),
        (
            "slipway_releases",
            "phase",
            "Releases by phase: those that wait, those in hand, and the last 30 of each environment that are over.",
            &measures.releases,
        ),
        (
            "slipway_values_unread",
            "kind",
            "Stored values that are missing in these numbers, since there are more than 1000 of a kind or they cannot be read.",
            &measures.unread,
        ),
    ];
    for (name, label, help, counts) in families {
        exposition
            .family(name, Kind::Gauge, help)
            .samples(label, counts);
    }
}

pub(super) fn of_vendors(exposition: &mut Exposition, measures: &Measures) {
    exposition
        .family(
            "slipway_vendor_paused_since_timestamp_seconds",
            Kind::Gauge,
            "Vendors that are left alone since they keep failing, and since when; nothing for one that works.",
        )
        .samples("vendor", &measures.paused);
    exposition
        .family(
            "slipway_github_limited_until_timestamp_seconds",
            Kind::Gauge,
            "Until when nobody calls GitHub for this payer, since its rate limit is used up; nothing while some of it is left.",
        )
        .samples("payer", &measures.limited_until);
    of_budgets(exposition, measures);
    let Some(log) = &measures.log else {
        return;
    };
    exposition
        .family(
            "slipway_delivery_gap_recovered_total",
            Kind::Counter,
            "Deliveries that never came and were fetched from GitHub's log.",
        )
        .sample(&[], log.recovered);
    exposition
        .family(
            "slipway_delivery_gap_behind",
            Kind::Gauge,
            "Whether a part of GitHub's log of deliveries is still to be read.",
        )
        .sample(&[], u64::from(log.behind));
    if let Some(complete_to) = log.complete_to {
        exposition
            .family(
                "slipway_delivery_gap_complete_to_timestamp_seconds",
                Kind::Gauge,
                "Up to when every delivery in GitHub's log is accounted for.",
            )
            .sample(&[], complete_to);
    }
}

fn of_budgets(exposition: &mut Exposition, measures: &Measures) {
    let families = [
        (
            "slipway_github_rate_limit",
            "How many requests GitHub takes in an hour, by payer.",
            &measures.rate_limit,
        ),
        (
            "slipway_github_rate_limit_remaining",
            "How many of them are left, noted whenever a tenth of the limit is used up: the true figure is less than a tenth smaller.",
            &measures.rate_limit_remaining,
        ),
        (
            "slipway_github_rate_limit_reset_timestamp_seconds",
            "When all of them are there again; past if nobody called GitHub since.",
            &measures.rate_limit_reset,
        ),
    ];
    for (name, help, figures) in families {
        exposition
            .family(name, Kind::Gauge, help)
            .samples("payer", figures);
    }
}
