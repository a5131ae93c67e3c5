//! The ports of one process in one life: its store, its HTTP, its clock, its log.

use std::{rc::Rc, time::Duration};

use domain::Timestamp;
use ports::{Clock, Level, Log};
use serde_json::Value;

use crate::{
    kernel::Micros,
    sim::{Course, Sim},
};

/// The ports of one process.
#[derive(Clone)]
pub(crate) struct Port {
    pub(crate) sim: Rc<Sim>,
    pub(crate) instance: usize,
}

impl Port {
    /// Who it is, for the story.
    pub(crate) fn name(&self) -> String {
        if self.sim.journal.is_kept() {
            format!("#{} t{}", self.instance, self.sim.kernel.running())
        } else {
            String::new()
        }
    }
}

impl Clock for Port {
    fn now(&self) -> Timestamp {
        let skew = self
            .sim
            .instances
            .get(self.instance)
            .map_or(0, |instance| instance.skew.get());
        Timestamp::from_milliseconds(self.sim.now().milliseconds() + skew)
    }

    async fn sleep(&self, duration: Duration) {
        let pause = Micros::try_from(duration.as_micros()).unwrap_or(Micros::MAX / 2);
        let course = Course {
            effect: None,
            answer: pause,
            outlives: false,
        };
        self.sim.call(self.instance, course, |_| (), Some(())).await;
    }
}

impl Log for Port {
    fn write(&self, level: Level, message: &str, fields: &[(&str, Value)]) {
        self.sim.tell(&self.name(), || {
            let fields: Vec<String> = fields
                .iter()
                .filter(|(name, _)| *name != "repository")
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            format!("[{}] {message} {}", level.name(), fields.join(" "))
        });
    }
}
