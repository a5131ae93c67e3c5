//! Images at GitHub's registry, `ghcr.io`: deleting what bears one tag (VENDORS 4.6, GHDOCS rest/packages/packages).
//!
//! - Apps may not: it takes a classic token with `read:packages` and `delete:packages`, of somebody who administers the package.
//! - There is no way to delete a tag: a version (a manifest) is deleted, with all its tags. So one with several is left.
//! - Packages of an organisation and those of a person have different paths; the wrong one is answered 404.
//! - The last tagged version of a package, and a public one with more than 5,000 downloads, are refused with 400.
//! - Manifests of single platforms are versions without a tag of their own; they are left to the registry's own clean-up.

use std::ops::ControlFlow;

use domain::{ImageTag, preview::ImageOutcome};
use http::{Method, StatusCode};
use ports::{Clock, Http, Response, Store};
use serde::Deserialize;

use super::{Call, Client, Repository, link::Ended};
use crate::{
    CallError,
    address::percent_encoded,
    error::excerpt,
    exchange::{Repeat, message},
};

/// So many pages of 100 versions are read at most, the newest first.
const PAGES: usize = 20;
/// So many of the other tags of a version are told.
const OTHERS_TOLD: usize = 3;

/// A version of a package.
#[derive(Deserialize)]
struct Version {
    id: u64,
    #[serde(default)]
    metadata: Metadata,
}

#[derive(Deserialize, Default)]
struct Metadata {
    #[serde(default)]
    container: Container,
}

#[derive(Deserialize, Default)]
struct Container {
    #[serde(default)]
    tags: Vec<String>,
}

/// What was found of a tag.
enum Found {
    /// No such package there.
    NoPackage,
    /// The package has no such tag.
    NoTag,
    Version(Version),
}

impl<H: Http, C: Clock, S: Store> Client<H, C, S> {
    /// Deletes the version that bears this tag alone. `package` is the image's name below `ghcr.io`: `acme/shop/web`. A repeat is
    /// harmless: it finds nothing.
    pub async fn delete_image_tag(
        &self,
        repository: Repository<'_>,
        package: &str,
        tag: &ImageTag,
    ) -> Result<ImageOutcome, CallError> {
        let what = format!("deleting the image ghcr.io/{package}:{tag}");
        let call = self.exchange(repository, what, Repeat::Harmless)?;
        let Some((owner, name)) = package.split_once('/') else {
            let reason = call.reason("the image has no owner");
            return Err(call.refused(reason, "An image at ghcr.io is ghcr.io/<owner>/<name>"));
        };
        for kind in ["orgs", "users"] {
            let owner = percent_encoded(owner, false);
            let name = percent_encoded(name, false);
            let versions = format!("/{kind}/{owner}/packages/container/{name}/versions");
            match self.find_version(&call, &versions, tag).await? {
                Found::NoPackage => {}
                Found::NoTag => return Ok(ImageOutcome::NotThere),
                Found::Version(version) => {
                    return self.delete_version(&call, &versions, version, tag).await;
                }
            }
        }
        Ok(ImageOutcome::NotThere)
    }

    async fn find_version(
        &self,
        call: &Call<'_>,
        versions: &str,
        tag: &ImageTag,
    ) -> Result<Found, CallError> {
        // Those of people are listed without parameters.
        let path = if versions.starts_with("/orgs/") {
            format!("{versions}?per_page=100")
        } else {
            versions.to_owned()
        };
        let mut found = Found::NoTag;
        let take = |response: &Response| {
            if is_missing(response) {
                found = Found::NoPackage;
                return Ok(ControlFlow::Break(()));
            }
            if response.status != StatusCode::OK {
                return Err(self.failure(call, response));
            }
            let page: Vec<Version> = call.read(response)?;
            let bears = |version: &Version| {
                let tags = &version.metadata.container.tags;
                tags.iter().any(|own| own == tag.as_str())
            };
            Ok(match page.into_iter().find(bears) {
                Some(version) => {
                    found = Found::Version(version);
                    ControlFlow::Break(())
                }
                None => ControlFlow::Continue(()),
            })
        };
        match self.pages_judged(call, &path, PAGES, take).await? {
            Ended::AtTheEnd | Ended::Broken => Ok(found),
            Ended::Unfinished => {
                let reason = call.reason("it is not among the package's newest 2,000 versions");
                Err(call.refused(
                    reason,
                    "Older ones must be deleted first, or this one by hand",
                ))
            }
        }
    }

    async fn delete_version(
        &self,
        call: &Call<'_>,
        versions: &str,
        version: Version,
        tag: &ImageTag,
    ) -> Result<ImageOutcome, CallError> {
        let tags = version.metadata.container.tags;
        let others: Vec<String> = tags
            .iter()
            .filter(|own| *own != tag.as_str())
            .take(OTHERS_TOLD)
            .map(|other| excerpt(other))
            .collect();
        if !others.is_empty() {
            return Ok(ImageOutcome::Shared { others });
        }
        let path = format!("{versions}/{}", version.id);
        let response = self.send(call, Method::DELETE, &path, Vec::new()).await?;
        match response.status {
            StatusCode::NO_CONTENT => Ok(ImageOutcome::Deleted),
            _ if is_missing(&response) => Ok(ImageOutcome::NotThere),
            _ => Err(self.failure(call, &response)),
        }
    }
}

/// GitHub's own word that there is no such thing, or none that the token may see.
fn is_missing(response: &Response) -> bool {
    response.status == StatusCode::NOT_FOUND && message(response).is_some()
}
