//! What is told below the table: who approved, when it ends, what is wrong, what ended it.

use super::super::{
    ImageOutcome, PullRequest, PullRequestState, ServiceSettings,
    approval::Approval,
    expiry::Nearness,
    files::told,
    state::{Phase, Preview, Problem},
    wanted::{Absence, Wanted},
};
use crate::{
    configuration::{self, Forks},
    markdown::{code, link},
};

/// The notes, the most important first. `is_told` tells whether the table has any line.
pub(super) fn notes(preview: &Preview, pull_request: &PullRequest, is_told: bool) -> Vec<String> {
    let mut notes = Vec::new();
    match pull_request.state {
        PullRequestState::Merged if !is_told => {
            notes.push(ended("was merged", preview));
            notes.extend(released(preview, pull_request));
            notes.extend(images(preview));
        }
        PullRequestState::Closed if !is_told => {
            notes.push(ended("was closed", preview));
            notes.extend(images(preview));
        }
        PullRequestState::Merged => {
            notes.push("The pull request was merged: its preview is being removed.".to_owned())
        }
        PullRequestState::Closed => {
            notes.push("The pull request was closed: its preview is being removed.".to_owned())
        }
        PullRequestState::Open => {
            let services = preview
                .settings_in_force()
                .map(|settings| settings.services.as_slice())
                .unwrap_or_default();
            notes.extend(approved(preview, pull_request, services));
            notes.extend(preview.refused_request().map(|login| {
                format!(
                    "{} asked for something with a button, but has no write permission.",
                    code(login)
                )
            }));
            for service in services {
                if let Wanted::Absent(absence) = preview.wanted(&service.application) {
                    notes.push(format!(
                        "No preview of {}: {}.",
                        code(&service.service),
                        reason(&absence)
                    ));
                }
            }
            notes.extend(services.iter().filter_map(|service| ends(preview, service)));
            notes.extend(unreadable(preview));
            if let Some(Problem::Invalid(message)) = &preview.configuration.problem {
                notes.push(format!(
                    "❌ {} on the default branch: {}",
                    code(configuration::PATH),
                    code(message)
                ));
                notes.extend(preview.configuration.last_valid.as_ref().map(|version| {
                    format!("The last valid one stays in force: {}.", code(version))
                }));
            }
        }
    }
    notes
}

/// Who approved the head commit of a fork.
fn approved(
    preview: &Preview,
    pull_request: &PullRequest,
    services: &[ServiceSettings],
) -> Option<String> {
    let given = services
        .iter()
        .filter(|service| service.when.forks == Forks::Label && preview.is_of_fork(pull_request))
        .find_map(|service| match preview.approval(pull_request, service) {
            Approval::Given(added) => Some(added),
            Approval::Asked(_) | Approval::Refused(_) | Approval::Missing => None,
        })?;
    let (head, who) = (code(given.commit.short()), code(&given.login));
    Some(format!(
        "{head} was approved by {who}. The next push needs another approval."
    ))
}

/// When a preview ends that is there.
fn ends(preview: &Preview, service: &ServiceSettings) -> Option<String> {
    let target = preview.targets.get(&service.application)?;
    if target.is_vacant() || matches!(target.phase, Phase::Removing(_)) {
        return None;
    }
    let (at, ttl) = (preview.expires_at(service)?, service.ttl?);
    let name = code(&service.service);
    let why = if preview.commands.kept_until() == Some(at) {
        "as somebody asked".to_owned()
    } else {
        format!("{ttl} after the last activity")
    };
    match preview.nearness(service) {
        Nearness::Far => Some(format!("{name} is kept until {at}, {why}.")),
        Nearness::Near => Some(format!(
            "⚠️ {name} will be removed at {at}, {why}. A push, a label or another title keeps it."
        )),
        Nearness::Over => None,
    }
}

/// What of GitHub cannot be read, though everything waits for it.
pub(super) fn unreadable(preview: &Preview) -> impl Iterator<Item = String> {
    let efforts = [
        ("the configuration", &preview.configuration.effort),
        ("the workflow runs", &preview.builds.effort),
        ("the changed files", &preview.files.effort),
    ];
    let given_up = efforts
        .into_iter()
        .filter(|(_, effort)| effort.is_exhausted());
    given_up.map(|(what, effort)| {
        let reason = effort.last_error.as_deref().unwrap_or_default();
        format!("❌ Slipway could not read {what}: {}", code(reason))
    })
}

