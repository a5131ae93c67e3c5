//! Pages show the same whether their entities are found by directories or by keys, and by directories without a listing of keys.

use std::{cell::Cell, marker::PhantomData};

use domain::directory::{self, Directory, Kind};
use ports::StoreError;
use runtime::{directory::DirectoryExecutor, reconcile};

use super::*;

/// A store that counts how often the keys of `default` are listed.
struct Watched<'a> {
    inner: &'a MemoryStore,
    listings: Cell<u32>,
    reads: Cell<u32>,
}

impl<'a> Watched<'a> {
    fn new(inner: &'a MemoryStore) -> Self {
        Self {
            inner,
            listings: Cell::new(0),
            reads: Cell::new(0),
        }
    }
}

impl Store for Watched<'_> {
    async fn get(&self, label: Label, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.reads.set(self.reads.get() + 1);
        self.inner.get(label, key).await
    }

    async fn set(&self, label: Label, key: &str, value: &[u8]) -> Result<(), StoreError> {
        self.inner.set(label, key, value).await
    }

    async fn set_many(&self, label: Label, pairs: &[(&str, &[u8])]) -> Result<(), StoreError> {
        self.inner.set_many(label, pairs).await
    }

    async fn delete_many(&self, label: Label, keys: &[&str]) -> Result<(), StoreError> {
        self.inner.delete_many(label, keys).await
    }

    async fn increment(&self, label: Label, key: &str, delta: i64) -> Result<i64, StoreError> {
        self.inner.increment(label, key, delta).await
    }

    async fn keys(&self, label: Label) -> Result<Vec<String>, StoreError> {
        if label == Label::Default {
            self.listings.set(self.listings.get() + 1);
        }
        self.inner.keys(label).await
    }
}

const PAGES: [&str; 9] = [
    "/api/v1/overview",
    "/api/v1/previews",
    "/api/v1/previews?repository=42&limit=1",
    "/api/v1/repositories",
    "/api/v1/environments",
    "/api/v1/releases",
    "/api/v1/installations",
    "/api/v1/operations",
    "/api/v1/decisions",
];

/// The page, how often keys were listed for it, and how many values were read.
fn asked(entities: &TestEntities, uri: &str) -> (String, u32, u32) {
    let watched = Watched::new(&entities.store);
    let asking = Entities {
        store: &watched,
        clock: Still(Cell::new(entities.clock.0.get())),
        log: NoLog,
    };
    let (path, query) = uri
        .split_once('?')
        .map_or((uri, None), |(path, query)| (path, Some(query)));
    let headers = [(elsewhere::SEES, "everything".parse().unwrap())];
    let reply = block_on(asking.answer(Asked {
        method: &Method::GET,
        path,
        query,
        headers: &headers.into_iter().collect(),
        body: b"",
    }));
    assert_eq!(reply.status, StatusCode::OK, "{uri}");
    let body = String::from_utf8(reply.body).unwrap();
    (body, watched.listings.get(), watched.reads.get())
}

/// As `POST /reconcile` does.
fn compare(entities: &TestEntities) {
    block_on(runtime::directory::compare(&entities.store, entities.now())).unwrap();
    let runner = entities.runner();
    let mut work = block_on(reconcile::work(&entities.store)).unwrap();
    for (key, pending) in work.take::<Directory>() {
        let key: directory::Key = key.parse().unwrap();
        block_on(runner.take_in::<Directory>(&key, &pending.mail)).unwrap();
    }
}

#[test]
fn a_page_is_the_same_by_directories_as_by_keys_which_are_then_listed_no_more() {
    let entities = stored();
    let by_keys = PAGES.map(|uri| asked(&entities, uri));
    assert!(by_keys.iter().all(|(_, listings, _)| *listings > 0));
    compare(&entities);
    for (uri, (page, ..)) in PAGES.iter().zip(&by_keys) {
        let (by_directory, listings, _) = asked(&entities, uri);
        assert_eq!(by_directory, *page, "{uri}");
        assert_eq!(listings, 0, "{uri} listed keys");
    }
}

