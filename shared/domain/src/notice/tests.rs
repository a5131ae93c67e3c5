//! Every notice as people read it.

use std::time::Duration;

use super::*;

fn version(tag: &str, title: &str) -> Version {
    Version {
        commit: "0123456789abcdef0123456789abcdef01234567".parse().unwrap(),
        title: title.to_owned(),
        image: Some(format!("ghcr.io/acme/shop:{tag}")),
    }
}

fn now() -> Timestamp {
    Timestamp::parse("2026-11-21T10:31:07Z").unwrap()
}

fn notice(event: Event) -> Notice {
    Notice {
        place: Place {
            repository: "acme/shop".parse().unwrap(),
            service: "web".to_owned(),
            environment: "production".to_owned(),
        },
        event,
        version: version("v2", "Add a cart"),
        at: now(),
        links: vec![Link {
            name: "Release".to_owned(),
            url: "https://slipway.example/releases/7".to_owned(),
        }],
    }
}

fn broke(next: Next) -> Notice {
    notice(Event::Broke {
        reason: "Deployment shop/web exceeded its progress deadline".to_owned(),
        next,
    })
}

fn waiting(needed: u32, given: &[&str]) -> Notice {
    notice(Event::WaitingForApproval {
        needed,
        given: given.iter().map(ToString::to_string).collect(),
    })
}

