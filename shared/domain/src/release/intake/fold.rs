//! How the facts of an intake add up.

use super::{Fact, Intake, Known, News, Place, Reading, Refused};
use crate::{
    RepositoryName, Timestamp,
    preview::WorkflowRun,
    release::{AllTerms, ImageReport, Push},
};

impl Intake {
    pub(super) fn fold(&mut self, fact: &Fact, at: Timestamp) {
        match fact {
            Fact::Pushed { place, push } => {
                self.seen_at(place);
                self.pushed(push);
                self.is_stale = true;
            }
            Fact::RunSeen { place, run } => {
                self.seen_at(place);
                self.run_seen(run);
                self.is_stale = true;
            }
            Fact::ImageReported { place, report } => {
                self.seen_at(place);
                self.image_reported(report);
                self.is_stale = true;
            }
            Fact::ConfigurationRead { known, reading } => {
                self.configuration_read(known, reading, at);
            }
            Fact::ConfigurationUnchanged => {
                self.reading.succeed();
                self.is_stale = false;
                self.missing_since = None;
            }
            Fact::ConfigurationChanged => self.is_stale = self.place.is_some(),
            Fact::AccessLost => self.access_lost(),
            Fact::ConfigurationNotRead { trouble } => self.reading.fail(trouble, at, self.id.0),
            Fact::Told {
                news,
                terms,
                refused,
                starts,
                repository,
            } => {
                self.lines_told(news, terms, (refused, repository.as_ref()));
                self.starts_found(starts);
                self.told_at = self.told_at.after(Self::TICK).max(at);
            }
            Fact::NotTold { trouble } => {
                self.telling.fail(trouble, at, self.id.0);
                self.told_at = self.told_at.after(Self::TICK).max(at);
            }
            Fact::Start(fact) => self.start_told(fact, at),
            Fact::RetryAsked => {
                self.is_stale = self.place.is_some();
                self.known = None;
                self.told.clear();
                self.reading.start_afresh();
                self.telling.start_afresh();
                self.starting.start_afresh();
            }
        }
    }

    fn seen_at(&mut self, place: &Place) {
        // Of two deliveries of one second the choice is arbitrary, but the same in every order.
        let key = |place: &Place| {
            let Place { repository, as_of } = place;
            (*as_of, repository.clone())
        };
        if self
            .place
            .as_ref()
            .is_none_or(|known| key(known) < key(place))
        {
            self.place = Some(place.clone());
        }
    }

    fn pushed(&mut self, push: &Push) {
        let pushes = &mut self.news.pushes;
        if pushes.contains(push) {
            return;
        }
        pushes.push(push.clone());
        pushes.sort();
        if pushes.len() > Self::NEWS_MAX {
            // One that was followed by another one of the same branch or tag, or else the oldest.
            let followed = pushes.iter().enumerate().position(|(place, push)| {
                let mut later = pushes.iter().skip(place + 1);
                later.any(|later| later.reference == push.reference)
            });
            pushes.remove(followed.unwrap_or(0));
            self.dropped += 1;
        }
    }

    fn run_seen(&mut self, run: &WorkflowRun) {
        let runs = &mut self.news.runs;
        let known = runs.get(&run.id);
        if known.is_none_or(|known| known.precedes(run)) {
            runs.insert(run.id, run.clone());
        }
        if runs.len() > Self::NEWS_MAX {
            runs.pop_first();
            self.dropped += 1;
        }
    }

    fn image_reported(&mut self, report: &ImageReport) {
        let images = &mut self.news.images;
        if images.contains(report) {
            return;
        }
        images.push(report.clone());
        images.sort_by(|one, other| one.order().cmp(&other.order()));
        if images.len() > Self::NEWS_MAX {
            images.remove(0);
            self.dropped += 1;
        }
    }

    fn configuration_read(&mut self, known: &Known, reading: &Reading, at: Timestamp) {
        self.reading.succeed();
        match reading {
            Reading::Valid { terms, directives } => {
                self.in_force = Some(terms.clone());
                self.directives = Some(directives.clone());
                self.problem = None;
            }
            Reading::Missing => {
                let is_in_force = self
                    .in_force
                    .as_ref()
                    .is_some_and(|terms| !terms.is_empty());
                let since = *self.missing_since.get_or_insert(at);
                if is_in_force && at < since.after(Self::MISSING_FOR) {
                    // It is looked for once more, and until then nobody is told anything.
                    self.known = None;
                    return;
                }
                self.in_force = None;
                self.directives = None;
                self.problem = None;
            }
            Reading::Invalid { message } => self.problem = Some(message.clone()),
        }
        self.known = Some(known.clone());
        self.missing_since = None;
        self.is_stale = false;
    }

    fn access_lost(&mut self) {
        self.in_force = None;
        self.directives = None;
        self.starts.retain(|start| !start.is_open());
        self.problem = None;
        self.known = None;
        self.missing_since = None;
        self.is_stale = false;
        self.news = News::default();
    }

    fn lines_told(
        &mut self,
        news: &News,
        terms: &AllTerms,
        (refused, repository): (&[Refused], Option<&RepositoryName>),
    ) {
        self.telling.succeed();
        self.told.clone_from(terms);
        self.told_as = repository.cloned();
        self.dropped = 0;
        // What came meanwhile stays.
        self.news.pushes.retain(|push| !news.pushes.contains(push));
        self.news
            .runs
            .retain(|id, run| news.runs.get(id) != Some(run));
        self.news
            .images
            .retain(|report| !news.images.contains(report));
        for refused in refused {
            if !self.refused.contains(refused) {
                self.refused.push(refused.clone());
            }
        }
        let surplus = self.refused.len().saturating_sub(Self::REFUSED_MAX);
        self.refused.drain(..surplus);
    }
}
