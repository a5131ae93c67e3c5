//! What becomes of a delivery: which component gets it, or why nobody does.

use domain::{RepositoryId, gap::Use};
use serde::Deserialize;

use crate::{
    EventName, Malformed,
    access::{self, EDITED, Kind},
    check_run::{self, CheckRunAction},
    deployment_protection, issue_comment,
    json::{self, Object},
    pull_request::{self, PullRequestAction},
    push,
    workflow_run::{self, WorkflowRunAction},
};

/// What becomes of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// For the component `pull-request`.
    PullRequest,
    /// For the component `push`.
    Push,
    /// For the component `workflow-run`.
    WorkflowRun,
    /// For the component `installation`.
    Installation,
    /// For the component `commands`.
    Commands,
    /// GitHub asks whether anybody is there.
    Ping,
    /// Nothing depends on it.
    Ignored {
        /// Why, for the sender.
        reason: String,
    },
}

/// A delivery's route, and what identifies it in answers and logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Routed {
    /// The payload's action; many events have none.
    pub action: Option<String>,
    /// The repository that it is about; some events have none.
    pub repository: Option<RepositoryId>,
    /// What becomes of it.
    pub route: Route,
}

/// The component that takes deliveries of `event`; none if no component does.
pub fn component_of(event: &str) -> Option<&'static str> {
    match event {
        "pull_request" | "check_run" => Some("pull-request"),
        "push" | "deployment_protection_rule" => Some("push"),
        "workflow_run" => Some("workflow-run"),
        "issue_comment" => Some("commands"),
        other => Kind::of(other).map(|_| "installation"),
    }
}

/// Whether deliveries of this event and action are used, as far as that can be told without the payload.
pub fn use_of(event: &str, action: Option<&str>) -> Use {
    let action = action.unwrap_or_default();
    match event {
        "pull_request" => match PullRequestAction::named(action) {
            Some(PullRequestAction::Edited) => Use::Sometimes,
            Some(_) => Use::Always,
            None => Use::Never,
        },
        "check_run" => CheckRunAction::named(action).map_or(Use::Never, |_| Use::Sometimes),
        // The payload tells whether it is of a branch or tag that is still there.
        "push" => Use::Sometimes,
        "workflow_run" => WorkflowRunAction::named(action).map_or(Use::Never, |_| Use::Always),
        // The payload tells whether it gives a command.
        "issue_comment" if issue_comment::is_used(action) => Use::Sometimes,
        "issue_comment" => Use::Never,
        "deployment_protection_rule" if deployment_protection::is_used(action) => Use::Always,
        "deployment_protection_rule" => Use::Never,
        other => match Kind::of(other) {
            Some(Kind::Repository) if action == EDITED => Use::Sometimes,
            Some(kind) if kind.uses(action) => Use::Always,
            Some(_) | None => Use::Never,
        },
    }
}

/// Events that Slipway is to use, for which there is no component yet.
const NOT_YET: [&str; 1] = ["delete"];

/// Decides what becomes of a delivery. Everything that a component will need of `payload` is checked here.
pub fn route(event: &EventName, payload: &str) -> Result<Routed, Malformed> {
    match event.as_str() {
        "pull_request" => match pull_request::WireEvent::parse(payload) {
            Ok(parsed) => {
                let route = parsed.used_action().map(|_| Route::PullRequest);
                Ok(routed(event, parsed.action, parsed.repository.0.id, route))
            }
            Err(error) => unless_unused(event, payload, error, |action| {
                PullRequestAction::named(action).is_some()
            }),
        },
        "push" => {
            let parsed = push::WireEvent::parse(payload)?;
            let route = match parsed.unused_because() {
                Some(reason) => Route::Ignored {
                    reason: reason.to_owned(),
                },
                None => Route::Push,
            };
            Ok(Routed {
                action: None,
                repository: Some(RepositoryId(parsed.repository.0.id)),
                route,
            })
        }
        "workflow_run" => match workflow_run::WireEvent::parse(payload) {
            Ok(parsed) => {
                let route = parsed.used_action().map(|_| Route::WorkflowRun);
                Ok(routed(event, parsed.action, parsed.repository.0.id, route))
            }
            Err(error) => unless_unused(event, payload, error, |action| {
                WorkflowRunAction::named(action).is_some()
            }),
        },
        "issue_comment" => comment_route(event, payload),
        "deployment_protection_rule" => protection_route(event, payload),
        "check_run" => match check_run::WireEvent::parse(payload) {
            Ok(parsed) => {
                let route = parsed.request().map(|_| Route::PullRequest);
                Ok(routed(event, parsed.action, parsed.repository.0.id, route))
            }
            Err(error) => unless_unused(event, payload, error, |action| {
                CheckRunAction::named(action).is_some()
            }),
        },
        "ping" => Ok(Head::parse(payload)?.routed(Route::Ping)),
        other => {
            if let Some(kind) = Kind::of(other) {
                return access_route(event, kind, payload);
            }
            let reason = if NOT_YET.contains(&other) {
                format!("this version does not use {other} events yet")
            } else {
                format!("{other} events are not used")
            };
            Ok(Head::parse(payload)?.routed(Route::Ignored { reason }))
        }
    }
}

