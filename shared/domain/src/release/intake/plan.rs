//! What is to be done next about an intake: read the configuration, then tell the lines.

use std::collections::BTreeMap;

use super::{Action, Intake, Refused, Terms};
use crate::{
    Timestamp,
    entity::Step,
    preview::{Effort, WorkflowRun},
    release::{AllTerms, LineId, Name, Refusal, Source, judge, judge_report, line},
};

impl Intake {
    pub(super) fn next_step(&self, now: Timestamp) -> Step<Action> {
        let Some(place) = &self.place else {
            return Step::Forget;
        };
        if self.is_stale {
            let again = self
                .missing_since
                .map(|since| since.after(Self::MISSING_FOR));
            if let Some(until) = again.filter(|again| *again > now) {
                return Step::Wait { until };
            }
            // One that was read before directives counted is read once more.
            let known = self.known.as_ref().filter(|_| self.directives.is_some());
            let known = known.filter(|known| known.repository == place.repository);
            return when_due(&self.reading, now, || Action::ReadConfiguration {
                repository: place.repository.clone(),
                known: known.map(|known| known.version.clone()),
            });
        }
        let terms = self.in_force.clone().unwrap_or_default();
        let is_told = self.told == terms
            && (terms.is_empty() || self.told_as.as_ref() == Some(&place.repository));
        if self.news.is_empty() && is_told {
            if let Some(step) = self.next_start(place, now) {
                return step;
            }
            // Without environments there is nothing to keep: the next delivery makes it known again.
            return if terms.is_empty() && self.problem.is_none() {
                Step::Forget
            } else {
                Step::Settled
            };
        }
        when_due(&self.telling, now, || {
            // Later than what was told before, though that may have been by the clock of another machine.
            let as_of = self.told_at.after(Self::TICK).max(now);
            let (messages, refused) = self.messages(&terms, as_of);
            Action::Tell {
                messages,
                news: self.news.clone(),
                terms: terms.clone(),
                refused,
                starts: self.starts_asked(&terms),
                repository: place.repository.clone(),
            }
        })
    }

    /// What each line is told, and which runs are told to none though their branch is tracked.
    fn messages(
        &self,
        terms: &AllTerms,
        now: Timestamp,
    ) -> (Vec<(LineId, line::Fact)>, Vec<Refused>) {
        let mut messages = Vec::new();
        let mut refused = Vec::new();
        for names in self.told.keys().filter(|names| !terms.contains_key(names)) {
            messages.push((self.line(names), self.configured(None, now)));
        }
        for (names, terms) in terms {
            let before = messages.len();
            self.tell_news(names, terms, &mut messages, &mut refused);
            let is_renamed = self.told_as.as_ref() != self.place.as_ref().map(|it| &it.repository);
            let is_told = !is_renamed && self.told.get(names) == self.terms_of(names);
            if messages.len() > before || !is_told {
                let configured = self.configured(Some(terms), now);
                messages.insert(before, (self.line(names), configured));
            }
        }
        (messages, refused)
    }

    fn configured(&self, terms: Option<&Terms>, now: Timestamp) -> line::Fact {
        line::Fact::Configured {
            repository: self.place.as_ref().map(|place| place.repository.clone()),
            terms: terms.cloned().map(Box::new),
            as_of: now,
        }
    }

    /// Whether the run is of a workflow that tests an environment: it builds nothing, and nobody takes it for a build.
    fn is_test(&self, run: &WorkflowRun) -> bool {
        let mut all = self.in_force.iter().flat_map(BTreeMap::values);
        all.any(|terms| terms.is_tested_by(run))
    }

    fn tell_news(
        &self,
        names: &(Name, Name),
        terms: &Terms,
        messages: &mut Vec<(LineId, line::Fact)>,
        refused: &mut Vec<Refused>,
    ) {
        let line = self.line(names);
        let pushes = &self.news.pushes;
        for push in pushes
            .iter()
            .filter(|push| terms.source.tracks(&push.reference))
        {
            messages.push((line.clone(), line::Fact::Pushed { push: push.clone() }));
        }
        for report in &self.news.images {
            if report.service != names.0 || !concerns(terms, &report.run) {
                continue;
            }
            match judge_report(report, self.id, terms) {
                Ok(()) => messages.push((
                    line.clone(),
                    line::Fact::ImageReported {
                        image: report.into(),
                    },
                )),
                Err(reason) => refused.push(refused_of(&report.run, &line, reason)),
            }
        }
        for run in self.news.runs.values() {
            if self.is_test(run) {
                if terms.is_tested_by(run) {
                    messages.push((line.clone(), line::Fact::TestRunSeen { run: run.id }));
                }
                continue;
            }
            if !names_what_is_tracked(terms, run.head_branch.as_deref()) {
                continue;
            }
            match judge(run, self.id, terms) {
                Ok(()) => messages.push((line.clone(), line::Fact::RunSeen { run: run.clone() })),
                Err(reason) => refused.push(refused_of(run, &line, reason)),
            }
        }
    }
}

/// Whether a report concerns an environment: of a run on what it tracks, or on anything if it only gets what is live before it.
fn concerns(terms: &Terms, run: &WorkflowRun) -> bool {
    terms.source == Source::Promotion || names_what_is_tracked(terms, run.head_branch.as_deref())
}

fn refused_of(run: &WorkflowRun, line: &LineId, reason: Refusal) -> Refused {
    Refused {
        run: run.id,
        attempt: run.attempt,
        line: line.clone(),
        reason,
    }
}

/// Whether a run bears the name of what the environment tracks: only of those it is told why they are refused.
fn names_what_is_tracked(terms: &Terms, name: Option<&str>) -> bool {
    match &terms.source {
        Source::Branch(_) | Source::Tag(_) => {
            name.is_some_and(|name| terms.source.reference_named(name).is_some())
        }
        Source::Promotion => false,
    }
}

/// `action` if its effort allows it now, else when it does: what is given up is tried again every hour.
pub(super) fn when_due(
    effort: &Effort,
    now: Timestamp,
    action: impl FnOnce() -> Action,
) -> Step<Action> {
    match effort
        .not_before_at_last()
        .filter(|not_before| *not_before > now)
    {
        Some(until) => Step::Wait { until },
        None => Step::Act(action()),
    }
}
