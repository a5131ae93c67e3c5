//! How the facts of a preview add up.

use std::time::Duration;

use super::{
    Fact, Preview, PullRequest, PullRequestState, Reading, TargetFact, Trouble, WorkflowRun,
    state::{Builds, Problem, Sighting, Target},
};
use crate::{CommitSha, RepositoryName, Timestamp, installation::Loss};

/// Two answers that differ within one second come from copies that lag: the next look waits for them.
const SECOND_LOOK: Duration = Duration::from_secs(1);
/// So long after two sightings of one second differed no copy of the API lags any more.
const DOUBTED: Duration = Duration::from_secs(30);
/// So often in a row the API may show something older than a delivery did before it is believed.
const STALE_READS_MAX: u32 = 5;

impl Preview {
    pub(super) fn fold(&mut self, fact: &Fact, at: Timestamp) {
        let seed = self.seed();
        match fact {
            Fact::PullRequestDelivered { pull_request } => {
                self.pull_request_delivered(pull_request, at)
            }
            Fact::PullRequestRead { pull_request } => self.pull_request_read(pull_request, at),
            Fact::PullRequestNotRead { trouble } => self.reading.fail(trouble, at, seed),
            Fact::PullRequestDoubted { repository } => self.pull_request_doubted(repository, at),
            Fact::LabelAdded(added) => self.label_added(added),
            Fact::PermissionRead { added, permission } => self.permission_read(added, *permission),
            Fact::PermissionNotRead { trouble } => self.approvals.effort.fail(trouble, at, seed),
            Fact::ExpiryNoted {
                service,
                activity,
                over,
            } => self.expiry_noted(service, *activity, *over),
            Fact::Access { lost, as_of } => self.access_told(*lost, *as_of, at),
            Fact::RetryAsked => {
                if let Some(sighting) = &mut self.sighting {
                    sighting.active_at = Some(at);
                }
                self.start_afresh();
                for target in self.targets.values_mut() {
                    target.forgive();
                }
            }
            Fact::Commanded(told) => self.commanded(told, at),
            Fact::RunDelivered { repository, run } => {
                self.repository.get_or_insert_with(|| repository.clone());
                self.run_seen(run);
            }
            Fact::RunsRead { commit, runs } => self.runs_read(commit, runs, at),
            Fact::RunsNotRead { trouble } => self.builds.effort.fail(trouble, at, seed),
            Fact::ConfigurationRead {
                commit,
                changes,
                reading,
            } => {
                if *changes >= self.configuration.changes {
                    self.configuration.read_after = *changes;
                    self.configuration_read(commit, reading);
                }
            }
            Fact::ConfigurationChanged => self.configuration.changed(),
            Fact::ConfigurationNotRead { trouble } => {
                self.configuration.effort.fail(trouble, at, seed)
            }
            Fact::FilesRead { sieve, sifted } => self.files_read(sieve, sifted),
            Fact::FilesNotRead { trouble } => self.files.effort.fail(trouble, at, seed),
            Fact::Target { application, fact } => {
                if let TargetFact::StartIntended { revision, .. } = fact {
                    self.note_image(application, revision);
                }
                let target = self
                    .targets
                    .entry(application.clone())
                    .or_insert_with(|| Target::new(String::new()));
                let was_at_rest = target.is_at_rest();
                target.fold(fact, at, seed);
                // A build or a queue may take long: what is only just there is not over yet.
                if target.is_at_rest()
                    && !was_at_rest
                    && let Some(sighting) = &mut self.sighting
                {
                    sighting.active_at = Some(at);
                }
            }
            Fact::Admission { application, fact } => self.admission_told(application, fact, at),
            Fact::CommentIntended { attempt } => self.comment.intended(*attempt, at),
            Fact::CommentChanging => self.comment.changing(),
            Fact::CommentPublished { comment, digest } => {
                self.comment.published(*comment, digest, at)
            }
            Fact::CommentGone => self.comment.gone(),
            Fact::CommentNotPublished { trouble } => self.comment.failed(trouble, at, seed),
            Fact::Report { report, fact } => self.report_told(report, fact, at),
            Fact::DeploymentsSwept { left } => self.deployments_swept(*left, at),
            Fact::DeploymentsNotSwept { trouble } => {
                self.reports.sweep.effort.fail(trouble, at, seed)
            }
            Fact::ImageDeleted {
                image,
                tag,
                outcome,
            } => self.image_told(image, tag, outcome),
            Fact::ImageNotDeleted {
                image,
                tag,
                trouble,
            } => self.image_not_deleted((image, tag), trouble, at),
            Fact::Requested(request) => self.requested(request, at),
            Fact::RequestJudged {
                request,
                permission,
            } => self.request_judged(request, *permission, at),
            Fact::RequestNotJudged { trouble } => self.request_not_judged(trouble, at),
        }
    }

