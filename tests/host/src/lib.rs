#![doc = include_str!("../README.md")]

mod allow_list;
mod answers;
mod app;
mod application;
mod bindings;
mod component_plan;
mod component_variables;
mod compose;
mod dispatch;
mod document;
mod engine;
mod guest;
mod key_value;
mod log;
mod manifest;
mod options;
mod outbound;
mod request_headers;
mod routes;
mod running;
mod runtime_config;
mod server;
mod template;
mod variables;

pub use answers::AnswerWatch;
pub use document::Refusal;
pub use key_value::{StoreCall, StoreOperation, StoreWatch};
pub use log::{LogLine, LogSink, LogStream};
pub use options::{Options, Reuse, spin_variables};
pub use running::{Running, start};
