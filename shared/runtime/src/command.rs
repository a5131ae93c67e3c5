//! Does what the plan of a command asks for: asks GitHub who gives it, decides by how the preview or the environment stands,
//! tells them, and reacts to the comment.

mod release;

use std::cell::RefCell;

use domain::{
    PreviewId, RepositoryName,
    audit::Act,
    command::{
        Action, Command, CommandId, Decision, Environments, Fact, Mark, Order, ReleaseWish,
        Request, Written,
    },
    entity::Entity,
    preview::{self, Preview, Reading, Trouble},
    release::{Line, LineId},
    repository::{self, Repository},
};
use ports::{Clock, Http, Level, Log, Store};
use vendors::{CallError, github};

use crate::{Claim, Executor, RunError, audit, browse, mailbox};

/// Does what the plan of a command asks for.
pub struct CommandExecutor<'a, H, C, L, S> {
    /// GitHub; none if it is not configured.
    pub github: Option<&'a github::Client<H, C, S>>,
    /// Where previews and repositories are.
    pub store: S,
    /// The time.
    pub clock: C,
    /// Where it is told what was done.
    pub log: L,
    /// The previews that were told something: whoever may run them does so next.
    pub told: RefCell<Vec<PreviewId>>,
    /// The same for release lines.
    pub told_lines: RefCell<Vec<LineId>>,
}

impl<H: Http, C: Clock, L: Log, S: Store> Executor<Command> for CommandExecutor<'_, H, C, L, S> {
    async fn execute(&self, id: &CommandId, action: &Action, _claim: Claim) -> Fact {
        let troubled = |trouble: Trouble| Fact::Troubled { trouble };
        let fact = match action {
            Action::Vet(written) => self.vet(*id, written).await.unwrap_or_else(troubled),
            Action::Mark { repository, mark } => {
                let mark = *mark;
                match self.mark(*id, repository, mark).await {
                    Ok(()) => Fact::Marked { mark },
                    Err(trouble) => Fact::NotMarked { mark, trouble },
                }
            }
            Action::Decide(written) => self.decide(*id, written).await.unwrap_or_else(troubled),
            Action::TellLine { wish, act } => {
                match self.tell_line(wish, (*id, act.as_deref())).await {
                    Ok(()) => {
                        self.told_lines.borrow_mut().push(wish.line.clone());
                        Fact::LineTold
                    }
                    Err(error) => troubled(failed(error)),
                }
            }
            Action::Tell { number, told, act } => {
                let preview = PreviewId {
                    repository: id.repository,
                    number: *number,
                };
                let fact = preview::Fact::Commanded(told.clone());
                match self
                    .tell_preview(&preview, &fact, (*id, act.as_deref()))
                    .await
                {
                    Ok(()) => {
                        self.told.borrow_mut().push(preview);
                        Fact::Told
                    }
                    Err(error) => troubled(failed(error)),
                }
            }
        };
        self.tell(*id, &fact);
        fact
    }
}

