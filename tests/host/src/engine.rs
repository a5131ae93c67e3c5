//! The wasm engine: one per cache directory and process, shared by all hosts in it.
//!
//! The first one of a process keeps a pool of instances, as Spin does. A pool reserves terabytes of address space, so that
//! a process cannot have many: later ones make each instance when it is needed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::Context as _;
use wasmtime::{
    Cache, CacheConfig, Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig,
};

/// How often a guest that computes without a pause lets others run.
const EPOCH: Duration = Duration::from_millis(10);

/// How many component instances can live at once in this process; Spin's number.
const INSTANCES_MAX: u32 = 1_000;

/// How many core instances one component is made of at most: itself, its adapters and its dependencies' own.
const CORE_INSTANCES_PER_COMPONENT: u32 = 8;

static ENGINES: Mutex<BTreeMap<PathBuf, Engine>> = Mutex::new(BTreeMap::new());

/// The engine that keeps its compiled components in `cache_dir`.
pub(crate) fn engine(cache_dir: &Path) -> anyhow::Result<Engine> {
    let key = std::path::absolute(cache_dir)?;
    let mut engines = ENGINES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(engine) = engines.get(&key) {
        return Ok(engine.clone());
    }
    let strategy = if engines.is_empty() {
        pool()
    } else {
        InstanceAllocationStrategy::OnDemand
    };
    let engine = create(&key, strategy)?;
    engines.insert(key, engine.clone());
    Ok(engine)
}

fn create(cache_dir: &Path, strategy: InstanceAllocationStrategy) -> anyhow::Result<Engine> {
    let mut cache = CacheConfig::new();
    cache.with_directory(cache_dir);
    let cache = Cache::new(cache)
        .map_err(anyhow::Error::from)
        .with_context(|| {
            format!(
                "{}: cannot be used as the cache of compiled components",
                cache_dir.display()
            )
        })?;

    let mut config = Config::new();
    config.cache(Some(cache));
    config.wasm_component_model_async(true);
    config.epoch_interruption(true);
    config.allocation_strategy(strategy);
    let engine = Engine::new(&config)?;

    let ticked = engine.clone();
    thread::Builder::new()
        .name("host-epoch".to_owned())
        .spawn(move || {
            loop {
                thread::sleep(EPOCH);
                ticked.increment_epoch();
            }
        })?;
    Ok(engine)
}

fn pool() -> InstanceAllocationStrategy {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(INSTANCES_MAX);
    pool.total_core_instances(INSTANCES_MAX * CORE_INSTANCES_PER_COMPONENT);
    pool.total_memories(INSTANCES_MAX * 2);
    pool.total_tables(INSTANCES_MAX * CORE_INSTANCES_PER_COMPONENT);
    pool.total_stacks(INSTANCES_MAX * 2);
    InstanceAllocationStrategy::Pooling(pool)
}
