//! How the facts of a command add up, what is done next, and how it is decided on.

use super::{
    Action, Command, CommandId, Decision, Environments, Fact, Ground, KEPT, LATE, Mark, Order,
    ReleaseOrder, Request, Written,
};
use crate::{
    PreviewId, Timestamp,
    audit::{Act, Door, Outcome},
    entity::Step,
    markdown::code,
    preview::{CommandOutcome, Commanded, Place, Preview, PullRequest},
    release::Line,
};

impl Command {
    pub(super) fn fold(&mut self, fact: &Fact, at: Timestamp) {
        let seed = self.id.comment;
        match fact {
            // The delivery may come again: what was made of it stays.
            Fact::Written(written) => {
                self.written.get_or_insert_with(|| written.clone());
            }
            Fact::Vetted { permission } => self.vetted(permission.may_write()),
            Fact::Ignored { .. } => self.end(),
            Fact::Decided(decision) => {
                self.decision = Some(decision.clone());
                self.effort.succeed();
            }
            Fact::LineTold => {
                self.line_told = true;
                self.effort.succeed();
            }
            Fact::Told => {
                self.told = true;
                self.effort.succeed();
            }
            Fact::Marked { mark: Mark::Seen }
            // What was seen is answered, also if it cannot be marked.
            | Fact::NotMarked { mark: Mark::Seen, .. } => {
                self.marked_seen = true;
            }
            Fact::Marked { mark: Mark::Done | Mark::Confused } => self.end(),
            Fact::NotMarked { trouble, .. } => {
                self.effort.fail(trouble, at, seed);
                if self.effort.is_exhausted() {
                    // The answer is in the comment anyway.
                    self.over = true;
                }
            }
            Fact::Troubled { trouble } => {
                self.effort.fail(trouble, at, seed);
                if self.effort.is_exhausted() && !self.allowed {
                    // Nobody knows whether its writer may have an answer.
                    self.end();
                } else if self.effort.is_exhausted() && self.decision.is_none() {
                    let answer = format!("it could not be looked into: {}", code(&trouble.reason));
                    self.decide(CommandOutcome::Refused, answer);
                }
            }
        }
    }

    fn end(&mut self) {
        self.over = true;
        self.effort.succeed();
    }

    fn vetted(&mut self, may_write: bool) {
        self.effort.succeed();
        self.allowed = may_write;
        let Some(written) = &self.written else {
            return;
        };
        match &written.request {
            // Whom commands are not for is not taught them.
            Request::Unclear { .. } if !may_write => self.end(),
            Request::Order(_) if !may_write => {
                let answer = "commands are for people who may push to this repository. Somebody \
                     who may can give it for you"
                    .to_owned();
                self.decide(CommandOutcome::Denied, answer);
            }
            Request::Unclear { hint, .. } => {
                let answer = hint.clone();
                self.decide(CommandOutcome::Refused, answer);
            }
            Request::Order(_) => {}
        }
    }

    pub(super) fn next_step(&self, now: Timestamp) -> Step<Action> {
        let Some(written) = &self.written else {
            // Nobody ever told what it is.
            return Step::Forget;
        };
        let forget_at = written.written_at.after(KEPT);
        if self.over || self.effort.is_exhausted() {
            // Of what nothing followed nothing is kept: anybody may comment, and a repeat comes to the same.
            return if forget_at <= now || !self.allowed {
                Step::Forget
            } else {
                Step::Wait { until: forget_at }
            };
        }
        if let Some(until) = self.effort.not_before.filter(|until| *until > now) {
            return Step::Wait { until };
        }
        Step::Act(self.next_action(written))
    }

