//! GitHub's own example payloads: each gets the route that its event deserves.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a broken example stops the test"
)]

use std::{fmt::Write, fs, path::Path};

use domain::gap::Use;
use http::{HeaderMap, HeaderValue};
use webhooks::{
    Envelope, Route, access_event, issue_comment_event, pull_request_event, push_event, route,
    use_of, workflow_run_event,
};

const PAYLOADS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../tests/world/vendor/github/payloads"
);

/// The examples in order, as file name and text.
fn payloads() -> Vec<(String, String)> {
    let folder = fs::read_dir(Path::new(PAYLOADS)).expect("the example payloads");
    let mut payloads: Vec<(String, String)> = folder
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(&path).unwrap())
        })
        .collect();
    payloads.sort();
    payloads
}

fn envelope(file: &str) -> Envelope {
    let (event, _) = file
        .split_once('.')
        .expect("files are named event.action.number");
    let mut headers = HeaderMap::new();
    headers.insert("x-github-event", HeaderValue::from_str(event).unwrap());
    headers.insert("x-github-delivery", HeaderValue::from_static("example-1"));
    Envelope::parse(&headers).unwrap()
}

#[test]
fn every_example_payload_of_githubs_has_its_route() {
    let payloads = payloads();
    assert_eq!(payloads.len(), 129, "example payloads in {PAYLOADS}");
    let mut outcomes = String::new();
    for (file, text) in &payloads {
        let routed =
            route(&envelope(file).event, text).unwrap_or_else(|error| panic!("{file}: {error}"));
        let route = match routed.route {
            Route::PullRequest => "pull-request".to_owned(),
            Route::Push => "push".to_owned(),
            Route::WorkflowRun => "workflow-run".to_owned(),
            Route::Installation => "installation".to_owned(),
            Route::Commands => "commands".to_owned(),
            Route::Ping => "ping".to_owned(),
            Route::Ignored { reason } => format!("ignored: {reason}"),
        };
        writeln!(outcomes, "{file}: {route}").unwrap();
    }
    insta::assert_snapshot!(outcomes);
}

#[test]
fn every_example_that_is_routed_is_parsed_by_its_component() {
    let mut events = String::new();
    for (file, text) in &payloads() {
        match route(&envelope(file).event, text).unwrap().route {
            // None of the examples is of a check run of ours.
            Route::PullRequest => {
                let event = pull_request_event(text.as_bytes()).unwrap();
                let seen = &event.pull_request;
                writeln!(
                    events,
                    "{file}: {}/{} {:?} {:?} at {:?} from {:?} into {}",
                    event.repository,
                    event.number,
                    event.action,
                    seen.state,
                    seen.head_commit,
                    seen.head_repository,
                    seen.base_branch
                )
                .unwrap();
            }
            Route::Push => {
                let event = push_event(text.as_bytes()).unwrap();
                let push = &event.push;
                writeln!(
                    events,
                    "{file}: {} {} at {:?} ({:?}) pushed at {}",
                    event.repository, push.reference, push.commit, push.title, push.pushed_at
                )
                .unwrap();
            }
            Route::WorkflowRun => {
                let event = workflow_run_event(text.as_bytes()).unwrap();
                let run = &event.run;
                writeln!(
                    events,
                    "{file}: {} run {}.{} {:?} {:?} {:?} at {:?} for {:?}",
                    event.repository,
                    run.id,
                    run.attempt,
                    run.name,
                    run.path,
                    run.progress,
                    run.head_commit,
                    event.pull_requests
                )
                .unwrap();
            }
            Route::Installation => {
                let event = envelope(file).event;
                let told = access_event(event.as_str(), text.as_bytes()).unwrap();
                writeln!(events, "{file}: {told:?}").unwrap();
            }
            Route::Commands => {
                let event = issue_comment_event(text.as_bytes()).unwrap();
                writeln!(events, "{file}: {event:?}").unwrap();
            }
            Route::Ping | Route::Ignored { .. } => {}
        }
    }
    insta::assert_snapshot!(events);
}

#[test]
fn what_the_event_and_action_say_of_the_use_fits_the_route_of_every_example() {
    for (file, text) in &payloads() {
        let event = envelope(file).event;
        let routed = route(&event, text).unwrap();
        let is_taken = !matches!(routed.route, Route::Ping | Route::Ignored { .. });
        let told = use_of(event.as_str(), routed.action.as_deref());
        match told {
            Use::Always => assert!(is_taken, "{file} is ignored"),
            Use::Never => assert!(!is_taken, "{file} is taken"),
            Use::Sometimes => {
                let is_edited = routed.action.as_deref() == Some("edited");
                let rest_tells = matches!(event.as_str(), "push" | "issue_comment" | "check_run");
                assert!(is_edited || rest_tells, "{file}");
            }
        }
    }
}
