//! The pages. Every text that comes from elsewhere is escaped by the templates, and only addresses of the web become links.

mod approvals;
mod audit;
mod builds;
mod deliveries;
mod environment;
mod environments;
mod frame;
mod installations;
mod operations;
mod overview;
mod preview_acts;
mod previews;
mod releases;
mod repositories;
mod vendors;
mod words;

use domain::Timestamp;
use url::form_urlencoded;

use crate::{roles::Roles, session::Person};

pub(crate) use approvals::approvals;
pub(crate) use audit::audit;
pub(crate) use builds::builds;
pub(crate) use deliveries::{deliveries, delivery};
pub(crate) use environment::environment;
pub(crate) use environments::environments;
pub(crate) use frame::{Offer, closed, forged, nothing_here, refused, sign_in};
pub(crate) use installations::installations;
pub(crate) use operations::{FIELD, operations};
pub(crate) use overview::{Known, overview};
pub(crate) use previews::{preview, previews};
pub(crate) use releases::{release, releases};
pub(crate) use repositories::repositories;
pub(crate) use vendors::vendors;

/// Who looks, and when.
pub(crate) struct Seen<'a> {
    pub(crate) person: &'a Person,
    pub(crate) roles: Roles,
    /// For the forms.
    pub(crate) csrf: &'a str,
    pub(crate) now: Timestamp,
    /// What became of the form that was sent last.
    pub(crate) notice: Option<&'static str>,
}

/// What of a list is shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    pub(crate) phase: Option<String>,
    pub(crate) attention: Option<String>,
    pub(crate) idle_days: Option<String>,
    pub(crate) repository: Option<String>,
    pub(crate) status: Option<String>,
    pub(crate) outcome: Option<String>,
    pub(crate) cursor: Option<String>,
}

impl Filter {
    fn value(&self, name: &str) -> Option<&str> {
        match name {
            "phase" => self.phase.as_deref(),
            "attention" => self.attention.as_deref(),
            "idle_days" => self.idle_days.as_deref(),
            "repository" => self.repository.as_deref(),
            "status" => self.status.as_deref(),
            "outcome" => self.outcome.as_deref(),
            "cursor" => self.cursor.as_deref(),
            _ => None,
        }
    }

    /// The path of a list with the parameters that `names` allow.
    pub(crate) fn path(&self, path: &str, names: &[&str], limit: usize) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for name in names {
            if let Some(value) = self.value(name) {
                query.append_pair(name, value);
            }
        }
        query.append_pair("limit", &limit.to_string());
        format!("{path}?{}", query.finish())
    }

    /// The address of the page that goes on at `next`.
    fn next(&self, path: &str, next: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for name in [
            "phase",
            "attention",
            "idle_days",
            "repository",
            "status",
            "outcome",
        ] {
            if let Some(value) = self.value(name) {
                query.append_pair(name, value);
            }
        }
        query.append_pair("cursor", next);
        format!("{path}?{}", query.finish())
    }
}
