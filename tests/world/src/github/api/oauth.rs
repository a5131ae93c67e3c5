//! Signing in by GitHub: the page where people authorize an App, the exchange of the code that they come back with, and the end
//! of their tokens (GHDOCS
//! apps/creating-github-apps/authenticating-with-a-github-app/generating-a-user-access-token-for-a-github-app).

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_STANDARD, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Call, error, not_found};
use crate::github::installed::{Authorized, Code};
use crate::github::state::GitHubState;
use crate::message::Reply;

/// A code is good for ten minutes, and once.
const CODE_SECONDS: i64 = 600;
/// A token lasts eight hours.
const TOKEN_SECONDS: i64 = 8 * 3_600;

/// `GET /login/oauth/authorize`: GitHub's page. Who is at the browser is chosen by a link on it, with the parameter `login`,
/// which GitHub has too, to suggest an account; `cancel` stands for the button.
pub(super) fn authorize(call: &Call<'_>, github: &mut GitHubState) -> Reply {
    let asked = |name: &str| call.request.query(name).unwrap_or_default().to_owned();
    let client = asked("client_id");
    let app = github
        .installed
        .apps
        .values()
        .find(|app| app.client_id == client);
    let Some(app) = app else {
        return Reply::text(404, "text/html", "<p>There is no such App.</p>");
    };
    let redirect_uri = asked("redirect_uri");
    let back = |pairs: &[(&str, &str)]| {
        let query: String = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .append_pair("state", &asked("state"))
            .finish();
        let known = app.callback_urls.first().cloned().unwrap_or_default();
        let to = if app.callback_urls.contains(&redirect_uri) {
            &redirect_uri
        } else {
            &known
        };
        Reply::text(302, "text/html", "").header("location", format!("{to}?{query}"))
    };
    if !app.callback_urls.contains(&redirect_uri) {
        return back(&[("error", "redirect_uri_mismatch")]);
    }
    if call.request.query("cancel").is_some() {
        let said = "The user has denied your application access.";
        return back(&[("error", "access_denied"), ("error_description", said)]);
    }
    let Some(login) = call.request.query("login") else {
        return page(call, github);
    };
    let app = app.id;
    let user = github.users.values().find(|user| user.login == login);
    let Some(user) = user.map(|user| user.id) else {
        return not_found();
    };
    let code = call.shared.names.sha();
    let reply = back(&[("code", &code)]);
    let is_sha256 = asked("code_challenge_method") == "S256";
    let challenge = call.request.query("code_challenge").map(str::to_owned);
    let made = Code {
        app,
        user,
        redirect_uri,
        challenge: challenge.filter(|_| is_sha256),
        expires_at: call.shared.clock.now() + CODE_SECONDS,
    };
    github.installed.codes.insert(code, made);
    reply
}

/// A link for everybody who has an account, and one to refuse.
fn page(call: &Call<'_>, github: &GitHubState) -> Reply {
    let query: String = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(&call.request.query)
        .finish();
    let escaped = query.replace('&', "&amp;");
    let people = github.users.values().filter(|user| user.kind == "User");
    let links: String = people
        .map(|user| {
            let login = &user.login;
            format!("<li><a href=\"/login/oauth/authorize?{escaped}&amp;login={login}\">Authorize as {login}</a></li>")
        })
        .collect();
    let text = format!(
        "<!doctype html><html lang=\"en\"><title>Authorize</title><h1>Authorize the App</h1><ul>{links}</ul>\
         <p><a href=\"/login/oauth/authorize?{escaped}&amp;cancel=1\">Cancel</a></p></html>"
    );
    Reply::text(200, "text/html; charset=utf-8", text)
}

/// `POST /login/oauth/access_token`, as a form or as JSON. What is wrong is told with 200, in the form that is accepted.
pub(super) fn access_token(call: &Call<'_>, github: &mut GitHubState) -> Reply {
    let fields = fields(call);
    let field = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
    let client = field("client_id");
    let apps = &github.installed.apps;
    let app = apps.values().find(|app| app.client_id == client);
    let Some(app) = app.filter(|app| app.client_secret == field("client_secret")) else {
        let said = "The client_id and/or client_secret passed are incorrect.";
        return answer(call, &refusal("incorrect_client_credentials", said));
    };
    let app = app.id;
    let refused = || {
        refusal(
            "bad_verification_code",
            "The code passed is incorrect or expired.",
        )
    };
    // Whatever comes of it, a code is used up.
    let Some(code) = github.installed.codes.remove(field("code")) else {
        return answer(call, &refused());
    };
    let now = call.shared.clock.now();
    let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(field("code_verifier")));
    let is_verified = code.challenge.is_none_or(|wanted| wanted == challenge);
    if code.app != app || code.expires_at <= now || !is_verified {
        return answer(call, &refused());
    }
    if code.redirect_uri != field("redirect_uri") {
        let said = "The redirect_uri MUST match the registered callback URL for this application.";
        return answer(call, &refusal("redirect_uri_mismatch", said));
    }
    let token = format!("ghu_{}", call.shared.names.sha());
    let made = Authorized {
        app,
        user: code.user,
        expires_at: now + TOKEN_SECONDS,
    };
    github.installed.authorized.insert(token.clone(), made);
    let refresh = format!("ghr_{}", call.shared.names.sha());
    answer(
        call,
        &json!({
            "access_token": token, "expires_in": TOKEN_SECONDS, "refresh_token": refresh,
            "refresh_token_expires_in": 15_897_600, "scope": "", "token_type": "bearer",
        }),
    )
}

