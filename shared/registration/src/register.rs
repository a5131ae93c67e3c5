//! Registering a new App: the token is asked for, the manifest posted to GitHub, and the code that GitHub sends back exchanged.

use base64::{Engine, prelude::BASE64_STANDARD};
use http::{HeaderValue, StatusCode, header};
use ports::{Clock, Http, Level, Log, Store};
use sha2::{Digest, Sha256};
use vendors::github::{Manifest, NewApp, convert_manifest};

use crate::{
    Asked, COOKIE, Ports, Reply, Settings,
    page::{escaped, page, told},
    state::{self, Purpose},
    value,
};

/// What has to be set before an App can be registered.
struct Ready<'a> {
    token: &'a str,
    public_url: &'a str,
    github_url: &'a str,
    github_api_url: &'a str,
}

impl<'a> Ready<'a> {
    fn of(settings: &'a Settings) -> Result<Self, Box<Reply>> {
        let missing = |name: &str, value: &str| {
            let text =
                format!("Set the variable {name} first ({value}), and load this page again.");
            let title = "Slipway is not ready for this";
            Box::new(told(StatusCode::SERVICE_UNAVAILABLE, title, &text))
        };
        Ok(Self {
            token: settings.reconcile_token.as_deref().ok_or_else(|| {
                missing(
                    "reconcile_token",
                    "a long random text, which this page asks for",
                )
            })?,
            public_url: settings.public_url.as_deref().ok_or_else(|| {
                missing(
                    "public_url",
                    "where GitHub reaches Slipway, like https://slipway.example.com",
                )
            })?,
            github_url: settings.github_url.as_deref().ok_or_else(|| {
                missing(
                    "github_url",
                    "where people see GitHub, like https://github.com",
                )
            })?,
            github_api_url: settings.github_api_url.as_deref().ok_or_else(|| {
                missing(
                    "github_api_url",
                    "GitHub's API, like https://api.github.com",
                )
            })?,
        })
    }
}

/// `GET /setup`: who may register an App.
pub(crate) fn begin(settings: &Settings) -> Reply {
    if let Err(reply) = Ready::of(settings) {
        return *reply;
    }
    let form = "<p>This registers a GitHub App for this Slipway, with the permissions and events that it needs and no others. \
        In the end you see, once, the variables to set.</p>\n\
        <form method=\"post\" action=\"/setup\">\n\
        <p><label>The value of <code>reconcile_token</code>: \
        <input name=\"token\" type=\"password\" autocomplete=\"off\" required></label></p>\n\
        <p><label>The organisation that the App is to belong to, if it is not your own: \
        <input name=\"organization\" autocomplete=\"off\"></label></p>\n\
        <p><label>A name that no App at GitHub has yet: \
        <input name=\"name\" value=\"Slipway\" maxlength=\"34\" required></label></p>\n\
        <p><button>Go on</button></p>\n</form>";
    page(StatusCode::OK, "A GitHub App for Slipway", form, "'self'")
}

/// `POST /setup`: the manifest, to be sent on to GitHub by whoever knows the token.
pub(crate) fn confirm<H, C: Clock, S, L: Log>(
    ports: &Ports<H, C, S, L>,
    settings: &Settings,
    asked: Asked<'_>,
    random: &[u8; 16],
) -> Reply {
    let ready = match Ready::of(settings) {
        Ok(ready) => ready,
        Err(reply) => return *reply,
    };
    let field = |name: &str| {
        value(asked.form, name)
            .unwrap_or_default()
            .trim()
            .to_owned()
    };
    if !is_same(ready.token, &field("token")) {
        let message = "refused to register an App for a caller without the token in the variable reconcile_token";
        ports.log.write(Level::Warn, message, &[]);
        return told(
            StatusCode::UNAUTHORIZED,
            "That is not the token",
            "The value of the variable reconcile_token is expected.",
        );
    }
    let (organization, name) = (field("organization"), field("name"));
    let is_login = organization
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if !is_login || organization.len() > 39 || name.is_empty() || name.chars().count() > 34 {
        return told(
            StatusCode::BAD_REQUEST,
            "That is no name",
            "Expected the login of an organisation, and a name for the App of at most 34 characters.",
        );
    }
    let browser = hex::encode(random);
    let state = state::sign(ready.token, Purpose::Register, &browser, ports.clock.now());
    let manifest = Manifest::new(&name, ready.public_url);
    // Plain data with text keys: serde_json cannot fail on it.
    let manifest = serde_json::to_string(&manifest).unwrap_or_default();
    let place = if organization.is_empty() {
        format!("{}/settings/apps/new", ready.github_url)
    } else {
        format!(
            "{}/organizations/{organization}/settings/apps/new",
            ready.github_url
        )
    };
    let body = format!(
        "<p>GitHub shows the App before it is made, and brings you back here afterwards. That has to be within an hour, and in this \
         browser.</p>\n<form method=\"post\" action=\"{}?state={}\">\n<input type=\"hidden\" name=\"manifest\" value=\"{}\">\n\
         <p><button>Register the App at GitHub</button></p>\n</form>",
        escaped(&place),
        escaped(&state),
        escaped(&manifest)
    );
    let mut reply = page(
        StatusCode::OK,
        "A GitHub App for Slipway",
        &body,
        ready.github_url,
    );
    let secure = if ready.public_url.starts_with("https://") {
        "; Secure"
    } else {
        ""
    };
    let cookie =
        format!("{COOKIE}={browser}; Path=/setup; Max-Age=3600; HttpOnly; SameSite=Lax{secure}");
    if let Ok(cookie) = HeaderValue::try_from(cookie) {
        reply.headers.push((header::SET_COOKIE, cookie));
    }
    reply
}

