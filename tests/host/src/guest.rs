//! What belongs to one instance of a component, and the host functions that it can call.

use wasmtime::Engine;
use wasmtime::component::{Linker, ResourceTable};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::bindings::{keyvalue, spin};
use crate::component_variables::ComponentVariables;
use crate::key_value::KeyValue;
use crate::log::{ComponentLog, LogStream};
use crate::outbound::Outbound;

/// The data of one store.
pub(crate) struct Guest {
    table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    outbound: Outbound,
    key_value: KeyValue,
    variables: ComponentVariables,
}

impl Guest {
    pub(crate) fn new(
        environment: &[(String, String)],
        log: &ComponentLog,
        outbound: Outbound,
        key_value: KeyValue,
        variables: ComponentVariables,
    ) -> Self {
        let wasi = WasiCtxBuilder::new()
            .envs(environment)
            .stdout(log.output(LogStream::Stdout))
            .stderr(log.output(LogStream::Stderr))
            .build();
        Self {
            table: ResourceTable::new(),
            wasi,
            http: WasiHttpCtx::new(),
            outbound,
            key_value,
            variables,
        }
    }
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for Guest {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            hooks: &mut self.outbound,
            table: &mut self.table,
            ctx: &mut self.http,
        }
    }
}

/// Everything that a component can import.
pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<Guest>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi::p3::add_to_linker(&mut linker)?;
    wasmtime_wasi_http::p3::add_to_linker(&mut linker)?;
    spin::spin::key_value::key_value::add_to_linker::<_, KeyValue>(
        &mut linker,
        |guest: &mut Guest| &mut guest.key_value,
    )?;
    spin::spin::variables::variables::add_to_linker::<_, ComponentVariables>(
        &mut linker,
        |guest: &mut Guest| &mut guest.variables,
    )?;
    keyvalue::BatchesAndCounters::add_to_linker::<_, KeyValue>(
        &mut linker,
        |guest: &mut Guest| &mut guest.key_value,
    )?;
    Ok(linker)
}
