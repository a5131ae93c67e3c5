//! Time as a port, so that tests and the simulation own it.

use std::time::Duration;

use domain::Timestamp;

/// A wall clock that can also wait.
#[expect(
    async_fn_in_trait,
    reason = "static dispatch on one thread: no auto traits are needed"
)]
pub trait Clock {
    /// The time now.
    fn now(&self) -> Timestamp;

    /// Returns once `duration` has passed.
    async fn sleep(&self, duration: Duration);
}

impl<T: Clock> Clock for &T {
    fn now(&self) -> Timestamp {
        (**self).now()
    }

    async fn sleep(&self, duration: Duration) {
        (**self).sleep(duration).await;
    }
}
