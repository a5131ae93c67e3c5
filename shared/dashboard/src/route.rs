//! What a browser can ask for.

use domain::preview::Ask;
use domain::release::{LineId, Name, Wish};
use http::Method;
use serde_json::{Value, json};

use crate::{form, pages::FIELD};

/// A page or a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    SignIn,
    /// The form of it was sent.
    SigningIn,
    /// The way to GitHub begins.
    ToGitHub,
    /// GitHub sends the browser back.
    FromGitHub,
    SigningOut,
    Show(Page),
    Act(Act),
}

/// What is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Page {
    Overview,
    Environments,
    Releases,
    Approvals,
    Previews,
    Builds,
    Deliveries,
    Repositories,
    Operations { repository: u64 },
    Installations,
    Vendors,
    Audit,
    One(Thing),
}

/// One thing that has a page of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Thing {
    Environment(LineId),
    /// By its environment and what it is known by there.
    Release(LineId, String),
    Preview {
        repository: u64,
        number: u64,
    },
    Delivery {
        guid: String,
    },
}

/// What a form does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Act {
    Ask {
        repository: u64,
        number: u64,
        ask: Ask,
    },
    Replay {
        guid: String,
    },
    Survey {
        repository: u64,
    },
    AllowRemovals {
        repository: u64,
    },
    Intervene {
        line: LineId,
        wish: Wish,
    },
    Operate {
        repository: u64,
        operation: Name,
    },
    AllowLosses {
        installation: u64,
    },
}

/// Why there is no route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoRoute {
    NotFound,
    /// There is one with this method.
    Allowed(&'static str),
}

impl Route {
    pub(crate) fn of(method: &Method, path: &str) -> Result<Self, NoRoute> {
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        let (get, post) = Self::at(&parts).ok_or(NoRoute::NotFound)?;
        let found = match *method {
            Method::GET | Method::HEAD => get.clone(),
            Method::POST => post.clone(),
            _ => None,
        };
        let allowed = match (get, post) {
            (Some(_), Some(_)) => "GET, POST",
            (Some(_), None) => "GET",
            (None, _) => "POST",
        };
        found.ok_or(NoRoute::Allowed(allowed))
    }

    /// What is at a path for GET and for POST.
    fn at(parts: &[&str]) -> Option<(Option<Self>, Option<Self>)> {
        let show = |page: Page| Some((Some(Self::Show(page)), None));
        let one = |thing: Thing| show(Page::One(thing));
        let act = |act: Act| Some((None, Some(Self::Act(act))));
        let id = |text: &str| text.parse::<u64>().ok();
        match parts {
            [""] => show(Page::Overview),
            ["dashboard", "sign-in"] => Some((Some(Self::SignIn), Some(Self::SigningIn))),
            ["dashboard", "sign-in", "github"] => Some((Some(Self::ToGitHub), None)),
            ["dashboard", "sign-in", "github", "callback"] => Some((Some(Self::FromGitHub), None)),
            ["dashboard", "sign-out"] => Some((None, Some(Self::SigningOut))),
            ["dashboard", "environments"] => show(Page::Environments),
            ["dashboard", "environments", rest @ ..] => Self::of_environment(rest),
            ["dashboard", "audit"] => show(Page::Audit),
            ["dashboard", "installations"] => show(Page::Installations),
            ["dashboard", "installations", installation, "allow-losses"] => act(Act::AllowLosses {
                installation: id(installation)?,
            }),
            ["dashboard", "approvals"] => show(Page::Approvals),
            ["dashboard", "builds"] => show(Page::Builds),
            ["dashboard", "vendors"] => show(Page::Vendors),
            ["dashboard", "previews"] => show(Page::Previews),
            ["dashboard", "previews", repository, number] => one(Thing::Preview {
                repository: id(repository)?,
                number: id(number)?,
            }),
            ["dashboard", "previews", repository, number, ask] => act(Act::Ask {
                repository: id(repository)?,
                number: id(number)?,
                ask: Ask::ALL.into_iter().find(|known| known.name() == *ask)?,
            }),
            ["dashboard", "deliveries"] => show(Page::Deliveries),
            ["dashboard", "deliveries", guid, "replay"] if is_guid(guid) => act(Act::Replay {
                guid: (*guid).to_owned(),
            }),
            ["dashboard", "deliveries", guid] if is_guid(guid) => one(Thing::Delivery {
                guid: (*guid).to_owned(),
            }),
            ["dashboard", "releases"] => show(Page::Releases),
            ["dashboard", "releases", names @ .., release] if is_release(release) => {
                one(Thing::Release(line(names)?, (*release).to_owned()))
            }
            ["dashboard", "repositories"] => show(Page::Repositories),
            ["dashboard", "repositories", repository, "survey"] => act(Act::Survey {
                repository: id(repository)?,
            }),
            ["dashboard", "repositories", repository, "allow-removals"] => {
                act(Act::AllowRemovals {
                    repository: id(repository)?,
                })
            }
            ["dashboard", "repositories", repository, "operations"] => show(Page::Operations {
                repository: id(repository)?,
            }),
            [
                "dashboard",
                "repositories",
                repository,
                "operations",
                operation,
            ] => act(Act::Operate {
                repository: id(repository)?,
                operation: operation.parse().ok()?,
            }),
            _ => None,
        }
    }

