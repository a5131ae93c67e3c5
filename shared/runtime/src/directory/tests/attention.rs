//! How much attention previews ask for: whoever looks for those who ask misses nobody, wherever a process dies, and soon finds nobody else.

use domain::{
    directory::Attention,
    entity::Entity as _,
    preview::{Fact, PullRequest, PullRequestState, Reading},
};

use super::*;
use crate::browse;

fn commit() -> domain::CommitSha {
    "a".repeat(40).parse().unwrap()
}

/// It waits until its configuration was read.
fn opened() -> Fact {
    Fact::PullRequestDelivered {
        pull_request: PullRequest {
            archived: false,
            updated_at: Timestamp::from_milliseconds(1_000),
            state: PullRequestState::Open,
            title: "Add a cart".into(),
            author: "ada".into(),
            draft: false,
            labels: Vec::new(),
            head_branch: "cart".into(),
            head_commit: commit(),
            head_repository: Some(RepositoryId(42)),
            base_branch: "main".into(),
            repository: "acme/shop".parse().unwrap(),
            default_branch: "main".into(),
        },
    }
}

fn configured(reading: Reading) -> Fact {
    Fact::ConfigurationRead {
        commit: commit(),
        changes: 0,
        reading,
    }
}

/// A person has to mend the configuration.
fn broken() -> Fact {
    configured(Reading::Invalid {
        message: "it is no YAML".into(),
        in_force: None,
        last_valid: None,
    })
}

/// There is nothing to be done.
fn without() -> Fact {
    configured(Reading::Missing)
}

/// Tells it to one preview, as a component does that does nothing of what follows.
fn learn<S: Store>(store: &S, clock: &Hand, number: u64, fact: &Fact) -> Result<(), RunError> {
    wait(async {
        let process = process(store, clock);
        let mail = process.post::<Preview>(&id(number), fact).await?;
        process.take_in::<Preview>(&id(number), &[mail]).await?;
        Ok(())
    })
}

/// Calls `reconcile` a few times in a quarter of an hour; what previews ask for is left alone.
fn settle(store: &MemoryStore, clock: &Hand) {
    for _ in 0..10 {
        clock.pass(Duration::from_secs(90));
        let directories = wait(reconcile::work(store)).unwrap().take::<Directory>();
        let deadline = clock.now().after(Duration::from_secs(20));
        wait(process(store, clock).advance_all::<Directory>(&directories, deadline));
    }
}

fn asking(store: &MemoryStore, clock: &Hand, wanted: Attention) -> Vec<PreviewId> {
    sorted(wait(process(store, clock).ids_asking::<Preview>(&[wanted])).unwrap())
}

fn attention(store: &MemoryStore, number: u64) -> Option<Attention> {
    let preview = wait(browse::state::<Preview>(store, &id(number))).unwrap();
    preview.map(|preview| preview.attention())
}

#[test]
fn those_who_need_a_person_are_found_among_those_who_do_not() {
    let clock = Hand::default();
    let store = compared(&clock);
    for (number, configuration) in [(7, Some(broken())), (8, Some(without())), (9, None)] {
        learn(&store, &clock, number, &opened()).unwrap();
        if let Some(fact) = configuration {
            learn(&store, &clock, number, &fact).unwrap();
        }
    }
    settle(&store, &clock);
    assert_eq!(asking(&store, &clock, Attention::Needed), [id(7)]);
    assert_eq!(asking(&store, &clock, Attention::InHand), [id(9)]);
    // From the moment that it is broken on.
    learn(&store, &clock, 9, &broken()).unwrap();
    assert_eq!(asking(&store, &clock, Attention::Needed), [id(7), id(9)]);
    settle(&store, &clock);
    assert_eq!(asking(&store, &clock, Attention::Needed), [id(7), id(9)]);
    assert_eq!(asking(&store, &clock, Attention::InHand), []);
}

#[test]
fn only_what_changes_the_attention_is_told() {
    let clock = Hand::default();
    let store = compared(&clock);
    let calls = |fact: &Fact| {
        let counted = Cut::never(&store);
        learn(&counted, &clock, 7, fact).unwrap();
        counted.calls_with("directory/")
    };
    assert_eq!(calls(&opened()), 2, "it appears");
    assert_eq!(calls(&opened()), 0, "that is known");
    assert_eq!(calls(&broken()), 2, "it needs a person");
    assert_eq!(calls(&Fact::ConfigurationChanged), 0, "it still does");
}

#[test]
fn a_damaged_record_is_one_to_look_at() {
    let clock = Hand::default();
    let store = compared(&clock);
    learn(&store, &clock, 7, &opened()).unwrap();
    wait(store.set(Label::Default, &id(7).to_string(), b"damaged")).unwrap();
    settle(&store, &clock);
    assert_eq!(asking(&store, &clock, Attention::Needed), [id(7)]);
}

#[test]
fn who_is_killed_while_the_attention_changes_hides_nobody_who_asks_for_it() {
    let stories: [(&[Fact], Fact); 3] = [
        (&[], opened()),
        (&[opened()], broken()),
        (&[opened(), broken()], without()),
    ];
    for (before, dying) in stories {
        for nth in 0.. {
            let clock = Hand::default();
            let store = compared(&clock);
            for fact in before {
                learn(&store, &clock, 7, fact).unwrap();
            }
            settle(&store, &clock);
            let lived = learn(&Cut::at(&store, nth), &clock, 7, &dying).is_ok();
            let told = |when: &str| format!("killed at call {nth} of {dying:?}, {when}");
            let asked = attention(&store, 7);
            if let Some(attention) = asked {
                let found = asking(&store, &clock, attention);
                assert_eq!(found, [id(7)], "{}", told("at once"));
            }
            settle(&store, &clock);
            assert_eq!(attention(&store, 7), asked, "nobody told it anything");
            for wanted in [Attention::InHand, Attention::Needed] {
                let found = asking(&store, &clock, wanted) == [id(7)];
                assert_eq!(found, asked == Some(wanted), "{}", told("later"));
            }
            if lived {
                assert!(nth > 6, "it was killed at {nth} calls only");
                break;
            }
        }
    }
}
