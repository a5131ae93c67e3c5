//! What a caller wishes, for the audit: noted before it is told to anybody. And acts that are too old.

use domain::{
    RepositoryId, Timestamp,
    audit::{Act, Door, Outcome},
    release::Wish,
};
use ports::{Level, Log, StoreError};
use previews::DeliveryLog;
use runtime::{audit, witnessed};
use slipway_spin::{SpinClock, SpinStore};

use crate::{releases::CALLER, wishes::Wishes};

/// The acts that the wishes are. That a survey is made sooner is none.
pub(crate) fn acts(wishes: &Wishes, now: Timestamp) -> Vec<Act> {
    let act = |act: &str, on: String, repository: Option<RepositoryId>| Act {
        at: now,
        by: CALLER.to_owned(),
        door: Door::Reconcile,
        act: act.to_owned(),
        on,
        repository,
        said: None,
        outcome: Outcome::Allowed,
        reason: None,
    };
    let removals = wishes.allow_removals;
    let removals = removals.map(|key| act("allow-removals", key.to_string(), Some(key.0)));
    let losses = wishes.allow_losses;
    let losses = losses.map(|key| act("allow-losses", key.to_string(), None));
    let retry = wishes.retry;
    let retry = retry.map(|id| act("retry", id.to_string(), Some(id.repository)));
    let asked = wishes.release.as_ref().map(|(line, intervention)| {
        let name = intervention.wish().name();
        act(name, line.to_string(), Some(line.repository)).saying(&intervention.said())
    });
    let approved = wishes.approval.as_ref().map(|(line, commit, by)| {
        let name = Wish::Approve.name();
        let approved = act(name, line.to_string(), Some(line.repository));
        approved.saying(&format!("{commit}, by {by}"))
    });
    [removals, losses, retry, asked, approved]
        .into_iter()
        .flatten()
        .collect()
}

/// Notes the acts.
pub(crate) async fn note(acts: &[Act]) -> Result<(), StoreError> {
    for act in acts {
        audit::note(&SpinStore::new(), &act.key(""), act).await?;
    }
    Ok(())
}

/// Notes what components learnt that may not do so themselves. What fails, or is left at the deadline, is noted by the next run.
pub(crate) async fn note_witnessed(log: &DeliveryLog, acts: &[String], deadline: Timestamp) {
    let until = (&SpinClock, deadline);
    if let Err(error) = witnessed::note_all(&SpinStore::new(), acts, until).await {
        let fields = [("reason", error.to_string().into())];
        let message = "could not note for the audit what people did on GitHub";
        log.write(Level::Error, message, &fields);
    }
}

/// Notes that nothing came of the acts.
pub(crate) async fn refuse(
    acts: impl Iterator<Item = &Act>,
    reason: &str,
) -> Result<(), StoreError> {
    let refused: Vec<Act> = acts
        .map(|act| act.ended(Outcome::Refused, reason))
        .collect();
    note(&refused).await
}

/// Gives acts that an earlier version noted their place in the journal.
pub(crate) async fn carry_over(now: Timestamp) -> Result<(), StoreError> {
    audit::carry_over(&SpinStore::new(), now).await
}

/// Deletes acts that are too old.
pub(crate) async fn expire(now: Timestamp) -> Result<usize, StoreError> {
    audit::expire(&SpinStore::new(), now).await
}