/// The route of a comment: most give no command, and are not kept.
fn comment_route(event: &EventName, payload: &str) -> Result<Routed, Malformed> {
    match issue_comment::WireEvent::parse(payload) {
        Ok(parsed) => {
            let route = match parsed.command() {
                Ok(_) => Route::Commands,
                Err(_) if !issue_comment::is_used(&parsed.action) => unused(event, &parsed.action),
                Err(reason) => Route::Ignored {
                    reason: format!("the comment: {reason}"),
                },
            };
            let repository = parsed.repository.0.id;
            Ok(routed(event, parsed.action, repository, Some(route)))
        }
        Err(error) => unless_unused(event, payload, error, issue_comment::is_used),
    }
}

/// The route of a job that waits before it deploys: all that is needed to answer it is checked here.
fn protection_route(event: &EventName, payload: &str) -> Result<Routed, Malformed> {
    let is_used = deployment_protection::is_used;
    match deployment_protection::WireEvent::parse(payload) {
        Ok(parsed) => {
            let (action, repository) = (parsed.action.clone(), parsed.repository.0.id);
            if is_used(&action) {
                parsed.event()?;
                return Ok(routed(event, action, repository, Some(Route::Push)));
            }
            Ok(routed(event, action, repository, None))
        }
        Err(error) => unless_unused(event, payload, error, is_used),
    }
}

/// The route of a delivery that tells of what the App may reach.
fn access_route(event: &EventName, kind: Kind, payload: &str) -> Result<Routed, Malformed> {
    match access::WireEvent::parse(kind, payload) {
        Ok(parsed) => {
            let action = parsed.action();
            let route = if parsed.is_used() {
                Route::Installation
            } else {
                unused(event, action)
            };
            Ok(Routed {
                action: Some(short(action)),
                repository: parsed.repository(),
                route,
            })
        }
        Err(error) => unless_unused(event, payload, error, |action| kind.uses(action)),
    }
}

fn routed(event: &EventName, action: String, repository: u64, route: Option<Route>) -> Routed {
    let route = route.unwrap_or_else(|| unused(event, &action));
    Routed {
        action: Some(short(&action)),
        repository: Some(RepositoryId(repository)),
        route,
    }
}

/// A payload with a mistake is still ignored when its action is not used: nothing needs what is wrong.
fn unless_unused(
    event: &EventName,
    payload: &str,
    error: Malformed,
    is_used: impl Fn(&str) -> bool,
) -> Result<Routed, Malformed> {
    let Ok(head) = Head::parse(payload) else {
        return Err(error);
    };
    match &head.action {
        Some(action) if !is_used(action) => {
            let route = unused(event, action);
            Ok(head.routed(route))
        }
        Some(_) | None => Err(error),
    }
}

fn unused(event: &EventName, action: &str) -> Route {
    let reason = if event.as_str() == "pull_request" && action == PullRequestAction::Edited.name() {
        "pull_request edited is used only when the base or the title changed".to_owned()
    } else if event.as_str() == "check_run" && CheckRunAction::named(action).is_some() {
        "only buttons of Slipway's own check runs of previews are used".to_owned()
    } else if event.as_str() == "repository" && action == EDITED {
        "repository edited is used only when the default branch changed".to_owned()
    } else {
        format!("{event} {} is not used", short(action))
    };
    Route::Ignored { reason }
}

/// An action as answers and logs show it, whatever was sent.
fn short(action: &str) -> String {
    action.chars().take(60).collect()
}

/// What identifies any payload, as far as it is there.
struct Head {
    action: Option<String>,
    repository: Option<RepositoryId>,
}

impl Head {
    fn parse(payload: &str) -> Result<Self, Malformed> {
        #[derive(Deserialize)]
        struct WireHead {
            action: Option<String>,
            repository: Option<Object<WireRepository>>,
        }

        #[derive(Deserialize)]
        struct WireRepository {
            id: u64,
        }

        #[derive(Deserialize)]
        struct WireNothing {}

        if let Ok(head) = json::parse::<WireHead>(payload) {
            return Ok(Self {
                action: head.action,
                repository: head
                    .repository
                    .map(|repository| RepositoryId(repository.0.id)),
            });
        }
        // Neither is needed, so neither can be wrong: only JSON it must be.
        json::parse::<WireNothing>(payload)?;
        Ok(Self {
            action: None,
            repository: None,
        })
    }

    fn routed(self, route: Route) -> Routed {
        Routed {
            action: self.action.as_deref().map(short),
            repository: self.repository,
            route,
        }
    }
}

#[cfg(test)]
mod tests;
