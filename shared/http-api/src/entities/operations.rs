//! Operations: which there are, starting one, and what became of those that were started.

use std::collections::BTreeMap;

use domain::{
    audit::Act,
    configuration::Operation,
    dispatch,
    operation::{Fact, OperationId, OperationRun, Order, Standing},
    release::Name,
    repository::{Key, Repository},
};
use ports::{Clock, Log, Store};
use runtime::browse;
use serde::Deserialize;

use super::{
    Entities, Wanted,
    environments::name_of,
    pages::{PAGE_MAX, READ_MAX, not_a_cursor, repository_of},
};
use crate::{
    Problem, Reply,
    caller::Sees,
    model::{self, Event, KnownInput, KnownOperation, KnownOperations, OperationRunList},
    query::Query,
};

/// What is sent to start an operation.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    #[serde(default)]
    inputs: BTreeMap<String, String>,
}

impl<S: Store, C: Clock, L: Log> Entities<S, C, L> {
    /// The operations that the configuration in force names.
    pub(super) async fn show_operations(&self, key: Key) -> Result<Reply, Problem> {
        let repository = self.repository(key).await?;
        let named = repository.configuration().map(|known| &known.operations);
        let operations = named.into_iter().flatten().map(|(name, operation)| {
            let inputs = operation.inputs.iter().map(|(name, values)| KnownInput {
                name: name.clone(),
                values: values.clone(),
            });
            KnownOperation {
                name: name.clone(),
                workflow: operation.workflow.clone(),
                inputs: inputs.collect(),
            }
        });
        let name = repository.name().map(ToString::to_string);
        Ok(Reply::ok(&KnownOperations {
            repository_id: key.0.0,
            repository: name.unwrap_or_else(|| key.0.to_string()),
            operations: operations.collect(),
        }))
    }

    /// Starts one: noted, made durable, and begun by the next `POST /reconcile`. Refused if the configuration does not allow it.
    pub(super) async fn operate(
        &self,
        key: Key,
        name: &Name,
        (wanted, act): (Wanted<'_>, &Act),
    ) -> Result<Reply, Problem> {
        let repository = self.repository(key).await?;
        let operation = named(&repository, name)?;
        let inputs = inputs(wanted.body)?;
        let dispatch = dispatch::operation(name.as_str(), operation, &inputs)
            .map_err(|problem| Problem::bad_request(problem.to_string()))?;
        let Some(place) = repository.name() else {
            let detail = format!("the name of {key} is not known yet");
            return Err(Problem::conflict(detail));
        };
        let id = OperationId::of(key.0, &act.key(""));
        let order = Order {
            repository: place.clone(),
            dispatch,
            by: act.by.clone(),
            door: act.door,
            at: act.at,
        };
        self.note(act).await?;
        let runner = self.runner();
        let fact = Fact::Ordered(order);
        let mail = runner.post::<OperationRun>(&id, &fact).await?;
        if let Err(error) = runner.take_in::<OperationRun>(&id, &[mail]).await {
            let message = "left it to reconcile to take an operation in";
            self.could_not(message, &id.to_string(), &error.to_string());
        }
        let state = browse::current::<OperationRun>(&self.store, &id).await?;
        match shown(&state) {
            Some(shown) => Ok(Reply::accepted(&shown, Vec::new())),
            None => Err(Problem::unavailable(
                "the operation was noted and cannot be read back: look at GET /api/v1/operations",
            )),
        }
    }

    /// Page by page, the newest first.
    pub(super) async fn list_operation_runs(
        &self,
        query: &Query,
        sees: &Sees,
    ) -> Result<Reply, Problem> {
        query.only(&["repository", "operation", "state", "limit", "cursor"])?;
        let repository = repository_of(query)?;
        let operation = name_of(query, "operation")?;
        let state = state_of(query)?;
        let limit = query.limit(PAGE_MAX)?;
        let after = query
            .one("cursor")?
            .map(|text| parse_cursor(text).ok_or_else(|| not_a_cursor(text)))
            .transpose()?;
        let mut ids = self.ids::<OperationRun>().await?;
        ids.retain(|id| sees.repository(id.repository));
        ids.retain(|id| repository.is_none_or(|repository| id.repository == repository));
        ids.retain(|id| after.as_ref().is_none_or(|after| place(id) < place(after)));
        ids.sort_unstable_by(|one, other| place(other).cmp(&place(one)));
        let mut list = OperationRunList {
            runs: Vec::new(),
            next: None,
        };
        let mut rest = ids.into_iter().take(READ_MAX + 1).enumerate().peekable();
        while let Some((read, id)) = rest.next() {
            let run = browse::state::<OperationRun>(&self.store, &id).await;
            let wanted = self.readable(&id, run)?.filter(|run| {
                let named = run.order().map(|order| order.dispatch.name.as_str());
                state.is_none_or(|state| run.standing() == state)
                    && operation
                        .as_ref()
                        .is_none_or(|operation| named == Some(operation.as_str()))
            });
            list.runs.extend(wanted.as_ref().and_then(shown));
            if list.runs.len() == limit || read + 1 == READ_MAX {
                list.next = rest.peek().map(|_| cursor(&id));
                break;
            }
        }
        Ok(Reply::ok(&list))
    }

    pub(super) async fn show_operation_run(&self, id: &OperationId) -> Result<Reply, Problem> {
        let run = browse::state::<OperationRun>(&self.store, id).await?;
        match run.as_ref().and_then(shown) {
            Some(shown) => Ok(Reply::ok(&shown)),
            None => Err(Problem::unknown(id)),
        }
    }

    async fn repository(&self, key: Key) -> Result<Repository, Problem> {
        let repository = browse::state::<Repository>(&self.store, &key).await?;
        repository.ok_or_else(|| Problem::unknown(&key))
    }
}

/// What is asked for, in words; nothing of a body that is none.
pub(super) fn said(name: &Name, body: &[u8]) -> String {
    let inputs = inputs(body).unwrap_or_default();
    let inputs: Vec<String> = inputs
        .iter()
        .map(|(input, value)| format!("{input}={value}"))
        .collect();
    format!("{name} {}", inputs.join(" ")).trim().to_owned()
}

fn inputs(body: &[u8]) -> Result<BTreeMap<String, String>, Problem> {
    if body.is_empty() {
        return Ok(BTreeMap::new());
    }
    let body: Result<Body, _> = serde_json::from_slice(body);
    body.map(|body| body.inputs).map_err(|error| {
        Problem::bad_request(format!(
            "the body: {error}; expected an object with inputs: an object of texts"
        ))
    })
}

fn named<'a>(repository: &'a Repository, name: &Name) -> Result<&'a Operation, Problem> {
    let known = repository.configuration().map(|known| &known.operations);
    let found = known.and_then(|known| known.get(name.as_str()));
    found.ok_or_else(|| {
        let names: Vec<&str> = known
            .into_iter()
            .flatten()
            .map(|(name, _)| name.as_str())
            .collect();
        Problem::not_found(if names.is_empty() {
            "the configuration in force names no operations".to_owned()
        } else {
            let names = names.join(", ");
            format!("there is no operation {name}; the configuration in force names {names}")
        })
    })
}

