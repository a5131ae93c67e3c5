//! Time limits on Spin's own timer.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
    time::Duration,
};

/// What `work` comes to, or none if it takes longer than `limit`; it is dropped then.
pub(crate) async fn within<F: Future>(limit: Duration, work: F) -> Option<F::Output> {
    first(work, spin_sdk::time::sleep(limit)).await
}

/// What `work` comes to if it is ready before `timer`.
async fn first<F: Future>(work: F, timer: impl Future<Output = ()>) -> Option<F::Output> {
    let mut work = pin!(work);
    let mut timer = pin!(timer);
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => timer.as_mut().poll(context).map(|()| None),
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::{
        future::{pending, ready},
        task::{Context, Waker},
    };

    use super::*;

    #[track_caller]
    fn now<F: Future>(future: F) -> F::Output {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(output) => output,
            Poll::Pending => panic!("the race should be decided at once"),
        }
    }

    #[test]
    fn work_that_is_ready_wins_even_when_the_time_is_up() {
        assert_eq!(now(first(ready(7), ready(()))), Some(7));
    }

    #[test]
    fn work_that_takes_longer_than_its_limit_is_given_up() {
        assert_eq!(now(first(pending::<()>(), ready(()))), None);
    }
}