    /// What is at a path below `/dashboard/environments/`.
    fn of_environment(rest: &[&str]) -> Option<(Option<Self>, Option<Self>)> {
        match rest {
            [_, _, _] => Some((
                Some(Self::Show(Page::One(Thing::Environment(line(rest)?)))),
                None,
            )),
            [names @ .., wish] if names.len() == 3 => {
                let wish = Wish::ALL.into_iter().find(|known| known.name() == *wish)?;
                let line = line(names)?;
                Some((None, Some(Self::Act(Act::Intervene { line, wish }))))
            }
            _ => None,
        }
    }
}

/// The environment with these names: `["42", "web", "production"]`.
fn line(names: &[&str]) -> Option<LineId> {
    format!("release/{}", names.join("/")).parse().ok()
}

/// What a release is known by, safe in a path of the API's.
fn is_release(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// Whether the text is safe in a path of the API's.
fn is_guid(text: &str) -> bool {
    text.parse::<domain::DeliveryGuid>().is_ok()
}

impl Act {
    /// The path at the API.
    pub(crate) fn path(&self) -> String {
        match self {
            Self::Ask {
                repository,
                number,
                ask,
            } => format!("/previews/{repository}/{number}/{}", ask.name()),
            Self::Replay { guid } => format!("/deliveries/{guid}/replay"),
            Self::Survey { repository } => format!("/repositories/{repository}/survey"),
            Self::AllowRemovals { repository } => {
                format!("/repositories/{repository}/allow-removals")
            }
            Self::Intervene { line, wish } => {
                format!("/environments/{}/{}", place(line), wish.name())
            }
            Self::Operate {
                repository,
                operation,
            } => format!("/repositories/{repository}/operations/{operation}"),
            Self::AllowLosses { installation } => {
                format!("/installations/{installation}/allow-losses")
            }
        }
    }

    /// What is said beside it, from the form that was sent.
    pub(crate) fn body(&self, sent: &[u8]) -> Option<Value> {
        let wish = match self {
            Self::Intervene { wish, .. } => wish,
            Self::Operate { .. } => {
                return Some(json!({ "inputs": form::fields(sent, FIELD) }));
            }
            Self::Ask { ask, .. } => return asked(*ask, sent),
            Self::Replay { .. }
            | Self::Survey { .. }
            | Self::AllowRemovals { .. }
            | Self::AllowLosses { .. } => return None,
        };
        let reason = form::field(sent, "reason").unwrap_or_default();
        let commit = form::field(sent, "commit").unwrap_or_default();
        match wish {
            Wish::Lock => Some(json!({ "reason": reason })),
            Wish::AllowDiverged => Some(json!({ "commit": commit })),
            // What the page showed: if it is something else by now, the API refuses. A form that does not say is of no release.
            Wish::Approve => {
                let shown = |name: &str| form::field(sent, name).unwrap_or_default();
                Some(
                    json!({ "commit": commit, "release": shown("release"), "image": shown("image") }),
                )
            }
            Wish::Rollback => {
                // How far back, and to which commit: if that is another one by now, the API refuses.
                let to = form::field(sent, "to").unwrap_or_default();
                let (back, commit) = to.split_once(' ').unwrap_or_default();
                let back = back.parse::<u32>().unwrap_or_default();
                Some(json!({ "back": back, "commit": commit, "reason": reason }))
            }
            Wish::LiftHold | Wish::Unlock | Wish::Retry => None,
        }
    }

    /// The page that shows what became of it.
    pub(crate) fn leads_to(&self) -> String {
        match self {
            Self::Ask {
                repository,
                number,
                ask,
            } => {
                let done = ask.name();
                format!("/dashboard/previews/{repository}/{number}?done={done}")
            }
            Self::Replay { .. } => "/dashboard/deliveries?done=replay".to_owned(),
            Self::Survey { .. } => "/dashboard/repositories?done=survey".to_owned(),
            Self::AllowRemovals { .. } => "/dashboard/repositories?done=allow-removals".to_owned(),
            Self::Intervene { line, wish } => {
                format!(
                    "/dashboard/environments/{}?done={}",
                    place(line),
                    wish.name()
                )
            }
            Self::Operate { repository, .. } => {
                format!("/dashboard/repositories/{repository}/operations?done=operate")
            }
            Self::AllowLosses { .. } => "/dashboard/installations?done=allow-losses".to_owned(),
        }
    }
}

/// What is said beside what is asked of a preview: the commit that the page showed, or for how long.
fn asked(ask: Ask, sent: &[u8]) -> Option<Value> {
    let said = |name: &str| form::field(sent, name).unwrap_or_default();
    match ask {
        Ask::Deploy | Ask::Redeploy => Some(json!({ "commit": said("commit") })),
        Ask::Keep => Some(json!({ "for": said("for") })),
        Ask::Remove | Ask::Retry => None,
    }
}

/// `42/web/production`.
fn place(line: &LineId) -> String {
    format!("{}/{}/{}", line.repository, line.service, line.environment)
}

/// What people are told after an act, here or at GitHub, by the word in the address: nothing that somebody else wrote.
pub(crate) fn notice(done: &str) -> Option<&'static str> {
    match done {
        "retry" => Some("Noted: the next run of reconcile tries again."),
        "deploy" | "redeploy" => Some("Noted: the next run of reconcile deploys it."),
        "remove" => Some("Noted: the next run of reconcile removes it."),
        "keep" => Some("It is kept."),
        "replay" => Some("The delivery runs again."),
        "survey" => Some("Noted: the next run of reconcile compares pull requests with previews."),
        "rollback" => Some("Noted: the next run of reconcile goes back."),
        "lock" => Some("Locked: releases wait from now on."),
        "unlock" => Some("Unlocked: the next run of reconcile goes on."),
        "lift-hold" => Some("The hold is lifted: the next run of reconcile goes on."),
        "allow-diverged" => Some("Noted: the commit may go on."),
        "approve" => {
            Some("Approved: the next run of reconcile goes on if nothing else is waited for.")
        }
        "operate" => Some("Noted: the next run of reconcile starts it."),
        "allow-losses" => Some("Noted: the next run of reconcile lets the repositories go."),
        "installed" => Some(
            "The App is installed: the next run of reconcile looks at what it reaches. A new pull request gets its comment at once.",
        ),
        "allow-removals" => Some("Noted: the next run of reconcile lets the removals go on."),
        _ => None,
    }
}
