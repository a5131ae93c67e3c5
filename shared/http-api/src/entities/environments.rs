//! Environments of services and their releases: pages, single ones, and what people ask of them.
//!
//! A page costs a read of the directory of environments, and one for each environment that is looked at.

use domain::{
    CommitSha, RepositoryId,
    audit::Act,
    directory::Attention,
    entity::Entity as _,
    release::{Intervention, Line, LineId, Name, Particulars, Phase, Release, ShownRelease, Wish},
};
use ports::{Clock, Log, Store};
use runtime::browse;
use serde::{Deserialize, Deserializer, de::Error as _};

use super::{
    Entities, Wanted,
    pages::{PAGE_MAX, READ_MAX, attention_of, attentions, not_a_cursor, page, repository_of},
    release_view,
};
use crate::{
    Problem, Reply,
    caller::Sees,
    model::{EnvironmentList, ReleaseList},
    query::Query,
    route::release_id,
};

/// What stands in the body of an act.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    #[serde(default)]
    reason: Option<String>,
    #[serde(default, deserialize_with = "whole_number")]
    back: Option<u32>,
    #[serde(default)]
    commit: Option<CommitSha>,
    #[serde(default)]
    release: Option<String>,
    #[serde(default)]
    image: Option<String>,
}

/// A whole number as JSON Schema has it, to which `3.0` is one.
fn whole_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    let Some(number) = Option::<f64>::deserialize(deserializer)? else {
        return Ok(None);
    };
    // A number without a fraction is written without a point.
    let whole = number.to_string().parse().map(Some);
    whole.map_err(|_| D::Error::custom(format!("{number} is no whole number from 0 on")))
}

/// Which environments are asked for.
struct Filter {
    repository: Option<RepositoryId>,
    service: Option<Name>,
    environment: Option<Name>,
}

impl Filter {
    fn of(query: &Query) -> Result<Self, Problem> {
        Ok(Self {
            repository: repository_of(query)?,
            service: name_of(query, "service")?,
            environment: name_of(query, "environment")?,
        })
    }

    fn takes(&self, line: &LineId) -> bool {
        let fits = |asked: &Option<Name>, name: &Name| asked.as_ref().is_none_or(|one| one == name);
        self.repository.is_none_or(|asked| asked == line.repository)
            && fits(&self.service, &line.service)
            && fits(&self.environment, &line.environment)
    }
}

impl<S: Store, C: Clock, L: Log> Entities<S, C, L> {
    pub(super) async fn list_environments(
        &self,
        query: &Query,
        sees: &Sees,
    ) -> Result<Reply, Problem> {
        const KNOWN: [&str; 6] = [
            "repository",
            "service",
            "environment",
            "attention",
            "limit",
            "cursor",
        ];
        query.only(&KNOWN)?;
        let limit = query.limit(PAGE_MAX)?;
        let attention = attention_of(query)?;
        let after = query
            .one("cursor")?
            .map(|text| parse_line(text).ok_or_else(|| not_a_cursor(text)))
            .transpose()?;
        let asking = attentions(attention.as_ref());
        let mut lines = self.lines(&Filter::of(query)?, asking, sees).await?;
        lines.retain(|line| after.as_ref().is_none_or(|after| line > after));
        let (environments, last) = page(lines, limit, async |id| {
            let line = self.readable(id, browse::state::<Line>(&self.store, id).await)?;
            let wanted =
                line.filter(|line| attention.is_none_or(|wanted| line.attention() == wanted));
            Ok(wanted.map(|line| release_view::environment(&line, self.now())))
        })
        .await?;
        let next = last.as_ref().map(cursor);
        Ok(Reply::ok(&EnvironmentList { environments, next }))
    }

