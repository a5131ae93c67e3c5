//! The wasm engine: one per cache directory and process, shared by all hosts in it.
//!
//! The first one of a process keeps a pool of instances, as Spin does. A pool reserves terabytes of address space, so that
//! a process cannot have many: later ones make each instance when it is needed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use wasmtime::component::Component;
use wasmtime::{
    Cache, CacheConfig, Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig,
};

use crate::component_plan::ComponentPlan;

/// How often a guest that computes without a pause lets others run.
const EPOCH: Duration = Duration::from_millis(10);

/// How many component instances can live at once in this process; Spin's number.
const INSTANCES_MAX: u32 = 1_000;

/// How many core instances one component is made of at most: itself, its adapters and its dependencies' own.
const CORE_INSTANCES_PER_COMPONENT: u32 = 8;

static ENGINES: Mutex<BTreeMap<PathBuf, Arc<Compiler>>> = Mutex::new(BTreeMap::new());

/// An engine and the components that it has compiled in this process.
pub(crate) struct Compiler {
    pub(crate) engine: Engine,
    compiled: Mutex<BTreeMap<Recipe, Component>>,
}

/// What a component is made of: the files as they were when it was compiled, and which dependency satisfies what.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Recipe {
    files: Vec<(PathBuf, u64, SystemTime)>,
    wiring: Vec<(String, Option<String>)>,
}

/// The compiler that keeps its components in `cache_dir`.
pub(crate) fn compiler(cache_dir: &Path) -> anyhow::Result<Arc<Compiler>> {
    let key = std::path::absolute(cache_dir)?;
    let mut compilers = ENGINES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(compiler) = compilers.get(&key) {
        return Ok(Arc::clone(compiler));
    }
    let strategy = if compilers.is_empty() {
        pool()
    } else {
        InstanceAllocationStrategy::OnDemand
    };
    let compiler = Arc::new(Compiler {
        engine: create(&key, strategy)?,
        compiled: Mutex::default(),
    });
    compilers.insert(key, Arc::clone(&compiler));
    Ok(compiler)
}

impl Compiler {
    /// Answers the component that `plan` describes; `compile` makes it if this process has not had it yet.
    pub(crate) fn component(
        &self,
        plan: &ComponentPlan,
        compile: impl FnOnce(&Engine) -> anyhow::Result<Component>,
    ) -> anyhow::Result<Component> {
        let recipe = recipe(plan)?;
        let lock = || self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(component) = lock().get(&recipe) {
            return Ok(component.clone());
        }
        let component = compile(&self.engine)?;
        lock().insert(recipe, component.clone());
        Ok(component)
    }
}

fn recipe(plan: &ComponentPlan) -> anyhow::Result<Recipe> {
    let mut files = vec![file(&plan.source)?];
    let mut wiring = Vec::new();
    for dependency in &plan.dependencies {
        files.push(file(&dependency.path)?);
        wiring.push((dependency.name.clone(), dependency.export.clone()));
    }
    Ok(Recipe { files, wiring })
}

fn file(path: &Path) -> anyhow::Result<(PathBuf, u64, SystemTime)> {
    let metadata =
        fs::metadata(path).with_context(|| format!("{}: cannot be read", path.display()))?;
    Ok((path.to_owned(), metadata.len(), metadata.modified()?))
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
