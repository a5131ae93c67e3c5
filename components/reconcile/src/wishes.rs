//! What a caller may ask for beyond what is due, in the query.

use domain::{
    CommitSha, InstallationId, PreviewId, RepositoryId, installation, release::LineId,
    repository::Key,
};
use url::form_urlencoded;

/// What the caller asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Wishes {
    /// `survey=now`: compare open pull requests with previews now, in every repository.
    pub(crate) survey_now: bool,
    /// `allow_removals=<repository id>`: let the removals go on that are held back in this repository.
    pub(crate) allow_removals: Option<Key>,
    /// `allow_losses=<installation id>`: let the repositories go that are held back in this installation.
    pub(crate) allow_losses: Option<installation::Key>,
    /// `retry=<repository id>/<number>`: let this preview try again what it has given up, or what has failed.
    pub(crate) retry: Option<PreviewId>,
    /// `releases=all`: show every release line, and not only those that are due.
    pub(crate) all_releases: bool,
    /// What is asked of a release line, `<repository id>/<service>/<environment>`.
    pub(crate) release: Option<(LineId, ReleaseWish)>,
}

/// What a person may ask of a release line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ReleaseWish {
    /// `lift_hold=<line>`: automatic releases go on after a rollback.
    LiftHold,
    /// `lock=<line>&reason=<text>`: no automatic releases.
    Lock { reason: String },
    /// `unlock=<line>`.
    Unlock,
    /// `rollback=<line>&reason=<text>`, perhaps with `back=<n>`: go back to an earlier verified release, by default the one
    /// before.
    Rollback { back: u32, reason: String },
    /// `allow_diverged=<line>/<commit>`: release this commit though it does not follow what is there.
    AllowDiverged { commit: CommitSha },
    /// `retry=<line>`: try again what waits or was given up.
    Retry,
}

/// What stands in the query beside the wish that it is about.
#[derive(Default)]
struct Particulars {
    reason: Option<String>,
    back: Option<u32>,
}

impl Wishes {
    /// Reads a query. An error says which part of it means nothing.
    pub(crate) fn parse(query: &str) -> Result<Self, String> {
        let mut wishes = Self::default();
        let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect();
        let mut particulars = Particulars::default();
        for (name, value) in &pairs {
            match name.as_str() {
                "reason" => particulars.reason = Some(value.chars().take(200).collect()),
                "back" => particulars.back = Some(back(value)?),
                _ => {}
            }
        }
        for (name, value) in &pairs {
            match (name.as_str(), value.as_str()) {
                ("reason" | "back", _) => {}
                ("survey", "now") => wishes.survey_now = true,
                ("releases", "all") => wishes.all_releases = true,
                ("allow_removals", id) => {
                    let id = id.parse().map_err(|_| {
                        "allow_removals: expected the id of a repository, a whole number".to_owned()
                    })?;
                    wishes.allow_removals = Some(Key(RepositoryId(id)));
                }
                ("allow_losses", id) => {
                    let id = id.parse().map_err(|_| {
                        "allow_losses: expected the id of an installation, a whole number"
                            .to_owned()
                    })?;
                    wishes.allow_losses = Some(installation::Key(InstallationId(id)));
                }
                ("retry", id) => match (format!("preview/{id}").parse(), line("retry", id)) {
                    (Ok(preview), _) => wishes.retry = Some(preview),
                    (Err(_), Ok(line)) => wishes.release = Some((line, ReleaseWish::Retry)),
                    (Err(_), Err(_)) => {
                        return Err(
                            "retry: expected <repository id>/<number of the pull request> or \
                                    <repository id>/<service>/<environment>"
                                .to_owned(),
                        );
                    }
                },
                (name, id) => wishes.release = Some(release(name, id, &particulars)?),
            }
        }
        Ok(wishes)
    }
}

/// What is asked of a release line.
fn release(
    name: &str,
    id: &str,
    particulars: &Particulars,
) -> Result<(LineId, ReleaseWish), String> {
    let reason = || {
        let reason = particulars
            .reason
            .clone()
            .filter(|reason| !reason.is_empty());
        reason.ok_or_else(|| format!("{name}: expected a reason beside it, as &reason=<text>"))
    };
    let wish = match name {
        "lift_hold" => ReleaseWish::LiftHold,
        "unlock" => ReleaseWish::Unlock,
        "lock" => ReleaseWish::Lock { reason: reason()? },
        "rollback" => ReleaseWish::Rollback {
            back: particulars.back.unwrap_or(1),
            reason: reason()?,
        },
        "allow_diverged" => {
            let parts = id.rsplit_once('/');
            let commit = parts.and_then(|(_, commit)| commit.parse().ok());
            let (Some((id, _)), Some(commit)) = (parts, commit) else {
                return Err(
                    "allow_diverged: expected <repository id>/<service>/<environment>/<commit>"
                        .to_owned(),
                );
            };
            return Ok((line(name, id)?, ReleaseWish::AllowDiverged { commit }));
        }
        _ => {
            return Err(
                "the query: expected survey=now, allow_removals=<repository id>, \
                 allow_losses=<installation id>, retry=<repository id>/<number>, releases=all, or lift_hold, lock, unlock, rollback, retry or allow_diverged \
                 of a <repository id>/<service>/<environment>"
                    .to_owned(),
            );
        }
    };
    Ok((line(name, id)?, wish))
}

fn line(name: &str, id: &str) -> Result<LineId, String> {
    format!("release/{id}")
        .parse()
        .map_err(|_| format!("{name}: expected <repository id>/<service>/<environment>"))
}

fn back(text: &str) -> Result<u32, String> {
    text.parse()
        .ok()
        .filter(|back| (1..=10).contains(back))
        .ok_or_else(|| "back: expected a whole number from 1 to 10".to_owned())
}
