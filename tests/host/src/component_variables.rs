//! `spin:variables@3.0.0`: the values of a component's own variables.

use std::collections::BTreeMap;
use std::sync::Arc;

use wasmtime::component::{Accessor, HasData};

use crate::bindings::spin::spin::variables::variables;
use crate::variables::check_name;

/// The variables of one component with their values.
#[derive(Clone)]
pub(crate) struct ComponentVariables {
    component: Arc<str>,
    values: Arc<BTreeMap<String, String>>,
}

impl ComponentVariables {
    pub(crate) fn new(component: &str, values: BTreeMap<String, String>) -> Self {
        Self {
            component: component.into(),
            values: Arc::new(values),
        }
    }

    fn get(&self, name: &str) -> Result<String, variables::Error> {
        check_name(name).map_err(|problem| {
            variables::Error::InvalidName(format!("the variable {name:?} {problem}"))
        })?;
        let undefined = || {
            variables::Error::Undefined(format!("no variable for {:?}.{name:?}", self.component))
        };
        self.values.get(name).cloned().ok_or_else(undefined)
    }
}

impl HasData for ComponentVariables {
    type Data<'a> = &'a mut ComponentVariables;
}

impl variables::Host for ComponentVariables {}

impl<T: 'static> variables::HostWithStore<T> for ComponentVariables {
    async fn get(
        accessor: &Accessor<T, Self>,
        name: String,
    ) -> wasmtime::Result<Result<String, variables::Error>> {
        Ok(accessor.with(|mut access| access.get().get(&name)))
    }
}
