//! The table of the services: where each one is, with what it waits for.

use super::super::{
    PullRequest, PullRequestState, RunProgress, ServiceSettings, Settings, WorkflowRun,
    approval::Approval,
    state::{Phase, Preview, Start, Target},
    wanted::{Build, Wanted},
};
use super::notes::reason;
use crate::{
    CommitSha, TargetId, Timestamp,
    markdown::{code, link},
};

/// What stands above the lines.
const HEAD: &str =
    "| Service | Status | URL | Commit | Updated |\n| --- | --- | --- | --- | --- |\n";

/// One line of the table.
pub(super) struct Row {
    service: String,
    status: String,
    url: Option<String>,
    commit: Option<CommitSha>,
    /// When it last changed.
    updated: Option<Timestamp>,
}

/// The table, of as many lines as fit into so many bytes.
pub(super) fn table(rows: &[Row], bytes_max: usize) -> String {
    let mut table = HEAD.to_owned();
    for (index, row) in rows.iter().enumerate() {
        let line = row.line();
        if table.len() + line.len() > bytes_max {
            let more = rows.len() - index;
            table.push_str(&format!("| and {more} more | | | | |\n"));
            break;
        }
        table.push_str(&line);
    }
    table
}

impl Row {
    fn line(&self) -> String {
        let or_nothing = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
        let url = or_nothing(self.url.as_deref().map(link));
        let commit = self.commit.as_ref().map(|commit| code(commit.short()));
        let updated = or_nothing(self.updated.map(minute));
        format!(
            "| {} | {} | {url} | {} | {updated} |\n",
            self.service,
            self.status,
            or_nothing(commit)
        )
    }
}

/// `2026-11-21 10:31 UTC`.
pub(super) fn minute(at: Timestamp) -> String {
    let text = at.to_string();
    let (day, time) = text.split_once('T').unwrap_or_default();
    format!("{day} {} UTC", time.get(..5).unwrap_or_default())
}

/// The lines, by the names of the services; none of a service of which there is nothing to tell.
pub(super) fn rows(preview: &Preview, pull_request: &PullRequest) -> Vec<Row> {
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
    application: &TargetId,
    target: &Target,
) -> Row {
    let revision = target.revision().filter(|_| target.occupied);
    Row {
        service: match application.beside() {
            Some(kind) => format!("{} ({kind})", target.service),
            None => target.service.clone(),
        },
        status: status(preview, pull_request, application, target),
        url: revision.map(|revision| revision.url.clone()),
        commit: revision.map(|revision| revision.commit.clone()),
        updated: target
            .changed_at()
            .or_else(|| Some(preview.sighting.as_ref()?.head_since)),
    }
}

fn status(
    preview: &Preview,
    pull_request: &PullRequest,
    application: &TargetId,
    target: &Target,
) -> String {
    let head = &pull_request.head_commit;
    let is_head = |commit: &CommitSha| commit == head;
    let shown = match &target.phase {
        Phase::Idle { .. } => idle(preview, application, target),
        Phase::Failed {
            revision, reason, ..
        } if is_head(&revision.commit) => {
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
        Phase::Removing(removal) => {
            let remains = removal.remains.as_ref();
            let why = remains.map(|remains| format!(": {}", code(remains)));
            format!(
                "🧹 Removal pending since {}{}",
                removal.since,
                why.unwrap_or_default()
            )
        }
    };
    match (application, &target.phase) {
        // What is waited for stands there already.
        (TargetId::Namespace, Phase::Idle { .. }) if target.effort.held_back => shown,
        (_, _) => with_trouble(shown, target),
    }
}

/// What a target without anything in hand waits for.
fn idle(preview: &Preview, application: &TargetId, target: &Target) -> String {
    match preview.wanted(application) {
        Wanted::Present { .. } | Wanted::Crowded(_) if target.effort.is_exhausted() => {
            "❌ Not deployed".to_owned()
        }
        Wanted::Present { .. } if *application == TargetId::Namespace => {
            format!(
                "⏳ Waiting for its namespace: {}",
                code(preview.told_namespace())
            )
        }
        Wanted::Present { .. } => "🚀 Deploying".to_owned(),
        Wanted::Awaited => preview
            .settings_in_force()
            .map_or_else(String::new, |settings| awaited(preview, settings)),
        Wanted::Crowded(service) => {
            format!(
                "⏳ Waiting for a place: {}",
                preview.told_wait(service, true)
            )
        }
        Wanted::Needing(need) => {
            let told = preview.told_need(need, code);
            format!("⏳ {}", told.replacen("waiting", "Waiting", 1))
        }
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
        Build::Ambiguous(one, other) => {
            let told = super::super::view::ambiguous((one, other), workflow, code);
            format!("❌ {}", told.replacen("the", "The", 1))
        }
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

fn run_link(run: &WorkflowRun) -> String {
    let url = url::Url::parse(&run.html_url)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"));
    match url {
        Some(url) => format!("[{}]({})", code(&run.name), link(url.as_str())),
        None => code(&run.name),
    }
}