fn ended(how: &str, preview: &Preview) -> String {
    let removed = preview.targets.values().any(|target| {
        matches!(
            target.phase,
            Phase::Idle {
                removed_at: Some(_)
            }
        )
    });
    let what = if removed {
        "its preview was removed"
    } else {
        "there was no preview to remove"
    };
    format!("🧹 The pull request {how}: {what}.")
}

pub(super) fn reason(absence: &Absence) -> String {
    match absence {
        Absence::AccessLost(loss) => loss.to_string(),
        Absence::Merged => "the pull request was merged".to_owned(),
        Absence::Closed => "the pull request was closed".to_owned(),
        Absence::Draft => "the pull request is a draft".to_owned(),
        Absence::LabelMissing(label) => format!("the label {} is missing", code(label)),
        Absence::Fork => "the pull request comes from a fork".to_owned(),
        Absence::Skipped => "the title says `[skip preview]`".to_owned(),
        Absence::OtherBase(branch) => {
            format!("pull requests into {} get none", code(branch))
        }
        Absence::Untouched { files, paths } => {
            format!(
                "none of its changed files ({files}) matches {}",
                told(paths, code)
            )
        }
        Absence::Expired(ttl) => {
            format!("nothing happened for {ttl}. A push, a label or another title brings it back")
        }
        Absence::Dismissed(by) => {
            format!(
                "{} asked for its removal. `/preview` brings it back",
                code(by)
            )
        }
        Absence::Asked(login) => format!(
            "{} asked for its removal. A push, or Redeploy in the check {}, brings it back",
            code(login),
            code(super::super::CHECK)
        ),
        Absence::NotConfigured => "the configuration no longer names it".to_owned(),
    }
}

/// What became of the images that were deployed, as far as people should know.
fn images(preview: &Preview) -> Vec<String> {
    let images = &preview.images;
    let deleted: Vec<String> = images
        .deployed
        .iter()
        .filter(|image| image.outcome == Some(ImageOutcome::Deleted))
        .map(|image| code(&format!("{}:{}", image.image, image.tag)))
        .collect();
    let deleted = match deleted.as_slice() {
        [] => None,
        [one] => Some(format!("Its image {one} was deleted from the registry.")),
        [.., last] => Some(format!(
            "Its images were deleted from the registry: {last} and {} more.",
            deleted.len() - 1
        )),
    };
    let kept = images.deployed.iter().filter_map(|image| {
        let Some(ImageOutcome::Shared { others }) = &image.outcome else {
            return None;
        };
        let name = code(&format!("{}:{}", image.image, image.tag));
        let others: Vec<String> = others.iter().map(|tag| code(tag)).collect();
        Some(format!(
            "The image {name} stays in the registry: what it names is also {}, which would go with it.",
            others.join(", ")
        ))
    });
    let standing = images.standing();
    let failed = standing.is_exhausted().then(|| {
        let reason = standing.last_error.as_deref().unwrap_or_default();
        format!(
            "❌ Its image could not be deleted from the registry: {}",
            code(reason)
        )
    });
    deleted.into_iter().chain(kept).chain(failed).collect()
}

/// Where what was merged goes, as far as the configuration says so: the environments of the branch that have an address.
fn released(preview: &Preview, pull_request: &PullRequest) -> Option<String> {
    let base = &pull_request.base_branch;
    let settings = preview.settings_in_force()?;
    let environments = settings
        .environments
        .iter()
        .filter(|environment| environment.branch == *base);
    let told: Vec<String> = environments
        .map(|environment| {
            let (name, service) = (code(&environment.name), code(&environment.service));
            format!("{service} in {name} at {}", link(&environment.url))
        })
        .collect();
    (!told.is_empty()).then(|| {
        format!(
            "What is merged into {} is released as {}.",
            code(base),
            told.join(", ")
        )
    })
}
