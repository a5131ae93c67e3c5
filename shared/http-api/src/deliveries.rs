//! Deliveries: list, show, replay one or many.

use domain::DeliveryGuid;
use http::StatusCode;
use inbox::{Head, Inbox, PAGE_MAX, Place, Replay, Status};
use ports::{Clock, Log, Store};
use serde::Serialize;

use crate::{Problem, Reply, query::Query};

/// What is told of a delivery; never its payload, which may tell more than its reader may know.
#[derive(Serialize)]
struct Delivery<'a> {
    guid: &'a str,
    event: &'a str,
    action: Option<&'a str>,
    repository_id: Option<u64>,
    status: &'static str,
    attempts: u32,
    received_at: String,
    next_attempt_at: Option<String>,
    finished_at: Option<String>,
    last_error: Option<&'a str>,
}

impl<'a> Delivery<'a> {
    fn of(head: &'a Head) -> Self {
        let status = Status::of(head);
        Self {
            guid: head.guid.as_str(),
            event: &head.event,
            action: head.action.as_deref(),
            repository_id: head.repository.map(|id| id.0),
            status: status.name(),
            attempts: head.attempts,
            received_at: head.received_at.to_string(),
            next_attempt_at: (status == Status::Pending).then(|| head.next_attempt_at.to_string()),
            finished_at: head.finished_at.map(|at| at.to_string()),
            last_error: head.last_error.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct List<'a> {
    deliveries: Vec<Delivery<'a>>,
    /// The `cursor` of the next page.
    next: Option<String>,
}

/// `GET /api/v1/deliveries?status=&limit=&cursor=`
pub(crate) async fn list<S: Store, H, C, L>(
    inbox: &Inbox<S, H, C, L>,
    query: &Query,
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
    let page = inbox.list(query.status()?, after.as_ref(), limit).await?;
    Ok(Reply::ok(&List {
        deliveries: page.heads.iter().map(Delivery::of).collect(),
        next: page.next.as_ref().map(Place::cursor),
    }))
}

/// `GET /api/v1/deliveries/{guid}`
pub(crate) async fn show<S: Store, H, C, L>(
    inbox: &Inbox<S, H, C, L>,
    guid: &DeliveryGuid,
) -> Result<Reply, Problem> {
    match inbox.find(guid).await? {
        Some(head) => Ok(Reply::ok(&Delivery::of(&head))),
        None => Err(unknown(guid)),
    }
}

#[derive(Serialize)]
struct Replayed<'a> {
    guid: &'a str,
    outcome: &'static str,
}

/// `POST /api/v1/deliveries/{guid}/replay`
pub(crate) async fn replay<S: Store, H, C: Clock, L: Log>(
    inbox: &Inbox<S, H, C, L>,
    guid: DeliveryGuid,
) -> Result<Reply, Problem> {
    match inbox.replay(&guid).await? {
        Replay::Queued => {
            let replayed = Replayed {
                guid: guid.as_str(),
                outcome: "queued",
            };
            Ok(Reply::accepted(&replayed, vec![guid.clone()]))
        }
        Replay::InHand => Err(Problem::new(
            StatusCode::CONFLICT,
            format!("the delivery {guid} is being processed just now"),
        )),
        Replay::NotFound => Err(unknown(&guid)),
    }
}

#[derive(Serialize)]
struct ReplayedMany {
    queued: usize,
    /// Whether there are further ones, for another request.
    more: bool,
}

/// `POST /api/v1/deliveries/replay?status=dead&limit=`
pub(crate) async fn replay_many<S: Store, H, C: Clock, L: Log>(
    inbox: &Inbox<S, H, C, L>,
    query: &Query,
) -> Result<Reply, Problem> {
    query.only(&["status", "limit"])?;
    if query.status()? != Some(Status::Dead) {
        return Err(Problem::bad_request(
            "expected status=dead: only what is dead is replayed in numbers",
        ));
    }
    let limit = query.limit(PAGE_MAX)?;
    let page = inbox.list(Some(Status::Dead), None, limit).await?;
    let mut queued = Vec::new();
    for head in page.heads {
        match inbox.replay(&head.guid).await? {
            Replay::Queued => queued.push(head.guid),
            Replay::InHand | Replay::NotFound => {}
        }
    }
    let replayed = ReplayedMany {
        queued: queued.len(),
        more: page.next.is_some(),
    };
    Ok(Reply::accepted(&replayed, queued))
}

fn unknown(guid: &DeliveryGuid) -> Problem {
    Problem::not_found(format!(
        "there is no delivery {guid}: it never came, or its retention is over"
    ))
}
