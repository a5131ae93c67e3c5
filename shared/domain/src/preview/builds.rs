//! The builds that a preview knows of: those of the head commit of its pull request.

use super::{Preview, RunProgress, WorkflowRun};
use crate::build::Build;

impl Preview {
    /// The newest attempt of each run that may build the images, the newest run first.
    pub fn builds(&self) -> Vec<Build> {
        let (Some(settings), Some(shown)) = (self.settings_in_force(), self.pull_request()) else {
            return Vec::new();
        };
        let of_head =
            |run: &&WorkflowRun| settings.builds(run) && run.head_commit == shown.head_commit;
        let runs = self.known_runs().filter(of_head);
        let mut builds: Vec<Build> = runs
            .map(|run| Build::of(run, &shown.title, self.images_of(run)))
            .collect();
        builds.sort_by_key(|build| std::cmp::Reverse(build.run));
        builds
    }

    /// The images that the services are previewed from, if it is the run that they are of.
    fn images_of(&self, run: &WorkflowRun) -> Vec<String> {
        let (Some(settings), Some(shown)) = (self.settings_in_force(), self.pull_request()) else {
            return Vec::new();
        };
        let succeeded = run.progress == RunProgress::Succeeded;
        let services = settings.services.iter().filter(|_| succeeded);
        let mut images: Vec<String> = services
            .filter_map(|service| {
                let revision = service.revision(self.id, shown, run)?;
                let image = service.image.clone();
                let image =
                    image.unwrap_or_else(|| crate::release::default_image(&shown.repository));
                Some(format!("{image}:{}", revision.tag))
            })
            .collect();
        images.sort_unstable();
        images.dedup();
        images
    }
}
