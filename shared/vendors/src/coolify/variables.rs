//! Which variables an application's previews share with production (VENDORS 1.3 and 1.5).
//!
//! `GET /applications/{uuid}/envs` shows both sets, each variable with `is_preview`; `value` only to a token with the ability
//! `read:sensitive` (or `root`), which nobody needs to give. When a variable of production is made, Coolify makes a copy for previews
//! (`EnvironmentVariable::booted`), and when the previews' set is not empty, what it lacks is filled in with production's
//! (`ApplicationDeploymentJob::generate_runtime_environment_variables`). Values are compared here and go no further.

use std::{collections::BTreeMap, time::Duration};

use domain::{ApplicationUuid, Timestamp, preview::Inherited};
use http::StatusCode;
use ports::Http;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::{ApiRequest, Client, deployment::list_or_values, refusal};
use crate::{CallError, exchange::Repeat};

/// A copy is made within the request that makes the original, and written twice; times are whole seconds.
const AT_ONCE: Duration = Duration::from_secs(2);

/// A variable as Coolify shows it. No `Debug`: it may hold a secret.
#[derive(Deserialize)]
struct Wire {
    key: String,
    #[serde(default)]
    is_preview: bool,
    /// Absent in versions that have only variables of the running application.
    #[serde(default)]
    is_runtime: Option<bool>,
    /// Absent if the token may not see it, null if it is empty.
    #[serde(default, deserialize_with = "shown")]
    value: Option<Value>,
    #[serde(default)]
    created_at: Option<String>,
    #[serde(default)]
    updated_at: Option<String>,
}

#[derive(Deserialize)]
#[serde(transparent)]
struct WireList {
    #[serde(deserialize_with = "list_or_values")]
    variables: Vec<Wire>,
}

fn shown<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

impl<H: Http> Client<H> {
    /// The keys of the variables that the application's previews share with production, as far as Coolify shows them to the token.
    pub async fn inherited_variables(
        &self,
        application: &ApplicationUuid,
    ) -> Result<Inherited, CallError> {
        let exchange = self.exchange(
            format!("reading the variables of Coolify application {application}"),
            Repeat::Harmless,
        )?;
        let path = format!("/applications/{application}/envs");
        let response = self.send(&exchange, ApiRequest::get(path)).await?;
        // A success is never shown, not even in part: its body holds values.
        let unreadable = || exchange.unreadable(&response, "no list of variables");
        if response.status.is_success() && response.status != StatusCode::OK {
            return Err(unreadable());
        }
        if response.status != StatusCode::OK {
            return Err(exchange.failure(&response, refusal::hint(&response)));
        }
        let list: WireList = serde_json::from_slice(&response.body).map_err(|_| unreadable())?;
        Ok(inherited(&list.variables))
    }
}

fn inherited(variables: &[Wire]) -> Inherited {
    let of = |is_preview: bool| -> BTreeMap<&str, &Wire> {
        let runs = variables
            .iter()
            .filter(|variable| variable.is_runtime != Some(false))
            .filter(|variable| variable.is_preview == is_preview);
        runs.map(|variable| (variable.key.as_str(), variable))
            .collect()
    };
    let (production, previews) = (of(false), of(true));
    let mut by_times = false;
    let mut keys = Vec::new();
    for (key, original) in &production {
        let shares = match previews.get(key) {
            Some(own) => match (&original.value, &own.value) {
                (Some(original), Some(own)) => original == own && !is_empty(original),
                (_, _) => {
                    let is_copy = own.is_untouched_copy_of(original);
                    by_times |= is_copy;
                    is_copy
                }
            },
            // Coolify fills in only where previews have variables at all.
            None => !previews.is_empty() && !original.value.as_ref().is_some_and(is_empty),
        };
        if shares {
            keys.push((*key).to_owned());
        }
    }
    Inherited::of(keys, by_times)
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_str() == Some("")
}

impl Wire {
    /// Whether it was made together with `original` and not changed since.
    fn is_untouched_copy_of(&self, original: &Self) -> bool {
        let times = || {
            let made = Timestamp::parse(self.created_at.as_deref()?)?;
            let changed = Timestamp::parse(self.updated_at.as_deref()?)?;
            let original = Timestamp::parse(original.created_at.as_deref()?)?;
            Some((made, changed, original))
        };
        times().is_some_and(|(made, changed, original)| {
            made >= original && made.since(original) <= AT_ONCE && changed.since(made) <= AT_ONCE
        })
    }
}
