//! Bindings of the parts of the key-value store that the SDK does not wrap (`wit/keyvalue`).

spin_sdk::wit_bindgen::generate!({
    path: "../../wit/keyvalue",
    world: "batches-and-counters",
    runtime_path: "::spin_sdk::wit_bindgen::rt",
    generate_all,
});

pub(crate) use wasi::keyvalue::{atomics, batch, store};
