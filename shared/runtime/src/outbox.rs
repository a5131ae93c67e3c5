//! Runs outboxes: tells Slack, receivers of webhooks and Backstage. And how those who may not do that ask whoever does.

use std::{collections::BTreeMap, time::Duration};

use domain::{
    EntityRef,
    outbox::{Action, Errand, Fact, Key, Outbox, OutboxId, To},
    preview::Trouble,
};
use http::{HeaderMap, Method, StatusCode};
use ports::{Clock, Http, Level, Log, Request};
use vendors::{
    CallError,
    backstage::{self, Refreshed},
    notify, slack,
};

use crate::{
    Claim, Executor,
    reconcile::{Pending, Report},
};

/// Where the component that runs outboxes is asked to run some after its answer: a map of entities to what lies in the queue.
pub const WAKE_PATH: &str = "/wake";
/// Where it is asked to bring some on, and answers with a [`Report`].
pub const ADVANCE_PATH: &str = "/advance";
/// The component.
const COMPONENT: &str = "http://notices.spin.internal";
/// For how long a release waits until its notice is in other hands: its answer comes before anything is done.
const WAKE_TIMEOUT: Duration = Duration::from_secs(3);
/// For how long the component brings outboxes on before it answers.
pub const ADVANCE_FOR: Duration = Duration::from_secs(5);
/// The last action may take as long as a call to a vendor.
const ADVANCE_TIMEOUT: Duration = Duration::from_secs(25);

/// Does what the plans of outboxes ask for.
pub struct OutboxExecutor<V, H, C, L> {
    /// Slack; none if no channel is configured.
    pub slack: Option<slack::Client<V, C>>,
    /// Receivers of webhooks; none if none is configured.
    pub webhooks: Option<notify::Client<H>>,
    /// Backstage; none if it is not configured.
    pub backstage: Option<backstage::Client<V>>,
    /// Where it is told what was done.
    pub log: L,
}

impl<V: Http, H: Http, C: Clock, L: Log> Executor<Outbox> for OutboxExecutor<V, H, C, L> {
    async fn execute(&self, id: &OutboxId, action: &Action, _claim: Claim) -> Fact {
        match action {
            Action::Run { errand } => self.run(*id, errand).await,
            Action::Abandon { errand } => Fact::Troubled {
                errand: *errand,
                trouble: CallError::Unknown {
                    reason: "the process that sent it died, so nobody knows whether it arrived"
                        .to_owned(),
                }
                .into(),
            },
        }
    }
}

/// What came of an errand that worked.
enum Ran {
    /// It is done.
    Done,
    /// Nobody is configured who wants it.
    NotWanted,
    /// Backstage has these entities.
    Found(Vec<EntityRef>),
}

impl<V: Http, H: Http, C: Clock, L: Log> OutboxExecutor<V, H, C, L> {
    async fn run(&self, id: OutboxId, errand: &Errand) -> Fact {
        let ran = self.tell(&errand.to).await;
        let (level, message, trouble) = match &ran {
            Ok(Ran::Done) => (Level::Info, "told", None),
            Ok(Ran::NotWanted) => (Level::Debug, "nobody is configured to be told", None),
            Ok(Ran::Found(_)) => (Level::Info, "looked up who is to be told", None),
            Err(error) => (Level::Warn, "could not tell", Some(error.reason())),
        };
        let mut fields = vec![
            ("entity", id.to_string().into()),
            ("repository", id.0.0.into()),
            ("errand", errand.to.to_string().into()),
        ];
        fields.extend(trouble.map(|reason| ("reason", reason.into())));
        self.log.write(level, message, &fields);
        let errand = errand.number;
        match ran {
            Ok(Ran::Done | Ran::NotWanted) => Fact::Done { errand },
            Ok(Ran::Found(entities)) => Fact::Found { errand, entities },
            Err(error) => Fact::Troubled {
                errand,
                trouble: Trouble::from(error),
            },
        }
    }

    async fn tell(&self, to: &To) -> Result<Ran, CallError> {
        match to {
            To::Slack { key, notice } => {
                let slack = self
                    .slack
                    .as_ref()
                    .filter(|slack| matches!(key, Key::Named(_)) || slack.has(key.as_str()));
                let Some(slack) = slack else {
                    return Ok(Ran::NotWanted);
                };
                slack.send(key.as_str(), &notice.message()).await?;
            }
            To::Webhook {
                key,
                delivery,
                notice,
            } => {
                let webhooks = self
                    .webhooks
                    .as_ref()
                    .filter(|webhooks| matches!(key, Key::Named(_)) || webhooks.has(key.as_str()));
                let Some(webhooks) = webhooks else {
                    return Ok(Ran::NotWanted);
                };
                webhooks.send(key.as_str(), delivery, notice).await?;
            }
            To::Catalog { repository } => {
                let Some(backstage) = &self.backstage else {
                    return Ok(Ran::NotWanted);
                };
                return backstage.entities_of(repository).await.map(Ran::Found);
            }
            To::Entity { entity } => {
                let Some(backstage) = &self.backstage else {
                    return Ok(Ran::NotWanted);
                };
                match backstage.refresh(entity).await? {
                    Refreshed::Scheduled => {}
                    Refreshed::NoSuchEntity => {
                        return Err(CallError::Refused {
                            reason: format!(
                                "refreshing {entity} in Backstage: there is no such entity. Its name is that in catalog-info.yaml"
                            ),
                        });
                    }
                }
            }
        }
        Ok(Ran::Done)
    }
}

/// Wakes up whoever runs the outbox, for a letter with this number of its mail. The answer comes before anything is done. An error
/// says for people why nobody woke up.
pub async fn wake(http: &impl Http, id: OutboxId, mail: u64) -> Result<(), String> {
    let pending = Pending {
        mail: vec![mail],
        due: Vec::new(),
    };
    let entities = BTreeMap::from([(id.to_string(), pending)]);
    ask(http, (WAKE_PATH, WAKE_TIMEOUT), &entities)
        .await
        .map(|_| ())
}

/// Has outboxes brought on, and says what came of it. An error says for people why nobody did.
pub async fn advance(
    http: &impl Http,
    entities: &BTreeMap<String, Pending>,
) -> Result<Report, String> {
    let body = ask(http, (ADVANCE_PATH, ADVANCE_TIMEOUT), entities).await?;
    serde_json::from_slice(&body)
        .map_err(|error| format!("the component notices answered no report: {error}"))
}

async fn ask(
    http: &impl Http,
    (path, timeout): (&str, Duration),
    entities: &BTreeMap<String, Pending>,
) -> Result<Vec<u8>, String> {
    let body = serde_json::to_vec(entities).map_err(|error| error.to_string())?;
    let request = Request {
        method: Method::POST,
        url: format!("{COMPONENT}{path}"),
        headers: HeaderMap::new(),
        body,
        timeout,
    };
    let answer = http
        .send(request)
        .await
        .map_err(|error| format!("the component notices gave no answer: {error}"))?;
    if answer.status == StatusCode::OK {
        Ok(answer.body)
    } else {
        Err(format!("the component notices answered {}", answer.status))
    }
}
