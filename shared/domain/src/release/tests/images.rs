//! Images that runs reported: what is released then.

use super::*;
use crate::{
    argocd::{Committed, GitPlace, ImageVersion, Setting},
    release::{Asked, ImageReport, ReportedImage},
};

/// A digest of one digit.
fn digest(digit: char) -> String {
    format!("sha256:{}", digit.to_string().repeat(64))
}

/// What `run` reports, of the story's image.
pub(super) fn report(run: WorkflowRun, digit: char) -> ImageReport {
    ImageReport {
        run,
        service: "web".parse().unwrap(),
        image: "ghcr.io/acme/shop".into(),
        digest: digest(digit).parse().unwrap(),
        tag: None,
    }
}

impl Story {
    /// The run that builds the commit reports an image of this digest.
    fn reports(&mut self, head: char, attempt: u64, digit: char) {
        let id = u64::from(u32::from(head));
        let run = WorkflowRun {
            attempt,
            ..run(id, head, RunProgress::Running)
        };
        let image = ReportedImage::from(&report(run, digit));
        self.record(&Fact::ImageReported { image });
    }
}

fn by_digest(digit: char) -> String {
    format!("ghcr.io/acme/shop@{}", digest(digit))
}

#[test]
fn the_digest_that_the_run_of_its_build_reported_is_released_and_gone_back_to() {
    let mut story = Story::new(PRODUCTION);
    // It comes before the run is over, and perhaps before anything else.
    story.reports('1', 1, 'a');
    story.release('1');
    assert_eq!(story.live(), Some('1'));
    assert_eq!(story.argo.live, by_digest('a'));
    story.reports('2', 1, 'b');
    story.argo.sick.insert(by_digest('b'));
    story.release('2');
    assert_eq!(story.end_of('2').unwrap().0, Phase::RolledBack);
    assert_eq!(story.argo.live, by_digest('a'));
}

#[test]
fn a_commit_of_which_nothing_was_reported_goes_by_the_rule_of_its_tag() {
    let mut story = Story::new(PRODUCTION);
    story.reports('1', 1, 'a');
    story.release('2');
    assert_eq!(story.argo.live, image('2'));
}

#[test]
fn of_an_attempt_the_first_report_counts_and_a_later_attempt_takes_its_place() {
    let mut story = Story::new(PRODUCTION);
    story.reports('1', 1, 'a');
    story.reports('1', 1, 'b');
    story.push('1');
    story.build('1');
    story.go();
    assert_eq!(story.argo.live, by_digest('a'));

    let mut again = Story::new(PRODUCTION);
    again.reports('1', 1, 'a');
    again.reports('1', 2, 'b');
    again.reports('1', 3, 'c');
    again.push('1');
    again.build('1');
    again.runs[0].attempt = 2;
    again.go();
    assert_eq!(
        again.argo.live,
        by_digest('b'),
        "not of an attempt that is not over"
    );

    let mut partly = Story::new(PRODUCTION);
    partly.reports('1', 1, 'a');
    partly.push('1');
    partly.build('1');
    partly.runs[0].attempt = 2;
    partly.go();
    assert_eq!(
        partly.argo.live,
        by_digest('a'),
        "only what failed was run again"
    );
}

#[test]
fn a_report_of_another_run_or_another_image_changes_nothing() {
    let mut story = Story::new(PRODUCTION);
    for (id, name) in [
        (900, "ghcr.io/acme/shop"),
        (u64::from(u32::from('1')), "ghcr.io/acme/till"),
    ] {
        let other = ImageReport {
            image: name.into(),
            ..report(run(id, '1', RunProgress::Running), 'e')
        };
        let image = ReportedImage::from(&other);
        story.record(&Fact::ImageReported { image });
    }
    story.release('1');
    assert_eq!(story.argo.live, image('1'));
}