    pub(super) async fn list_releases(&self, query: &Query, sees: &Sees) -> Result<Reply, Problem> {
        const KNOWN: [&str; 6] = [
            "repository",
            "service",
            "environment",
            "phase",
            "limit",
            "cursor",
        ];
        query.only(&KNOWN)?;
        let limit = query.limit(PAGE_MAX)?;
        let phase = phase_of(query)?;
        let after = query
            .one("cursor")?
            .map(|text| Place::parse(text).ok_or_else(|| not_a_cursor(text)))
            .transpose()?;
        let asking = phase.map_or(&Attention::ALL[..], Phase::attention);
        let mut lines = self.lines(&Filter::of(query)?, asking, sees).await?;
        lines.retain(|line| after.as_ref().is_none_or(|after| *line >= after.line));
        let mut list = ReleaseList {
            releases: Vec::new(),
            next: None,
        };
        let more = lines.len() > READ_MAX;
        lines.truncate(READ_MAX);
        let mut last: Option<Place> = None;
        for id in &lines {
            let line = self.readable(id, browse::state::<Line>(&self.store, id).await)?;
            let releases = line.map(|line| line.releases(self.now()));
            let wanted = releases.into_iter().flatten().filter(|release| {
                let further = after
                    .as_ref()
                    .is_none_or(|after| after.precedes(id, release));
                further && phase.is_none_or(|phase| release.shown.phase == phase)
            });
            for release in wanted {
                if list.releases.len() == limit {
                    list.next = last.map(|last| last.to_string());
                    return Ok(Reply::ok(&list));
                }
                last = Some(Place::of(id, &release));
                list.releases.push(release_view::release(id, &release));
            }
        }
        let end = lines.last().filter(|_| more);
        list.next = end.map(|id| Place::end_of(id).to_string());
        Ok(Reply::ok(&list))
    }

    /// The environments that are asked for and may ask for one of these attentions, in the order of their names.
    async fn lines(
        &self,
        filter: &Filter,
        asking: &[Attention],
        sees: &Sees,
    ) -> Result<Vec<LineId>, Problem> {
        let mut lines = match filter {
            // Of one nobody needs to know the others.
            Filter {
                repository: Some(repository),
                service: Some(service),
                environment: Some(environment),
            } => vec![LineId {
                repository: *repository,
                service: service.clone(),
                environment: environment.clone(),
            }],
            _ => self.ids_asking::<Line>(asking).await?,
        };
        lines.retain(|line| filter.takes(line) && sees.repository(line.repository));
        lines.sort_unstable();
        Ok(lines)
    }

    pub(super) async fn show_environment(&self, id: &LineId) -> Result<Reply, Problem> {
        let line = self.line(id).await?;
        Ok(Reply::ok(&release_view::environment(&line, self.now())))
    }

    pub(super) async fn show_release(&self, id: &LineId, release: &str) -> Result<Reply, Problem> {
        let line = self.line(id).await?;
        match line.release(release, self.now()) {
            Some(release) => Ok(Reply::ok(&release_view::release(id, &release))),
            None => Err(Problem::not_found(format!(
                "no release {release} of {id} is known: it never was, or is too old"
            ))),
        }
    }

