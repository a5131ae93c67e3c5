//! Setting an image or a parameter: read, change one element, write the whole array back, and see if somebody else
//! wrote in between (VENDORS 2.4).

use domain::argocd::{Application, ApplicationId, Change, Changed, Setting};
use http::{Method, StatusCode};
use ports::Http;
use serde_json::{Map, Value, json};

use super::{
    ApiRequest, Client,
    reading::{self, Reading},
    refusal,
};
use crate::{
    CallError,
    exchange::{Exchange, Repeat},
};

/// What came of setting an image or a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Set {
    /// It is set. Where Argo CD syncs by itself it rolls out now, elsewhere it waits for a sync.
    Yes {
        /// The application with the change.
        application: Box<Application>,
        /// What would bring back what was there; none if there was nothing.
        before: Option<Setting>,
    },
    /// It was set already: nothing was written.
    Already(Box<Application>),
    /// Somebody changed the same source at the same moment: nothing was written. Look again, and decide again.
    ChangedMeanwhile,
}

impl<H: Http> Client<H> {
    /// Sets an image or a parameter in the application's specification. A repeat is harmless: it finds it set. What Argo CD would
    /// refuse, or the application's owner would take back, is [`CallError::Refused`].
    pub async fn set(&self, id: &ApplicationId, setting: &Setting) -> Result<Set, CallError> {
        let what = format!("setting {setting} in Argo CD application {id}");
        let exchange = self.exchange(what, Repeat::Harmless)?;
        let Reading { application, raw } = self.read(id, &exchange).await?;
        let refused =
            |reason: String| exchange.refused(exchange.reason(&reason), "Nothing was changed");
        if let Some(foreseen) = application.would_take_back_changes() {
            return Err(refused(foreseen.to_string()));
        }
        let change = application
            .change_to(setting)
            .map_err(|foreseen| refused(foreseen.to_string()))?;
        if change.is_nothing() {
            return Ok(Set::Already(Box::new(application)));
        }
        let patch = patch(&application, &raw, &change)
            .ok_or_else(|| refused("Argo CD shows no source where there was one".to_owned()))?;
        self.write(
            id,
            &exchange,
            patch,
            (setting, application.current(setting)),
        )
        .await
    }

    async fn write(
        &self,
        id: &ApplicationId,
        exchange: &Exchange<'_>,
        patch: Value,
        (setting, before): (&Setting, Option<Setting>),
    ) -> Result<Set, CallError> {
        let mut body = Map::new();
        // The patch is a text within the JSON.
        body.insert("patch".to_owned(), patch.to_string().into());
        body.insert("patchType".to_owned(), "json".into());
        let request = ApiRequest::with_body(Method::PATCH, id, "", body);
        let response = self.send(exchange, request).await?;
        // The library that applies patches says so, and Argo CD makes a 500 of it.
        if response.status != StatusCode::OK && refusal::says(&response, "test failed") {
            return Ok(Set::ChangedMeanwhile);
        }
        let application = reading::shown(id, exchange, &response)?.application;
        match application.change_to(setting) {
            Ok(change) if change.is_nothing() => Ok(Set::Yes {
                application: Box::new(application),
                before,
            }),
            // Between the test and the write there is still a moment.
            Ok(_) | Err(_) => Ok(Set::ChangedMeanwhile),
        }
    }
}

/// A JSON patch (RFC 6902) that holds only if the source is as it was read, and writes the whole array.
fn patch(application: &Application, raw: &Value, change: &Change) -> Option<Value> {
    let path = if application.has_several_sources {
        format!("/spec/sources/{}", change.source)
    } else {
        "/spec/source".to_owned()
    };
    let source = raw.pointer(&path)?;
    let (tool, array) = match &change.after {
        Changed::Image(_) => ("kustomize", "images"),
        Changed::Parameter(_) => ("helm", "parameters"),
    };
    let after = match &change.after {
        Changed::Image(entry) => Value::from(entry.as_str()),
        Changed::Parameter(parameter) => json!({
            "name": parameter.name, "value": parameter.value, "forceString": parameter.force_string
        }),
    };
    let mut elements = source
        .pointer(&format!("/{tool}/{array}"))
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    match change.element {
        Some(element) => *elements.get_mut(element)? = after,
        None => elements.push(after),
    }
    // `add` replaces what is there, but makes no objects on the way.
    let add = if source.get(tool).is_some_and(Value::is_object) {
        json!({"op": "add", "path": format!("{path}/{tool}/{array}"), "value": elements})
    } else {
        json!({"op": "add", "path": format!("{path}/{tool}"), "value": {array: elements}})
    };
    Some(json!([{"op": "test", "path": path, "value": source}, add]))
}
