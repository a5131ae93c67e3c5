//! Environment variables: of the application itself and, in a set of their own, of all its previews (VENDORS 1.3 and 1.5).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::api::message;
use super::state::{Application, CoolifyState, Variable};
use crate::clock::coolify_time;
use crate::message::Reply;

impl Application {
    /// Sets a variable. One of production that is new is copied for previews unless they have it; a later change of it is not.
    pub(crate) fn set_variable(&mut self, key: &str, value: &str, is_preview: bool, now: i64) {
        let own = |one: &&mut Variable| one.key == key && one.is_preview == is_preview;
        if let Some(known) = self.variables.iter_mut().find(own) {
            value.clone_into(&mut known.value);
            known.updated_at = now;
            return;
        }
        self.add(key, value, is_preview, now);
        let has_copy = self
            .variables
            .iter()
            .any(|one| one.is_preview && one.key == key);
        if !has_copy {
            self.add(key, value, true, now);
        }
    }

    fn add(&mut self, key: &str, value: &str, is_preview: bool, now: i64) {
        self.variables.push(Variable {
            key: key.to_owned(),
            value: value.to_owned(),
            is_preview,
            created_at: now,
            updated_at: now,
        });
    }
}

fn written(application: &Application, place: usize, variable: &Variable, sensitive: bool) -> Value {
    let mut shown = json!({
        "id": place + 1, "uuid": format!("{}-variable-{place}", application.uuid),
        "resourceable_type": "App\\Models\\Application", "resourceable_id": application.id,
        "is_literal": false, "is_multiline": false, "is_preview": variable.is_preview, "is_runtime": true,
        "is_buildtime": true, "is_shared": false, "is_shown_once": false, "key": variable.key, "comment": null,
        "version": super::api::VERSION, "created_at": coolify_time(variable.created_at),
        "updated_at": coolify_time(variable.updated_at),
    });
    if sensitive && let Some(fields) = shown.as_object_mut() {
        for name in ["value", "real_value"] {
            fields.insert(name.to_owned(), variable.value.clone().into());
        }
    }
    shown
}

/// `GET /applications/{uuid}/envs`: production's and then the previews'; values only for tokens that may see them.
pub(super) fn list(coolify: &CoolifyState, uuid: &str, abilities: &BTreeSet<String>) -> Reply {
    let Some(application) = coolify.applications.get(uuid) else {
        return message(404, "Application not found.");
    };
    let sensitive = abilities.contains("read:sensitive") || abilities.contains("root");
    let of = |is_preview: bool| {
        let variables = application.variables.iter().enumerate();
        variables.filter(move |(_, variable)| variable.is_preview == is_preview)
    };
    let shown = of(false)
        .chain(of(true))
        .map(|(place, variable)| written(application, place, variable, sensitive));
    Reply::json(200, &Value::Array(shown.collect()))
}
