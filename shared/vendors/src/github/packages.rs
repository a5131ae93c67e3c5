//! Images at GitHub's registry, `ghcr.io`: deleting what bears one tag (VENDORS 4.6, GHDOCS rest/packages/packages).
//!
//! - Apps may not: it takes a classic token with `read:packages` and `delete:packages`, of somebody who administers the package.
//! - There is no way to delete a tag: a version (a manifest) is deleted, with all its tags. So one with several is left.
//! - A tag names a pull request and no repository, so a package is touched only if GitHub says that it is this repository's: one that
//!   was pushed by an action of the repository's, or bears the label `org.opencontainers.image.source`, is linked to it.
//! - A package that is not there and one that the token may not see are answered alike, with 404.
//! - Packages of an organisation and those of a person have different paths; the wrong one is answered 404.
//! - The last tagged version of a package, and a public one with more than 5,000 downloads, are refused with 400.
//! - Manifests of single platforms are versions without a tag of their own; they are left to the registry's own clean-up.

use std::ops::ControlFlow;

use domain::{ImageTag, PullRequestNumber, preview::ImageOutcome};
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

/// A package, as far as it is of interest.
#[derive(Deserialize)]
struct Package {
    /// The repository that it is linked to.
    #[serde(default)]
    repository: Option<Linked>,
}

#[derive(Deserialize)]
struct Linked {
    id: u64,
}

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
    /// The host of this GitHub's images: `ghcr.io`, or `containers.<host>` of a server of one's own. An address that does not tell the
    /// host, such as a proxy's, is taken for github.com's.
    pub fn image_host(&self) -> String {
        let setup = self.setup.as_ref().ok();
        match setup.and_then(|setup| setup.base.web_host()) {
            Some(host) if host != "github.com" => format!("containers.{host}"),
            Some(_) | None => "ghcr.io".to_owned(),
        }
    }

    /// Deletes the version that bears this tag, and beside it at most other tags of the same pull request. `package` is the image's
    /// name below the host: `acme/shop/web`; one of another owner, or that GitHub does not say to be this repository's, is refused. A
    /// repeat is harmless: it finds nothing.
    pub async fn delete_image_tag(
        &self,
        repository: Repository<'_>,
        package: &str,
        (tag, number): (&ImageTag, PullRequestNumber),
    ) -> Result<ImageOutcome, CallError> {
        let what = format!("deleting the image {}/{package}:{tag}", self.image_host());
        let call = self.exchange(repository, what, Repeat::Harmless)?;
        let Some((owner, name)) = package.split_once('/') else {
            let reason = call.reason("the image has no owner");
            return Err(call.refused(reason, "An image at ghcr.io is ghcr.io/<owner>/<name>"));
        };
        if !owner.eq_ignore_ascii_case(repository.name.owner()) {
            let reason = call.reason("it is not the repository owner's");
            return Err(call.refused(reason, "Slipway deletes no image of anybody else"));
        }
        let (owner, name) = (percent_encoded(owner, false), percent_encoded(name, false));
        for kind in ["orgs", "users"] {
            let path = format!("/{kind}/{owner}/packages/container/{name}");
            let Some(package) = self.package(&call, &path).await? else {
                continue;
            };
            let linked = package.repository.map(|linked| linked.id);
            if linked != Some(repository.id.0) {
                let whose = match linked {
                    Some(_) => "the package is linked to another repository",
                    None => {
                        "the package is linked to no repository, or to one that registry_token may not see"
                    }
                };
                let hint = "It must be linked to this one, on the package's page or by the label \
                            org.opencontainers.image.source";
                return Err(call.refused(call.reason(whose), hint));
            }
            let versions = format!("{path}/versions");
            return match self.find_version(&call, &versions, tag).await? {
                Found::NoPackage => Err(unseen(&call)),
                Found::NoTag => Ok(ImageOutcome::NotThere),
                Found::Version(version) => {
                    self.delete_version(&call, &versions, version, (tag, number))
                        .await
                }
            };
        }
        Err(unseen(&call))
    }

    /// The package; none if there is none there, or none that the token may see.
    async fn package(&self, call: &Call<'_>, path: &str) -> Result<Option<Package>, CallError> {
        let response = self.send(call, Method::GET, path, Vec::new()).await?;
        match response.status {
            StatusCode::OK => call.read(&response).map(Some),
            _ if is_missing(&response) => Ok(None),
            _ => Err(self.failure(call, &response)),
        }
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
        (tag, number): (&ImageTag, PullRequestNumber),
    ) -> Result<ImageOutcome, CallError> {
        let tags = version.metadata.container.tags;
        let others: Vec<String> = tags
            .iter()
            .filter(|own| *own != tag.as_str() && !is_of_pull_request(own, number))
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
            // Somebody else deleted it, or the token may not: its absence is believed when it is not listed any more.
            _ if is_missing(&response) => match self.find_version(call, versions, tag).await? {
                Found::NoTag => Ok(ImageOutcome::NotThere),
                Found::NoPackage | Found::Version(_) => Err(unseen(call)),
            },
            _ => Err(self.failure(call, &response)),
        }
    }
}

/// Whether a tag is one that builds of the pull request make beside the deployed one: `pr-7`, or `pr-7-` and a commit.
fn is_of_pull_request(tag: &str, number: PullRequestNumber) -> bool {
    match tag.strip_prefix(&format!("pr-{}", number.0)) {
        Some("") => true,
        Some(rest) => rest.strip_prefix('-').is_some_and(|commit| {
            matches!(commit.len(), 7 | 40) && commit.bytes().all(|byte| byte.is_ascii_hexdigit())
        }),
        None => false,
    }
}

fn unseen(call: &Call<'_>) -> CallError {
    let reason = call.reason("GitHub shows no such package or version");
    call.refused(
        reason,
        "There is none, or registry_token may not see it or not delete it",
    )
}

/// GitHub's own word that there is no such thing, or none that the token may see.
fn is_missing(response: &Response) -> bool {
    response.status == StatusCode::NOT_FOUND && message(response).is_some()
}
