//! Handing a delivery to its component, and what follows from the answer.

use std::time::Duration;

use domain::{DeliveryGuid, Timestamp};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use ports::{Clock, Http, HttpError, Label, Level, Log, Request, Response, Store, StoreError};
use serde_json::Value;

use crate::{
    Claimed, Finish, Head, Inbox, Record, Unreadable, delivery_key,
    journal::{Entry, entry_key},
    retry::{ATTEMPTS_MAX, pause_after},
};

/// How long a component may take to answer: it only makes facts durable before it does.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);

/// How long a processor has a delivery to itself, after which it counts as interrupted.
pub(crate) const CLAIM: Duration = Duration::from_secs(30);

/// The reason of an attempt that nobody brought to an end.
const INTERRUPTED: &str = "the attempt was interrupted";

/// The most characters of a component's reason that are kept.
const REASON_CHARACTERS_MAX: usize = 300;

/// What became of a delivery that was to be processed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Processed {
    /// Its component has taken it.
    Done,
    /// It failed, and is tried again.
    Waiting {
        /// Not before this time.
        until: Timestamp,
        /// How it failed.
        reason: String,
    },
    /// It was refused or failed too often; it stays visible and can be replayed.
    Dead {
        /// Why.
        reason: String,
    },
    /// Somebody else has it in hand.
    InHand,
    /// It is not pending.
    NotPending,
    /// A newer version of Slipway wrote it and must process it.
    Newer,
}

/// What an attempt came to.
enum Attempt {
    Taken,
    Refused(String),
    Failed(String),
}

impl<S: Store, H: Http, C: Clock, L: Log> Inbox<S, H, C, L> {
    /// Processes the pending delivery `guid` now, due or not, unless somebody has it in hand.
    pub async fn process(&self, guid: &DeliveryGuid) -> Result<Processed, StoreError> {
        let key = delivery_key(guid);
        let Some(value) = self.store.get(Label::Queue, &key).await? else {
            return Ok(Processed::NotPending);
        };
        let now = self.clock.now();
        let record = match Record::parse(&value) {
            Ok(record) => record,
            Err(Unreadable::Newer { .. }) => return Ok(Processed::Newer),
            Err(error @ Unreadable::Damaged { .. }) => {
                let head = Head::new(guid.clone(), String::new(), now);
                let record = Record {
                    head,
                    payload: value,
                };
                return self.bury(record, error.to_string()).await;
            }
        };
        if record.head.is_in_hand(now) {
            return Ok(Processed::InHand);
        }
        if record.head.attempts >= ATTEMPTS_MAX {
            // Attempts that ended would have buried it: this one takes whoever runs it down.
            return self
                .bury(record, "every attempt was interrupted".to_owned())
                .await;
        }
        if record.head.claimed && record.head.attempts > 1 {
            // Its processor died. The first time that may be anybody's fault; then it waits as if it had failed, so that
            // processes that keep dying do not use up its attempts within minutes.
            return self.postpone(record, INTERRUPTED.to_owned()).await;
        }
        let claimed = self.claim(record, now, CLAIM).await?;
        self.run(claimed).await
    }

    /// Hands a claimed delivery to its component and stores what came of it.
    pub async fn run(&self, Claimed(mut record): Claimed) -> Result<Processed, StoreError> {
        let Some(component) = webhooks::component_of(&record.head.event) else {
            let reason = format!("no component takes {} events", record.head.event);
            return self.bury(record, reason).await;
        };
        match self.attempt(component, &record).await {
            Attempt::Taken => {
                record.head.last_error = None;
                self.finish(&mut record, Finish::Done).await?;
                self.tell(Level::Info, "delivery done", &record.head);
                Ok(Processed::Done)
            }
            Attempt::Refused(reason) => self.bury(record, reason).await,
            Attempt::Failed(reason) if record.head.attempts >= ATTEMPTS_MAX => {
                self.bury(record, reason).await
            }
            Attempt::Failed(reason) => self.postpone(record, reason).await,
        }
    }

    async fn attempt(&self, component: &str, record: &Record) -> Attempt {
        let Some(request) = request(component, record) else {
            return Attempt::Refused("its event is no value for a header".to_owned());
        };
        match self.http.send(request).await {
            Ok(answer) => judge(component, &answer),
            Err(error) => Attempt::Failed(unreached(component, &error)),
        }
    }

