//! The keys of `.github/slipway.yml` (version 1), each declared once: its type, its rule, whether it may be missing, and what
//! editors say of it.

use std::collections::BTreeMap;

use super::{
    ConfiguredDuration, Template,
    describe::{choice, record},
    rules::{ListOf, MapOf, OnlyTrue, Whole},
    shape::Constraint,
    texts::{
        BackstageEntity, Branch, CommitTagTemplate, HttpUrl, Image, InputName, KubernetesName,
        Line, Name, ParameterName, TagTemplate, UrlPath, UrlTemplate, VariableKey, WorkflowFile,
    },
};
use crate::ApplicationUuid;

record! {
    /// What Slipway does with a repository: `.github/slipway.yml` on the default branch.
    pub struct Configuration {
        /// The version of this format: 1.
        required version: u32 as Whole<1, 1>,
        /// The name of the project; default: the repository's name.
        optional project: String as Line,
        /// What builds the images.
        required build: Build,
        /// The services that the repository's images run as, by name.
        required services: BTreeMap<String, Service> as MapOf<Name, Service, 1>,
        /// Where notifications go.
        optional notify: Notify,
        /// Workflows that a `[name value]` in a head commit dispatches, by that name.
        default(BTreeMap::new()) directives: BTreeMap<String, Directive> as MapOf<Name, Directive>,
        /// Workflows that people dispatch, by a name of one's own choice.
        default(BTreeMap::new()) operations: BTreeMap<String, Operation> as MapOf<Name, Operation>,
    }
}

record! {
    /// What builds the images: a workflow or a build worker.
    pub struct Build {
        /// The name, path or file name of the workflow whose success means that the image is pushed.
        optional workflow: String as Line,
        /// A build worker builds the images.
        optional worker: bool as OnlyTrue,
    }
    where Constraint::OneOf(&["workflow", "worker"])
}

record! {
    /// One service.
    pub struct Service {
        /// Only changes to these paths concern it, `**` for any depth; default: everything.
        default(Vec::new()) paths: Vec<String> as ListOf<Line>,
        /// The image without its tag; default: `ghcr.io/<owner>/<repository>` in lower case.
        optional image: String as Image,
        /// Its preview of every pull request.
        optional preview: Preview,
        /// Its long-lived environments, by name.
        default(BTreeMap::new()) environments: BTreeMap<String, Environment> as MapOf<Name, Environment>,
        /// Its entity in Backstage; default: found by the annotation `github.com/project-slug`.
        optional backstage: String as BackstageEntity,
    }
}

record! {
    /// How a service is previewed: in at least one of `coolify`, `vcluster` and `namespace`.
    pub struct Preview {
        /// On Coolify.
        optional coolify: Coolify,
        /// In a virtual cluster that the platform API makes for the pull request; in one service at most.
        optional vcluster: VirtualCluster,
        /// In the Kubernetes namespace of the pull request, which others make and Slipway removes; in one service at most.
        optional namespace: Empty,
        /// Where it is reached. `{number}` is the pull request's number, `{commit}` and `{short_commit}` its head commit.
        required url: Template as UrlTemplate,
        /// Only once the previews of these other services are ready with the same commit; they are removed after it.
        default(Vec::new()) needs: Vec<String> as ListOf<Name>,
        /// Which pull requests get one.
        default(When::default()) when: When,
        /// How long it lives without activity; default: as long as the pull request is open.
        optional ttl: ConfiguredDuration,
        /// How its health is told.
        default(Health::default()) health: Health,
    }
    where Constraint::AnyOf(&["coolify", "vcluster", "namespace"])
}

record! {
    /// `{}`: there is nothing to choose.
    pub struct Empty {}
}

record! {
    /// A virtual cluster of the platform API.
    pub struct VirtualCluster {
        /// The tag of the image that the build pushed; default: `pr-{number}`. `{commit}` and `{short_commit}` are known too.
        default(Template::of_pull_request()) tag: Template as TagTemplate,
    }
}

record! {
    /// A Coolify application of the type "Docker Image".
    pub struct Coolify {
        /// The application's uuid, the last part of its page's address.
        required application: ApplicationUuid,
        /// The tag of the image that the build pushed, such as `pr-{number}`; `{commit}` and `{short_commit}` are known too.
        required tag: Template as TagTemplate,
    }
}

record! {
    /// Which pull requests get a preview.
    pub struct When {
        /// Only those into one of these branches, `*` for any characters within a part; default: all.
        default(Vec::new()) base: Vec<String> as ListOf<Line>,
        /// Only those with this label; default: all.
        optional label: String as Line,
        /// Drafts too.
        default(true) drafts: bool,
        /// Those of forks.
        default(Forks::Never) forks: Forks,
        /// At most so many at a time in the repository.
        optional limit: u32 as Whole<1, 1000>,
    }
}

impl Default for When {
    fn default() -> Self {
        Self {
            base: Vec::new(),
            label: None,
            drafts: true,
            forks: Forks::Never,
            limit: None,
        }
    }
}

