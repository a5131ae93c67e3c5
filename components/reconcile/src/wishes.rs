//! What a caller may ask for beyond what is due, in the query.

use domain::{
    CommitSha, InstallationId, PreviewId, RepositoryId, installation,
    release::{Intervention, LineId, Particulars, Wish},
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
    /// What is asked of a release line, `<wish>=<repository id>/<service>/<environment>`: `lift_hold`, `unlock`, `retry`, `lock` with
    /// `&reason=<text>`, `rollback` with a reason and perhaps `&back=<n>`, by default the one before, and `allow_diverged` with
    /// `/<commit>` after the environment.
    pub(crate) release: Option<(LineId, Intervention)>,
    /// `approve=<repository id>/<service>/<environment>/<commit>&by=<who>`: this person approves the release of the commit as it
    /// would be made now.
    pub(crate) approval: Option<(LineId, CommitSha, String)>,
}

impl Wishes {
    /// Reads a query. An error says which part of it means nothing.
    pub(crate) fn parse(query: &str) -> Result<Self, String> {
        let mut wishes = Self::default();
        let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect();
        let mut particulars = Particulars::default();
        let mut by = None;
        for (name, value) in &pairs {
            match name.as_str() {
                "reason" => particulars.reason = Some(value.clone()),
                "by" => by = Some(person(value)?),
                "back" => {
                    let back = value.parse();
                    particulars.back =
                        Some(back.map_err(|_| "back: expected a whole number".to_owned())?);
                }
                _ => {}
            }
        }
        for (name, value) in &pairs {
            match (name.as_str(), value.as_str()) {
                ("reason" | "back" | "by", _) => {}
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
                    (Err(_), Ok(line)) => {
                        wishes.release = Some((line, Intervention::Retry { commit: None }))
                    }
                    (Err(_), Err(_)) => {
                        return Err(
                            "retry: expected <repository id>/<number of the pull request> or \
                                    <repository id>/<service>/<environment>"
                                .to_owned(),
                        );
                    }
                },
                ("approve", id) => wishes.approval = Some(approval(id, by.clone())?),
                (name, id) => wishes.release = Some(release(name, id, &particulars)?),
            }
        }
        Ok(wishes)
    }
}

/// What is approved, and by whom.
fn approval(id: &str, by: Option<String>) -> Result<(LineId, CommitSha, String), String> {
    let parts = id.rsplit_once('/');
    let read = parts.and_then(|(id, commit)| Some((id, commit.parse().ok()?)));
    let Some((id, commit)) = read else {
        return Err(
            "approve: expected <repository id>/<service>/<environment>/<commit>".to_owned(),
        );
    };
    let by = by.ok_or("approve: expected who approves beside it, as &by=<login>")?;
    Ok((line("approve", id)?, commit, by))
}

/// What is asked of a release line.
fn release(
    name: &str,
    id: &str,
    particulars: &Particulars,
) -> Result<(LineId, Intervention), String> {
    let Some(wish) = Wish::named(name) else {
        return Err(
            "the query: expected survey=now, allow_removals=<repository id>, \
             allow_losses=<installation id>, retry=<repository id>/<number>, releases=all, or lift_hold, lock, unlock, rollback, \
             retry, approve or allow_diverged of a <repository id>/<service>/<environment>"
                .to_owned(),
        );
    };
    let mut particulars = particulars.clone();
    let mut id = id;
    match wish {
        Wish::Rollback => particulars.back = particulars.back.or(Some(1)),
        Wish::AllowDiverged | Wish::Approve => {
            let parts = id.rsplit_once('/');
            particulars.commit = parts.and_then(|(_, commit)| commit.parse().ok());
            id = parts.map_or(id, |(id, _)| id);
        }
        Wish::LiftHold | Wish::Lock | Wish::Unlock | Wish::Retry => {}
    }
    Ok((line(name, id)?, Intervention::of(wish, &particulars)?))
}

fn line(name: &str, id: &str) -> Result<LineId, String> {
    format!("release/{id}")
        .parse()
        .map_err(|_| format!("{name}: expected <repository id>/<service>/<environment>"))
}

/// The name of a person: a login of GitHub's, or what else names somebody here.
fn person(text: &str) -> Result<String, String> {
    let is_name = (1..=40).contains(&text.chars().count())
        && text
            .chars()
            .all(|sign| sign.is_alphanumeric() || "-_.[] ".contains(sign));
    is_name
        .then(|| text.to_owned())
        .ok_or_else(|| "by: expected a name of at most 40 letters, digits and -_.[]".to_owned())
}
