//! Instances on one store: what one writes the other sees.

use anyhow::{Result, ensure};
use ports::{Label, Store};

use crate::{expect, key};

/// Once a write was answered, everybody reads, counts, lists and misses what it wrote.
pub(crate) async fn see_each_other<S: Store>(one: &S, other: &S) -> Result<()> {
    let (value, counter) = (key("seen", "value"), key("seen", "counter"));
    for number in 0..20_i64 {
        let (writer, reader) = if number % 2 == 0 {
            (one, other)
        } else {
            (other, one)
        };
        let text = number.to_string();
        // The reader has looked before, so that it would keep what it saw.
        reader.get(Label::Queue, &value).await?;
        writer.set(Label::Queue, &value, text.as_bytes()).await?;
        expect(reader, Label::Queue, &value, Some(text.as_bytes())).await?;
        let sum = writer.increment(Label::Default, &counter, 1).await?;
        ensure!(
            sum == number + 1,
            "the counter stands at {sum} after {} increments by turns",
            number + 1
        );
        let listed = reader.keys(Label::Queue).await?;
        ensure!(
            listed.contains(&value),
            "what was written is not listed elsewhere"
        );
        writer.delete_many(Label::Queue, &[&value]).await?;
        expect(reader, Label::Queue, &value, None).await?;
        let listed = reader.keys(Label::Queue).await?;
        ensure!(
            !listed.contains(&value),
            "what was deleted is listed elsewhere"
        );
    }
    Ok(one.delete_many(Label::Default, &[&counter]).await?)
}