#[test]
fn a_page_reads_as_much_with_ten_thousand_previews_as_with_a_few_hundred() {
    let reads_with = |previews: u64| {
        let entities = stored();
        let record = block_on(entities.store.get(Label::Default, "preview/43/1"));
        let record = record.unwrap().unwrap();
        for number in 100..100 + previews {
            let key = preview_id(42, number).to_string();
            block_on(entities.store.set(Label::Default, &key, &record)).unwrap();
        }
        compare(&entities);
        PAGES.map(|uri| asked(&entities, uri).2)
    };
    assert_eq!(reads_with(10_000), reads_with(300));
}

#[test]
fn what_is_begun_is_on_the_next_page_before_anybody_took_the_news_in() {
    let entities = stored();
    compare(&entities);
    let read = Fact::PullRequestRead {
        pull_request: pull_request("Add a till"),
    };
    learn::<Preview>(&entities, &preview_id(44, 3), &[read]);
    let (page, listings, _) = asked(&entities, "/api/v1/previews?repository=44");
    assert!(page.contains("Add a till"), "{page}");
    assert_eq!(listings, 0);
    let key = directory::Key(Kind::Previews).to_string();
    let work = block_on(reconcile::work(&entities.store)).unwrap();
    assert!(work.entities.contains_key(&key), "the mail lies there");
}

/// As `POST /reconcile` does until nothing is left to do: whoever changed is looked at.
fn settle(entities: &TestEntities) {
    let runner = Runner {
        store: &entities.store,
        clock: &entities.clock,
        log: NoLog,
        executor: DirectoryExecutor {
            store: &entities.store,
            log: NoLog,
            preview: PhantomData::<Preview>,
        },
    };
    for _ in 0..200 {
        let later = entities.now().after(Duration::from_secs(150));
        entities.clock.0.set(later.milliseconds());
        let mut work = block_on(reconcile::work(&entities.store)).unwrap();
        let directories = work.take::<Directory>();
        if directories.is_empty() {
            return;
        }
        let deadline = entities.now().after(Duration::from_secs(60));
        block_on(runner.advance_all::<Directory>(&directories, deadline));
    }
    panic!("the directories never settle");
}

#[test]
fn the_few_who_need_a_person_are_on_the_first_page_however_many_do_not() {
    let entities = stored();
    let read = |title: &str| Fact::PullRequestRead {
        pull_request: pull_request(title),
    };
    let configured = |reading: Reading| Fact::ConfigurationRead {
        commit: "a".repeat(40).parse().unwrap(),
        changes: 0,
        reading,
    };
    for number in 100..600 {
        // Without a configuration there is nothing to be done, and nothing to be waited for.
        let facts = [read("Add a till"), configured(Reading::Missing)];
        learn::<Preview>(&entities, &preview_id(45, number), &facts);
    }
    let broken = configured(Reading::Invalid {
        message: "it is no YAML".into(),
        in_force: None,
        last_valid: None,
    });
    learn::<Preview>(&entities, &preview_id(45, 1), &[read("Add a roof"), broken]);
    // So much mail is taken in before anything is compared.
    settle(&entities);
    compare(&entities);
    settle(&entities);
    for uri in [
        "/api/v1/previews?repository=45&phase=failed",
        "/api/v1/previews?repository=45&attention=needed",
    ] {
        let (page, listings, reads) = asked(&entities, uri);
        let page: serde_json::Value = serde_json::from_str(&page).unwrap();
        assert_eq!(
            page["previews"][0]["pull_request"]["title"], "Add a roof",
            "{uri}"
        );
        assert_eq!(
            page["next"],
            serde_json::Value::Null,
            "{uri}: it is the last one"
        );
        assert_eq!(listings, 0, "{uri}");
        assert!(reads < 20, "{uri} read {reads} values");
    }
    let (quiet, ..) = asked(
        &entities,
        "/api/v1/previews?repository=45&attention=quiet&limit=3",
    );
    assert!(
        quiet.contains("45.597") && !quiet.contains("Add a roof"),
        "{quiet}"
    );
    let approvals = "/api/v1/releases?phase=waiting-for-approval";
    let (_, listings, reads) = asked(&entities, approvals);
    assert_eq!(listings, 0, "{approvals}");
    assert!(reads < 10, "{approvals} read {reads} values");
}
