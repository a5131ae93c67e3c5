//! The registry is cleaned of what belongs to closed pull requests, and of nothing else.

use serde_json::json;
use templates::shell::{Outcome, Runner};
use templates::workflow::Workflow;

fn sha(letter: &str) -> String {
    format!("sha256:{}", letter.repeat(64))
}

/// Runs the script against a registry with these versions: id, letter of the digest, tags. Pull requests below 10 are closed.
fn clean(
    versions: &[(u32, &str, &str)],
    dry_run: bool,
    limit: Option<&str>,
) -> (Outcome, Vec<String>) {
    let runner = Runner::new().unwrap();
    let listed: String = versions
        .iter()
        .map(|(id, letter, tags)| format!("{id}\\t{}\\t{tags}\\n", sha(letter)))
        .collect();
    let script = format!(
        "case \"$*\" in\n\
         *--method*) ;;\n\
         *users/acme*) echo Organization ;;\n\
         */pulls/?\\ *) echo closed ;;\n\
         */pulls/99\\ *) exit 1 ;;\n\
         */pulls/*) echo open ;;\n\
         */versions*) printf '{listed}' ;;\n\
         *) exit 9 ;;\n\
         esac"
    );
    runner.stand_in("gh", &script).unwrap();
    let workflow = Workflow::template("cleanup.yml").unwrap();
    let contexts = json!({
        "github": { "repository_owner": "acme", "token": "token" },
        "inputs": { "dry_run": dry_run },
    });
    let mut script = workflow.script("images", "Delete", &contexts).unwrap();
    if let Some(limit) = limit {
        script.environment.retain(|(name, _)| name != "LIMIT");
        script
            .environment
            .push(("LIMIT".to_owned(), limit.to_owned()));
    }
    let outcome = runner.run(&script).unwrap();
    let deleted = runner
        .calls()
        .lines()
        .filter_map(|call| {
            call.strip_prefix(
                "gh api --silent --method DELETE orgs/acme/packages/container/shop-web/versions/",
            )
        })
        .map(str::to_owned)
        .collect();
    (outcome, deleted)
}

#[test]
fn only_versions_of_closed_pull_requests_go_with_their_provenance() {
    let attestation_of_a = format!("sha256-{}", "a".repeat(64));
    let attestation_of_b = format!("sha256-{}", "b".repeat(64));
    let versions = [
        (1, "a", "pr-7 pr-7-1a2b3c4"),
        (2, "b", "pr-12 pr-12-1a2b3c4"),
        (3, "c", "main main-1a2b3c4"),
        (4, "d", ""),
        (5, "e", "pr-7-5e6f708 1.2.3"),
        (6, "f", attestation_of_a.as_str()),
        (7, "1", attestation_of_b.as_str()),
        (8, "2", "pr-8-5e6f708"),
        (9, "3", "pr-7x"),
    ];
    let (outcome, deleted) = clean(&versions, false, None);
    assert!(outcome.succeeded, "{}", outcome.printed);
    assert_eq!(deleted, ["1", "8", "6"], "{}", outcome.printed);
    assert_eq!(outcome.summary, "3 versions\n");
    let (outcome, deleted) = clean(&versions, true, None);
    assert!(
        outcome.succeeded && deleted.is_empty(),
        "{}",
        outcome.printed
    );
    assert_eq!(
        outcome.printed.matches("would delete").count(),
        3,
        "{}",
        outcome.printed
    );
}

#[test]
fn a_run_deletes_no_more_than_its_limit() {
    let versions = [(1, "a", "pr-1"), (2, "b", "pr-2"), (3, "c", "pr-3")];
    let (outcome, deleted) = clean(&versions, false, Some("2"));
    assert!(
        outcome.succeeded && outcome.printed.contains("enough for one run"),
        "{}",
        outcome.printed
    );
    assert_eq!(deleted, ["1", "2"]);
}

#[test]
fn a_registry_without_versions_is_left_alone() {
    let (outcome, deleted) = clean(&[], false, None);
    assert!(
        outcome.succeeded && deleted.is_empty(),
        "{}",
        outcome.printed
    );
}

#[test]
fn a_pull_request_that_cannot_be_asked_for_ends_the_run() {
    let (outcome, deleted) = clean(&[(1, "a", "pr-99"), (2, "b", "pr-7")], false, None);
    assert!(
        !outcome.succeeded && deleted.is_empty(),
        "{deleted:?} {}",
        outcome.printed
    );
}