    pub(super) fn pull_request_delivered(&mut self, pull_request: &PullRequest, at: Timestamp) {
        self.note_missing_labels(pull_request);
        let Some(sighting) = &mut self.sighting else {
            self.first_sighting(pull_request, None, at);
            return;
        };
        let known = &sighting.pull_request;
        if pull_request == known || pull_request.updated_at < known.updated_at {
            if pull_request.head_commit == known.head_commit {
                // Late, and yet it tells since when the head is what it is.
                sighting.head_as_of = sighting.head_as_of.min(Some(pull_request.updated_at));
            }
            return;
        }
        // GitHub's times are whole seconds. Of two deliveries of one second either may be the later one: the choice is
        // arbitrary but the same in every order, and nothing is done about it before the API has been asked.
        let same_second = pull_request.updated_at == known.updated_at;
        if same_second && order_key(pull_request) < order_key(known) {
            sighting.confirmed_at = None;
        } else {
            self.sighted(pull_request, None, at);
            self.start_afresh();
        }
        if same_second {
            self.doubt(at);
        }
    }

    fn pull_request_read(&mut self, pull_request: &PullRequest, at: Timestamp) {
        self.reading.succeed();
        self.note_missing_labels(pull_request);
        let Some(sighting) = &mut self.sighting else {
            self.first_sighting(pull_request, Some(at), at);
            return;
        };
        let known = &sighting.pull_request;
        if pull_request == known {
            sighting.confirmed_at = Some(at);
            sighting.doubted_until = sighting.doubted_until.filter(|until| *until > at);
            sighting.stale_reads = 0;
        } else if pull_request.updated_at > known.updated_at {
            self.sighted(pull_request, Some(at), at);
        } else if pull_request.updated_at == known.updated_at {
            // Within one second the answer may be older or newer than what is known: a second equal answer settles it.
            self.sighted(pull_request, None, at);
            self.doubt(at);
            self.reading.not_before = Some(at.after(SECOND_LOOK));
        } else if sighting.stale_reads >= STALE_READS_MAX {
            self.sighted(pull_request, Some(at), at);
        } else {
            sighting.stale_reads += 1;
            let trouble = Trouble::retry(
                "GitHub's API still shows the pull request as it was before its last event",
            );
            self.reading.failures = sighting.stale_reads - 1;
            self.reading.fail(&trouble, at, self.id.number.0);
        }
    }

    /// A list is no sighting: the pull request itself is looked at, and that look decides.
    fn pull_request_doubted(&mut self, repository: &RepositoryName, at: Timestamp) {
        self.repository = Some(repository.clone());
        // The pauses between looks that fail stay: a list that disagrees for ever must not make them many.
        if let Some(sighting) = &mut self.sighting {
            sighting.doubted_until = sighting.doubted_until.max(Some(at));
        }
    }

    /// The newest word counts. When the repository is reached again, everything is looked at anew.
    fn access_told(&mut self, lost: Option<Loss>, as_of: Timestamp, at: Timestamp) {
        if self.access.as_of.is_some_and(|known| known >= as_of) {
            return;
        }
        self.access.as_of = Some(as_of);
        let before = std::mem::replace(&mut self.access.lost, lost.map(|loss| (loss, at)));
        if before.is_some() && lost.is_none() {
            if let Some(sighting) = &mut self.sighting {
                sighting.doubted_until = Some(at);
            }
            self.start_afresh();
        }
    }

    /// Remembers that two sightings of one second differ. Two equal answers do for now, but both may come from a copy that lags.
    fn doubt(&mut self, at: Timestamp) {
        if let Some(sighting) = &mut self.sighting {
            sighting.doubted_until = Some(at.after(DOUBTED));
        }
    }

    fn first_sighting(
        &mut self,
        pull_request: &PullRequest,
        confirmed_at: Option<Timestamp>,
        at: Timestamp,
    ) {
        self.repository = Some(pull_request.repository.clone());
        let pull_request = pull_request.clone();
        let updated_at = pull_request.updated_at;
        self.sighting = Some(Sighting {
            pull_request,
            confirmed_at,
            head_since: at,
            head_as_of: Some(updated_at),
            state_since: at,
            active_at: Some(at),
            doubted_until: None,
            stale_reads: 0,
        });
    }

