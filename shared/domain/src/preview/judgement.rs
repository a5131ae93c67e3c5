//! What follows from a command of somebody who may give it: a wish and an answer, or why not.

use super::{
    CommandWish, Preview, PullRequest, PullRequestState, ServiceSettings, Standing,
    state::Problem,
    wanted::{Absence, Wanted},
};
use crate::{
    Timestamp,
    command::Order,
    configuration::{self, Forks},
    markdown::{code, link, listed_within},
};

/// What follows from a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// What it asks of the preview; none if it only asks.
    pub wish: Option<CommandWish>,
    /// The answer, in Markdown in which all that is not ours is code.
    pub answer: String,
}

impl Judgement {
    fn answer(answer: String) -> Self {
        Self { wish: None, answer }
    }

    fn wish(wish: CommandWish, answer: String) -> Self {
        let wish = Some(wish);
        Self { wish, answer }
    }
}

/// What is told of services takes at most so much of the comment.
const SERVICES_BYTES_MAX: usize = 6_000;

/// What `/help` says.
const HELP: &str = "write one of these on a line of its own, if you may push to this repository:\n\n\
    - `/preview` deploys a preview now, also without its label\n\
    - `/preview remove` removes it until somebody says `/preview`\n\
    - `/preview keep 7d` keeps it from expiring for that long\n\
    - `/redeploy` deploys the head commit anew\n\
    - `/status` and `/why` say how everything stands, and why\n\n\
    And for the environments that the configuration names, say `production`:\n\n\
    - `/deploy production` has the commit go on that this pull request became: tries it again, or lets it go on though it does \
    not follow what is there\n\
    - `/approve production` approves its release, if you did not write it\n\
    - `/rollback production` goes back to the release before, `/rollback production 2 <reason>` to the one before that\n\
    - `/lock production <reason>` has releases wait, and `/unlock production` lets them go on";

impl Preview {
    /// What follows from `order`, written at `written_at` by somebody who may give it. `pull_request` is as GitHub shows it now,
    /// and was taken in. The error says in Markdown why nothing follows.
    pub fn judge(
        &self,
        order: &Order,
        pull_request: &PullRequest,
        written_at: Timestamp,
    ) -> Result<Judgement, String> {
        match order {
            Order::Help => return Ok(Judgement::answer(HELP.to_owned())),
            Order::Status | Order::Why => return Ok(Judgement::answer(self.told_status(order))),
            Order::Preview | Order::Remove | Order::Keep(_) | Order::Redeploy => {}
            Order::Release(_) => return Err("that is nothing for a preview".to_owned()),
        }
        self.is_open_for_commands(pull_request)?;
        if order.deploys() && self.has_moved(pull_request, written_at) {
            return Err(format!(
                "{} became the head commit only after that was written. If you have seen it, say so again",
                code(pull_request.head_commit.short())
            ));
        }
        match order {
            Order::Preview => self.judge_preview(pull_request),
            Order::Redeploy => self.judge_redeploy(pull_request),
            Order::Remove => self.judge_removal(),
            Order::Keep(duration) => self.judge_keep(written_at.after(duration.get())),
            Order::Status | Order::Why | Order::Help | Order::Release(_) => {
                Ok(Judgement::answer(String::new()))
            }
        }
    }

    fn is_open_for_commands(&self, pull_request: &PullRequest) -> Result<(), String> {
        let reason = match pull_request.state {
            PullRequestState::Open if pull_request.archived => "the repository is archived",
            PullRequestState::Open => return Ok(()),
            PullRequestState::Merged => "the pull request was merged",
            PullRequestState::Closed => "the pull request is closed",
        };
        Err(reason.to_owned())
    }

    /// Whether the head commit may have become the head after `written_at`. GitHub's times are whole seconds: within one of them
    /// the word of somebody who may push is taken for what they pushed, and a fork's push for the later one.
    pub fn has_moved(&self, pull_request: &PullRequest, written_at: Timestamp) -> bool {
        let known = self
            .sighting
            .as_ref()
            .filter(|sighting| sighting.pull_request.head_commit == pull_request.head_commit)
            .and_then(|sighting| sighting.head_as_of);
        let head_as_of = known.map_or(pull_request.updated_at, |known| {
            known.min(pull_request.updated_at)
        });
        if self.is_of_fork(pull_request) {
            head_as_of >= written_at
        } else {
            head_as_of > written_at
        }
    }

    fn judge_preview(&self, pull_request: &PullRequest) -> Result<Judgement, String> {
        let head = code(pull_request.head_commit.short());
        let services = self.configured_services()?;
        let is_fork = self.is_of_fork(pull_request);
        if is_fork
            && services
                .iter()
                .all(|service| service.when.forks == Forks::Never)
            && !services.is_empty()
        {
            return Err("the configuration allows no previews of forks".to_owned());
        }
        let answer = if is_fork {
            format!("{head} gets a preview. It comes from a fork: the next push needs another word")
        } else {
            format!("{head} gets a preview, and what is pushed after it")
        };
        let wish = CommandWish::Deploy(pull_request.head_commit.clone());
        Ok(Judgement::wish(wish, answer))
    }

