//! The one comment on a pull request: what its preview is, for the people who look at the pull request.

use sha2::{Digest, Sha256};

use super::{
    PullRequest, PullRequestState, RunProgress, ServiceSettings, Settings, WorkflowRun,
    approval::Approval,
    expiry::Nearness,
    state::{Phase, Preview, Problem, Start, Target},
    wanted::{Absence, Build, Wanted},
};
use crate::{
    ApplicationUuid, CommitSha, PreviewId,
    configuration::{self, Forks},
    markdown::{code, link},
};

/// The start of the comment, not shown by GitHub: by it, and by its author, the comment is found again.
pub fn marker(id: PreviewId) -> String {
    format!(
        "<!-- slipway:preview repository={} pr={} -->",
        id.repository, id.number
    )
}

/// Tells two texts apart without keeping them.
pub(super) fn digest(body: &str) -> String {
    hex::encode(Sha256::digest(body).get(..16).unwrap_or_default())
}

/// One line of the table.
struct Row {
    service: String,
    status: String,
    url: Option<String>,
    commit: Option<CommitSha>,
}

/// The whole comment; none if there is nothing that people should be told.
pub(super) fn render(preview: &Preview) -> Option<String> {
    let pull_request = preview.pull_request()?;
    let told = preview.comment.attempts > 0 || preview.comment.id.is_some();
    let rows = rows(preview, pull_request);
    let notes = notes(preview, pull_request, &rows);
    let concerns = invalid(preview, pull_request) || unreadable(preview).next().is_some();
    let command = preview.last_command();
    if rows.is_empty() && command.is_none() && (notes.is_empty() || !(told || concerns)) {
        return None;
    }
    let mut body = format!("{}\n### Preview\n", marker(preview.id));
    if !rows.is_empty() {
        body.push_str("\n| Service | Status | URL | Commit |\n| --- | --- | --- | --- |\n");
        for row in &rows {
            let url = row.url.as_deref().map_or_else(|| "–".to_owned(), link);
            let commit = row
                .commit
                .as_ref()
                .map_or_else(|| "–".to_owned(), |commit| code(commit.short()));
            body.push_str(&format!(
                "| {} | {} | {url} | {commit} |\n",
                row.service, row.status
            ));
        }
    }
    for note in notes.iter().chain(&command) {
        body.push_str(&format!("\n{note}\n"));
    }
    if let Some(decisions) = preview.told_rulings() {
        body.push_str(&format!(
            "\n<details><summary>Decisions</summary>\n{decisions}\n\n</details>\n"
        ));
    }
    Some(body)
}

/// Whether the configuration that concerns the open pull request cannot be understood.
fn invalid(preview: &Preview, pull_request: &PullRequest) -> bool {
    pull_request.state == PullRequestState::Open
        && matches!(preview.configuration.problem, Some(Problem::Invalid(_)))
}

fn rows(preview: &Preview, pull_request: &PullRequest) -> Vec<Row> {
    let empty = Vec::new();
    let services = preview
        .settings_in_force()
        .map_or(&empty, |settings| &settings.services);
    let open = pull_request.state == PullRequestState::Open;
    let fresh = services.iter().filter(|service| {
        open && !preview.targets.contains_key(&service.application)
            && !matches!(
                preview.wanted(&service.application),
                Wanted::Absent(_) | Wanted::Undecided | Wanted::CommitSkipped
            )
    });
    let fresh = fresh.map(|service| {
        row(
            preview,
            pull_request,
            &service.application,
            &Target::new(service.service.clone()),
        )
    });
    let begun = preview.targets.iter().filter(|(application, target)| {
        // What was removed, or never came about, is told in a note once nothing is wanted any more.
        !(target.is_vacant()
            && matches!(
                preview.wanted(application),
                Wanted::Absent(_) | Wanted::Undecided | Wanted::CommitSkipped
            ))
    });
    let mut rows: Vec<Row> = begun
        .map(|(application, target)| row(preview, pull_request, application, target))
        .collect();
    rows.extend(fresh);
    rows.sort_by(|left, right| left.service.cmp(&right.service));
    rows
}

fn row(
    preview: &Preview,
    pull_request: &PullRequest,
    application: &ApplicationUuid,
    target: &Target,
) -> Row {
    let revision = target.revision().filter(|_| target.occupied);
    Row {
        service: target.service.clone(),
        status: status(preview, pull_request, application, target),
        url: revision.map(|revision| revision.url.clone()),
        commit: revision.map(|revision| revision.commit.clone()),
    }
}

fn status(
    preview: &Preview,
    pull_request: &PullRequest,
    application: &ApplicationUuid,
    target: &Target,
) -> String {
    let head = &pull_request.head_commit;
    let is_head = |commit: &CommitSha| commit == head;
    let shown = match &target.phase {
        Phase::Idle { .. } => idle(preview, application, target),
        Phase::Failed { revision, reason } if is_head(&revision.commit) => {
            format!("❌ Failed: {}", code(reason))
        }
        Phase::Failed { .. } => idle(preview, application, target),
        Phase::Starting {
            start: Start::Intended,
            ..
        } => "🚀 Deploying".to_owned(),
        Phase::Starting {
            start: Start::Uncertain { .. },
            ..
        } => "🚀 Deploying: Coolify's answer was lost, looking whether it has the deployment"
            .to_owned(),
        Phase::Starting {
            start: Start::InTheWay,
            ..
        } => "🚀 Waiting for another deployment that Coolify has in hand".to_owned(),
        Phase::Underway { revision, .. } if is_head(&revision.commit) => "🚀 Deploying".to_owned(),
        Phase::Underway { revision, .. } => {
            format!(
                "🚀 Finishing {}, then {}",
                code(revision.commit.short()),
                code(head.short())
            )
        }
        Phase::Deployed {
            revision, health, ..
        } if is_head(&revision.commit) => {
            let service = preview.probed_service(application, target);
            if health.healthy_at.is_some() {
                "✅ Ready".to_owned()
            } else if service.is_some_and(|service| health.is_unhealthy(&service.health)) {
                format!(
                    "❌ Not healthy: {}",
                    code(health.last_answer.as_deref().unwrap_or("no answer"))
                )
            } else {
                "🔍 Started, checking its health".to_owned()
            }
        }
        Phase::Deployed { .. } => idle(preview, application, target),
        Phase::Removing(removal) => format!("🧹 Removal pending since {}", removal.since),
    };
    with_trouble(shown, target)
}

