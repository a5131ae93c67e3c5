//! Stories of commands.

mod flow;
mod grammar;
