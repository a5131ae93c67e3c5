//! A release through Git: Slipway's own client reads the file, edits it, commits it, and Argo CD picks it up.

use std::time::Duration;

use domain::argocd::{ImageVersion, Setting};
use domain::manifest::{self, Edit};
use domain::{RepositoryId, RepositoryName};
use serde_json::json;
use vendors::CallError;
use vendors::github::{FileContent, FileUpdate, Repository, Written};
use world::{Effect, Fault, Vendor, answer_differences};

use crate::argocd::{SECOND, shop};
use crate::asking;
use crate::github_dispatches::{GitHubClient, github_client};

const PATH: &str = "shop/kustomization.yaml";

fn image(tag: &str) -> Setting {
    Setting::KustomizeImage {
        image: "ghcr.io/acme/shop".to_owned(),
        version: ImageVersion::Tag(tag.parse().unwrap()),
    }
}

struct Gitops {
    client: GitHubClient,
    id: RepositoryId,
    name: RepositoryName,
}

impl Gitops {
    fn at(&self) -> Repository<'_> {
        Repository {
            id: self.id,
            name: &self.name,
        }
    }

    async fn read(&self) -> (String, String) {
        let found = self.client.file(self.at(), PATH, "main").await.unwrap();
        let FileContent::Found { text, sha } = found else {
            panic!("{found:?}")
        };
        (text, sha)
    }

    async fn commit(&self, text: &str, read: &str) -> Result<Written, CallError> {
        let update = FileUpdate {
            path: PATH,
            branch: "main",
            read,
            text,
            message: "shop: v2",
        };
        self.client.update_file(self.at(), update).await
    }
}

fn gitops(world: &world::World) -> Gitops {
    Gitops {
        client: github_client(world),
        id: RepositoryId(world.github().repository(world::GITOPS).id()),
        name: world::GITOPS.parse().unwrap(),
    }
}

fn edited(text: &str, tag: &str) -> String {
    match manifest::set(text, &image(tag)).unwrap() {
        Edit::Changed { text, .. } => text,
        Edit::Already => panic!("it says {tag} already"),
    }
}

#[tokio::test]
async fn one_commit_releases_and_argo_cd_follows_it() {
    let (world, application, _) = shop().await;
    world.argocd().pace(Duration::ZERO, Duration::ZERO);
    application.auto_sync(true);
    let gitops = gitops(&world);
    let (text, sha) = gitops.read().await;
    let written = gitops.commit(&edited(&text, "v2"), &sha).await.unwrap();
    let Written::Committed { commit, .. } = written else {
        panic!("{written:?}")
    };
    world.advance(181 * SECOND);
    assert_eq!(application.images(), ["ghcr.io/acme/shop:v2"]);
    assert_eq!(
        application.shown()["status"]["sync"]["revision"],
        commit.as_str()
    );
    let committed = Effect::FileCommitted {
        repository: gitops.id.0,
        path: PATH.to_owned(),
        commit: commit.as_str().to_owned(),
    };
    assert_eq!(world.effects(), [committed]);
    assert_eq!(
        manifest::set(&gitops.read().await.0, &image("v2")),
        Ok(Edit::Already)
    );
    world.assert_clean();
}

#[tokio::test]
async fn nobodys_change_is_lost_and_a_lost_answer_finds_its_own() {
    let (world, application, _) = shop().await;
    let gitops = gitops(&world);
    let (text, sha) = gitops.read().await;
    let other = format!("# checked by anna\n{text}");
    application.gitops().write_file(PATH, &other);
    assert_eq!(
        gitops.commit(&edited(&text, "v2"), &sha).await.unwrap(),
        Written::ChangedMeanwhile
    );
    assert_eq!(
        application.gitops().file_on("main", PATH).as_deref(),
        Some(other.as_str())
    );

    let (text, sha) = gitops.read().await;
    world
        .fault(Vendor::GitHub)
        .on("PUT", "/contents")
        .once()
        .is(Fault::DropAnswer);
    let lost = gitops.commit(&edited(&text, "v2"), &sha).await;
    assert!(matches!(lost, Err(CallError::Retry { .. })), "{lost:?}");
    assert_eq!(
        gitops.commit(&edited(&text, "v2"), &sha).await.unwrap(),
        Written::ChangedMeanwhile
    );
    assert_eq!(
        manifest::set(&gitops.read().await.0, &image("v2")),
        Ok(Edit::Already)
    );
    let commits = world.effects().len();
    assert_eq!(commits, 1, "one commit for one release");
    assert!(
        application
            .gitops()
            .file_on("main", PATH)
            .unwrap()
            .starts_with("# checked by anna")
    );
}

#[tokio::test]
async fn a_protected_branch_is_told_and_answers_fit_githubs_document() {
    let (world, application, _) = shop().await;
    let github = asking::github(&world);
    let path = "/repos/acme/gitops/contents/notes.md";
    let new = json!({"message": "Note", "content": "aGVsbG8=", "branch": "main"});
    let made = github.call("PUT", path, Some(&new)).await;
    assert_eq!(made.status, 201, "{}", made.text());
    assert_eq!(
        answer_differences(Vendor::GitHub, "PUT", path, 201, &made.json()),
        Vec::<String>::new()
    );
    let again = github.call("PUT", path, Some(&new)).await;
    assert_eq!(again.status, 422, "the file is there: {}", again.text());
    let gone = json!({"message": "Note", "content": "aGVsbG8=", "branch": "gone"});
    assert_eq!(github.call("PUT", path, Some(&gone)).await.status, 404);

    application.gitops().protect("main");
    let gitops = gitops(&world);
    let (text, sha) = gitops.read().await;
    let refused = gitops.commit(&edited(&text, "v2"), &sha).await.unwrap_err();
    assert!(
        refused.reason().contains("The branch is protected"),
        "{refused}"
    );
    world.assert_clean();
}
