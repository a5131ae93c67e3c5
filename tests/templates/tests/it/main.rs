//! The templates and the files for operators, tried: scripts are run, contracts with the domain and names are compared.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what the tests share fails them as they do"
)]

mod cleanup;
mod configurations;
mod durability;
mod images;
mod kustomizations;
mod names;
mod operators;
mod promotion;
mod releases;
mod rights;
