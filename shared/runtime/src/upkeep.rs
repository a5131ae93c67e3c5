//! When what is too old is deleted: once in an hour, whoever asks how often, since finding it lists whole stores.

use std::time::Duration;

use domain::Timestamp;
use ports::{Label, Store, StoreError};

/// When it was done last.
const DONE_AT: &str = "upkeep-done-at";
const EVERY: Duration = Duration::from_secs(3_600);

/// Whether it is time, which it is not for whoever asks after that. Who asks first of all finds nothing that is old.
pub async fn is_due(store: &impl Store, now: Timestamp) -> Result<bool, StoreError> {
    let last = store.get(Label::Default, DONE_AT).await?;
    let last = last.and_then(|value| std::str::from_utf8(&value).ok()?.parse().ok());
    let last = last.map(Timestamp::from_milliseconds);
    // A time to come was noted by a clock that was wrong.
    if last.is_some_and(|last| last.after(EVERY) > now && last <= now) {
        return Ok(false);
    }
    let noted = now.milliseconds().to_string();
    store.set(Label::Default, DONE_AT, noted.as_bytes()).await?;
    Ok(last.is_some())
}

#[cfg(test)]
mod tests {
    use ports::memory::MemoryStore;

    use super::*;

    #[test]
    fn it_is_due_once_in_an_hour_and_not_at_the_very_beginning() {
        let store = MemoryStore::default();
        let asked = |seconds: i64| {
            let now = Timestamp::from_milliseconds(1_795_257_000_000 + seconds * 1_000);
            futures_util::FutureExt::now_or_never(is_due(&store, now)).unwrap()
        };
        let told: Vec<bool> = [0, 60, 3_600, 3_601, 7_199, 7_200, 0, 1]
            .into_iter()
            .map(|seconds| asked(seconds).unwrap())
            .collect();
        assert_eq!(told, [false, false, true, false, false, true, true, false]);
    }
}
