//! Registering an App from a manifest: GitHub's page that takes it and sends the browser back with a code, and the exchange of
//! the code, which works once.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Call, error, not_found};
use crate::github::app::FIRST_KEY;
use crate::github::installed::App;
use crate::github::shape::overlay;
use crate::github::state::GitHubState;
use crate::message::Reply;

/// `POST /settings/apps/new?state=…` with the form field `manifest`: the person agrees, and is sent back.
pub(super) fn page(call: &Call<'_>, github: &mut GitHubState) -> Reply {
    let fields: BTreeMap<String, String> = url::form_urlencoded::parse(&call.request.body)
        .into_owned()
        .collect();
    let manifest: Option<Value> = fields
        .get("manifest")
        .and_then(|text| serde_json::from_str(text).ok());
    let Some(manifest) = manifest else {
        return Reply::text(
            422,
            "text/html",
            "<p>The manifest is missing or no JSON.</p>",
        );
    };
    let redirect = manifest.get("redirect_url").and_then(Value::as_str);
    let Some(redirect) = redirect.map(str::to_owned) else {
        return Reply::text(422, "text/html", "<p>redirect_url is missing.</p>");
    };
    let code = call.shared.names.sha();
    github.installed.manifests.insert(code.clone(), manifest);
    let state = call.request.query("state").unwrap_or_default();
    let query: String = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("code", &code)
        .append_pair("state", state)
        .finish();
    Reply::text(302, "text/html", "").header("location", format!("{redirect}?{query}"))
}

/// `POST /app-manifests/{code}/conversions`.
pub(super) fn convert(call: &Call<'_>, github: &mut GitHubState, code: &str) -> Reply {
    let Some(manifest) = github.installed.manifests.remove(code) else {
        return not_found();
    };
    let Some(name) = manifest.get("name").and_then(Value::as_str) else {
        return error(422, "Validation Failed");
    };
    let names = &call.shared.names;
    let slug = name.to_lowercase().replace(' ', "-");
    let id = names.number();
    let app = App {
        id,
        slug: slug.clone(),
        bot: github.user_named(&format!("{slug}[bot]"), "Bot", names),
        owner: github.user_named("acme", "Organization", names),
        keys: vec![FIRST_KEY],
        client_id: format!("Iv23li{id}"),
        client_secret: names.sha(),
        callback_urls: manifest
            .get("callback_urls")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|url| url.as_str().map(str::to_owned))
            .collect(),
        created_at: call.shared.clock.now(),
    };
    let secret = names.sha();
    github.hook.secret = Some(secret.clone());
    let mut answer = call.shape(github).app(&app);
    overlay(
        &mut answer,
        json!({
            "client_secret": app.client_secret, "webhook_secret": secret, "pem": FIRST_KEY,
            "permissions": manifest.get("default_permissions"), "events": manifest.get("default_events"),
        }),
    );
    github.installed.apps.insert(id, app);
    Reply::json(201, &answer)
}
