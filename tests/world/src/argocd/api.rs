//! Argo CD's API: transport rules, who may ask, which application is meant, and which endpoint it is (VENDORS 2.1).

use std::sync::Arc;

use serde_json::{Value, json};

use super::state::{Account, Application, ArgoCdState};
use super::{change, operations, shape, steps, windows};
use crate::github::state::GitHubState;
use crate::message::{Reply, Request};
use crate::state::Shared;

/// The version that the world behaves like.
const VERSION: &str = "v3.5.1+109ca7c";

/// A gRPC status, of which the gateway makes an HTTP answer.
#[derive(Debug)]
pub(super) struct Status(pub(super) u8, pub(super) String);

impl Status {
    pub(super) fn new(code: u8, message: impl Into<String>) -> Self {
        Self(code, message.into())
    }

    fn reply(&self) -> Reply {
        let status = match self.0 {
            3 | 9 => 400,
            16 => 401,
            7 => 403,
            5 => 404,
            6 | 10 => 409,
            12 => 501,
            14 => 503,
            _ => 500,
        };
        json_reply(
            status,
            &json!({"error": self.1, "code": self.0, "message": self.1}),
        )
    }
}

/// What a call answers: a body of a 200, or a status.
pub(super) type Answer = Result<Reply, Status>;

/// What Argo CD says when its server of repositories does not answer.
pub(super) const NO_REPO_SERVER: &str = "rpc error: code = Unavailable desc = connection error: desc = \"transport: Error while \
                                         dialing: dial tcp 10.96.0.17:8081: connect: connection refused\"";

/// The gateway's content type has no character set.
fn json_reply(status: u16, body: &Value) -> Reply {
    Reply::text(status, "application/json", body.to_string())
}

/// A call by somebody who is known.
pub(super) struct Call<'a> {
    pub(super) request: &'a Request,
    pub(super) account: Account,
    pub(super) now: i64,
    body: Value,
}

/// Answers one request.
pub(crate) fn answer(shared: &Arc<Shared>, request: &Request) -> Reply {
    let now = shared.clock.now();
    shared.change(|state| {
        let (argocd, github) = (&mut state.argocd, &state.github);
        steps::time_passes(argocd, github, now);
        // Whole and exact, a DELETE without a body too.
        let content_type = request.header("content-type").unwrap_or_default();
        if request.method != "GET" && !content_type.eq_ignore_ascii_case("application/json") {
            return Reply::text(415, "text/plain; charset=utf-8", "Invalid content type\n");
        }
        let segments: Vec<&str> = request.segments.iter().map(String::as_str).collect();
        if segments == ["api", "version"] {
            return json_reply(200, &json!({"Version": VERSION}));
        }
        let ["api", "v1", rest @ ..] = segments.as_slice() else {
            return Status::new(5, "Not Found").reply();
        };
        let outcome = account(argocd, request).and_then(|account| {
            let body = body(request)?;
            let call = Call {
                request,
                account,
                now,
                body,
            };
            call.route(argocd, github, rest)
        });
        outcome.unwrap_or_else(|status| status.reply())
    })
}

fn body(request: &Request) -> Result<Value, Status> {
    if request.body.is_empty() {
        return Ok(json!({}));
    }
    serde_json::from_slice(&request.body).map_err(|error| Status::new(3, error.to_string()))
}

/// A token must look like a JWT, or it is ignored.
fn account(argocd: &ArgoCdState, request: &Request) -> Result<Account, Status> {
    let looks_right = |token: &&str| token.split('.').filter(|part| !part.is_empty()).count() == 3;
    let Some(token) = request.token().filter(looks_right) else {
        return Err(Status::new(16, "no session information"));
    };
    let known = argocd.tokens.get(token).cloned();
    known.ok_or_else(|| {
        Status::new(
            16,
            "invalid session: token signature is invalid: signature is invalid",
        )
    })
}