    async fn postpone(&self, mut record: Record, reason: String) -> Result<Processed, StoreError> {
        let pause = pause_after(record.head.attempts, &record.head.guid);
        let until = self.clock.now().after(pause);
        record.head.claimed = false;
        record.head.next_attempt_at = until;
        record.head.last_error = Some(reason.clone());
        let key = delivery_key(&record.head.guid);
        let value = record.encode(Label::Queue)?;
        self.store.set(Label::Queue, &key, &value).await?;
        self.tell(
            Level::Warn,
            "delivery waits for its next attempt",
            &record.head,
        );
        Ok(Processed::Waiting { until, reason })
    }

    async fn bury(&self, mut record: Record, reason: String) -> Result<Processed, StoreError> {
        record.head.last_error = Some(match record.head.last_error.take() {
            Some(earlier) if earlier != reason => format!("{reason}; before that: {earlier}"),
            Some(_) | None => reason.clone(),
        });
        self.finish(&mut record, Finish::Dead).await?;
        self.tell(Level::Error, "delivery is dead", &record.head);
        Ok(Processed::Dead { reason })
    }

    /// Moves `record` to the store `inbox`, and into its journal: there first, so that it is never nowhere.
    async fn finish(&self, record: &mut Record, finish: Finish) -> Result<(), StoreError> {
        let now = self.clock.now();
        record.head.claimed = false;
        record.head.finish = Some(finish);
        record.head.finished_at = Some(now);
        let key = delivery_key(&record.head.guid);
        let value = record.encode(Label::Inbox)?;
        let entry = Entry::of(&record.head, now).encode();
        let entry_key = entry_key(finish, self.next_number(finish).await?);
        let pairs: [(&str, &[u8]); 2] = [(&key, &value), (&entry_key, &entry)];
        self.store.set_many(Label::Inbox, &pairs).await?;
        self.store.delete_many(Label::Queue, &[&key]).await
    }
}

impl<S, H, C, L: Log> Inbox<S, H, C, L> {
    pub(crate) fn tell(&self, level: Level, message: &str, head: &Head) {
        let mut fields = vec![
            ("delivery", Value::from(head.guid.as_str())),
            ("event", Value::from(head.event.as_str())),
            ("action", Value::from(head.action.as_deref())),
            ("repository", Value::from(head.repository.map(|id| id.0))),
            ("attempt", Value::from(head.attempts)),
        ];
        if let Some(error) = &head.last_error {
            fields.push(("error", Value::from(error.as_str())));
        }
        if head.finish.is_none() {
            fields.push((
                "next_attempt_at",
                Value::from(head.next_attempt_at.to_string()),
            ));
        }
        self.log.write(level, message, &fields);
    }
}

/// The request that hands a delivery to `component`; none if its event cannot stand in a header.
fn request(component: &str, record: &Record) -> Option<Request> {
    let mut headers = HeaderMap::new();
    let event = HeaderValue::from_str(&record.head.event).ok()?;
    let guid = HeaderValue::from_str(record.head.guid.as_str()).ok()?;
    headers.insert(webhooks::EVENT_HEADER, event);
    headers.insert(webhooks::DELIVERY_HEADER, guid);
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    Some(Request {
        method: Method::POST,
        url: format!("http://{component}.spin.internal/"),
        headers,
        body: record.payload.clone(),
        timeout: ANSWER_TIMEOUT,
    })
}

/// What a component's answer means. What may pass is tried again; what says "this delivery is wrong" never helps to repeat.
fn judge(component: &str, answer: &Response) -> Attempt {
    let status = answer.status;
    if status.is_success() {
        return Attempt::Taken;
    }
    let said = first_line(&answer.body);
    let reason = if said.is_empty() {
        format!("{component} answered {status}")
    } else {
        format!("{component} answered {status}: {said}")
    };
    let may_pass = matches!(
        status,
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS
    );
    if status.is_client_error() && !may_pass {
        Attempt::Refused(reason)
    } else {
        Attempt::Failed(reason)
    }
}

fn unreached(component: &str, error: &HttpError) -> String {
    format!("{component} gave no answer: {error}")
}

fn first_line(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body.get(..4 * REASON_CHARACTERS_MAX).unwrap_or(body));
    text.lines()
        .next()
        .unwrap_or_default()
        .chars()
        .take(REASON_CHARACTERS_MAX)
        .collect()
}

#[cfg(test)]
mod tests;
