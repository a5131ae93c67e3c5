//! `cargo xtask deliver`: one payload, signed and sent as GitHub would.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::ops::Range;
use std::path::Path;

use anyhow::Context as _;
use world::{Options, sign};

use crate::command_line::DeliverOptions;
use crate::requests;

/// Sends the payload and prints the answer.
pub(crate) async fn deliver(options: DeliverOptions) -> anyhow::Result<()> {
    let file = options.file.display();
    let body = std::fs::read(&options.file).with_context(|| format!("cannot read {file}"))?;
    let event = options
        .event
        .or_else(|| event_of(&options.file))
        .with_context(|| format!("{file}: its name begins with no event; say it with --event"))?;
    let secret = options.secret.unwrap_or_else(configured_secret);
    let guid = match options.delivery {
        Some(guid) => guid,
        None => fresh_guid(),
    };
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("user-agent", "GitHub-Hookshot/xtask".to_owned()),
        ("x-github-event", event),
        ("x-github-delivery", guid.clone()),
        ("x-hub-signature-256", sign(&secret, &body)),
    ];
    let headers: Vec<(String, String)> = headers
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    eprintln!("Sending {file} to {} as delivery {guid}", options.url);
    requests::show(&requests::post(&options.url, &headers, body).await?)
}

fn event_of(file: &Path) -> Option<String> {
    let name = file.file_name()?.to_str()?;
    let (event, _) = name.split_once('.')?;
    (!event.is_empty()).then(|| event.to_owned())
}

/// The secret of a Slipway that was started from the same environment, else that of the simulated GitHub.
fn configured_secret() -> String {
    let configured = std::env::var("SPIN_VARIABLE_GITHUB_WEBHOOK_SECRETS").unwrap_or_default();
    let first = configured
        .split(['\n', ','])
        .map(str::trim)
        .find(|secret| !secret.is_empty());
    match first {
        Some(secret) => secret.to_owned(),
        None => Options::default().webhook_secret.unwrap_or_default(),
    }
}

/// In the form of GitHub's. The keys of the standard library's hash maps are random, and each one's differ.
fn fresh_guid() -> String {
    let random = || RandomState::new().build_hasher().finish();
    let hex = format!("{:016x}{:016x}", random(), random());
    let part = |range: Range<usize>| hex.get(range).unwrap_or_default().to_owned();
    [
        part(0..8),
        part(8..12),
        part(12..16),
        part(16..20),
        part(20..32),
    ]
    .join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_event_is_the_name_of_the_file_up_to_its_first_dot() {
        assert_eq!(
            event_of(Path::new("a/pull_request.opened.1.json")).as_deref(),
            Some("pull_request")
        );
        assert_eq!(event_of(Path::new("a/.hidden")), None);
        assert_eq!(event_of(Path::new("payload")), None);
    }

    #[test]
    fn guids_look_like_guids_and_differ() {
        let (one, other) = (fresh_guid(), fresh_guid());
        let lengths: Vec<usize> = one.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12], "{one}");
        assert_ne!(one, other);
    }
}
