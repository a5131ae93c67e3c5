//! One value changes, and everything else stays as it is.

use super::*;

const DIGEST: &str = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

const KUSTOMIZATION: &str = "\
# What runs in production.
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [../base]

images:
  # The database is updated by hand.
  - name: ghcr.io/acme/db
    newTag: \"7\"
  - name: shop   # the placeholder in the base
    newName: ghcr.io/acme/shop
    newTag: v1   # by Slipway
configMapGenerator:
- name: settings
  literals: ['A=1', \"B=ü\"]
";

fn image(version: &str) -> Setting {
    let version = match version.parse() {
        Ok(digest) => ImageVersion::Digest(digest),
        Err(_) => ImageVersion::Tag(version.parse().unwrap()),
    };
    Setting::KustomizeImage {
        image: "ghcr.io/acme/shop".to_owned(),
        version,
    }
}

fn value(path: &str, value: &str) -> Setting {
    Setting::HelmParameter {
        name: path.to_owned(),
        value: value.to_owned(),
    }
}

/// The lines that differ, as `-old +new`.
fn changed(file: &str, setting: &Setting) -> String {
    match set(file, setting) {
        Ok(Edit::Already) => "already".to_owned(),
        Err(problem) => problem.to_string(),
        Ok(Edit::Changed { text, .. }) => {
            assert_eq!(
                set(&text, setting),
                Ok(Edit::Already),
                "a repeat changes nothing:\n{text}"
            );
            let (old, new): (Vec<&str>, Vec<&str>) =
                (file.lines().collect(), text.lines().collect());
            let gone = old
                .iter()
                .filter(|line| !new.contains(line))
                .map(|line| format!("-{line}"));
            let come = new
                .iter()
                .filter(|line| !old.contains(line))
                .map(|line| format!("+{line}"));
            gone.chain(come).collect::<Vec<_>>().join("\n")
        }
    }
}

#[test]
fn a_tag_changes_in_its_place_and_comments_order_and_quotes_stay() {
    insta::assert_snapshot!(changed(KUSTOMIZATION, &image("v2")), @"
    -    newTag: v1   # by Slipway
    +    newTag: v2   # by Slipway
    ");
    assert_eq!(changed(KUSTOMIZATION, &image("v1")), "already");
    let Ok(Edit::Changed { text, before }) = set(KUSTOMIZATION, &image("v2")) else {
        panic!("it was v1")
    };
    assert_eq!(before.as_deref(), Some("v1"));
    assert_eq!(text, KUSTOMIZATION.replace("newTag: v1 ", "newTag: v2 "));
}

#[test]
fn a_tag_that_looks_like_something_else_gets_quotes() {
    let told: Vec<String> = ["1.10", "on", "20261121", "1e3", "0x1F", "_x"]
        .iter()
        .map(|tag| changed(KUSTOMIZATION, &image(tag)))
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    -    newTag: v1   # by Slipway
    +    newTag: "1.10"   # by Slipway
    -    newTag: v1   # by Slipway
    +    newTag: "on"   # by Slipway
    -    newTag: v1   # by Slipway
    +    newTag: "20261121"   # by Slipway
    -    newTag: v1   # by Slipway
    +    newTag: "1e3"   # by Slipway
    -    newTag: v1   # by Slipway
    +    newTag: "0x1F"   # by Slipway
    -    newTag: v1   # by Slipway
    +    newTag: _x   # by Slipway
    "#);
    let bare = "images:\n- name: ghcr.io/acme/shop\n  newTag: 1.10\n";
    insta::assert_snapshot!(changed(bare, &image("1.10")), @r#"
    -  newTag: 1.10
    +  newTag: "1.10"
    "#);
}

#[test]
fn the_style_that_is_there_is_kept() {
    for (line, expected) in [
        ("newTag: 'v1'", "newTag: 'v2'"),
        ("newTag: \"v1\"", "newTag: \"v2\""),
        ("newTag:   v1", "newTag:   v2"),
    ] {
        let file = format!("images:\n- name: ghcr.io/acme/shop\n  {line}\n");
        assert_eq!(
            changed(&file, &image("v2")),
            format!("-  {line}\n+  {expected}")
        );
    }
    let flow = "images: [{name: ghcr.io/acme/shop, newTag: v1}, {name: x, newTag: v1}]\n";
    insta::assert_snapshot!(changed(flow, &image("v2")), @"
    -images: [{name: ghcr.io/acme/shop, newTag: v1}, {name: x, newTag: v1}]
    +images: [{name: ghcr.io/acme/shop, newTag: v2}, {name: x, newTag: v1}]
    ");
    let windows = "images:\r\n- name: ghcr.io/acme/shop\r\n  newTag: v1\r\n";
    let Ok(Edit::Changed { text, .. }) = set(windows, &image("v2")) else {
        panic!("it was v1")
    };
    assert_eq!(text, windows.replace("v1", "v2"));
}

#[test]
fn a_digest_takes_the_place_of_a_tag_and_the_other_way_round() {
    insta::assert_snapshot!(changed(KUSTOMIZATION, &image(DIGEST)), @"
    -    newTag: v1   # by Slipway
    +    digest: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08   # by Slipway
    ");
    let by_digest = format!("images:\n- name: ghcr.io/acme/shop\n  digest: {DIGEST} # pinned\n");
    insta::assert_snapshot!(changed(&by_digest, &image("v2")), @"
    -  digest: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 # pinned
    +  newTag: v2 # pinned
    ");
}

#[test]
fn an_entry_without_a_version_gets_one_below_its_name() {
    for line_break in ["\n", "\r\n"] {
        let file = "images:\n  - name: ghcr.io/acme/shop # ours\n    newName: ghcr.io/acme/shop\nresources: []\n";
        let file = file.replace('\n', line_break);
        let Ok(Edit::Changed { text, before }) = set(&file, &image("v2")) else {
            panic!("there was none")
        };
        assert_eq!(before, None);
        let expected = file.replace("# ours", &format!("# ours{line_break}    newTag: v2"));
        assert_eq!(text, expected);
    }
    let at_the_end = "images:\n- name: ghcr.io/acme/shop";
    insta::assert_snapshot!(changed(at_the_end, &image("v2")), @"+  newTag: v2");
}

#[test]
fn a_value_of_helm_changes_at_its_path_only() {
    let values = "# web\nweb:\n  image:\n    tag: v1\nimage:\n  repository: ghcr.io/acme/shop # ü\n  tag: 'v1' # by Slipway\nreplicas: 3\n\
                  common: &common\n  a: 1\nother:\n  <<: *common\n";
    insta::assert_snapshot!(changed(values, &value("image.tag", "v2")), @"
    -  tag: 'v1' # by Slipway
    +  tag: 'v2' # by Slipway
    ");
    insta::assert_snapshot!(changed(values, &value("web.image.tag", "1.10")), @r#"
    -    tag: v1
    +    tag: "1.10"
    "#);
    insta::assert_snapshot!(changed(values, &value("image.tag", "it's \"x\"")), @r#"
    -  tag: 'v1' # by Slipway
    +  tag: 'it''s "x"' # by Slipway
    "#);
}

#[test]
fn what_cannot_be_changed_safely_is_left_and_told() {
    let entry = |rest: &str| format!("images:\n- name: ghcr.io/acme/shop\n  {rest}\n");
    let told = [
        changed("resources: []\n", &image("v2")),
        changed("images:\n- name: other\n  newTag: v1\n", &image("v2")),
        changed(
            &format!("{}- name: ghcr.io/acme/shop\n", entry("newTag: v1")),
            &image("v2"),
        ),
        changed(
            &entry(&format!("newTag: v1\n  digest: {DIGEST}")),
            &image("v2"),
        ),
        changed(&entry("newTag: &tag v1"), &image("v2")),
        changed(&entry("newTag: !!str v1"), &image("v2")),
        changed(&entry("newTag: >-\n    v1"), &image("v2")),
        changed(&entry("newTag: [v1]"), &image("v2")),
        changed(&entry("newTag:"), &image("v2")),
        changed("images: [{name: ghcr.io/acme/shop}]\n", &image("v2")),
        changed("a: 1\n---\nb: 2\n", &image("v2")),
        changed("a: [1\n", &image("v2")),
        changed("", &image("v2")),
        changed("image: x\n", &value("image.tag", "v2")),
        changed("image:\n  tag: {a: 1}\n", &value("image.tag", "v2")),
    ];
    insta::assert_snapshot!(told.join("\n"), @"
    there is no place for ghcr.io/acme/shop in images: add one with name and newTag, once, and Slipway keeps it up to date
    there is no place for ghcr.io/acme/shop in images: add one with name and newTag, once, and Slipway keeps it up to date
    ghcr.io/acme/shop in images in line 4 cannot be changed safely: there is more than one
    ghcr.io/acme/shop in images in line 4 cannot be changed safely: it has both newTag and digest
    ghcr.io/acme/shop in images in line 3 cannot be changed safely: it has an anchor, an alias or a tag
    ghcr.io/acme/shop in images in line 3 cannot be changed safely: it has an anchor, an alias or a tag
    ghcr.io/acme/shop in images in line 4 cannot be changed safely: it is not a word on one line
    there is no place for ghcr.io/acme/shop in images: it is a list or a map, and must be a word
    ghcr.io/acme/shop in images in line 3 cannot be changed safely: it is not a word on one line
    ghcr.io/acme/shop in images in line 1 cannot be changed safely: it is written in braces: put newTag into them, once
    line 3 is not YAML that Slipway edits: it has more than one document
    line 2 is not YAML that Slipway edits: while parsing a flow sequence, expected ',' or ']'
    line 1 is not YAML that Slipway edits: it is empty
    there is no place for image.tag: write one, once, and Slipway keeps it up to date
    there is no place for image.tag: it is a list or a map, and must be a word
    ");
}

#[test]
fn depth_and_size_have_bounds() {
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let told = changed(&deep, &image("v2"));
    assert!(told.contains("larger or deeper"), "{told}");
    let long = format!("a: [{}]\n", "1,".repeat(60_000));
    let told = changed(&long, &image("v2"));
    assert!(told.contains("larger or deeper"), "{told}");
}

#[test]
fn only_files_of_kustomize_and_helm_are_edited() {
    assert_eq!(file_names(SourceKind::Kustomize)[0], "kustomization.yaml");
    assert_eq!(file_names(SourceKind::Helm), ["values.yaml"]);
    assert!(file_names(SourceKind::Directory).is_empty());
}

proptest::proptest! {
    /// Whatever stands in a file: it is left alone, or one repeat later nothing is left to do.
    #[test]
    fn any_file_is_left_or_changed_once_and_for_all(
        around in "[ -~\n]{0,40}",
        line in "(newTag|digest|newName|name|image|tag|x): ?[-a-z0-9'\"&*!{}\\[\\]#:.ü ]{0,12}",
        tag in "[A-Za-z0-9_][A-Za-z0-9_.-]{0,8}",
    ) {
        let files = [
            format!("{around}\nimages:\n- name: ghcr.io/acme/shop\n  {line}\n"),
            format!("images:\n- name: ghcr.io/acme/shop\n  newTag: v1 {line}\n{around}"),
            format!("image:\n  tag: v1\n  {line}\n# {around}"),
            around,
        ];
        for file in files {
            for setting in [image(&tag), value("image.tag", &tag)] {
                if let Ok(Edit::Changed { text, .. }) = set(&file, &setting) {
                    proptest::prop_assert_eq!(set(&text, &setting), Ok(Edit::Already), "{}\n{}", file, text);
                }
            }
        }
    }
}
