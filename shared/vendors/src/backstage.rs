//! Backstage's catalog: which entities a repository has, and having them read again (VENDORS 3).
//!
//! - An entity's name is chosen in `catalog-info.yaml`: entities are looked up by the annotation `github.com/project-slug`, or
//!   named in the configuration; `component:default/<repository>` would be a guess.
//! - A refresh is answered 200 with an empty body, and only scheduled: whether the file could be read shows later, on the entity.
//! - The body has one property: Backstage checks it against its OpenAPI document and refuses others.
//! - 404 in Backstage's own words means that there is no such entity, now and on every repeat.

use std::time::Duration;

use domain::{EntityRef, RepositoryName};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use ports::{Http, Request, Response};
use serde::Deserialize;
use serde_json::json;

use crate::{
    CallError,
    address::{Access, Names, percent_encoded},
    error::excerpt,
    exchange::{Exchange, Repeat, USER_AGENT, retry_after},
};

/// Backstage's name for people.
pub const VENDOR: &str = "Backstage";

const NAMES: Names = Names {
    vendor: VENDOR,
    url_variable: "backstage_url",
    token_variable: "backstage_token",
};

const TIMEOUT: Duration = Duration::from_secs(20);

/// So many entities are asked for at once.
const PAGE: usize = 50;

/// So many pages are read at most: no repository has more entities than people can name.
const PAGES: usize = 4;

/// What came of asking for a refresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refreshed {
    /// It is scheduled.
    Scheduled,
    /// There is no such entity; asking again changes nothing.
    NoSuchEntity,
}

/// A client of one Backstage.
pub struct Client<H> {
    http: H,
    access: Result<Access, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    items: Vec<Entity>,
    page_info: PageInfo,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageInfo {
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Entity {
    kind: String,
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Metadata {
    name: String,
    namespace: Option<String>,
}

/// Backstage's own way to say that something went wrong.
#[derive(Deserialize)]
struct ErrorBody {
    error: ErrorText,
}

#[derive(Deserialize)]
struct ErrorText {
    name: String,
    message: String,
}

impl<H: Http> Client<H> {
    /// A client of the Backstage at `base_url` (without `/api/catalog`), by a token of its external access. A URL or token that
    /// cannot work is reported by every call as [`CallError::Refused`].
    pub fn new(http: H, base_url: &str, token: &str) -> Self {
        Self {
            http,
            access: Access::new(base_url, token, NAMES),
        }
    }

    /// The entities that name this repository in their annotation `github.com/project-slug`, in Backstage's order.
    pub async fn entities_of(
        &self,
        repository: &RepositoryName,
    ) -> Result<Vec<EntityRef>, CallError> {
        let what = format!("looking for the entities of {repository} in Backstage");
        let access = self.access(&what)?;
        let exchange = exchange(access, what);
        let filter = format!("metadata.annotations.github.com/project-slug={repository}");
        let fields = percent_encoded("kind,metadata.name,metadata.namespace", false);
        let page = |which: &str, value: &str| {
            let value = percent_encoded(value, false);
            format!("/entities/by-query?{which}={value}&fields={fields}&limit={PAGE}")
        };
        let mut path = page("filter", &filter);
        let mut found = Vec::new();
        for _ in 0..PAGES {
            let response = self
                .send(access, &exchange, (Method::GET, &path), Vec::new())
                .await?;
            if response.status != StatusCode::OK {
                return Err(failure(&exchange, &response));
            }
            let answer: Page = exchange.read(&response)?;
            for entity in answer.items {
                let namespace = entity.metadata.namespace.as_deref().unwrap_or("default");
                let text = format!("{}:{namespace}/{}", entity.kind, entity.metadata.name);
                let parsed = text.parse();
                found
                    .push(parsed.map_err(|problem| {
                        exchange.unreadable(&response, &format!("{problem}"))
                    })?);
            }
            match answer.page_info.next_cursor {
                Some(cursor) => path = page("cursor", &cursor),
                None => break,
            }
        }
        Ok(found)
    }

    /// Has Backstage read an entity again, soon. A repeat is harmless.
    pub async fn refresh(&self, entity: &EntityRef) -> Result<Refreshed, CallError> {
        let what = format!("refreshing {entity} in Backstage");
        let access = self.access(&what)?;
        let exchange = exchange(access, what);
        let body = json!({"entityRef": entity.to_string()})
            .to_string()
            .into_bytes();
        let response = self
            .send(access, &exchange, (Method::POST, "/refresh"), body)
            .await?;
        let text = error(&response);
        match response.status {
            StatusCode::OK if response.body.iter().all(u8::is_ascii_whitespace) => {
                Ok(Refreshed::Scheduled)
            }
            // A page of a proxy's, such as one for signing in.
            StatusCode::OK => Err(exchange.unreadable(&response, "a body")),
            StatusCode::NOT_FOUND
                if text
                    .as_ref()
                    .is_some_and(|text| text.message.starts_with("Entity ")) =>
            {
                Ok(Refreshed::NoSuchEntity)
            }
            _ => Err(failure(&exchange, &response)),
        }
    }

    fn access(&self, what: &str) -> Result<&Access, CallError> {
        self.access.as_ref().map_err(|problem| CallError::Refused {
            reason: format!("{what}: {problem}"),
        })
    }

    /// Sends a request; the path follows `/api/catalog`.
    async fn send(
        &self,
        access: &Access,
        exchange: &Exchange<'_>,
        (method, path): (Method, &str),
        body: Vec<u8>,
    ) -> Result<Response, CallError> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(header::AUTHORIZATION, access.bearer.clone());
        headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
        if !body.is_empty() {
            headers.insert(
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/json"),
            );
        }
        let request = Request {
            method,
            url: access.base.url(&format!("/api/catalog{path}")),
            headers,
            body,
            timeout: TIMEOUT,
        };
        let sent = self.http.send(request).await;
        sent.map_err(|error| exchange.no_answer(&error))
    }
}

fn exchange(access: &Access, what: String) -> Exchange<'_> {
    Exchange {
        names: NAMES,
        what,
        repeat: Repeat::Harmless,
        secrets: &access.secrets,
    }
}

fn error(response: &Response) -> Option<ErrorText> {
    let body: ErrorBody = serde_json::from_slice(&response.body).ok()?;
    Some(body.error)
}

/// The error for an answer that is no success: Backstage's own refusals with what would be right, a proxy's as always.
fn failure(exchange: &Exchange<'_>, response: &Response) -> CallError {
    let status = response.status;
    let Some(text) = error(response) else {
        return exchange.failure(response, "");
    };
    let said = format!(
        "Backstage answered {} {} \"{}\"",
        status.as_u16(),
        excerpt(&exchange.without_secrets(&text.name)),
        excerpt(&exchange.without_secrets(&text.message))
    );
    let (reason, after) = (exchange.reason(&said), retry_after(&response.headers));
    if status == StatusCode::TOO_MANY_REQUESTS || !status.is_client_error() {
        return exchange.lost(reason, after);
    }
    let hint = match status {
        StatusCode::UNAUTHORIZED => {
            "The variable backstage_token must hold a token of backend.auth.externalAccess in Backstage's app-config"
        }
        StatusCode::FORBIDDEN => {
            "The token's accessRestrictions in Backstage's app-config must let it have catalog.entity.read and \
             catalog.entity.refresh"
        }
        StatusCode::NOT_FOUND => {
            "The variable backstage_url must be the address of Backstage's backend, without /api/catalog"
        }
        _ => "",
    };
    exchange.refused(reason, hint)
}