#[test]
fn an_approval_holds_for_the_digest_that_was_reported() {
    let mut story = Story::new(&format!("{PRODUCTION}\napprovals: 1"));
    story.release('1');
    story.record(&Fact::Approved {
        commit: commit('1'),
        by: "ada".into(),
        account: Some(account("ada")),
        of: None,
    });
    story.reports('1', 1, 'a');
    story.go();
    assert_eq!(story.live(), None, "another image was approved");
    story.record(&Fact::Approved {
        commit: commit('1'),
        by: "ada".into(),
        account: Some(account("ada")),
        of: None,
    });
    story.go();
    assert_eq!(story.argo.live, by_digest('a'));
}

#[test]
fn each_way_of_releasing_takes_of_a_report_what_it_can() {
    let mut told = Vec::new();
    for update in ["sync", "kustomize-image", "helm-parameter", "git"] {
        let terms = terms(&configuration(&format!(
            "branch: main\nargocd: {{ application: shop, update: {update} }}"
        )));
        for tag in [None, Some("1.2.3")] {
            let image = ReportedImage {
                tag: tag.map(|tag| tag.parse().unwrap()),
                ..ReportedImage::from(&report(run(1, '1', RunProgress::Running), 'a'))
            };
            let asked = match terms.asked(&commit('1'), Some(&image)).unwrap() {
                Asked::Sync | Asked::History(_) => "sync".to_owned(),
                Asked::Setting(setting) => setting.to_string(),
                Asked::Commit(committed) => format!("{committed}, tag {}", committed.tag),
            };
            told.push(format!("{update} {tag:?}: {asked}"));
        }
    }
    let told = told.join("\n").replace(&digest('a'), "<digest>");
    let told = told.replace(commit('1').as_str(), "<commit>");
    insta::assert_snapshot!(told, @r#"
    sync None: sync
    sync Some("1.2.3"): sync
    kustomize-image None: the image ghcr.io/acme/shop@<digest>
    kustomize-image Some("1.2.3"): the image ghcr.io/acme/shop@<digest>
    helm-parameter None: the parameter image.tag to <commit>
    helm-parameter Some("1.2.3"): the parameter image.tag to 1.2.3
    git None: ghcr.io/acme/shop@<digest>, tag <commit>
    git Some("1.2.3"): ghcr.io/acme/shop@<digest>, tag 1.2.3
    "#);
}

#[test]
fn by_git_kustomize_gets_the_digest_and_helm_the_tag() {
    let committed = Committed {
        image: "ghcr.io/acme/shop".into(),
        tag: "1.2.3".parse().unwrap(),
        digest: Some(digest('a').parse().unwrap()),
        parameter: "image.tag".into(),
    };
    assert_eq!(
        committed.images(),
        [by_digest('a'), "ghcr.io/acme/shop:1.2.3".to_owned()]
    );
    let place = |kind| {
        let mut application = Story::new(PRODUCTION).argo.application(at(1_000));
        for source in &mut application.sources {
            source.kind = kind;
            // Nothing overrides what is in Git.
            source.kustomize_images.clear();
            source.path = Some("shop".into());
            source.repository = "https://github.com/acme/gitops".into();
        }
        application.git_place(&committed).unwrap()
    };
    let GitPlace { setting, .. } = place(argocd::SourceKind::Kustomize);
    let expected = Setting::KustomizeImage {
        image: "ghcr.io/acme/shop".into(),
        version: ImageVersion::Digest(digest('a').parse().unwrap()),
    };
    assert_eq!(setting, expected);
    let GitPlace { setting, .. } = place(argocd::SourceKind::Helm);
    let expected = Setting::HelmParameter {
        name: "image.tag".into(),
        value: "1.2.3".into(),
    };
    assert_eq!(setting, expected);
}

#[test]
fn a_name_of_an_image_has_neither_tag_nor_digest() {
    for (text, expected) in [
        ("ghcr.io/acme/shop-web", true),
        ("registry.example.com:5000/shop", true),
        ("shop", true),
        ("ghcr.io/acme/shop:v1", false),
        ("ghcr.io/acme/shop@sha256:00", false),
        ("ghcr.io/Acme/shop", false),
        ("ghcr.io/acme/", false),
        ("", false),
    ] {
        assert_eq!(ImageReport::is_image(text), expected, "{text}");
    }
}
