//! Argo CD's API, as far as Slipway uses it for an application whose image Kustomize sets.

use std::rc::Rc;

use ::http::Method;
use ports::Response;
use serde_json::{Value, json};

use super::{Application, ask, look_soon, shape};
use crate::{
    http::{Asked, json_response},
    releases::{watch, with},
    sim::Sim,
};

/// Answers a request.
pub(crate) fn answer(sim: &Rc<Sim>, asked: &Asked) -> Response {
    let parts = asked.parts();
    let ["api", "v1", "applications", name, rest @ ..] = parts.as_slice() else {
        return unexpected(sim, asked);
    };
    let named = with(sim, |world| {
        let mut all = world.argocd.applications.keys();
        all.find(|known| *known == name).copied()
    });
    let Some(name) = named else {
        return failure(404, "applications.argoproj.io \"shop\" not found");
    };
    let project = match asked.method {
        Method::GET | Method::DELETE => asked.parameter("project").unwrap_or_default().to_owned(),
        _ => asked.text("project"),
    };
    if project != "default" {
        sim.violate(|| format!("{} {} names no project", asked.method, asked.path));
    }
    match (&asked.method, rest) {
        (&Method::GET, []) => shown(sim, name),
        (&Method::PATCH, []) => patch(sim, name, asked),
        (&Method::POST, ["sync"]) => sync(sim, name, asked),
        (&Method::DELETE, ["operation"]) => terminate(sim, name),
        (&Method::GET, ["syncwindows"]) => json_response(200, &json!({"canSync": true})),
        _ => unexpected(sim, asked),
    }
}

fn unexpected(sim: &Rc<Sim>, asked: &Asked) -> Response {
    sim.violate(|| format!("unexpected request: {} {}", asked.method, asked.path));
    failure(404, "Not Found")
}

fn failure(status: u16, message: &str) -> Response {
    json_response(
        status,
        &json!({"error": message, "code": 9, "message": message}),
    )
}

fn shown(sim: &Rc<Sim>, name: &'static str) -> Response {
    let json = with(sim, |world| {
        let application = world.argocd.applications.get(name)?;
        Some(shape::application(sim, application))
    });
    json_response(200, &json.unwrap_or_default())
}

/// A JSON patch: the source is as it was read, and its images become others.
fn patch(sim: &Rc<Sim>, name: &'static str, asked: &Asked) -> Response {
    let steps: Vec<Value> = serde_json::from_str(&asked.text("patch")).unwrap_or_default();
    let [test, add] = steps.as_slice() else {
        return unexpected(sim, asked);
    };
    let image = add.pointer("/value/0").and_then(Value::as_str);
    let is_of_images =
        add.get("path").and_then(Value::as_str) == Some("/spec/source/kustomize/images");
    let Some(image) = image.filter(|_| is_of_images) else {
        return unexpected(sim, asked);
    };
    let holds = with(sim, |world| {
        let application = world.argocd.applications.get(name)?;
        let json = shape::application(sim, application);
        let is_so = json.pointer("/spec/source") == test.get("value");
        is_so.then_some(())
    });
    if holds.is_none() {
        return failure(500, "testing path /spec/source value failed: test failed");
    }
    watch::image_set(sim, name, image);
    with(sim, |world| {
        if let Some(application) = world.argocd.applications.get_mut(name) {
            application.version += 1;
            image.clone_into(&mut application.wanted);
        }
    });
    sim.tell("argocd", || {
        format!("{name}: its specification says {image}")
    });
    look_soon(sim, name);
    shown(sim, name)
}

fn sync(sim: &Rc<Sim>, name: &'static str, asked: &Asked) -> Response {
    let mark = asked.field("infos");
    let mark = mark.pointer("/0/value").and_then(Value::as_str);
    if ask(sim, name, mark.map(str::to_owned)) {
        shown(sim, name)
    } else {
        failure(
            400,
            "error setting app operation: rpc error: code = FailedPrecondition desc = another operation is already in progress",
        )
    }
}

fn terminate(sim: &Rc<Sim>, name: &'static str) -> Response {
    let running = |application: &mut Application| {
        application.operation.as_ref()?;
        let state = application.state.as_mut()?;
        state.phase = "Terminating";
        application.version += 1;
        Some(())
    };
    let asked = with(sim, |world| {
        world.argocd.applications.get_mut(name).and_then(running)
    });
    match asked {
        Some(()) => {
            sim.tell("argocd", || {
                format!("{name}: the operation is told to stop")
            });
            json_response(200, &json!({}))
        }
        None => failure(
            400,
            "Unable to terminate operation. No operation is in progress",
        ),
    }
}
