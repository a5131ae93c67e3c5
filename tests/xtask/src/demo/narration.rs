//! Numbered steps on a plain terminal, each line with the time since its step began.

use std::time::Instant;

/// Who tells the story.
#[derive(Debug)]
pub(super) struct Narration {
    steps: u32,
    began: Instant,
}

impl Narration {
    pub(super) fn new() -> Self {
        Self {
            steps: 0,
            began: Instant::now(),
        }
    }

    /// Begins the next step.
    pub(super) fn step(&mut self, title: &str) {
        self.steps += 1;
        self.began = Instant::now();
        println!("\n{}. {title}", self.steps);
    }

    /// Tells something that happened just now; further lines are indented below the first.
    pub(super) fn tell(&self, text: &str) {
        println!("{}", told(self.began.elapsed().as_secs_f64(), text));
    }

    /// Tells what `who` did or shows.
    pub(super) fn tell_of(&self, who: &str, text: &str) {
        let text = text.replace('\n', &format!("\n{:12}", ""));
        self.tell(&format!("{who:<12}{text}"));
    }
}

fn told(seconds: f64, text: &str) -> String {
    format!(
        "{seconds:>7.1} s  {}",
        text.replace('\n', &format!("\n{:11}", ""))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn further_lines_stand_below_the_first() {
        assert_eq!(told(1.25, "one\ntwo"), "    1.2 s  one\n           two");
    }
}
