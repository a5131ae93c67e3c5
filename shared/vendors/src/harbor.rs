//! Harbor: deleting the tag of an image (HARBOR api/v2.0/swagger.yaml, operation `deleteTag`).
//!
//! - A robot account shows who it is by its name and secret (Basic); a bearer token is answered 401.
//! - The name of a repository is one segment of the path; its slashes are encoded twice.
//! - Other tags of the same artifact stay, and so does the artifact: Harbor's own rules of retention see to it.
//! - It knows nothing of GitHub's repositories, so the project must bear the name of the repository's owner, in lower case.
//! - A tag that is not there is answered 404 with `artifact ... not found`; a project or repository that is not, with other words.
//! - A tag that a rule makes immutable is refused with 412.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use domain::{ImageTag, preview::ImageOutcome};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use ports::{Http, Request, Response};
use serde::Deserialize;

use crate::{
    CallError,
    address::{Base, Names, percent_encoded},
    error::{Secrets, excerpt},
    exchange::{Exchange, Repeat, USER_AGENT},
};

const NAMES: Names = Names {
    vendor: "Harbor",
    url_variable: "registry_url",
    token_variable: "registry_token",
};

const TIMEOUT: Duration = Duration::from_secs(20);

/// A client of one Harbor.
pub struct Client<H> {
    http: H,
    access: Result<Access, String>,
}

struct Access {
    base: Base,
    basic: HeaderValue,
    secrets: Secrets,
}

impl Access {
    fn new(base: &str, token: &str) -> Result<Self, String> {
        let base = Base::new(base, NAMES)?;
        let token = token.trim();
        let Some((_, secret)) = token.split_once(':') else {
            return Err(
                "the variable registry_token must hold the name and the secret of a robot account of Harbor's, as \
                 robot$<name>:<secret>"
                    .to_owned(),
            );
        };
        let secrets = Secrets::default();
        secrets.add(token);
        secrets.add(secret);
        let encoded = STANDARD.encode(token);
        secrets.add(&encoded);
        let mut basic = HeaderValue::from_str(&format!("Basic {encoded}"))
            .map_err(|error| format!("the variable registry_token: {error}"))?;
        basic.set_sensitive(true);
        Ok(Self {
            base,
            basic,
            secrets,
        })
    }
}

/// Harbor's own way to say that something went wrong.
#[derive(Deserialize)]
struct ErrorBody {
    errors: Vec<ErrorText>,
}

#[derive(Deserialize)]
struct ErrorText {
    code: String,
    message: String,
}

impl<H: Http> Client<H> {
    /// A client of the Harbor at `base_url` (without `/api/v2.0`), by `robot$<name>:<secret>`. What cannot work is reported by every
    /// call as [`CallError::Refused`].
    pub fn new(http: H, base_url: &str, token: &str) -> Self {
        Self {
            http,
            access: Access::new(base_url, token),
        }
    }

    /// Whether images of this host (`harbor.example.com:8443`) are in this Harbor; if its variables make no sense, any may be.
    pub fn serves(&self, host: &str) -> bool {
        let access = self.access.as_ref().ok();
        access.is_none_or(|access| access.base.authority().as_deref() == Some(host))
    }

    /// Deletes a tag. `path` is the image's name below the host: `<project>/<repository>`; `owner` is whose the repository on GitHub
    /// is, and the project must be named so. A repeat is harmless: it finds nothing.
    pub async fn delete_image_tag(
        &self,
        owner: &str,
        path: &str,
        tag: &ImageTag,
    ) -> Result<ImageOutcome, CallError> {
        let what = format!("deleting the image {path}:{tag} from Harbor");
        let access = self.access.as_ref().map_err(|problem| CallError::Refused {
            reason: format!("{what}: {problem}"),
        })?;
        let exchange = Exchange {
            names: NAMES,
            what,
            repeat: Repeat::Harmless,
            secrets: &access.secrets,
        };
        let Some((project, repository)) = path.split_once('/') else {
            let reason = exchange.reason("the image has no project");
            return Err(exchange.refused(reason, "An image of Harbor's is <host>/<project>/<name>"));
        };
        if project != owner.to_lowercase() {
            let reason = exchange.reason(&format!("the project is not that of {}", excerpt(owner)));
            let hint = "Of Harbor only images in the project with the owner's name, in lower case, are deleted";
            return Err(exchange.refused(reason, hint));
        }
        let once = percent_encoded(repository, false);
        let path = format!(
            "/api/v2.0/projects/{}/repositories/{}/artifacts/{tag}/tags/{tag}",
            percent_encoded(project, false),
            percent_encoded(&once, false)
        );
        let response = self.send(access, &exchange, &path).await?;
        match (response.status, error(&response)) {
            (StatusCode::OK, _) if response.body.iter().all(u8::is_ascii_whitespace) => {
                Ok(ImageOutcome::Deleted)
            }
            // A page of a proxy's, such as one for signing in.
            (StatusCode::OK, _) => Err(exchange.unreadable(&response, "a body")),
            (StatusCode::NOT_FOUND, Some(error)) if names_a_tag(&error) => {
                Ok(ImageOutcome::NotThere)
            }
            (status, Some(error)) if status.is_client_error() => {
                Err(refusal(&exchange, &response, &error))
            }
            (_, _) => Err(exchange.failure(&response, "")),
        }
    }

    async fn send(
        &self,
        access: &Access,
        exchange: &Exchange<'_>,
        path: &str,
    ) -> Result<Response, CallError> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(header::AUTHORIZATION, access.basic.clone());
        headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
        let request = Request {
            method: Method::DELETE,
            url: access.base.url(path),
            headers,
            body: Vec::new(),
            timeout: TIMEOUT,
        };
        let sent = self.http.send(request).await;
        sent.map_err(|error| exchange.no_answer(&error))
    }
}

fn error(response: &Response) -> Option<ErrorText> {
    let body: ErrorBody = serde_json::from_slice(&response.body).ok()?;
    body.errors.into_iter().next()
}

/// Whether the repository was seen, and has no such tag.
fn names_a_tag(error: &ErrorText) -> bool {
    let words = ["artifact ", "tag "];
    error.code == "NOT_FOUND" && words.iter().any(|word| error.message.starts_with(word))
}

/// What Harbor said in its own words; a limit is waited for.
fn refusal(exchange: &Exchange<'_>, response: &Response, error: &ErrorText) -> CallError {
    if matches!(
        response.status,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT
    ) {
        return exchange.failure(response, "");
    }
    let hint = match response.status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            "The robot account in registry_token must be valid and may delete tags in the project"
        }
        StatusCode::NOT_FOUND => {
            "There is no such project or repository, or the robot account in registry_token may not see it"
        }
        StatusCode::PRECONDITION_FAILED => "A rule of the project makes the tag immutable",
        _ => "",
    };
    let said = excerpt(&exchange.without_secrets(&error.message));
    let status = response.status.as_u16();
    let reason = exchange.reason(&format!("Harbor answered {status} \"{said}\""));
    exchange.refused(reason, hint)
}