    fn next_action(&self, written: &Written) -> Action {
        let mark = |mark| Action::Mark {
            repository: written.repository.clone(),
            mark,
        };
        let Some(decision) = &self.decision else {
            return if !self.allowed {
                Action::Vet(written.clone())
            } else if self.marked_seen {
                Action::Decide(written.clone())
            } else {
                // Only for those who may: whoever else may comment must not make Slipway write much.
                mark(Mark::Seen)
            };
        };
        if let Some(wish) = decision.release.as_ref().filter(|_| !self.line_told) {
            return Action::TellLine {
                wish: wish.clone(),
                act: self.noted(written, decision).map(Box::new),
            };
        }
        if !self.told {
            return Action::Tell {
                number: written.number,
                told: Box::new(self.commanded(written, decision)),
                act: self.noted(written, decision).map(Box::new),
            };
        }
        match decision.outcome {
            CommandOutcome::Done => mark(Mark::Done),
            CommandOutcome::Refused | CommandOutcome::Denied => mark(Mark::Confused),
        }
    }

    /// The command as the audit has it.
    fn noted(&self, written: &Written, decision: &Decision) -> Option<Act> {
        let Request::Order(order) = &written.request else {
            return None;
        };
        let preview = PreviewId {
            repository: self.id.repository,
            number: written.number,
        };
        let line = decision.release.as_ref().map(|wish| wish.line.to_string());
        let act = Act {
            at: written.written_at,
            by: written.login.clone(),
            door: Door::Comment,
            act: order.act()?.to_owned(),
            on: line.unwrap_or_else(|| preview.to_string()),
            repository: Some(self.id.repository),
            said: None,
            outcome: Outcome::Allowed,
            reason: None,
        };
        let act = act.saying(&order.to_string());
        Some(match decision.outcome {
            CommandOutcome::Done => act,
            CommandOutcome::Refused | CommandOutcome::Denied => {
                act.ended(Outcome::Refused, &decision.answer)
            }
        })
    }

    fn commanded(&self, written: &Written, decision: &Decision) -> Commanded {
        Commanded {
            at: Place {
                written_at: written.written_at,
                comment: self.id.comment,
            },
            account: written.account,
            login: written.login.clone(),
            command: written.request.to_string(),
            outcome: decision.outcome,
            answer: decision.answer.clone(),
            wish: decision.wish.clone(),
            pull_request: decision.pull_request.clone(),
        }
    }
}

impl Decision {
    /// Decides on `order` by how the preview stands, and the environments if it asks for them. `pull_request` is as GitHub shows it
    /// at `now`, and the preview has taken it in.
    pub fn on(
        order: &Order,
        written_at: Timestamp,
        (preview, environments): (&Preview, &Environments),
        pull_request: PullRequest,
        now: Timestamp,
    ) -> Self {
        let judged =
            in_time(written_at, now).and_then(|()| preview.judge(order, &pull_request, written_at));
        let (outcome, wish, answer) = match judged {
            Ok(judged) => {
                let told = environments.told(order, now);
                let answer = [Some(judged.answer), told].into_iter().flatten();
                let answer: Vec<String> = answer.collect();
                (CommandOutcome::Done, judged.wish, answer.join("\n\n"))
            }
            Err(reason) => (CommandOutcome::Refused, None, reason),
        };
        Self {
            outcome,
            answer,
            wish,
            release: None,
            pull_request: Some(Box::new(pull_request)),
        }
    }

    /// Decides on `order` for a release by how its line stands; an error in place of the line says in Markdown why none is meant.
    pub fn on_release(
        order: &ReleaseOrder,
        (id, written): (CommandId, &Written),
        line: Result<&Line, String>,
        ground: Ground<'_>,
        now: Timestamp,
    ) -> Self {
        let id = id.to_string();
        let judged = in_time(written.written_at, now)
            .and_then(|()| order.judge((line?, id.as_str()), written, ground, now));
        let (outcome, release, answer) = match judged {
            Ok((wish, answer)) => (CommandOutcome::Done, Some(wish), answer),
            Err(reason) => (CommandOutcome::Refused, None, reason),
        };
        Self {
            outcome,
            answer,
            wish: None,
            release,
            pull_request: Some(Box::new(ground.pull_request.clone())),
        }
    }
}

/// Refuses what is taken up too late.
fn in_time(written_at: Timestamp, now: Timestamp) -> Result<(), String> {
    if now.since(written_at) > LATE {
        return Err("it was taken up only a day after it was written: say it again".to_owned());
    }
    Ok(())
}