    /// Replaces what is known of the pull request.
    fn sighted(
        &mut self,
        pull_request: &PullRequest,
        confirmed_at: Option<Timestamp>,
        at: Timestamp,
    ) {
        let Some(sighting) = &mut self.sighting else {
            return;
        };
        // A comment moves the time of the last change too, and Slipway's own must not keep a preview alive.
        if !shows_the_same(&sighting.pull_request, pull_request) {
            sighting.active_at = Some(at);
        }
        let new_head = sighting.pull_request.head_commit != pull_request.head_commit;
        if new_head {
            sighting.head_since = at;
            sighting.head_as_of = Some(pull_request.updated_at);
        }
        let known_state = std::mem::replace(&mut sighting.pull_request.state, pull_request.state);
        if known_state != pull_request.state {
            sighting.state_since = at;
        }
        let reopened =
            known_state != PullRequestState::Open && pull_request.state == PullRequestState::Open;
        self.repository = Some(pull_request.repository.clone());
        sighting.pull_request = pull_request.clone();
        sighting.confirmed_at = confirmed_at;
        sighting.doubted_until = None;
        sighting.stale_reads = 0;
        if reopened {
            // Nobody tells the preview of a closed pull request that another configuration counts.
            self.configuration.changed();
            self.start_afresh();
        }
        if new_head {
            self.recall();
            self.void_approvals(&pull_request.head_commit);
            self.builds = Builds {
                effort: std::mem::take(&mut self.builds.effort),
                ..Builds::default()
            };
            self.start_afresh();
        }
    }

    /// Lets what was given up be tried again, since a person did something.
    pub(super) fn start_afresh(&mut self) {
        for target in self.targets.values_mut() {
            target.start_afresh();
        }
        for admission in self.admissions.values_mut() {
            admission.effort.start_afresh();
        }
        self.comment.effort.start_afresh();
        self.reports.start_afresh();
        self.wishes.effort.start_afresh();
        self.images.start_afresh();
        self.configuration.effort.start_afresh();
        self.builds.effort.start_afresh();
        self.files.effort.start_afresh();
        self.approvals.effort.start_afresh();
        self.reading.start_afresh();
        if self.configuration.problem.is_some() {
            self.configuration.read_for = None;
        }
    }

    fn configuration_read(&mut self, commit: &CommitSha, reading: &Reading) {
        let configuration = &mut self.configuration;
        configuration.effort.succeed();
        configuration.read_for = Some(commit.clone());
        configuration.last_valid = None;
        match reading {
            Reading::Valid { settings } => {
                let is_new = configuration.settings.as_ref() != Some(settings);
                configuration.settings = Some(settings.clone());
                configuration.problem = None;
                if is_new {
                    // Somebody may have mended what it was given up for.
                    for target in self.targets.values_mut() {
                        target.effort.start_afresh();
                    }
                }
            }
            Reading::Missing => configuration.problem = Some(Problem::Missing),
            Reading::Invalid {
                message,
                in_force,
                last_valid,
            } => {
                if let Some(settings) = in_force {
                    configuration.settings = Some(settings.clone());
                }
                configuration.last_valid.clone_from(last_valid);
                configuration.problem = Some(Problem::Invalid(message.clone()))
            }
        }
    }

    fn run_seen(&mut self, run: &WorkflowRun) {
        // Without knowing the pull request there is nothing to hold the run against; the runs are read when it is known.
        if self
            .pull_request()
            .is_none_or(|pull_request| pull_request.head_commit != run.head_commit)
        {
            return;
        }
        let settings = self.configuration.settings.as_ref();
        let runs = &mut self.builds.runs;
        match runs.iter_mut().find(|known| known.id == run.id) {
            Some(known) if known.precedes(run) => *known = run.clone(),
            Some(_) => {}
            None => {
                runs.push(run.clone());
                if runs.len() > Builds::RUNS_MAX {
                    let builds =
                        |run: &WorkflowRun| settings.is_some_and(|settings| settings.builds(run));
                    runs.sort_by_key(|run| (builds(run), run.id));
                    runs.remove(0);
                }
            }
        }
        self.builds.effort.start_afresh();
    }

    fn runs_read(&mut self, commit: &CommitSha, runs: &[WorkflowRun], at: Timestamp) {
        if self
            .pull_request()
            .is_none_or(|pull_request| pull_request.head_commit != *commit)
        {
            return;
        }
        for run in runs {
            self.run_seen(run);
        }
        self.builds.effort.succeed();
        self.builds.read_at = Some(at);
    }
}

/// An arbitrary total order for two states of a pull request within one second; closed states win.
fn order_key(pull_request: &PullRequest) -> impl Ord + '_ {
    (
        pull_request.state,
        &pull_request.head_commit,
        pull_request.draft,
        &pull_request.labels,
        &pull_request.title,
    )
}

/// Whether both are the same but for the time of the last change, which every comment moves.
fn shows_the_same(known: &PullRequest, other: &PullRequest) -> bool {
    let known = PullRequest {
        updated_at: other.updated_at,
        ..known.clone()
    };
    known == *other
}
