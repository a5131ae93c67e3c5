//! Reading a file of a repository.

use std::borrow::Cow;

use base64::{Engine, prelude::BASE64_STANDARD};
use http::StatusCode;
use ports::{Clock, Http, Store};
use serde::{Deserialize, Serialize};

use super::{
    Call, Client, Repository,
    app::{OWNERS_REPOSITORY, Purpose},
    credentials::Login,
    seen::unchanged,
};
use crate::{
    CallError,
    address::percent_encoded,
    exchange::{Repeat, message},
};

/// What is at a path of a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum FileContent {
    /// A file of UTF-8 text.
    Found {
        /// The whole text.
        text: String,
        /// The id of the content in Git: the same for the same content.
        sha: String,
    },
    /// Nothing. GitHub says the same of a repository or a ref that does not exist or may not be seen: read the pull request
    /// first.
    Missing,
    /// A file of more than 1 MB, which the contents API does not show.
    TooLarge {
        /// Its size.
        bytes: u64,
    },
    /// A directory, a submodule, or a symbolic link to no file of the repository.
    NotAFile,
    /// A file that is not UTF-8 text.
    NotText,
}

/// What GitHub shows of anything but a directory, which is a list.
#[derive(Deserialize)]
struct Wire<'a> {
    r#type: String,
    #[serde(default)]
    size: u64,
    sha: String,
    #[serde(default)]
    encoding: Option<String>,
    #[serde(borrow, default)]
    content: Option<Cow<'a, str>>,
}

impl<H: Http, C: Clock, S: Store> Client<H, C, S> {
    /// The file at `path` (without a leading slash) at a branch, tag or commit.
    pub async fn file(
        &self,
        repository: Repository<'_>,
        path: &str,
        git_ref: &str,
    ) -> Result<FileContent, CallError> {
        let exchange = self.exchange(
            repository,
            format!("reading {path} of {} at {git_ref}", repository.name),
            Repeat::Harmless,
        )?;
        let path = percent_encoded(path, true);
        let git_ref = percent_encoded(git_ref, false);
        let path = format!("/repos/{}/contents/{path}?ref={git_ref}", repository.name);
        self.content(&exchange, &path).await
    }

    /// The file at `path` on the default branch of the repository `.github` of the same owner. An App reads a public one with the
    /// repository's own token, and one that is not public with a token for that repository alone, if the installation covers it; a
    /// plain token reads any that it may. What may not be read is missing.
    pub async fn owner_file(
        &self,
        repository: Repository<'_>,
        path: &str,
    ) -> Result<FileContent, CallError> {
        let owner = repository.name.owner();
        let what = format!("reading {path} of {owner}/.github");
        let mut call = self.exchange(repository, what, Repeat::Harmless)?;
        let path = format!(
            "/repos/{owner}/{OWNERS_REPOSITORY}/contents/{}",
            percent_encoded(path, true)
        );
        let content = self.content(&call, &path).await?;
        let Login::App(app) = &self.setup(&call.what)?.login else {
            return Ok(content);
        };
        if content != FileContent::Missing
            || !self.covers_owners_files(app, &call, repository).await?
        {
            return Ok(content);
        }
        call.purpose = Purpose::OwnersFiles;
        self.content(&call, &path).await
    }

    async fn content(&self, exchange: &Call<'_>, path: &str) -> Result<FileContent, CallError> {
        let repository = exchange.repository;
        let known = self.seen::<FileContent>(repository.id, path).await;
        let etag = known.as_ref().map(|known| known.etag.clone());
        let response = self.read_again(exchange, path, etag).await?;
        if let Some(content) = unchanged(known, &response) {
            return Ok(content);
        }
        if response.status == StatusCode::NOT_FOUND && message(&response).is_some() {
            return Ok(FileContent::Missing);
        }
        if response.status != StatusCode::OK {
            return Err(self.failure(exchange, &response));
        }
        if response.body.trim_ascii_start().starts_with(b"[") {
            return Ok(FileContent::NotAFile);
        }
        let one: Wire<'_> = exchange.read(&response)?;
        if one.r#type != "file" {
            return Ok(FileContent::NotAFile);
        }
        let encoding = one.encoding.as_deref().unwrap_or_default();
        if encoding == "none" {
            return Ok(FileContent::TooLarge { bytes: one.size });
        }
        let content = one.content.as_deref().unwrap_or_default();
        let Some(bytes) = decoded(encoding, content, one.size) else {
            let problem = "content that is not base64, or not of the size given";
            return Err(exchange.unreadable(&response, problem));
        };
        let content = match String::from_utf8(bytes) {
            Ok(text) => FileContent::Found { text, sha: one.sha },
            Err(_) => FileContent::NotText,
        };
        self.keep_seen(repository.id, path, &response, &content)
            .await;
        Ok(content)
    }
}

/// The bytes of the base64 that GitHub breaks into lines; none if it is not that, or not whole.
fn decoded(encoding: &str, content: &str, size: u64) -> Option<Vec<u8>> {
    if encoding != "base64" {
        return None;
    }
    let digits: Vec<u8> = content
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    let bytes = BASE64_STANDARD.decode(digits).ok()?;
    (u64::try_from(bytes.len()) == Ok(size)).then_some(bytes)
}
