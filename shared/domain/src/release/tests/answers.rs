//! How the story's world answers: what GitHub, Argo CD and the environment say to each action.

use super::*;
use crate::{Account, Speaker};

/// Somebody with the account of this login.
pub(super) fn speaker(login: &str) -> Speaker {
    Speaker {
        name: login.to_owned(),
        account: Some(account(login)),
    }
}

/// An account whose id follows from its login.
pub(super) fn account(login: &str) -> Account {
    let id = login
        .to_ascii_lowercase()
        .bytes()
        .fold(7_u64, |id, byte| id.wrapping_mul(31) + u64::from(byte));
    Account::seen(id, login)
}

impl Story {
    /// Whom GitHub tells as the writers of a commit; nobody if it does not know them.
    fn writers_of(&self, head: char) -> Writers {
        let people = self.wrote.get(&head).unwrap_or(&self.authors);
        if people.is_empty() {
            return Writers::Untold(Untold::NoAccount {
                of: commit(head).short().to_owned(),
            });
        }
        Writers::Known(people.iter().map(|login| account(login)).collect())
    }

    fn brought(&self, base: char, head: char) -> Brought {
        let there = self.ancestors(base);
        let all = self.ancestors(head);
        let more: Vec<char> = all.difference(&there).copied().collect();
        let writers = more.iter().map(|one| self.writers_of(*one));
        Brought::Commits {
            commits: more
                .iter()
                .flat_map(|one| std::iter::repeat_n(commit(*one), self.many))
                .collect(),
            writers: writers
                .reduce(Writers::and)
                .unwrap_or(Writers::Known(Vec::new())),
        }
    }
}

impl Story {
    pub(super) fn answer(&mut self, action: &Action) -> Fact {
        match action {
            Action::ReadRuns { commit, .. } => {
                self.done.push(format!("read runs {}", digit(commit)));
                Fact::RunsRead {
                    commit: commit.clone(),
                    runs: self.runs_on(commit),
                }
            }
            Action::Compare { base, head, .. } => {
                self.done
                    .push(format!("compare {} {}", digit(base), digit(head)));
                Fact::Compared {
                    base: base.clone(),
                    head: head.clone(),
                    relation: self.relation(digit(base), digit(head)),
                }
            }
            Action::Check {
                commit,
                source,
                writers,
                ..
            } => {
                self.done.push(format!("check {}", digit(commit)));
                let contained = self.ancestors(self.head).contains(&digit(commit));
                let missing = (!contained && *source != Source::Promotion)
                    .then(|| format!("it is no longer in {source}"));
                Fact::Checked {
                    commit: commit.clone(),
                    runs: self.runs_on(commit),
                    missing,
                    title: None,
                    skip: false,
                    is_head: match source {
                        Source::Branch(_) => Some(digit(commit) == self.head),
                        Source::Tag(_) => Some(false),
                        Source::Promotion => None,
                    },
                    writers: writers.then(|| self.writers_of(digit(commit))),
                }
            }
            Action::ListBrought { commit, live, .. } => {
                let base = live.iter().map(digit).find(|one| !self.lost.contains(one));
                self.done.push(format!("list {}", digit(commit)));
                Fact::Brought {
                    commit: commit.clone(),
                    live: live[0].clone(),
                    brought: base.map_or(Brought::Lost, |base| self.brought(base, digit(commit))),
                }
            }
            Action::ReadWriters {
                commit, live, of, ..
            } => {
                let told = of.iter().map(digit).collect::<String>();
                self.done.push(format!("writers {told}"));
                let writers = of.iter().map(|one| self.writers_of(digit(one)));
                Fact::WritersRead {
                    commit: commit.clone(),
                    live: live.clone(),
                    of: of.clone(),
                    writers: writers.reduce(Writers::and).unwrap(),
                }
            }
            Action::ReadWindows { application } => {
                if self.argo.windows != open_windows() {
                    self.done.push("read windows".to_owned());
                }
                Fact::WindowsRead {
                    application: application.clone(),
                    windows: self.argo.windows.clone(),
                }
            }
            Action::Begin {
                key,
                kind,
                commit,
                asked,
            } => {
                self.done.push(format!("begin {}", digit(commit)));
                match asked {
                    Ok(asked) => Fact::Begun {
                        key: key.clone(),
                        kind: kind.clone(),
                        commit: commit.clone(),
                        asked: asked.clone(),
                    },
                    Err(reason) => Fact::NotBegun {
                        commit: commit.clone(),
                        reason: reason.clone(),
                    },
                }
            }
            Action::Step { key, step, .. } => Fact::Step {
                key: key.clone(),
                step: self.step(key, step),
            },
            Action::Report {
                key,
                report: ReportAction::Find { .. },
                ..
            } => Fact::Report {
                key: key.clone(),
                report: ReportFact::Known { deployment: 7 },
            },
            Action::Report {
                key,
                report: ReportAction::Status { status, .. },
                ..
            } => {
                self.done.push(format!(
                    "tell {}: {}",
                    status.state.as_str(),
                    status.description
                ));
                let digest = status.digest();
                Fact::Report {
                    key: key.clone(),
                    report: ReportFact::StatusSet { digest },
                }
            }
            Action::Announce { letter } => {
                self.letters.push(*letter.clone());
                Fact::Announced {
                    number: letter.number,
                }
            }
            Action::Test { number, step, .. } => {
                let (done, test) = self.tests.answer(step);
                self.done.extend(done);
                Fact::Test {
                    number: *number,
                    test,
                }
            }
            Action::Pass {
                environment, live, ..
            } => {
                self.passed.clone_from(live);
                self.done.push(format!(
                    "pass {environment} {:?}",
                    live.as_ref().map(|live| digit(&live.commit))
                ));
                Fact::Passed {
                    environment: environment.clone(),
                    live: live.clone(),
                }
            }
        }
    }

