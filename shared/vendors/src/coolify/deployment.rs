//! Deployments as Coolify shows them (VENDORS 1.4).

use std::{fmt, marker::PhantomData};

use domain::{ApplicationUuid, DeploymentUuid, PullRequestNumber, Timestamp};
use http::StatusCode;
use ports::Http;
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};

use super::{ApiRequest, Client, refusal};
use crate::{
    CallError,
    error::excerpt,
    exchange::{Repeat, message},
};

/// So many deployments are asked for at once. With a root token each one carries its logs, so that a page must not be long.
const PAGE: usize = 20;

/// So many pages are read at most.
const PAGES: usize = 3;

/// A deployment as Coolify shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// Its uuid.
    pub uuid: DeploymentUuid,
    /// How far it is.
    pub status: DeploymentStatus,
    /// The pull request that it is the preview of; none for the application itself.
    pub pull_request: Option<PullRequestNumber>,
    /// The tag of the image, if the deployment names one.
    pub tag: Option<String>,
    /// The commit: `HEAD` for images, unless set.
    pub commit: Option<String>,
    /// When it was asked for.
    pub created_at: Option<Timestamp>,
    /// The page with its logs.
    pub url: Option<String>,
}

/// How far a deployment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeploymentStatus {
    /// Waiting.
    Queued,
    /// At work.
    InProgress,
    /// The container was started. For a preview this says nothing of its health (VENDORS 1.3).
    Finished,
    /// It did not work.
    Failed,
    /// A person, or the removal of the preview, cancelled it.
    Cancelled,
    /// A status that this version of Slipway does not know: neither finished nor failed.
    Unrecognised,
}

impl DeploymentStatus {
    /// Whether it is still to change: queued, in progress, or not recognised.
    pub const fn is_under_way(self) -> bool {
        match self {
            Self::Queued | Self::InProgress | Self::Unrecognised => true,
            Self::Finished | Self::Failed | Self::Cancelled => false,
        }
    }
}

#[derive(Deserialize)]
struct Wire {
    deployment_uuid: DeploymentUuid,
    status: String,
    #[serde(default)]
    pull_request_id: Option<u64>,
    #[serde(default)]
    docker_registry_image_tag: Option<String>,
    #[serde(default)]
    commit: Option<String>,
    #[serde(default)]
    created_at: Option<String>,
    #[serde(default)]
    deployment_url: Option<String>,
}

#[derive(Deserialize)]
struct WireList {
    #[serde(deserialize_with = "list_or_values")]
    deployments: Vec<Wire>,
}

impl<H: Http> Client<H> {
    /// The deployment; none if there is none of this uuid, as for a phantom uuid.
    pub async fn deployment(&self, uuid: &DeploymentUuid) -> Result<Option<Deployment>, CallError> {
        let exchange = self.exchange(
            format!("reading Coolify deployment {uuid}"),
            Repeat::Harmless,
        )?;
        let response = self
            .send(&exchange, ApiRequest::get(format!("/deployments/{uuid}")))
            .await?;
        if response.status == StatusCode::NOT_FOUND
            && message(&response).as_deref() == Some("Deployment not found.")
        {
            return Ok(None);
        }
        if response.status != StatusCode::OK {
            return Err(exchange.failure(&response, refusal::hint(&response)));
        }
        let wire: Wire = exchange.read(&response)?;
        if wire.deployment_uuid != *uuid {
            return Err(exchange.unreadable(&response, "another deployment"));
        }
        Ok(Some(self.shown(wire)))
    }

    /// The application's newest deployments (60 at most), newest first, of all pull requests and of the application itself.
    pub async fn deployments(
        &self,
        application: &ApplicationUuid,
    ) -> Result<Vec<Deployment>, CallError> {
        let exchange = self.exchange(
            format!("reading the deployments of Coolify application {application}"),
            Repeat::Harmless,
        )?;
        let mut found: Vec<Deployment> = Vec::new();
        for page in 0..PAGES {
            let path = format!(
                "/deployments/applications/{application}?skip={}&take={PAGE}",
                page * PAGE
            );
            let response = self.send(&exchange, ApiRequest::get(path)).await?;
            if response.status != StatusCode::OK {
                return Err(exchange.failure(&response, refusal::hint(&response)));
            }
            let list: WireList = exchange.read(&response)?;
            let is_last = list.deployments.len() < PAGE;
            for wire in list.deployments {
                // A deployment that was queued in between moves the older ones on to the next page.
                if !found.iter().any(|known| known.uuid == wire.deployment_uuid) {
                    found.push(self.shown(wire));
                }
            }
            if is_last {
                break;
            }
        }
        Ok(found)
    }

    fn shown(&self, wire: Wire) -> Deployment {
        let page = wire
            .deployment_url
            .as_deref()
            .filter(|path| is_plain_path(path));
        Deployment {
            uuid: wire.deployment_uuid,
            status: match wire.status.as_str() {
                "queued" => DeploymentStatus::Queued,
                "in_progress" => DeploymentStatus::InProgress,
                "finished" => DeploymentStatus::Finished,
                "failed" => DeploymentStatus::Failed,
                "cancelled-by-user" => DeploymentStatus::Cancelled,
                _ => DeploymentStatus::Unrecognised,
            },
            pull_request: wire
                .pull_request_id
                .filter(|number| *number != 0)
                .map(PullRequestNumber),
            tag: wire
                .docker_registry_image_tag
                .filter(|tag| !tag.is_empty())
                .map(|tag| excerpt(&tag)),
            commit: wire.commit.map(|commit| excerpt(&commit)),
            created_at: wire.created_at.as_deref().and_then(Timestamp::parse),
            url: page.and_then(|path| {
                self.access
                    .as_ref()
                    .ok()
                    .map(|access| access.base.url(path))
            }),
        }
    }
}

/// Whether the text is a path that needs no escaping anywhere, as Coolify's are.
fn is_plain_path(path: &str) -> bool {
    path.starts_with('/')
        && !path.starts_with("//")
        && path
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_'))
}

/// A JSON list, or the values of an object in their order: PHP writes a list with gaps in its numbers as an object (VENDORS 1.4).
pub(super) fn list_or_values<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct ListOrValues<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for ListOrValues<T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
            let mut values = Vec::new();
            while let Some(value) = list.next_element()? {
                values.push(value);
            }
            Ok(values)
        }

        fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Vec<T>, A::Error> {
            let mut values = Vec::new();
            while let Some((serde::de::IgnoredAny, value)) = object.next_entry()? {
                values.push(value);
            }
            Ok(values)
        }
    }

    deserializer.deserialize_any(ListOrValues(PhantomData))
}
