//! Outboxes: who is told, in which order, and what happens when that does not work.

use std::time::Duration;

use super::*;
use crate::{
    configuration::Notify,
    entity::Action as _,
    notice::{Event, Next, Notice, Place, Version},
    release::LineId,
};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_milliseconds(seconds * 1_000)
}

fn line() -> LineId {
    "release/7/web/production".parse().unwrap()
}

fn notice(event: Event) -> Notice {
    Notice {
        place: Place {
            repository: "acme/shop".parse().unwrap(),
            service: "web".to_owned(),
            environment: "production".to_owned(),
        },
        event,
        version: Version {
            commit: "0123456789abcdef0123456789abcdef01234567".parse().unwrap(),
            title: "Add a cart".to_owned(),
            image: None,
        },
        at: at(1_000),
        links: Vec::new(),
    }
}

fn broke() -> Notice {
    notice(Event::Broke {
        reason: "degraded".to_owned(),
        next: Next::RollsBack,
    })
}

fn letter(number: u64, notice: Notice, catalog: Option<&str>) -> Fact {
    let catalog = catalog.map(|entity| Catalog {
        repository: "acme/shop".parse().unwrap(),
        entity: entity.parse().ok(),
    });
    let notify: Option<&Notify> = None;
    Fact::Posted {
        letter: Box::new(Letter::new((line(), number), notice, notify, catalog)),
    }
}

fn outbox() -> Outbox {
    Outbox::new(OutboxId(RepositoryId(7)))
}

fn again(reason: &str, after_milliseconds: Option<u64>) -> Trouble {
    Trouble {
        reason: reason.to_owned(),
        reaction: Reaction::Retry { after_milliseconds },
    }
}

/// Runs what is due at `now`; `answer` says what comes of an errand. Returns what was run.
fn go(outbox: &mut Outbox, now: Timestamp, answer: impl Fn(&To) -> Result<(), Trouble>) -> String {
    let mut done = Vec::new();
    while let Step::Act(action) = outbox.plan(now) {
        if let Some(intent) = action.intent() {
            outbox.record(&intent, now);
        }
        let fact = match action {
            Action::Abandon { errand } => {
                done.push("abandoned".to_owned());
                Fact::Troubled {
                    errand,
                    trouble: Trouble {
                        reason: "the process died".to_owned(),
                        reaction: Reaction::Look,
                    },
                }
            }
            Action::Run { errand } => {
                let number = errand.number;
                done.push(errand.to.lane());
                match (answer(&errand.to), errand.to) {
                    (Err(trouble), _) => Fact::Troubled {
                        errand: number,
                        trouble,
                    },
                    (Ok(()), To::Catalog { .. }) => Fact::Found {
                        errand: number,
                        entities: vec!["web".parse().unwrap(), "api:shop".parse().unwrap()],
                    },
                    (Ok(()), _) => Fact::Done { errand: number },
                }
            }
        };
        outbox.record(&fact, now);
    }
    done.join("\n")
}