impl Call<'_> {
    fn route(&self, argocd: &mut ArgoCdState, github: &GitHubState, rest: &[&str]) -> Answer {
        match (self.request.method.as_str(), rest) {
            ("GET", ["applications", name]) => self.get(argocd, github, name),
            ("PATCH" | "POST" | "DELETE", ["applications", name, ..])
                if argocd.settings.conflicts > 0 =>
            {
                argocd.settings.conflicts -= 1;
                Err(Status::new(
                    10,
                    format!(
                        "Operation cannot be fulfilled on applications.argoproj.io \"{name}\": the object has been modified; please \
                         apply your changes to the latest version and try again"
                    ),
                ))
            }
            ("PATCH", ["applications", name]) => change::patch(self, argocd, github, name),
            ("POST", ["applications", name, "sync"]) => {
                operations::sync(self, argocd, github, name)
            }
            ("POST", ["applications", name, "rollback"]) => {
                operations::rollback(self, argocd, name)
            }
            ("DELETE", ["applications", name, "operation"]) => {
                operations::terminate(self, argocd, name)
            }
            ("GET", ["applications", name, "syncwindows"]) => {
                self.application(argocd, name, "get")?;
                let project = self.project_of(argocd, name);
                Ok(json_reply(
                    200,
                    &windows::shown(argocd.projects.get(&project)),
                ))
            }
            _ => Err(Status::new(5, "Not Found")),
        }
    }

    fn get(&self, argocd: &mut ArgoCdState, github: &GitHubState, name: &str) -> Answer {
        let projects = self
            .request
            .query
            .iter()
            .filter(|(key, _)| matches!(key.as_str(), "project" | "projects"));
        if projects.count() > 1 {
            return Err(Status::new(
                3,
                "multiple projects specified - the get endpoint accepts either zero or one project",
            ));
        }
        self.application(argocd, name, "get")?;
        // Any value but `hard` is `normal`; here both look at everything.
        if self.request.query("refresh").is_some() {
            if !argocd.settings.controller {
                return Err(Status::new(2, "application refresh deadline exceeded"));
            }
            steps::look(argocd, github, name, self.now);
            // What a look leads to does not wait for the next one by itself.
            steps::sync_by_itself(argocd, name, self.now);
            steps::time_passes(argocd, github, self.now);
        }
        self.shown(argocd, name)
    }

    /// The application as the answer of a call.
    pub(super) fn shown(&self, argocd: &ArgoCdState, name: &str) -> Answer {
        let found = argocd.applications.get(name);
        let found = found.ok_or_else(|| Status::new(5, "not found"))?;
        Ok(json_reply(200, &shape::application(found)))
    }

    /// A field of the body.
    pub(super) fn field(&self, name: &str) -> Option<&Value> {
        self.body.get(name).filter(|value| !value.is_null())
    }

    /// A text of the body; empty if there is none.
    pub(super) fn text(&self, name: &str) -> &str {
        self.field(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// The project that the request names: in the query where there is no body, else in the body.
    fn given_project(&self) -> &str {
        if matches!(self.request.method.as_str(), "GET" | "DELETE") {
            let named = self
                .request
                .query("project")
                .or_else(|| self.request.query("projects"));
            return named.unwrap_or_default();
        }
        self.text("project")
    }

    fn project_of(&self, argocd: &ArgoCdState, name: &str) -> String {
        let found = argocd.applications.get(name);
        found.map_or_else(String::new, |found| found.project().to_owned())
    }

    /// Whether the caller may do this in a project.
    pub(super) fn may(&self, action: &str, project: &str) -> bool {
        let account = &self.account;
        account.actions.contains(action)
            && account.project.as_deref().is_none_or(|own| own == project)
    }

    /// The refusal of an action on an application that is there.
    pub(super) fn denied(&self, action: &str, application: &Application) -> Status {
        let account = &self.account.name;
        let (project, name) = (application.project(), &application.name);
        Status::new(
            7,
            format!("permission denied: applications, {action}, {project}/{name}, sub: {account}"),
        )
    }

    /// The application, if the caller may do this with it. Without a project a missing one looks like a forbidden one
    /// (ARGOCD server/application/application.go, `getAppEnforceRBAC`).
    pub(super) fn application<'a>(
        &self,
        argocd: &'a mut ArgoCdState,
        name: &str,
        action: &str,
    ) -> Result<&'a mut Application, Status> {
        let denied = || Status::new(7, "permission denied");
        let given = self.given_project();
        if !given.is_empty() && !self.may(action, given) {
            return Err(denied());
        }
        let missing = || {
            if given.is_empty() {
                denied()
            } else {
                Status::new(5, format!("applications.argoproj.io \"{name}\" not found"))
            }
        };
        let found = argocd.applications.get_mut(name).ok_or_else(missing)?;
        if !self.may(action, found.project()) || (!given.is_empty() && given != found.project()) {
            return Err(missing());
        }
        Ok(found)
    }
}