/// `GET /setup/created`: GitHub made the App; its code is exchanged for the keys, which are shown and forgotten.
pub(crate) async fn created<H: Http, C: Clock, S: Store, L: Log>(
    ports: &Ports<H, C, S, L>,
    settings: &Settings,
    asked: Asked<'_>,
) -> Reply {
    let ready = match Ready::of(settings) {
        Ok(ready) => ready,
        Err(reply) => return *reply,
    };
    let field = |name: &str| value(asked.query.as_bytes(), name).unwrap_or_default();
    let (now, state) = (ports.clock.now(), field("state"));
    let begun_here = !asked.cookie.is_empty()
        && state::is_good(ready.token, Purpose::Register, asked.cookie, &state, now);
    if !begun_here {
        return told(
            StatusCode::BAD_REQUEST,
            "This was not begun here",
            "The registration was begun in another browser, or more than an hour ago. Delete the new App at GitHub, and begin \
             again at /setup.",
        );
    }
    match convert_manifest(&ports.http, ready.github_api_url, &field("code")).await {
        Ok(app) => {
            let fields = [("app", app.id.into()), ("slug", app.slug.as_str().into())];
            ports
                .log
                .write(Level::Info, "registered a GitHub App", &fields);
            shown(
                &ready,
                &app,
                &state::sign(ready.token, Purpose::Install, "", now),
            )
        }
        Err(error) => {
            let fields = [("reason", error.reason().into())];
            ports
                .log
                .write(Level::Warn, "could not register a GitHub App", &fields);
            told(
                StatusCode::BAD_GATEWAY,
                "GitHub did not give the keys",
                error.reason(),
            )
        }
    }
}

/// The variables to set.
fn shown(ready: &Ready<'_>, app: &NewApp, state: &str) -> Reply {
    let variables = [
        ("GITHUB_APP_ID", app.id.to_string()),
        ("GITHUB_APP_PRIVATE_KEY", BASE64_STANDARD.encode(&app.pem)),
        ("GITHUB_WEBHOOK_SECRETS", app.webhook_secret.clone()),
        ("GITHUB_APP_CLIENT_ID", app.client_id.clone()),
        ("GITHUB_APP_CLIENT_SECRET", app.client_secret.clone()),
    ];
    let lines: Vec<String> = variables
        .iter()
        .map(|(name, value)| escaped(&format!("SPIN_VARIABLE_{name}='{value}'")))
        .collect();
    let body = format!(
        "<p><strong>This is shown once, and kept nowhere.</strong> Set these variables where Slipway runs, and start it anew. The \
         private key is in base64. If other webhooks send deliveries already, keep their secrets in \
         <code>github_webhook_secrets</code> too, with commas between them; and <code>github_token</code> is not needed any \
         more.</p>\n<pre>{}</pre>\n\
         <p>Then <a href=\"{}/apps/{}/installations/new?state={}\" rel=\"noreferrer\">install the App</a> on the repositories that \
         Slipway is for.</p>\n\
         <p>Lost it? Make a new key and a new webhook secret on the App's page at GitHub.</p>",
        lines.join("\n"),
        escaped(ready.github_url),
        escaped(&app.slug),
        escaped(state),
    );
    page(StatusCode::OK, "The App is registered", &body, "'none'")
}

/// Compared by their digests, so the time that it takes tells nothing.
fn is_same(token: &str, candidate: &str) -> bool {
    Sha256::digest(token.as_bytes()) == Sha256::digest(candidate.as_bytes())
}