    fn step(&mut self, key: &str, step: &StepAction) -> StepFact {
        let is_a_call = !matches!(step, StepAction::GiveWay { .. });
        if let Some(trouble) = self.trouble.clone().filter(|_| is_a_call) {
            return StepFact::Troubled { trouble };
        }
        let is_rollback = key.starts_with("rollback");
        if matches!(step, StepAction::Operate { .. }) && std::mem::take(&mut self.argo.loses_answer)
        {
            self.step(key, step);
            return StepFact::Troubled {
                trouble: Trouble {
                    reason: "Argo CD's answer was lost".into(),
                    reaction: crate::preview::Reaction::Look,
                },
            };
        }
        match step {
            StepAction::Change { setting } => {
                self.done.push(format!("set {setting}"));
                if let argocd::Setting::KustomizeImage { image, version } = setting {
                    self.argo.spec = format!("{image}{version}");
                    let given = version.to_string().chars().nth(1).unwrap();
                    self.given.push((given, is_rollback));
                }
                if let argocd::Setting::HelmParameter { name, value } = setting {
                    self.argo.set_parameter(name, value);
                    self.given
                        .push((value.chars().next().unwrap(), is_rollback));
                }
                self.argo.sync_by_itself(self.now);
                StepFact::Changed
            }
            StepAction::Commit { place, message } => {
                let headline = message.lines().next().unwrap_or_default();
                self.done.push(format!(
                    "commit to {} at {:?} in {}: {headline}",
                    place.repository,
                    place.branch,
                    place.paths.join(", ")
                ));
                let before = self.argo.spec.clone();
                if let argocd::Setting::KustomizeImage { image, version } = &place.setting {
                    self.argo.spec = format!("{image}{version}");
                    let given = version.to_string().chars().nth(1).unwrap();
                    self.given.push((given, is_rollback));
                }
                self.argo.sync_by_itself(self.now);
                StepFact::Committed {
                    commit: (before != self.argo.spec).then(|| commit('f')),
                }
            }
            StepAction::Operate { .. } if !self.argo.windows.may_sync => StepFact::Troubled {
                trouble: Trouble {
                    reason: "Argo CD answered 403 \"cannot sync: blocked by sync window\"".into(),
                    reaction: crate::preview::Reaction::ComeBack {
                        after_milliseconds: 60_000,
                    },
                },
            },
            StepAction::Operate { .. } if self.argo.is_busy => StepFact::OperationWaits {
                reason: "Argo CD is at another operation of the application".into(),
            },
            StepAction::Operate { history: Some(id) } => {
                self.done.push(format!("roll back to {id}"));
                let spec = self.argo.spec.clone();
                let former = &self.argo.history[usize::try_from(*id).unwrap()];
                self.argo.spec.clone_from(former);
                self.argo.operate("", self.now);
                self.argo.spec = spec;
                StepFact::OperationTaken
            }
            StepAction::Operate { history: None } => {
                self.done.push("sync".into());
                self.argo.operate(&mark(&self.line.id, key), self.now);
                StepFact::OperationTaken
            }
            StepAction::GiveWay { newer } => {
                self.done.push(format!("give way to {}", digit(newer)));
                StepFact::GivesWay {
                    newer: newer.clone(),
                }
            }
            StepAction::Stop => {
                self.done.push("stop".into());
                let own = mark(&self.line.id, key);
                assert!(self.argo.is_at(&own), "only what is one's own is stopped");
                self.argo.stop(self.now);
                StepFact::StopAsked
            }
            StepAction::Probe { url, .. } => {
                let answer = if self.answers {
                    "200 OK"
                } else {
                    "502 Bad Gateway"
                };
                self.done.push(format!("probe {url}: {answer}"));
                StepFact::Probed {
                    healthy: self.answers,
                    answer: answer.into(),
                }
            }
            StepAction::Look { windows } => StepFact::Seen {
                application: Box::new(self.argo.application(self.now)),
                windows: windows.then(|| self.argo.windows.clone()),
            },
        }
    }

    fn runs_on(&self, commit: &CommitSha) -> Vec<WorkflowRun> {
        let on = |run: &&WorkflowRun| run.head_commit == *commit;
        self.runs.iter().filter(on).cloned().collect()
    }
}