#[test]
fn a_letter_is_told_to_everybody_once_however_often_it_is_posted() {
    let mut outbox = outbox();
    let released = letter(1, notice(Event::Released), Some(""));
    outbox.record(&released, at(1));
    outbox.record(&released, at(2));
    insta::assert_snapshot!(go(&mut outbox, at(3), |_| Ok(())), @"
    slack deployments
    webhook deployments
    catalog acme/shop
    entity component:default/web
    entity api:default/shop
    ");
    outbox.record(&released, at(4));
    assert_eq!(
        go(&mut outbox, at(5), |_| Ok(())),
        "",
        "a duplicate that comes late"
    );
    assert_eq!(outbox.plan(at(6)), Step::Settled);
}

#[test]
fn an_entity_that_the_configuration_names_is_not_looked_up_and_refreshed_once_for_several_releases()
{
    let mut outbox = outbox();
    outbox.record(&letter(1, notice(Event::Released), Some("shop-web")), at(1));
    outbox.record(&letter(2, notice(Event::Released), Some("shop-web")), at(1));
    insta::assert_snapshot!(go(&mut outbox, at(3), |_| Ok(())), @"
    slack deployments
    webhook deployments
    entity component:default/shop-web
    slack deployments
    webhook deployments
    ");
}

#[test]
fn a_slack_that_is_down_holds_up_its_own_messages_alone_and_their_order_stays() {
    let mut outbox = outbox();
    outbox.record(&letter(1, broke(), None), at(1));
    let slack_is_down = |to: &To| match to {
        To::Slack { .. } => Err(again("Slack answered 503", Some(60_000))),
        To::Webhook { .. } | To::Catalog { .. } | To::Entity { .. } => Ok(()),
    };
    assert_eq!(
        go(&mut outbox, at(1), slack_is_down),
        "slack alerts\nwebhook alerts"
    );
    let recovered = notice(Event::Recovered {
        broken_since: at(0),
    });
    outbox.record(&letter(2, recovered, None), at(2));
    assert_eq!(go(&mut outbox, at(2), slack_is_down), "webhook alerts");
    assert_eq!(outbox.plan(at(2)), Step::Wait { until: at(61) });
    let told: Vec<String> = outbox
        .errands()
        .iter()
        .map(|errand| errand.to.to_string())
        .collect();
    insta::assert_snapshot!(told.join("\n"), @"
    telling the Slack channel alerts of environment.broke in acme/shop, web, production at 1970-01-01T00:16:40Z
    telling the Slack channel alerts of environment.recovered in acme/shop, web, production at 1970-01-01T00:16:40Z
    ");
    assert_eq!(
        go(&mut outbox, at(61), |_| Ok(())),
        "slack alerts\nslack alerts"
    );
}

#[test]
fn what_will_never_work_is_not_repeated_and_told_as_lost() {
    let mut outbox = outbox();
    outbox.record(&letter(1, broke(), None), at(1));
    let refused = |_: &To| {
        Err(Trouble {
            reason: "Slack answered 404 no_service".to_owned(),
            reaction: Reaction::GiveUp,
        })
    };
    go(&mut outbox, at(1), refused);
    assert_eq!(outbox.plan(at(1)), Step::Settled);
    let given_up: Vec<String> = outbox
        .given_up()
        .iter()
        .map(|given_up| format!("{}: {}", given_up.what, given_up.reason))
        .collect();
    insta::assert_snapshot!(given_up.join("\n"), @"
    telling the Slack channel alerts of environment.broke in acme/shop, web, production at 1970-01-01T00:16:40Z: Slack answered 404 no_service
    telling the webhook alerts of environment.broke in acme/shop, web, production at 1970-01-01T00:16:40Z: Slack answered 404 no_service
    ");
}

#[test]
fn a_message_of_which_nobody_knows_whether_it_arrived_is_not_sent_again() {
    // The answer was lost.
    let mut outbox = outbox();
    outbox.record(&letter(1, broke(), None), at(1));
    let lost = |_: &To| {
        Err(Trouble {
            reason: "the answer broke off".to_owned(),
            reaction: Reaction::Look,
        })
    };
    go(&mut outbox, at(1), lost);
    let left: Vec<String> = outbox
        .errands()
        .iter()
        .map(|errand| errand.to.lane())
        .collect();
    assert_eq!(left, ["webhook alerts"], "its receiver knows a repeat");
    assert_eq!(outbox.lost().len(), 1);
    // The process died: what is stored says that it was about to be sent.
    let mut outbox = self::outbox();
    outbox.record(&letter(1, broke(), None), at(1));
    let Step::Act(action) = outbox.plan(at(1)) else {
        panic!("nothing is to be done")
    };
    outbox.record(&action.intent().unwrap(), at(1));
    assert_eq!(
        go(&mut outbox, at(60), |_| Ok(())),
        "abandoned\nwebhook alerts"
    );
    assert_eq!(outbox.lost()[0].reason, "the process died");
}

#[test]
fn a_pause_of_the_vendor_is_no_failure_however_long_it_lasts() {
    let mut outbox = outbox();
    outbox.record(&letter(1, broke(), None), at(1));
    let mut now = at(1);
    for _ in 0..100 {
        go(&mut outbox, now, |_| {
            Err(Trouble {
                reason: "Slack is left alone".to_owned(),
                reaction: Reaction::ComeBack {
                    after_milliseconds: 60_000,
                },
            })
        });
        now = now.after(Duration::from_secs(120));
    }
    assert_eq!(outbox.errands().len(), 2);
    assert_eq!(
        go(&mut outbox, now, |_| Ok(())),
        "slack alerts\nwebhook alerts"
    );
}

#[test]
fn what_is_told_in_vain_for_ever_has_a_bound() {
    let mut outbox = outbox();
    for number in 1..=150 {
        outbox.record(&letter(number, broke(), None), at(1));
    }
    assert_eq!(outbox.errands().len(), 200);
    assert_eq!(outbox.lost().len(), 10);
}
