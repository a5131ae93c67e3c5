//! The answer of a component to an event that the gateway hands on: `200` once all that the event tells is durable.
//!
//! What follows from the facts is done after the answer.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use domain::{
    PreviewId, Timestamp,
    preview::{Fact, Preview},
};
use futures_util::future::join_all;
use http_body_util::Full;
use ports::{Clock, Level, Log};
use runtime::witnessed::{self, Witnessed};
use slipway_spin::spawn;
use spin_sdk::http::Request;
use webhooks::Malformed;

use crate::{
    DeliveryLog, FOLLOWED_FOR, News, PreviewRunner, Refusal, Seen, answered, delivery_log,
    follow_woken, payload, runner, woken,
};

/// What an event tells.
pub struct Learnt {
    /// In which repository.
    pub seen: Seen,
    /// What it tells of previews.
    pub previews: Vec<(PreviewId, Fact)>,
    /// What somebody did by what it tells.
    pub act: Option<Witnessed>,
}

/// Facts that are durable, and whose consequences are to be followed.
pub struct Taken {
    runner: PreviewRunner,
    posted: Vec<(PreviewId, u64)>,
    news: News,
}

/// Answers an event of which `read` tells what it says, or a call that wakes a preview.
pub async fn answer(
    component: &'static str,
    request: Request,
    read: impl Fn(&[u8]) -> Result<Learnt, Malformed>,
) -> http::Response<Full<Bytes>> {
    let log = delivery_log(component, &request);
    if let Some(preview) = woken(&request) {
        return follow_woken(&log, preview).await;
    }
    let taken = accept(&log, request, read).await;
    answered(&log, taken)
}

async fn accept(
    log: &DeliveryLog,
    request: Request,
    read: impl Fn(&[u8]) -> Result<Learnt, Malformed>,
) -> Result<(), Refusal> {
    let payload = payload(request).await?;
    let taken = take(log, &payload, read(&payload)?).await?;
    spawn(taken.follow());
    Ok(())
}

/// Makes all that an event tells durable.
pub async fn take(log: &DeliveryLog, payload: &[u8], learnt: Learnt) -> Result<Taken, Refusal> {
    let runner = runner(log.clone())
        .await
        .map_err(|error| Refusal::unavailable(&error))?;
    if let Some(act) = &learnt.act {
        let kept = witnessed::keep(&runner.store, act).await;
        kept.map_err(|error| Refusal::unavailable(&error))?;
    }
    let mut posted = Vec::new();
    for (id, fact) in &learnt.previews {
        let mail = runner
            .post::<Preview>(id, fact)
            .await
            .map_err(|error| Refusal::unavailable(&error))?;
        posted.push((*id, mail));
    }
    let news = learnt.seen.note(&runner, payload).await?;
    Ok(Taken {
        runner,
        posted,
        news,
    })
}

impl Taken {
    /// Follows the previews. What is not finished in time, or is cut off, is due for `POST /reconcile`.
    pub async fn follow(self) {
        let Self {
            runner,
            posted,
            news,
        } = self;
        news.take_in(&runner, runner.executor.github.as_ref()).await;
        let deadline = runner.clock.now().after(FOLLOWED_FOR);
        let mut mail_of: BTreeMap<PreviewId, Vec<u64>> = BTreeMap::new();
        for (id, mail) in posted {
            mail_of.entry(id).or_default().push(mail);
        }
        join_all(
            mail_of
                .iter()
                .map(|(id, mail)| follow(&runner, *id, mail, deadline)),
        )
        .await;
        let known: Vec<String> = mail_of.keys().map(ToString::to_string).collect();
        follow_told(&runner, known.iter().map(String::as_str), deadline).await;
    }
}

/// Follows the previews that the runner's previews told of a place among the live ones, but for those that are `known` to be
/// followed anyway. What is not done in time is due.
pub async fn follow_told<'a>(
    runner: &PreviewRunner,
    known: impl Iterator<Item = &'a str>,
    deadline: Timestamp,
) {
    let known: BTreeSet<&str> = known.collect();
    let told: BTreeSet<PreviewId> = runner.executor.told.take().into_iter().collect();
    let told = told
        .iter()
        .filter(|id| !known.contains(id.to_string().as_str()));
    join_all(told.map(|id| follow(runner, *id, &[], deadline))).await;
}

/// Follows a preview.
pub(crate) async fn follow(
    runner: &PreviewRunner,
    id: PreviewId,
    mail: &[u64],
    deadline: Timestamp,
) {
    if let Err(error) = runner.follow::<Preview>(&id, mail, deadline).await {
        let fields = [
            ("entity", id.to_string().into()),
            ("reason", error.to_string().into()),
        ];
        let message = "could not bring the preview on";
        runner.log.write(Level::Error, message, &fields);
    }
}
