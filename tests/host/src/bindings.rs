//! Bindings of the host functions beside WASI, generated from WIT.

/// `spin:key-value` and `spin:variables`.
pub(crate) mod spin {
    wasmtime::component::bindgen!({
        path: "wit",
        world: "slipway:host/spin-imports",
        imports: { default: trappable },
        with: {
            "spin:key-value/key-value.store": crate::key_value::Opened,
        },
        trappable_error_type: {
            "spin:key-value/key-value.error" => crate::key_value::Error,
        },
    });
}

/// `wasi:keyvalue`.
pub(crate) mod keyvalue {
    wasmtime::component::bindgen!({
        path: "../../wit/keyvalue",
        world: "slipway:keyvalue/batches-and-counters",
        imports: { default: async | trappable },
        with: {
            "wasi:keyvalue/store.bucket": crate::key_value::Opened,
            "wasi:keyvalue/atomics.cas": crate::key_value::wasi::NoSwap,
        },
        trappable_error_type: {
            "wasi:keyvalue/store.error" => crate::key_value::Error,
        },
    });
}
