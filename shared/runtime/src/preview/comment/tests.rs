//! The comment is created at most once, also by a GitHub that is slow.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    marker::PhantomData,
};

use domain::{PullRequestNumber, RepositoryId};
use http::{HeaderMap, Method, StatusCode};
use ports::{HttpError, NoLog, Request, Response, memory::MemoryStore};
use vendors::github::Credentials;

use super::*;
use crate::tests::Hand;

/// A GitHub that gives these answers, each after a while.
struct Slow<'a> {
    clock: &'a Hand,
    answers: RefCell<VecDeque<(u64, StatusCode, &'static str)>>,
    asked: RefCell<Vec<Method>>,
}

impl Http for Slow<'_> {
    async fn send(&self, request: Request) -> Result<Response, HttpError> {
        self.asked.borrow_mut().push(request.method);
        let (seconds, status, body) = self.answers.borrow_mut().pop_front().unwrap();
        self.clock.pass(Duration::from_secs(seconds));
        Ok(Response {
            status,
            headers: HeaderMap::new(),
            body: body.into(),
        })
    }
}

const COMMENT: &str = r#"{"id":26,"body":"text","user":{"id":4711},"created_at":"2026-11-21T00:00:11Z","html_url":"https://github.test/c/26"}"#;

/// Publishes a comment that is not known yet, while GitHub takes `user` and `comments` seconds for the two parts of the look.
/// Returns the fact and what GitHub was asked.
async fn published(user: u64, comments: u64) -> (Result<Fact, Trouble>, Vec<Method>) {
    let clock = Hand::default();
    let github = Slow {
        clock: &clock,
        answers: RefCell::new(
            [
                (user, StatusCode::OK, r#"{"id":4711,"login":"slipway"}"#),
                (comments, StatusCode::OK, "[]"),
                (1, StatusCode::CREATED, COMMENT),
            ]
            .into(),
        ),
        asked: RefCell::default(),
    };
    let executor = PreviewExecutor {
        github: Some(Client::new(
            &github,
            &clock,
            MemoryStore::default(),
            "https://github.test",
            &Credentials::Token("token".to_owned()),
        )),
        registry: None,
        coolify: None,
        platform: None,
        kubernetes: None,
        http: &github,
        store: MemoryStore::default(),
        clock: &clock,
        log: NoLog,
        checks: true,
        account: Cell::new(None),
        told: RefCell::default(),
        preview: PhantomData::<domain::preview::Preview>,
    };
    let id = PreviewId {
        repository: RepositoryId(1),
        number: PullRequestNumber(7),
    };
    let text = Text {
        body: "text",
        digest: "digest",
    };
    let name = "acme/shop".parse().unwrap();
    let fact = executor
        .publish_comment(id, &name, None, text, Claim::First)
        .await;
    let asked = github.asked.borrow().clone();
    (fact, asked)
}

#[tokio::test]
async fn a_comment_that_is_not_there_is_created() {
    let (fact, asked) = published(5, 15).await;
    let expected = Fact::CommentPublished {
        comment: 26,
        digest: "digest".to_owned(),
    };
    assert_eq!(fact, Ok(expected));
    assert_eq!(asked, [Method::GET, Method::GET, Method::POST]);
}

#[tokio::test]
async fn after_a_long_look_none_is_created_since_somebody_else_may_have_done_so() {
    let (fact, asked) = published(10, 11).await;
    let reason = "GitHub took so long to show the comments that none is created now";
    assert_eq!(fact, Err(Trouble::retry(reason)));
    assert_eq!(asked, [Method::GET, Method::GET]);
}
