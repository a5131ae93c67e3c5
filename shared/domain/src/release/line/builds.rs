//! The builds that a release line knows of: of what waits, is being released, and was.

use super::{Asked, Line, candidate::Candidate};
use crate::{
    CommitSha,
    argocd::{ImageVersion, Setting},
    build::{Build, BuildStatus},
    release::{Terms, judge},
};

/// Of so many releases that are over the builds are told.
const ENDED_MAX: usize = 10;

impl Line {
    /// The builds that may be trusted, the newest run first; each attempt once.
    pub fn builds(&self) -> Vec<Build> {
        let mut builds: Vec<Build> = Vec::new();
        if let Some(terms) = &self.terms {
            let waiting = self.candidates.iter();
            builds
                .extend(waiting.flat_map(|(commit, one)| self.waiting_builds(commit, one, terms)));
        }
        if let Some(running) = &self.running {
            let of = (&running.commit, running.title.as_str());
            builds.extend(succeeded(running.build, of, self.image(&running.asked)));
        }
        for ended in self.ended.iter().rev().take(ENDED_MAX) {
            let of = (&ended.commit, ended.title.as_str());
            builds.extend(succeeded(ended.build, of, None));
        }
        builds.sort_by_key(|build| std::cmp::Reverse((build.run, build.attempt)));
        builds.dedup_by(|left, right| (left.run, left.attempt) == (right.run, right.attempt));
        builds
    }

    fn waiting_builds(
        &self,
        commit: &CommitSha,
        candidate: &Candidate,
        terms: &Terms,
    ) -> Vec<Build> {
        let trusted = candidate.runs.values();
        let trusted = trusted.filter(|run| judge(run, self.id.repository, terms).is_ok());
        let title = candidate.title();
        let build = |run| {
            let mut build = Build::of(run, &title, Vec::new());
            if build.status == BuildStatus::Completed {
                build.images.extend(self.image_of(commit, candidate));
            }
            build
        };
        trusted.map(build).collect()
    }

    /// The image that would be released of the commit; none before it is built, or if Argo CD is not asked for one.
    pub(super) fn image_of(&self, commit: &CommitSha, candidate: &Candidate) -> Option<String> {
        let asked = candidate.asked(commit, self, self.terms.as_ref()?).ok()?;
        self.image(&asked)
    }

    /// The image that Argo CD is asked to run, if it is asked for one.
    pub(super) fn image(&self, asked: &Asked) -> Option<String> {
        match asked {
            Asked::Setting(Setting::KustomizeImage { image, version }) => {
                Some(format!("{image}{version}"))
            }
            // The parameter is the tag of the image that the configuration names.
            Asked::Setting(Setting::HelmParameter { value, .. }) => {
                let image = &self.terms.as_ref()?.image;
                Some(format!("{image}:{value}"))
            }
            Asked::Commit(committed) => {
                let image = &committed.image;
                Some(match &committed.digest {
                    Some(digest) => format!("{image}{}", ImageVersion::Digest(digest.clone())),
                    None => format!("{image}:{}", committed.tag),
                })
            }
            Asked::Sync | Asked::History(_) => None,
        }
    }
}

/// What is known of a build whose run is not kept: it was released.
fn succeeded(
    build: Option<(u64, u64)>,
    (commit, title): (&CommitSha, &str),
    image: Option<String>,
) -> Option<Build> {
    let (run, attempt) = build?;
    Some(Build {
        run,
        attempt,
        commit: commit.clone(),
        title: title.to_owned(),
        source: None,
        status: BuildStatus::Completed,
        url: None,
        images: image.into_iter().collect(),
    })
}
