//! The registry of images: GitHub's, which is part of its API, or a Harbor.
//!
//! Which of the two it is says `registry_url`: where that is the address of GitHub's API (`github_api_url`), images of `ghcr.io` (or, of a
//! server of one's own, of `containers.<its host>`) are deleted there; any other address is that of a Harbor, whose images begin with its
//! host. Images of other registries are left alone.
//!
//! Anybody who may write a repository's configuration names its images, and a tag does not name a repository. So both clients refuse
//! what is not the repository's own: GitHub says whose a package is, and of Harbor the project must be the owner's.

use domain::{ImageTag, PullRequestNumber, preview::ImageOutcome};
use ports::{Clock, Http, Store};

use crate::{
    CallError,
    github::{self, Credentials, Repository},
    harbor,
};

/// The registry's name for people.
pub const VENDOR: &str = "Registry";

/// A client of the one registry that is configured.
pub enum Client<H, C, S> {
    /// GitHub's.
    GitHub(Box<github::Client<H, C, S>>),
    /// A Harbor.
    Harbor(harbor::Client<H>),
}

impl<H: Http, C: Clock, S: Store> Client<H, C, S> {
    /// The registry at `url`, by `token`: a classic token of GitHub's where `url` is `github_api_url`, else a robot account of Harbor's.
    pub fn new(http: H, clock: C, store: S, (url, github): (&str, &str), token: &str) -> Self {
        let same = |url: &str| url.trim().trim_end_matches('/').to_ascii_lowercase();
        if same(url) == same(github) {
            let credentials = Credentials::RegistryToken(token.to_owned());
            let client = github::Client::new(http, clock, store, url, &credentials);
            Self::GitHub(Box::new(client))
        } else {
            Self::Harbor(harbor::Client::new(http, url, token))
        }
    }

    /// Deletes the tag of an image that was made for this pull request, if it is in this registry; what is not this repository's is
    /// refused. A repeat is harmless: it finds nothing.
    pub async fn delete_image_tag(
        &self,
        repository: Repository<'_>,
        image: &str,
        (tag, number): (&ImageTag, PullRequestNumber),
    ) -> Result<ImageOutcome, CallError> {
        let Some((host, path)) = image.split_once('/') else {
            return Ok(ImageOutcome::NotOurs);
        };
        match self {
            Self::GitHub(github) if host == github.image_host() => {
                github
                    .delete_image_tag(repository, path, (tag, number))
                    .await
            }
            Self::Harbor(harbor) if harbor.serves(host) => {
                let owner = repository.name.owner();
                harbor.delete_image_tag(owner, path, tag).await
            }
            Self::GitHub(_) | Self::Harbor(_) => Ok(ImageOutcome::NotOurs),
        }
    }
}
