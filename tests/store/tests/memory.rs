//! The store in memory is one as Slipway assumes.

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};

use ports::memory::MemoryStore;

#[test]
fn the_store_in_memory_is_as_assumed() {
    let memory = MemoryStore::default();
    // It never waits for anything, so one poll is all it takes.
    let checked = pin!(store_contract::broken(&memory, &memory))
        .poll(&mut Context::from_waker(Waker::noop()));
    let Poll::Ready(broken) = checked else {
        panic!("the store in memory waits for something");
    };
    assert!(broken.is_empty(), "{broken:#?}");
}