    /// Refused if nothing would come of it: whoever asks looked at something that has changed since.
    pub(super) async fn intervene(
        &self,
        id: &LineId,
        wish: Wish,
        (wanted, act): (Wanted<'_>, &Act),
    ) -> Result<Reply, Problem> {
        let particulars = particulars(wanted.body)?;
        let mut intervention =
            Intervention::of(wish, &particulars).map_err(Problem::bad_request)?;
        let line = self.line(id).await?;
        if let (Intervention::Approve { commit, of }, Some(shown)) =
            (&mut intervention, &particulars.shown)
        {
            let offer = line.offer_shown(commit, shown);
            *of = Some(offer.map_err(|reason| Problem::conflict(format!("{id}: {reason}")))?);
        }
        match line.would_refuse(&intervention, wanted.speaker) {
            Some(reason) => Err(Problem::conflict(format!("{id}: {reason}"))),
            None => {
                let fact = intervention.fact(wanted.speaker);
                self.tell::<Line>(id, &fact, act).await
            }
        }
    }

    async fn line(&self, id: &LineId) -> Result<Line, Problem> {
        let line = browse::state::<Line>(&self.store, id).await?;
        line.ok_or_else(|| Problem::unknown(id))
    }
}

/// What is said beside a wish, in words; nothing of a body that does not fit it.
pub(super) fn said(wish: Wish, body: &[u8]) -> String {
    let particulars = particulars(body).ok();
    let asked = particulars.and_then(|said| Intervention::of(wish, &said).ok());
    asked.map(|asked| asked.said()).unwrap_or_default()
}

/// What is said beside a wish; an absent body says nothing.
fn particulars(body: &[u8]) -> Result<Particulars, Problem> {
    let body: Body = if body.is_empty() {
        Body::default()
    } else {
        serde_json::from_slice(body).map_err(|error| {
            Problem::bad_request(format!(
                "the body: {error}; expected an object with reason, back, commit, release or image"
            ))
        })?
    };
    let (id, image) = (body.release, body.image);
    let is_said = id.is_some() || image.is_some();
    Ok(Particulars {
        reason: body.reason,
        back: body.back,
        commit: body.commit,
        shown: is_said.then_some(ShownRelease { id, image }),
    })
}

/// Where a page of releases ended.
struct Place {
    line: LineId,
    /// When the last release became known, in milliseconds, and which one it is; the end of the line if it is none.
    last: Option<(i64, String)>,
}

impl Place {
    fn of(line: &LineId, release: &Release) -> Self {
        Self {
            line: line.clone(),
            last: Some((release.known_at.milliseconds(), release.id.clone())),
        }
    }

    fn end_of(line: &LineId) -> Self {
        Self {
            line: line.clone(),
            last: None,
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let (rest, last) = text.rsplit_once('.')?;
        if last == "end" {
            let line = parse_line(rest)?;
            return Some(Self { line, last: None });
        }
        let (rest, known_at) = rest.rsplit_once('.')?;
        Some(Self {
            line: parse_line(rest)?,
            last: Some((known_at.parse().ok()?, release_id(last)?)),
        })
    }

    /// Whether the release comes after this place.
    fn precedes(&self, line: &LineId, release: &Release) -> bool {
        if self.line != *line {
            return self.line < *line;
        }
        let known_at = release.known_at.milliseconds();
        self.last
            .as_ref()
            .is_some_and(|(last, id)| known_at < *last || (known_at == *last && release.id < *id))
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.last {
            None => write!(f, "{}.end", cursor(&self.line)),
            Some((known_at, id)) => write!(f, "{}.{known_at}.{id}", cursor(&self.line)),
        }
    }
}

/// `42.web.production`: names hold no dots.
fn cursor(line: &LineId) -> String {
    format!("{}.{}.{}", line.repository, line.service, line.environment)
}

fn parse_line(text: &str) -> Option<LineId> {
    format!("release/{}", text.replace('.', "/")).parse().ok()
}

pub(super) fn name_of(query: &Query, parameter: &str) -> Result<Option<Name>, Problem> {
    let Some(text) = query.one(parameter)? else {
        return Ok(None);
    };
    let name = text.parse().map(Some);
    name.map_err(|error: domain::NotParsed| {
        Problem::bad_request(format!("the parameter {parameter}: {error}"))
    })
}

fn phase_of(query: &Query) -> Result<Option<Phase>, Problem> {
    let Some(text) = query.one("phase")? else {
        return Ok(None);
    };
    let found = Phase::ALL
        .into_iter()
        .find(|phase| phase.to_string() == text);
    found.map(Some).ok_or_else(|| {
        let known = Phase::ALL.map(|phase| phase.to_string()).join(", ");
        Problem::bad_request(format!(
            "the parameter phase is {text:?}, expected one of {known}"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_number_may_be_written_with_a_point() {
        let back = |body: &[u8]| particulars(body).map(|said| said.back).ok();
        assert_eq!(back(br#"{"back": 3.0}"#), Some(Some(3)));
        assert_eq!(back(br#"{"back": 3}"#), Some(Some(3)));
        assert_eq!(back(br#"{"back": null}"#), Some(None));
        for wrong in ["3.5", "-1", "1e300", "\"3\""] {
            let body = format!(r#"{{"back": {wrong}}}"#);
            assert_eq!(back(body.as_bytes()), None, "{wrong}");
        }
    }
}
