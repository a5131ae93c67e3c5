//! A loaded application: its components ready to answer, connected to each other.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use wasmtime::component::{Component as Wasm, Linker};
use wasmtime_wasi_http::p3::bindings::ServicePre;

use crate::answers::AnswerWatch;
use crate::application::Application;
use crate::component_plan::ComponentPlan;
use crate::component_variables::ComponentVariables;
use crate::compose::{Misfit, compose};
use crate::dispatch::{Component, Instances};
use crate::document::{Document, Refusal};
use crate::engine::{Compiler, compiler};
use crate::guest::{Guest, linker};
use crate::key_value::Stores;
use crate::log::ComponentLog;
use crate::options::Options;
use crate::outbound::Outbound;
use crate::routes::Routes;

/// A loaded application.
pub(crate) struct App {
    /// Who is told of its answers.
    pub(crate) answer_watch: AnswerWatch,
    routes: Routes,
    components: BTreeMap<String, Component>,
    /// Cancelled when the host stops: every instance ends then.
    pub(crate) stop: CancellationToken,
    /// The instances that live.
    pub(crate) running: TaskTracker,
}

impl App {
    /// Compiles the components, or takes them from the cache, and connects them.
    pub(crate) fn load(application: Application, options: &Options) -> anyhow::Result<Arc<Self>> {
        let Application {
            routes,
            components: plans,
            stores,
            document,
        } = application;
        let compiler = compiler(&options.cache_dir)?;
        let stop = CancellationToken::new();
        let loader = Loader {
            linker: linker(&compiler.engine)?,
            compiler,
            stores: Arc::new(Stores::new(&stores, &stop)?),
            document: &document,
            options,
            stop,
            running: TaskTracker::new(),
        };
        let mut components = BTreeMap::new();
        let mut allow_lists = Vec::new();
        for (id, mut plan) in plans {
            allow_lists.push((id.clone(), Arc::new(std::mem::take(&mut plan.allow_list))));
            components.insert(id, loader.load(plan)?);
        }
        let Loader { stop, running, .. } = loader;
        let app = Arc::new(Self {
            answer_watch: options.answer_watch.clone(),
            routes,
            components,
            stop,
            running,
        });
        for (id, allow_list) in allow_lists {
            if let Some(component) = app.component(&id) {
                let log = ComponentLog::new(&id, options.log.clone());
                component.connect(Outbound {
                    allow_list,
                    app: Arc::downgrade(&app),
                    log,
                });
            }
        }
        Ok(app)
    }

    pub(crate) fn routes(&self) -> &Routes {
        &self.routes
    }

    pub(crate) fn component(&self, id: &str) -> Option<&Component> {
        self.components.get(id)
    }
}

struct Loader<'a> {
    compiler: Arc<Compiler>,
    linker: Linker<Guest>,
    stores: Arc<Stores>,
    document: &'a Document,
    options: &'a Options,
    stop: CancellationToken,
    running: TaskTracker,
}

impl Loader<'_> {
    fn load(&self, plan: ComponentPlan) -> anyhow::Result<Component> {
        let service = self.service(&plan)?;
        let log = ComponentLog::new(&plan.id, self.options.log.clone());
        Ok(Component::new(Instances {
            engine: self.compiler.engine.clone(),
            service,
            environment: plan.environment.into_iter().collect(),
            variables: ComponentVariables::new(&plan.id, plan.variables),
            stores: Arc::clone(&self.stores),
            labels: Arc::new(plan.stores),
            store_watch: self.options.store_watch.clone(),
            component: plan.id.into(),
            outbound: OnceLock::new(),
            log,
            reuse: self.options.reuse,
            stop: self.stop.clone(),
            running: self.running.clone(),
        }))
    }

    fn service(&self, plan: &ComponentPlan) -> anyhow::Result<ServicePre<Guest>> {
        let refuse = |problem: &str, error: &wasmtime::Error| {
            self.refuse(plan, &format!("{problem}: {error:#}"))
        };
        let wasm = self.compiler.component(plan, |engine| {
            let bytes = compose(plan).map_err(|error| self.refuse_composition(plan, &error))?;
            let wasm = Wasm::new(engine, bytes);
            Ok(wasm.map_err(|error| refuse("its source cannot be compiled", &error))?)
        })?;
        let linked = self.linker.instantiate_pre(&wasm).map_err(|error| {
            refuse(
                "it imports what neither this host nor a dependency offers",
                &error,
            )
        })?;
        let service = ServicePre::new(linked).map_err(|error| {
            refuse(
                "it has a trigger and does not handle HTTP as spin-sdk 7 does",
                &error,
            )
        })?;
        Ok(service)
    }

    fn refuse(&self, plan: &ComponentPlan, problem: &str) -> Refusal {
        self.document.refuse(
            plan.place.clone(),
            format!("the component {:?}: {problem}", plan.id),
        )
    }

    /// Names the line of the dependency if it is the only one and at fault, else that of the component.
    fn refuse_composition(&self, plan: &ComponentPlan, error: &anyhow::Error) -> Refusal {
        let of_component = matches!(
            error.downcast_ref(),
            Some(Misfit::NotWasm | Misfit::CoreModule)
        );
        let place = match plan.dependencies.as_slice() {
            [only] if !of_component => only.place.clone(),
            _ => plan.place.clone(),
        };
        self.document
            .refuse(place, format!("the component {:?}: {error:#}", plan.id))
    }
}

/// Reads the application that `options` names and loads it.
pub(crate) fn load(options: &Options) -> anyhow::Result<Arc<App>> {
    App::load(crate::application::read(options)?, options)
}
