//! The `signature` component, composed into this one by Spin (`spin.toml`, `[component.gateway.dependencies]`).

spin_sdk::wit_bindgen::generate!({
    path: "../../wit/webhook",
    world: "verifier",
    runtime_path: "::spin_sdk::wit_bindgen::rt",
    generate_all,
});

pub(crate) use slipway::webhook::signature::verify;