#[test]
fn what_broke_is_told_with_its_reason_and_with_what_follows() {
    insta::assert_snapshot!(broke(Next::RollsBack).message(), @"
    shop web: production is broken
    Version: 0123456 Add a cart, ghcr.io/acme/shop:v2
    Why: Deployment shop/web exceeded its progress deadline
    Slipway goes back to the last version that was verified.
    Release: https://slipway.example/releases/7
    ");
    assert_eq!(
        broke(Next::NeedsAPerson).message().next,
        "Somebody must act: roll back, or release a version that works."
    );
}

#[test]
fn what_goes_well_fails_to_come_about_or_waits_is_told() {
    insta::assert_snapshot!(notice(Event::Released).message(), @"
    shop web: production runs a new version
    Runs now: 0123456 Add a cart, ghcr.io/acme/shop:v2
    It was released and found healthy.
    Release: https://slipway.example/releases/7
    ");
    let not_released = notice(Event::NotReleased {
        reason: "Argo CD answered 403".to_owned(),
    });
    insta::assert_snapshot!(not_released.message(), @"
    shop web: a release to production did not come about
    Version: 0123456 Add a cart, ghcr.io/acme/shop:v2
    Why: Argo CD answered 403
    What ran before was not found broken. Somebody must look why.
    Release: https://slipway.example/releases/7
    ");
    let waiting = notice(Event::Waiting {
        reason: "it does not contain 7654321".to_owned(),
    });
    insta::assert_snapshot!(waiting.message(), @"
    shop web: a release to production waits for a person
    Version: 0123456 Add a cart, ghcr.io/acme/shop:v2
    Why: it does not contain 7654321
    Somebody must let it go on, or push a version that needs no leave.
    Release: https://slipway.example/releases/7
    ");
}

#[test]
fn what_recovered_is_told_with_how_long_it_was_broken() {
    let recovered = |seconds: u64| {
        notice(Event::Recovered {
            broken_since: now().before(Duration::from_secs(seconds)),
        })
        .message()
    };
    insta::assert_snapshot!(recovered(754), @"
    shop web: production works again
    Runs now: 0123456 Add a cart, ghcr.io/acme/shop:v2
    It was broken for 12 min.
    Release: https://slipway.example/releases/7
    ");
    let told: Vec<String> = [40, 60, 3_599, 3_600, 11_100, 86_400, 187_200]
        .map(|seconds| recovered(seconds).next)
        .to_vec();
    insta::assert_snapshot!(told.join("\n"), @"
    It was broken for 40 s.
    It was broken for 1 min.
    It was broken for 59 min.
    It was broken for 1 h.
    It was broken for 3 h 5 min.
    It was broken for 1 d.
    It was broken for 2 d 4 h.
    ");
}

#[test]
fn what_waits_says_who_approved_and_how_many_are_missing() {
    insta::assert_snapshot!(waiting(2, &["anna"]).message(), @"
    shop web: production waits for approval
    Version: 0123456 Add a cart, ghcr.io/acme/shop:v2
    Approved by: anna
    One more person must approve, and the author is not one of them.
    Release: https://slipway.example/releases/7
    ");
    let told: Vec<String> = [
        waiting(1, &[]),
        waiting(2, &[]),
        waiting(3, &["anna"]),
        waiting(1, &["anna"]),
    ]
    .map(|notice| notice.message().next)
    .to_vec();
    insta::assert_snapshot!(told.join("\n"), @"
    One person must approve, and the author is not one of them.
    2 people must approve, and the author is not one of them.
    2 more people must approve, and the author is not one of them.
    All approvals are there.
    ");
}

#[test]
fn what_was_rolled_back_says_from_what_why_and_by_whom() {
    let rolled_back = |by: Option<&str>| {
        let mut notice = notice(Event::RolledBack {
            from: version("v2", "Add a cart"),
            reason: "the health check of https://shop.example answered 500".to_owned(),
            by: by.map(str::to_owned),
        });
        notice.version = version("v1", "Add a shelf");
        notice
    };
    insta::assert_snapshot!(rolled_back(None).message(), @"
    shop web: production was rolled back
    Runs now: 0123456 Add a shelf, ghcr.io/acme/shop:v1
    From: 0123456 Add a cart, ghcr.io/acme/shop:v2
    Why: the health check of https://shop.example answered 500
    By: Slipway itself
    Nothing is released to production by itself until somebody lifts the hold.
    Release: https://slipway.example/releases/7
    ");
    let by = rolled_back(Some("anna")).message();
    assert_eq!(
        by.facts.last().unwrap().pieces,
        [Piece::Theirs("anna".to_owned())]
    );
}

#[test]
fn words_of_others_are_pieces_of_their_own_on_one_line_and_not_at_length() {
    let mut notice = broke(Next::NeedsAPerson);
    notice.version.title = format!("Fix\n<!channel>\u{202e} {}", "x".repeat(1_000));
    let message = notice.message();
    let title = &message.facts[0].pieces[2];
    let Piece::Theirs(title) = title else {
        panic!("{title:?}")
    };
    assert!(
        title.starts_with("Fix <!channel> xxx") && title.ends_with('…'),
        "{title}"
    );
    assert_eq!(title.chars().count(), 400);
}

#[test]
fn a_service_that_is_called_as_its_repository_is_named_once_and_a_headline_is_a_line() {
    let mut notice = broke(Next::NeedsAPerson);
    notice.place.service = "shop".to_owned();
    assert_eq!(notice.message().headline, "shop: production is broken");
    notice.place.environment = "x".repeat(300);
    assert_eq!(notice.message().headline.chars().count(), 140);
}

#[test]
fn trouble_and_its_end_go_where_alerts_go() {
    let recovered = notice(Event::Recovered {
        broken_since: now(),
    });
    assert_eq!(broke(Next::NeedsAPerson).channel(), Channel::Alerts);
    assert_eq!(recovered.channel(), Channel::Alerts);
    assert_eq!(waiting(1, &[]).channel(), Channel::Deployments);
    assert_eq!(notice(Event::Released).channel(), Channel::Deployments);
}

#[test]
fn a_notice_is_stored_and_sent_as_it_is() {
    let notice = waiting(2, &["anna"]);
    let text = serde_json::to_string(&notice).unwrap();
    assert_eq!(serde_json::from_str::<Notice>(&text).unwrap(), notice);
    insta::assert_snapshot!(text, @r#"{"place":{"repository":"acme/shop","service":"web","environment":"production"},"event":{"kind":"waiting_for_approval","needed":2,"given":["anna"]},"version":{"commit":"0123456789abcdef0123456789abcdef01234567","title":"Add a cart","image":"ghcr.io/acme/shop:v2"},"at":1795257067000,"links":[{"name":"Release","url":"https://slipway.example/releases/7"}]}"#);
}
