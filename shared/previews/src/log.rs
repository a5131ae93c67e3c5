//! Log lines that name the delivery that led to them.

use http::HeaderValue;
use ports::{Level, Log};
use serde_json::Value;
use slipway_spin::JsonLog;

/// Adds the delivery to every line.
#[derive(Debug, Clone)]
pub struct DeliveryLog {
    log: JsonLog,
    delivery: Option<String>,
}

impl DeliveryLog {
    /// The log of `component`, for work that `delivery` led to; none for work that none did.
    pub fn new(component: &'static str, delivery: Option<String>) -> Self {
        Self {
            log: JsonLog::new(component),
            delivery,
        }
    }
}

impl DeliveryLog {
    /// The delivery as a header has it; none if there is none.
    pub(crate) fn correlation(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(self.delivery.as_deref()?).ok()
    }
}

impl Log for DeliveryLog {
    fn write(&self, level: Level, message: &str, fields: &[(&str, Value)]) {
        let Some(delivery) = &self.delivery else {
            self.log.write(level, message, fields);
            return;
        };
        let mut all = vec![("delivery", Value::from(delivery.as_str()))];
        all.extend_from_slice(fields);
        self.log.write(level, message, &all);
    }
}
