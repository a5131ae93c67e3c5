//! Deliveries: list, show, replay one or many.

use domain::{DeliveryGuid, RepositoryId};
use http::StatusCode;
use inbox::{Head, Inbox, PAGE_MAX, Place, Replay, Status};
use ports::{Clock, Log, Store};

use crate::{
    Problem, Reply, Role,
    caller::Caller,
    model::{Delivery, DeliveryCounts, DeliveryList, Replayed, ReplayedMany},
    query::Query,
};

fn view(head: &Head) -> Delivery {
    let status = Status::of(head);
    Delivery {
        guid: head.guid.to_string(),
        event: head.event.clone(),
        action: head.action.clone(),
        repository_id: head.repository.map(|id| id.0),
        status: status.name().to_owned(),
        attempts: head.attempts,
        received_at: head.received_at.to_string(),
        next_attempt_at: (status == Status::Pending).then(|| head.next_attempt_at.to_string()),
        finished_at: head.finished_at.map(|at| at.to_string()),
        last_error: head.last_error.clone(),
    }
}

/// `GET /api/v1/deliveries?status=&limit=&cursor=`
pub(crate) async fn list<S: Store, H, C, L>(
    inbox: &Inbox<S, H, C, L>,
    query: &Query,
    caller: &Caller<'_>,
) -> Result<Reply, Problem> {
    query.only(&["status", "limit", "cursor"])?;
    let after = match query.one("cursor")? {
        None => None,
        Some(cursor) => Some(Place::parse(cursor).ok_or_else(|| {
            Problem::bad_request(format!(
                "the parameter cursor is {cursor:?}, expected the value of next of an earlier page"
            ))
        })?),
    };
    let limit = query.limit(PAGE_MAX)?;
    let is_shown = |repository| caller.sees(repository);
    let listing = inbox.list(query.status()?, after.as_ref(), limit, is_shown);
    let page = listing.await?;
    Ok(Reply::ok(&DeliveryList {
        deliveries: page.heads.iter().map(view).collect(),
        next: page.next.as_ref().map(Place::cursor),
    }))
}

/// `GET /api/v1/deliveries/{guid}`
pub(crate) async fn show<S: Store, H, C, L>(
    inbox: &Inbox<S, H, C, L>,
    guid: &DeliveryGuid,
    caller: &Caller<'_>,
) -> Result<Reply, Problem> {
    let head = inbox.find(guid).await?.ok_or_else(|| unknown(guid))?;
    caller.check_delivery(head.repository, Role::Viewer, || unknown(guid))?;
    Ok(Reply::ok(&view(&head)))
}

/// Whether who asks may run the delivery again. Returns the repository that it is about; a delivery that cannot be read is of
/// none.
pub(crate) async fn check<S: Store, H, C, L>(
    inbox: &Inbox<S, H, C, L>,
    guid: &DeliveryGuid,
    caller: &Caller<'_>,
) -> Result<Option<RepositoryId>, Problem> {
    let repository = inbox.find(guid).await?.and_then(|head| head.repository);
    caller.check_delivery(repository, Role::Deployer, || unknown(guid))?;
    Ok(repository)
}

/// `POST /api/v1/deliveries/{guid}/replay`
pub(crate) async fn replay<S: Store, H, C: Clock, L: Log>(
    inbox: &Inbox<S, H, C, L>,
    guid: &DeliveryGuid,
) -> Result<Reply, Problem> {
    match inbox.replay(guid).await? {
        Replay::Queued => {
            let replayed = Replayed {
                guid: guid.to_string(),
                outcome: "queued".to_owned(),
            };
            Ok(Reply::accepted(&replayed, vec![guid.clone()]))
        }
        Replay::InHand => Err(Problem::new(
            StatusCode::CONFLICT,
            format!("the delivery {guid} is being processed just now"),
        )),
        Replay::NotFound => Err(unknown(guid)),
    }
}

/// How many deliveries are to be replayed by `POST /api/v1/deliveries/replay?status=dead&limit=`.
pub(crate) fn asked_for(query: &Query) -> Result<usize, Problem> {
    query.only(&["status", "limit"])?;
    if query.status()? != Some(Status::Dead) {
        return Err(Problem::bad_request(
            "expected status=dead: only what is dead is replayed in numbers",
        ));
    }
    query.limit(PAGE_MAX)
}

/// So many parts of the journal are looked at for one request: what was run again before stands in the way, up to 500 in each.
const LOOKS_MAX: usize = 20;

/// Replays up to `limit` dead deliveries of those that who asks may run again.
pub(crate) async fn replay_many<S: Store, H, C: Clock, L: Log>(
    inbox: &Inbox<S, H, C, L>,
    limit: usize,
    caller: &Caller<'_>,
) -> Result<Reply, Problem> {
    let may_run = |repository| {
        let role = caller.role_in(repository);
        role.is_some_and(|role| role.allows(Role::Deployer))
    };
    let (mut queued, mut place) = (Vec::new(), None);
    for _ in 0..LOOKS_MAX {
        let left = limit.saturating_sub(queued.len());
        let dead = Some(Status::Dead);
        let page = inbox.list(dead, place.as_ref(), left, may_run).await?;
        for head in page.heads {
            match inbox.replay(&head.guid).await? {
                Replay::Queued => queued.push(head.guid),
                Replay::InHand | Replay::NotFound => {}
            }
        }
        place = page.next;
        if place.is_none() || queued.len() >= limit {
            break;
        }
    }
    let replayed = ReplayedMany {
        queued: u64::try_from(queued.len()).unwrap_or(u64::MAX),
        more: place.is_some(),
    };
    Ok(Reply::accepted(&replayed, queued))
}

/// How many there are of each status.
pub(crate) async fn count<S: Store, H, C, L>(
    inbox: &Inbox<S, H, C, L>,
) -> Result<DeliveryCounts, Problem> {
    let mut counts = DeliveryCounts {
        pending: 0,
        done: 0,
        dead: 0,
    };
    for (status, number) in inbox.count().await? {
        match status {
            Status::Pending => counts.pending = number,
            Status::Done => counts.done = number,
            Status::Dead => counts.dead = number,
        }
    }
    Ok(counts)
}

fn unknown(guid: &DeliveryGuid) -> Problem {
    Problem::not_found(format!(
        "there is no delivery {guid}: it never came, or its retention is over"
    ))
}