/// What a target without anything in hand waits for.
fn idle(preview: &Preview, application: &ApplicationUuid, target: &Target) -> String {
    match preview.wanted(application) {
        Wanted::Present { .. } if target.effort.is_exhausted() => "❌ Not deployed".to_owned(),
        Wanted::Present { .. } => "🚀 Deploying".to_owned(),
        Wanted::Awaited => preview
            .settings_in_force()
            .map_or_else(String::new, |settings| awaited(preview, settings)),
        Wanted::Unapproved(service) => unapproved(preview, service),
        Wanted::CommitSkipped => format!(
            "⏭️ {} says `[skip preview]`",
            preview
                .pull_request()
                .map_or_else(String::new, |shown| code(shown.head_commit.short()))
        ),
        Wanted::Absent(absence) => format!("🧹 To be removed: {}", reason(&absence)),
        Wanted::Undecided => "⏳ Waiting for the configuration".to_owned(),
    }
}

/// What is waited for before a fork's commit is deployed, and who may do it.
fn unapproved(preview: &Preview, service: &ServiceSettings) -> String {
    let Some(pull_request) = preview.pull_request() else {
        return String::new();
    };
    let head = code(pull_request.head_commit.short());
    let label = service.approval_label();
    let how = if pull_request.labels.iter().any(|own| own == label) {
        format!("takes the label {} off and puts it on again", code(label))
    } else {
        format!("puts the label {} on", code(label))
    };
    let awaited =
        format!("⏳ {head} comes from a fork: waiting until somebody with write permission {how}");
    match preview.approval(pull_request, service) {
        Approval::Asked(added) => {
            let who = code(&added.login);
            let asking = format!("⏳ Asking GitHub whether {who} may approve {head}");
            match &preview.approvals.effort.last_error {
                Some(error) if preview.approvals.effort.is_exhausted() => {
                    format!("{asking}, in vain: {}", code(error))
                }
                Some(error) if preview.approvals.effort.failures > 1 => {
                    format!("{asking} (trying again: {})", code(error))
                }
                Some(_) | None => asking,
            }
        }
        Approval::Refused(added) => {
            let who = code(&added.login);
            format!("{awaited}; {who} put it on, but has no write permission")
        }
        Approval::Given(_) | Approval::Missing => awaited,
    }
}

fn awaited(preview: &Preview, settings: &Settings) -> String {
    let Some(workflow) = &settings.workflow else {
        return "❌ `build.worker` is not supported by this version of Slipway".to_owned();
    };
    match preview.build(settings) {
        Build::NotSeen => format!("⏳ Waiting for {} to run", code(workflow)),
        Build::Underway(run) => format!("⏳ Building: {}", run_link(run)),
        Build::Succeeded(run) => format!("🚀 Built: {}", run_link(run)),
        Build::Ended(run) if run.progress == RunProgress::Cancelled => {
            format!("❌ Build cancelled: {}", run_link(run))
        }
        Build::Ended(run) => format!("❌ Build failed: {}", run_link(run)),
    }
}

fn with_trouble(shown: String, target: &Target) -> String {
    match &target.effort.last_error {
        Some(error) if target.effort.is_exhausted() => format!("{shown}: {}", code(error)),
        Some(error) if target.effort.held_back => format!("{shown} (waiting: {})", code(error)),
        // A first failure mostly passes before anybody reads of it.
        Some(error) if target.effort.failures > 1 => {
            format!("{shown} (trying again: {})", code(error))
        }
        Some(_) | None => shown,
    }
}

fn notes(preview: &Preview, pull_request: &PullRequest, rows: &[Row]) -> Vec<String> {
    let mut notes = Vec::new();
    match pull_request.state {
        PullRequestState::Merged if rows.is_empty() => notes.push(ended("was merged", preview)),
        PullRequestState::Closed if rows.is_empty() => notes.push(ended("was closed", preview)),
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
fn unreadable(preview: &Preview) -> impl Iterator<Item = String> {
    let efforts = [
        ("the configuration", &preview.configuration.effort),
        ("the workflow runs", &preview.builds.effort),
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

fn reason(absence: &Absence) -> String {
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
        Absence::Expired(ttl) => {
            format!("nothing happened for {ttl}. A push, a label or another title brings it back")
        }
        Absence::Dismissed(by) => {
            format!(
                "{} asked for its removal. `/preview` brings it back",
                code(by)
            )
        }
        Absence::NotConfigured => "the configuration no longer names it".to_owned(),
    }
}

fn run_link(run: &WorkflowRun) -> String {
    let url = url::Url::parse(&run.html_url)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"));
    match url {
        Some(url) => format!("[{}]({})", code(&run.name), link(url.as_str())),
        None => code(&run.name),
    }
}
