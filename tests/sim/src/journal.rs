//! The story of a seed, kept only when it is to be told.

use std::{cell::RefCell, collections::VecDeque};

use crate::kernel::Micros;

/// So many of the last lines are kept.
const LINES_MAX: usize = 4_000;

/// The lines of a story.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    lines: Option<RefCell<VecDeque<String>>>,
}

impl Journal {
    /// A journal that keeps its lines, or one that does not.
    pub(crate) fn new(kept: bool) -> Self {
        Self {
            lines: kept.then(RefCell::default),
        }
    }

    pub(crate) fn is_kept(&self) -> bool {
        self.lines.is_some()
    }

    /// Writes a line; its text is only made when it is kept.
    pub(crate) fn write(&self, at: Micros, who: &str, text: impl FnOnce() -> String) {
        let Some(lines) = &self.lines else {
            return;
        };
        let (seconds, millis) = (at / 1_000_000, at / 1_000 % 1_000);
        let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
        let line = format!(
            "{hours:02}:{minutes:02}:{:02}.{millis:03} {who:<9} {}",
            seconds % 60,
            text()
        );
        let mut lines = lines.borrow_mut();
        if lines.len() >= LINES_MAX {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    /// The lines.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines
            .as_ref()
            .map(|lines| lines.borrow().iter().cloned().collect())
            .unwrap_or_default()
    }
}