impl<H: Http, C: Clock, L: Log, S: Store> CommandExecutor<'_, H, C, L, S> {
    fn github<'b>(
        &'b self,
        id: CommandId,
        name: &'b RepositoryName,
    ) -> Result<(&'b github::Client<H, C, S>, github::Repository<'b>), Trouble> {
        let repository = github::Repository {
            id: id.repository,
            name,
        };
        match self.github {
            Some(github) => Ok((github, repository)),
            None => Err(CallError::Refused {
                reason: "the variable github_api_url is not set".to_owned(),
            }
            .into()),
        }
    }

    /// Whether the writer may give commands, by GitHub's API. In a repository without a configuration commands are somebody
    /// else's, and who was told already to have no right is not told again.
    async fn vet(&self, id: CommandId, written: &Written) -> Result<Fact, Trouble> {
        let ignored = |reason: &str| {
            let reason = reason.to_owned();
            Ok(Fact::Ignored { reason })
        };
        let key = repository::Key(id.repository);
        let known: Repository = browse::current(&self.store, &key).await.map_err(failed)?;
        if known.preview_settings() == Some(Reading::Missing) {
            return ignored("the repository has no configuration");
        }
        if written.request.is_of_releases() && self.environments(id.repository).await?.is_empty() {
            return ignored("the configuration names no environments");
        }
        let preview: Preview = browse::current(&self.store, &of_preview(id, written))
            .await
            .map_err(failed)?;
        let (github, repository) = self.github(id, &written.repository)?;
        let permission = github
            .permission(repository, &written.login, written.account)
            .await?;
        // Of a preview that was forgotten nobody would know that somebody was told.
        let is_known = preview.pull_request().is_some();
        if !permission.may_write() && (!is_known || preview.has_denied(written.account)) {
            return ignored(
                "its writer has no right to commands, and is not told so here, or was already",
            );
        }
        Ok(Fact::Vetted { permission })
    }

    /// Notes what the command is for the audit, and tells the release line.
    async fn tell_line(
        &self,
        wish: &ReleaseWish,
        noted: (CommandId, Option<&Act>),
    ) -> Result<(), RunError> {
        self.note(noted).await?;
        let now = self.clock.now();
        mailbox::post::<Line>(&self.store, &wish.line, &wish.fact, now).await?;
        Ok(())
    }

    /// The same however often it is noted: the comment says when it was.
    async fn note(&self, (id, act): (CommandId, Option<&Act>)) -> Result<(), RunError> {
        if let Some(act) = act {
            audit::note(&self.store, &act.key(&id.to_string()), act).await?;
        }
        Ok(())
    }

    /// Notes what the command is for the audit, and tells the preview.
    async fn tell_preview(
        &self,
        preview: &PreviewId,
        fact: &preview::Fact,
        noted: (CommandId, Option<&Act>),
    ) -> Result<(), RunError> {
        self.note(noted).await?;
        let now = self.clock.now();
        mailbox::post::<Preview>(&self.store, preview, fact, now).await?;
        Ok(())
    }

    async fn mark(&self, id: CommandId, name: &RepositoryName, mark: Mark) -> Result<(), Trouble> {
        let (github, repository) = self.github(id, name)?;
        let reaction = match mark {
            Mark::Seen => github::Reaction::Eyes,
            Mark::Done => github::Reaction::Rocket,
            Mark::Confused => github::Reaction::Confused,
        };
        // A comment that was deleted needs none.
        github.react(repository, id.comment, reaction).await?;
        Ok(())
    }

    async fn decide(&self, id: CommandId, written: &Written) -> Result<Fact, Trouble> {
        let Request::Order(order) = &written.request else {
            let reason = "it is no command".to_owned();
            return Ok(Fact::Ignored { reason });
        };
        let (github, repository) = self.github(id, &written.repository)?;
        let shown = github.pull_request(repository, written.number).await?;
        let Some(pull_request) = shown else {
            let (name, number) = (&written.repository, written.number);
            let reason = format!("GitHub shows no pull request {name}#{number} to Slipway");
            return Err(Trouble::retry(reason));
        };
        let mut preview: Preview = browse::current(&self.store, &of_preview(id, written))
            .await
            .map_err(failed)?;
        let now = self.clock.now();
        let read = preview::Fact::PullRequestRead {
            pull_request: pull_request.clone(),
        };
        preview.record(&read, now);
        if let Order::Release(order) = order {
            let shown = (&preview, &pull_request);
            return self.decide_release((id, written), order, shown).await;
        }
        let environments = match order {
            Order::Status | Order::Why => self.standing((id, written), &pull_request).await?,
            Order::Preview
            | Order::Remove
            | Order::Keep(_)
            | Order::Redeploy
            | Order::Help
            | Order::Release(_) => Environments::default(),
        };
        let standing = (&preview, &environments);
        let decision = Decision::on(order, written.written_at, standing, pull_request, now);
        Ok(Fact::Decided(decision))
    }

    /// Logs what was done, and how it failed if it did.
    fn tell(&self, id: CommandId, fact: &Fact) {
        let (level, message, reason) = match fact {
            Fact::Written(_) => (Level::Info, "a delivery told of a command", None),
            Fact::Vetted { permission } if permission.may_write() => {
                (Level::Info, "somebody who may gives a command", None)
            }
            Fact::Vetted { .. } => (Level::Info, "somebody who may not gives a command", None),
            Fact::Ignored { reason } => (Level::Info, "left a command alone", Some(reason)),
            Fact::Decided(decision) => {
                (Level::Info, "decided on a command", Some(&decision.answer))
            }
            Fact::LineTold => (Level::Info, "told the environment of a command", None),
            Fact::Told => (Level::Info, "told the preview of a command", None),
            Fact::Marked { .. } => (Level::Info, "reacted to a command", None),
            Fact::NotMarked { trouble, .. } => (
                Level::Warn,
                "could not react to a command",
                Some(&trouble.reason),
            ),
            Fact::Troubled { trouble } => (
                Level::Warn,
                "could not follow a command",
                Some(&trouble.reason),
            ),
        };
        let mut fields = vec![
            ("entity", id.to_string().into()),
            ("repository", id.repository.0.into()),
        ];
        if let Some(reason) = reason {
            fields.push(("reason", reason.as_str().into()));
        }
        self.log.write(level, message, &fields);
    }
}

fn of_preview(id: CommandId, written: &Written) -> PreviewId {
    PreviewId {
        repository: id.repository,
        number: written.number,
    }
}

fn failed(error: RunError) -> Trouble {
    Trouble::retry(error.to_string())
}