    fn judge_redeploy(&self, pull_request: &PullRequest) -> Result<Judgement, String> {
        let services = self.configured_services()?;
        let head = code(pull_request.head_commit.short());
        let wanted = |service: &ServiceSettings| self.wanted(&service.application);
        let hindered = services.iter().find_map(|service| match wanted(service) {
            Wanted::Absent(absence) => Some(self.absent(&absence)),
            Wanted::Unapproved(_) => Some(format!(
                "{head} comes from a fork and is not approved: `/preview` approves it"
            )),
            Wanted::CommitSkipped => Some(format!(
                "{head} says `[skip preview]`: `/preview` deploys it all the same"
            )),
            Wanted::Crowded(service) => Some(format!(
                "{head} waits for a place: {}",
                self.told_wait(service, true)
            )),
            Wanted::Present { .. } | Wanted::Awaited | Wanted::Needing(_) | Wanted::Undecided => {
                None
            }
        });
        let possible = services.iter().any(|service| {
            matches!(
                wanted(service),
                Wanted::Present { .. } | Wanted::Awaited | Wanted::Needing(_) | Wanted::Undecided
            )
        });
        match hindered {
            Some(reason) if !possible => Err(reason),
            Some(_) | None => {
                let wish = CommandWish::Redeploy(pull_request.head_commit.clone());
                Ok(Judgement::wish(wish, format!("{head} is deployed anew")))
            }
        }
    }

    fn absent(&self, absence: &Absence) -> String {
        let way = match absence {
            Absence::LabelMissing(_)
            | Absence::Draft
            | Absence::Skipped
            | Absence::OtherBase(_)
            | Absence::Untouched { .. }
            | Absence::Expired(_)
            | Absence::Asked(_)
            | Absence::Dismissed(_) => ": `/preview` brings one about",
            Absence::AccessLost(_)
            | Absence::Merged
            | Absence::Closed
            | Absence::Fork
            | Absence::NotConfigured => "",
        };
        format!("there is no preview{way}")
    }

    fn judge_removal(&self) -> Result<Judgement, String> {
        let services = self.configured_services()?;
        let wanted = services
            .iter()
            .any(|service| !matches!(self.wanted(&service.application), Wanted::Absent(_)));
        if !wanted && !self.is_deployed() {
            return Err("there is no preview to remove".to_owned());
        }
        let answer = "the preview is removed, until somebody says `/preview`".to_owned();
        Ok(Judgement::wish(CommandWish::Remove, answer))
    }

    fn judge_keep(&self, until: Timestamp) -> Result<Judgement, String> {
        let services = self.configured_services()?;
        if services.iter().all(|service| service.ttl.is_none()) {
            return Err(
                "no preview expires here: the configuration sets no `ttl`, and it is kept as long as the pull request is open"
                    .to_owned(),
            );
        }
        let answer = format!("it is kept until {until} at least");
        Ok(Judgement::wish(CommandWish::Keep(until), answer))
    }

    /// The services of the newest configuration that is known; none if none is known yet.
    fn configured_services(&self) -> Result<&[ServiceSettings], String> {
        if let Some(Problem::Missing) = self.configuration.problem {
            return Err(format!("there is no {}", code(configuration::PATH)));
        }
        let settings = self.configuration.settings.as_ref();
        match settings.map(|settings| settings.services.as_slice()) {
            Some([]) => Err("the configuration has no service with a preview".to_owned()),
            Some(services) => Ok(services),
            None => Ok(&[]),
        }
    }

    /// How each service stands; why it does so, if that is asked for.
    fn told_status(&self, order: &Order) -> String {
        if let Some(problem) = self.configuration_problem() {
            return format!("the configuration: {}", code(&problem));
        }
        let services = self.services();
        if services.is_empty() {
            return "no service has a preview here".to_owned();
        }
        let told = services.iter().map(|view| {
            let commit = view.commit.as_ref().map(|commit| code(commit.short()));
            let commit = commit.map(|commit| format!(" with {commit}"));
            let url = view
                .url
                .as_deref()
                .filter(|_| view.standing == Standing::Ready);
            let url = url.map(|url| format!(" at {}", link(url)));
            let mut line = format!(
                "\n- {} is {}{}{}",
                code(&view.service),
                view.standing.name(),
                commit.unwrap_or_default(),
                url.unwrap_or_default()
            );
            if *order == Order::Why || view.standing != Standing::Ready {
                line.push_str(&format!(": {}", code(&view.reason)));
            }
            if let Some(trouble) = &view.trouble {
                line.push_str(&format!(", {}", code(&trouble.reason)));
            }
            line
        });
        let mut told = listed_within(SERVICES_BYTES_MAX, told.collect(), 0);
        if let Some(rulings) = self.told_rulings().filter(|_| *order == Order::Why) {
            told.push_str(&format!("\n\nDecided, the newest first:\n{rulings}"));
        }
        format!("as of then\n{told}")
    }
}
