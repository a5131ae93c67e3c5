//! Verifies the signatures of webhooks. As a component it can do nothing else: it imports nothing at all, not even WASI,
//! which is why it does without the standard library there. Elsewhere it is plain Rust, so that its tests run natively.

#![cfg_attr(target_family = "wasm", no_std)]

#[cfg(target_family = "wasm")]
mod component;
mod verify;

pub use verify::verify;