choice! {
    /// Whether pull requests of forks get a preview.
    pub enum Forks {
        /// Never.
        Never = "never",
        /// When somebody with write permission approved the commit by putting on the label, `preview` if none is named.
        Label = "label",
        /// Always.
        Always = "always",
    }
}

record! {
    /// How health is told: GET the URL with this path until it answers as expected.
    pub struct Health {
        /// Appended to the URL.
        default("/".to_owned()) path: String as UrlPath,
        /// The status of a healthy answer; default: any 2xx or 3xx.
        optional status: u32 as Whole<100, 599>,
        /// After so many answers that are not healthy, it is failed.
        default(12) attempts: u32 as Whole<1, 100>,
        /// The pause between two of them.
        default(ConfiguredDuration::from_seconds(5)) interval: ConfiguredDuration,
    }
}

impl Default for Health {
    fn default() -> Self {
        Self {
            path: "/".to_owned(),
            status: None,
            attempts: 12,
            interval: ConfiguredDuration::from_seconds(5),
        }
    }
}

record! {
    /// A long-lived environment of a service.
    pub struct Environment {
        /// The branch whose green builds go there.
        optional branch: String as Branch,
        /// The tags whose green builds go there, such as `v*`.
        optional tag: String as Line,
        /// Only commits that are live in these environments of the service.
        default(Vec::new()) after: Vec<String> as ListOf<Name>,
        /// Only after being live in those for so long.
        optional soak: ConfiguredDuration,
        /// How many people approve.
        default(0) approvals: u32 as Whole<0, 20>,
        /// Its Argo CD application.
        required argocd: ArgoCd,
        /// Where it is reached.
        optional url: String as HttpUrl,
        /// How its health is told, when it has a URL.
        default(Health::default()) health: Health,
        /// What happens to a failed release.
        default(Rollback::Manual) rollback: Rollback,
        /// What happens to a release when a newer one comes.
        default(Superseded::Queue) superseded: Superseded,
        /// Whether a force-pushed commit goes there without a person.
        default(false) allow_diverged: bool,
        /// How long a release may take, from the change to being healthy, before it counts as failed.
        default(ConfiguredDuration::from_seconds(600)) timeout: ConfiguredDuration,
        /// The workflow that tests the environment.
        optional test: String as WorkflowFile,
    }
}

record! {
    /// An Argo CD application.
    pub struct ArgoCd {
        /// Its name.
        required application: String as KubernetesName,
        /// Its project; default: `default`.
        optional project: String as KubernetesName,
        /// How a release is made.
        default(ArgoCdUpdate::Sync) update: ArgoCdUpdate,
        /// The tag of the image that the build pushed, such as `{commit}` or `main-{short_commit}`; default: `{commit}`.
        default(Template::of_commit()) image_tag: Template as CommitTagTemplate,
        /// The parameter of the Helm source that takes the image's tag, for the update `helm-parameter`.
        default("image.tag".to_owned()) parameter: String as ParameterName,
    }
}

choice! {
    /// How a release is made with Argo CD.
    pub enum ArgoCdUpdate {
        /// Sync what Git says.
        Sync = "sync",
        /// Set the image in the application's Kustomize source.
        KustomizeImage = "kustomize-image",
        /// Set a parameter of the application's Helm source.
        HelmParameter = "helm-parameter",
        /// Commit the tag to the GitOps repository.
        Git = "git",
    }
}

choice! {
    /// What happens to a failed release.
    pub enum Rollback {
        /// Go back to the last healthy release.
        Automatic = "automatic",
        /// Alert only.
        Manual = "manual",
    }
}

choice! {
    /// What happens to a release when a newer one comes.
    pub enum Superseded {
        /// One at a time; the newest waits.
        Queue = "queue",
        /// The older one is cancelled.
        Cancel = "cancel",
    }
}

record! {
    /// Where notifications go: keys of Slipway's variables, never secrets.
    pub struct Notify {
        /// Slack channels.
        optional slack: Slack,
        /// The key of a webhook.
        optional webhook: String as VariableKey,
    }
}

record! {
    /// Keys of Slack channels.
    pub struct Slack {
        /// For deployments.
        optional deployments: String as VariableKey,
        /// For what a person must act on.
        optional alerts: String as VariableKey,
    }
}

record! {
    /// A workflow that a `[name value]` in a head commit dispatches.
    pub struct Directive {
        /// The workflow's file.
        required workflow: String as WorkflowFile,
        /// The input that takes the value.
        required input: String as InputName,
    }
}

record! {
    /// A workflow that people dispatch.
    pub struct Operation {
        /// The workflow's file.
        required workflow: String as WorkflowFile,
        /// Its inputs and the values that each may take.
        default(BTreeMap::new()) inputs: BTreeMap<String, Vec<String>> as MapOf<InputName, ListOf<Line>>,
    }
}
