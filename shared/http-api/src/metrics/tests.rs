//! What is exposed, read back by the rules of the format.

use std::collections::{BTreeMap, BTreeSet};

use http::header;

use super::*;
use crate::tests::{asked_with, inbox, tokens};

/// A sample: the metric with its labels as it stands there, and its value.
type Samples = BTreeMap<String, f64>;

/// Reads an exposition. Panics where it breaks the rules: a family is described before its samples, once, and its samples stand
/// together and differ.
pub(super) fn parse(text: &str) -> Samples {
    let mut samples = Samples::new();
    let mut described = BTreeSet::new();
    let mut family = String::new();
    assert!(text.ends_with('\n'), "the last line ends");
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, words) = help.split_once(' ').expect("a help text");
            assert!(
                !words.is_empty() && described.insert(name.to_owned()),
                "{line}"
            );
            family = name.to_owned();
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            assert!(
                [format!("{family} gauge"), format!("{family} counter")].contains(&kind.to_owned()),
                "{line}"
            );
        } else {
            let (series, value) = line.rsplit_once(' ').expect("a value");
            let name = series.split('{').next().unwrap();
            assert_eq!(name, family, "{line}");
            let is_name = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
            assert!(name.bytes().all(is_name), "{line}");
            labels(series.strip_prefix(name).unwrap());
            let value: f64 = value.parse().expect(line);
            assert!(samples.insert(series.to_owned(), value).is_none(), "{line}");
        }
    }
    samples
}

/// Reads `{name="value",…}`; inside a value quote, backslash and line end are escaped.
fn labels(text: &str) -> Vec<(String, String)> {
    let Some(mut rest) = text
        .strip_prefix('{')
        .and_then(|text| text.strip_suffix('}'))
    else {
        assert_eq!(text, "", "labels stand in braces");
        return Vec::new();
    };
    let mut labels = Vec::new();
    while !rest.is_empty() {
        let (name, after) = rest.split_once("=\"").expect(text);
        let mut value = String::new();
        let mut characters = after.char_indices();
        let end = loop {
            match characters.next().expect(text) {
                (_, '\\') => match characters.next().expect(text).1 {
                    'n' => value.push('\n'),
                    other => value.push(other),
                },
                (end, '"') => break end,
                (_, other) => value.push(other),
            }
        };
        labels.push((name.to_owned(), value));
        rest = after[end + 1..].trim_start_matches(',');
    }
    labels
}

fn scrape(authorization: Option<&str>) -> Reply {
    let inbox = inbox();
    asked_with(&Method::GET, PATH, authorization, |asked| {
        futures::executor::block_on(answer(&inbox, &tokens(), asked))
    })
}

#[test]
fn what_is_stored_is_exposed_by_the_rules_of_the_format() {
    let reply = scrape(Some("Bearer viewer-token"));
    assert_eq!(reply.status, 200);
    let content_type = reply
        .headers
        .iter()
        .find(|(name, _)| *name == header::CONTENT_TYPE);
    assert_eq!(content_type.unwrap().1, exposition::CONTENT_TYPE);
    let samples = parse(std::str::from_utf8(&reply.body).unwrap());
    let told = samples.iter().filter(|(_, value)| **value != 0.0);
    let told: Vec<String> = told
        .map(|(series, value)| format!("{series} {value}"))
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    slipway_deliveries_kept{event="pull_request",outcome="dead"} 2
    slipway_entities_waiting{kind="directory"} 4
    slipway_entities_waiting{kind="installation"} 1
    slipway_entities_waiting{kind="preview"} 3
    slipway_entities_waiting{kind="release"} 1
    slipway_entities_waiting{kind="repository"} 1
    slipway_entities{kind="installation"} 1
    slipway_entities{kind="preview"} 4
    slipway_entities{kind="release"} 2
    slipway_entities{kind="repository"} 1
    slipway_environments_kept_still{by="held"} 1
    slipway_environments_kept_still{by="locked"} 1
    slipway_environments{situation="empty"} 1
    slipway_environments{situation="live"} 1
    slipway_facts_unread{kind="directory"} 15
    slipway_github_rate_limit_remaining{payer="installation/99"} 3998
    slipway_github_rate_limit_reset_timestamp_seconds{payer="installation/99"} 1795258934
    slipway_github_rate_limit{payer="installation/99"} 5000
    slipway_previews{phase="failed"} 1
    slipway_previews{phase="waiting"} 2
    slipway_releases{phase="live"} 3
    slipway_releases{phase="rolled-back"} 1
    slipway_releases{phase="waiting-for-approval"} 1
    slipway_values_unread{kind="preview"} 1
    slipway_webhook_secret_deliveries_kept{secret="2"} 2
    slipway_webhook_secret_last_used_timestamp_seconds{secret="2"} 1795257067
    "#);
}

#[test]
fn metrics_are_for_tokens_that_may_read() {
    for (authorization, status) in [
        (None, 401),
        (Some("Bearer wrong"), 401),
        (Some("Bearer worker-token"), 403),
        (Some("Bearer deployer-token"), 200),
        (Some("Bearer admin-token"), 200),
    ] {
        assert_eq!(scrape(authorization).status, status, "{authorization:?}");
    }
}

#[test]
fn any_text_can_be_the_value_of_a_label() {
    let mut exposition = Exposition::default();
    let evil = "a\"b\\c\nd} 1";
    exposition
        .family("slipway_test", exposition::Kind::Gauge, "A line\nbroken.")
        .sample(&[("of", evil), ("other", "x")], 7);
    let text = exposition.into_text();
    let samples = parse(&text);
    let series = samples.keys().next().unwrap();
    let read = labels(series.strip_prefix("slipway_test").unwrap());
    assert_eq!(read[0], ("of".to_owned(), evil.to_owned()));
    assert_eq!(text.lines().count(), 3, "{text}");
}