fn state_of(query: &Query) -> Result<Option<Standing>, Problem> {
    let Some(text) = query.one("state")? else {
        return Ok(None);
    };
    let found = Standing::ALL.into_iter().find(|state| state.name() == text);
    found.map(Some).ok_or_else(|| {
        let known = Standing::ALL.map(Standing::name).join(", ");
        Problem::bad_request(format!(
            "the parameter state is {text:?}, expected one of {known}"
        ))
    })
}

/// The order of operations: by when they were asked for.
fn place(id: &OperationId) -> (&str, u64) {
    (id.key(), id.repository.0)
}

/// `42.01795257067000-1d7e4b8a6035c1d7`
fn cursor(id: &OperationId) -> String {
    format!("{}.{}", id.repository, id.key())
}

fn parse_cursor(text: &str) -> Option<OperationId> {
    let (repository, key) = text.split_once('.')?;
    format!("operation/{repository}/{key}").parse().ok()
}

/// An operation as the API shows it; none before it is known what was asked for.
fn shown(run: &OperationRun) -> Option<model::OperationRun> {
    let order = run.order()?;
    let timeline = run.timeline().into_iter().map(|(at, what)| Event {
        at: at.to_string(),
        what,
    });
    Some(model::OperationRun {
        repository_id: run.id.repository.0,
        repository: order.repository.to_string(),
        id: run.id.key().to_owned(),
        operation: order.dispatch.name.clone(),
        workflow: order.dispatch.workflow.clone(),
        inputs: order.dispatch.inputs.clone(),
        by: order.by.clone(),
        via: order.door.name().to_owned(),
        state: run.standing().name().to_owned(),
        reason: run.reason(),
        run_url: run.run().map(|run| run.url.clone()),
        asked_at: order.at.to_string(),
        ended_at: run.ended_at().map(|at| at.to_string()),
        timeline: timeline.collect(),
    })
}