/// `DELETE /applications/{client_id}/token`, with the App's client id and secret as a name and a password.
pub(super) fn end_token(call: &Call<'_>, github: &mut GitHubState, client: &str) -> Reply {
    let apps = &github.installed.apps;
    let Some(app) = apps.values().find(|app| app.client_id == client) else {
        return not_found();
    };
    let wanted = BASE64_STANDARD.encode(format!("{}:{}", app.client_id, app.client_secret));
    if call.request.header("authorization") != Some(&format!("Basic {wanted}")) {
        return error(401, "Bad credentials");
    }
    let app = app.id;
    let body = match call.json_body() {
        Ok(body) => body,
        Err(reply) => return reply,
    };
    let token = body.get("access_token").and_then(Value::as_str);
    let authorized = &mut github.installed.authorized;
    match token.filter(|token| authorized.get(*token).is_some_and(|found| found.app == app)) {
        Some(token) => {
            authorized.remove(token);
            Reply::empty(204)
        }
        None => error(422, "Validation Failed"),
    }
}

/// `GET /user/installations`: those of the App in which the person was given a permission for something.
pub(super) fn installations(call: &Call<'_>, github: &GitHubState, asking: (u64, u64)) -> Reply {
    let (app, user) = asking;
    let shape = call.shape(github);
    let all = github.installed.installations.values();
    let seen: Vec<Value> = all
        .filter(|found| found.app == app && !permitted(github, found.id, user).is_empty())
        .map(|found| shape.installation(found))
        .collect();
    let total = seen.len();
    call.page(
        &seen,
        |page| json!({"total_count": total, "installations": page}),
    )
}

/// `GET /user/installations/{id}/repositories`: what the person was given a permission for, not what is open to anybody.
pub(super) fn repositories(
    call: &Call<'_>,
    github: &GitHubState,
    (app, user): (u64, u64),
    id: &str,
) -> Reply {
    let found = id.parse().ok();
    let found = found.and_then(|id: u64| github.installed.installations.get(&id));
    let Some(found) = found.filter(|found| found.app == app) else {
        return not_found();
    };
    if found.suspended_at.is_some() {
        return error(403, "This installation has been suspended");
    }
    let permitted = permitted(github, found.id, user);
    if permitted.is_empty() {
        return not_found();
    }
    let total = permitted.len();
    call.page(
        &permitted_shapes(call, github, &permitted),
        |page| json!({"total_count": total, "repositories": page}),
    )
}

fn permitted_shapes(
    call: &Call<'_>,
    github: &GitHubState,
    permitted: &[(u64, &'static str)],
) -> Vec<Value> {
    let shape = call.shape(github);
    let shown = permitted.iter().filter_map(|(id, role)| {
        let mut value = shape.repository(github.repositories.get(id)?);
        let at_least = |roles: &[&str]| roles.contains(role);
        value.as_object_mut()?.insert(
            "permissions".to_owned(),
            json!({
                "admin": at_least(&["admin"]), "maintain": at_least(&["admin", "maintain"]),
                "push": at_least(&["admin", "maintain", "write"]),
                "triage": at_least(&["admin", "maintain", "write", "triage"]), "pull": true,
            }),
        );
        Some(value)
    });
    shown.collect()
}

/// The repositories of an installation in which somebody was given a role, with it.
fn permitted(github: &GitHubState, installation: u64, user: u64) -> Vec<(u64, &'static str)> {
    let Some(installation) = github.installed.installations.get(&installation) else {
        return Vec::new();
    };
    let covered = github
        .repositories
        .values()
        .filter(|found| installation.covers(found) && !found.hidden);
    covered
        .filter_map(|found| Some((found.id, *found.roles.get(&user)?)))
        .filter(|(_, role)| *role != "none")
        .collect()
}

fn fields(call: &Call<'_>) -> BTreeMap<String, String> {
    let is_json = call
        .request
        .header("content-type")
        .is_some_and(|kind| kind.starts_with("application/json"));
    if is_json {
        let json = call.request.json().unwrap_or_default();
        let fields = json.as_object().into_iter().flatten();
        return fields
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
            .collect();
    }
    url::form_urlencoded::parse(&call.request.body)
        .into_owned()
        .collect()
}

fn refusal(code: &str, said: &str) -> Value {
    let page = "https://docs.github.com/apps/managing-oauth-apps/troubleshooting-oauth-app-access-token-request-errors";
    json!({"error": code, "error_description": said, "error_uri": page})
}

/// JSON for who accepts it, else a form.
fn answer(call: &Call<'_>, body: &Value) -> Reply {
    let accepts_json = call
        .request
        .header("accept")
        .is_some_and(|kind| kind.contains("application/json"));
    if accepts_json {
        return Reply::json(200, body);
    }
    let fields = body.as_object().into_iter().flatten();
    let text: String = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields.map(|(name, value)| {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            (name, text)
        }))
        .finish();
    Reply::text(200, "application/x-www-form-urlencoded", text)
}
