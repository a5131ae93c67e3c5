//! HTTP: who is asked, how long it takes, and what goes wrong on the way.

use std::{rc::Rc, time::Duration};

use ::http::{HeaderMap, HeaderValue, Method, StatusCode};
use ports::{Http, HttpError, Request, Response};
use serde_json::{Value, json};

use crate::{
    coolify,
    faults::HttpFaults,
    github, instance,
    kernel::{MILLISECOND, Micros, SECOND},
    kubernetes, platform,
    port::Port,
    releases,
    sim::{Course, Sim},
    site,
};

/// Where GitHub's API is.
pub(crate) const GITHUB: &str = "https://api.github.test";
/// Where Argo CD is.
pub(crate) const ARGOCD: &str = "https://argocd.test";
/// Where Coolify is.
pub(crate) const COOLIFY: &str = "https://coolify.test";
/// Where the platform API is.
pub(crate) const PLATFORM: &str = "https://platform.test";
/// Where Kubernetes is.
pub(crate) const KUBERNETES: &str = "https://kubernetes.test";

/// Requests land at the latest so long after they were sent: below what the domain waits before it believes that one is lost.
const LANDS_MAX: Micros = 25 * SECOND;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Vendor {
    GitHub,
    Coolify,
    Platform,
    Kubernetes,
    ArgoCd,
    Site,
}

/// A request, taken apart.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    /// The path without the query.
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) body: Vec<u8>,
    /// Who asks.
    pub(crate) by: String,
}

impl Asked {
    /// The parts of the path.
    pub(crate) fn parts(&self) -> Vec<&str> {
        self.path
            .split('/')
            .filter(|part| !part.is_empty())
            .collect()
    }

    /// A parameter of the query.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find_map(|(key, value)| (key == name).then_some(value))
    }

    /// A text in the JSON body; empty if there is none.
    pub(crate) fn text(&self, field: &str) -> String {
        let value = self.field(field);
        value.as_str().unwrap_or_default().to_owned()
    }

    /// A number in the JSON body; 0 if there is none.
    pub(crate) fn number(&self, field: &str) -> u64 {
        self.field(field).as_u64().unwrap_or_default()
    }

    /// A value in the JSON body; null if there is none.
    pub(crate) fn field(&self, field: &str) -> Value {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        body.get(field).cloned().unwrap_or_default()
    }
}

/// What becomes of a request.
enum Fate {
    /// It is answered.
    Well,
    /// It has its effect, and the answer is changed on the way.
    Changed(fn(Response) -> Response),
    /// It has its effect, and there is this instead of an answer.
    Lost(Result<Response, HttpError>, Micros),
    /// It has no effect, and this is the answer.
    Instead(Result<Response, HttpError>, Micros),
}

impl Http for Port {
    async fn send(&self, request: Request) -> Result<Response, HttpError> {
        if let Some(name) = component(&request.url) {
            return Ok(instance::component(self, name, &request).await);
        }
        let sim = &self.sim;
        let (vendor, asked) = taken_apart(&request, self.name());
        let limit = micros(request.timeout);
        let fate = fate(sim, vendor, &asked, limit);
        if vendor != Vendor::Site {
            sim.statistics.vendor_calls.add(1);
            if !matches!(fate, Fate::Well) {
                sim.statistics.vendor_failures.add(1);
            }
        }
        let told = sim.journal.is_kept().then(|| {
            (
                format!("{} {}", asked.method, asked.path),
                String::from_utf8_lossy(&asked.body)
                    .chars()
                    .take(120)
                    .collect::<String>(),
            )
        });
        let (effect, answer) = durations(sim, vendor, &asked.method);
        let mut course = Course {
            effect: Some(effect),
            answer: (effect + answer).min(limit),
            outlives: sim.random.percent(70),
        };
        let mut change: fn(Response) -> Response = |response| response;
        let otherwise = match fate {
            // It lands when nobody waits for an answer any more.
            Fate::Well | Fate::Changed(_) if effect >= limit => {
                course.answer = limit;
                Some(Err(silent(vendor, limit)))
            }
            Fate::Well => None,
            Fate::Changed(how) => {
                change = how;
                None
            }
            Fate::Lost(result, at) => {
                course.effect = Some(sim.random.below(LANDS_MAX.min(limit)));
                course.answer = at;
                Some(result)
            }
            Fate::Instead(result, at) => {
                course.effect = None;
                course.answer = at;
                Some(result)
            }
        };
        let name = self.name();
        if let (Some((line, body)), true) = (&told, vendor != Vendor::Site) {
            sim.tell(&name, || format!("-> {line} {body}"));
        }
        let handle = move |sim: &Rc<Sim>| {
            let response = match vendor {
                Vendor::GitHub if sim.releases.is_some() => releases::github::answer(sim, &asked),
                Vendor::GitHub => github::answer(sim, &asked),
                Vendor::ArgoCd => releases::argocd::answer(sim, &asked),
                Vendor::Coolify => coolify::answer(sim, &asked),
                Vendor::Platform => platform::answer(sim, &asked),
                Vendor::Kubernetes => kubernetes::answer(sim, &asked),
                Vendor::Site => site::answer(sim, &asked),
            };
            Ok(change(response))
        };
        let result = sim.call(self.instance, course, handle, otherwise).await;
        if let Some((line, _)) = told.filter(|_| vendor != Vendor::Site) {
            sim.tell(&name, || format!("<- {line}: {}", shown(&result)));
        }
        result
    }
}

/// The component of the same process that a URL leads to.
fn component(url: &str) -> Option<&str> {
    let (name, _) = url.strip_prefix("http://")?.split_once(".spin.internal/")?;
    Some(name)
}

fn shown(result: &Result<Response, HttpError>) -> String {
    match result {
        Ok(response) => {
            let body: String = String::from_utf8_lossy(&response.body)
                .chars()
                .take(150)
                .collect();
            format!("{} {body}", response.status.as_u16())
        }
        Err(error) => error.to_string(),
    }
}

fn micros(duration: Duration) -> Micros {
    Micros::try_from(duration.as_micros()).unwrap_or(Micros::MAX)
}

fn taken_apart(request: &Request, by: String) -> (Vendor, Asked) {
    let (vendor, rest) = if let Some(rest) = request.url.strip_prefix(GITHUB) {
        (Vendor::GitHub, rest)
    } else if let Some(rest) = request.url.strip_prefix(COOLIFY) {
        (Vendor::Coolify, rest)
    } else if let Some(rest) = request.url.strip_prefix(PLATFORM) {
        (Vendor::Platform, rest)
    } else if let Some(rest) = request.url.strip_prefix(KUBERNETES) {
        (Vendor::Kubernetes, rest)
    } else if let Some(rest) = request.url.strip_prefix(ARGOCD) {
        (Vendor::ArgoCd, rest)
    } else {
        (Vendor::Site, request.url.as_str())
    };
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let asked = Asked {
        method: request.method.clone(),
        path: path.to_owned(),
        query: query.to_owned(),
        body: request.body.clone(),
        by,
    };
    (vendor, asked)
}

/// Until the effect, and from there to the answer.
fn durations(sim: &Sim, vendor: Vendor, method: &Method) -> (Micros, Micros) {
    let faults = faults(sim, vendor);
    let slow = sim.random.chance(faults.slow);
    let longest = match (vendor, slow) {
        (Vendor::Coolify, true) if *method == Method::DELETE => 25 * SECOND,
        (_, true) => 14 * SECOND,
        (Vendor::Coolify, false) if *method == Method::DELETE => 3 * SECOND,
        (_, false) => 300 * MILLISECOND,
    };
    let one = || sim.random.between(5 * MILLISECOND, longest);
    (one(), one())
}

fn faults(sim: &Sim, vendor: Vendor) -> HttpFaults {
    match vendor {
        Vendor::GitHub => sim.faults.get().github,
        // Whatever deploys fails as often.
        Vendor::Coolify | Vendor::Platform | Vendor::Kubernetes | Vendor::ArgoCd => {
            sim.faults.get().coolify
        }
        Vendor::Site => HttpFaults::default(),
    }
}

fn host(vendor: Vendor) -> &'static str {
    match vendor {
        Vendor::GitHub => GITHUB,
        Vendor::Coolify => COOLIFY,
        Vendor::Platform => PLATFORM,
        Vendor::Kubernetes => KUBERNETES,
        Vendor::ArgoCd => ARGOCD,
        Vendor::Site => "the preview",
    }
}

/// There was no answer within the limit.
fn silent(vendor: Vendor, limit: Micros) -> HttpError {
    HttpError::TimedOut {
        host: host(vendor).to_owned(),
        seconds: limit / SECOND,
    }
}

fn fate(sim: &Rc<Sim>, vendor: Vendor, asked: &Asked, limit: Micros) -> Fate {
    let faults = faults(sim, vendor);
    let random = &sim.random;
    let host = host(vendor);
    if vendor == Vendor::Site {
        return Fate::Well;
    }
    let refused = || HttpError::NoConnection {
        host: host.to_owned(),
        reason: "connection refused".to_owned(),
    };
    if is_down(sim, vendor, faults.outage) || random.chance(faults.refused) {
        return Fate::Instead(Err(refused()), random.between(1, 2_000) * MILLISECOND);
    }
    if random.chance(faults.silent) {
        return if random.percent(50) {
            Fate::Lost(Err(silent(vendor, limit)), limit)
        } else {
            Fate::Instead(Err(silent(vendor, limit)), limit)
        };
    }
    let soon = random.between(50, 3_000) * MILLISECOND;
    if random.chance(faults.garbled) {
        return garbled(random.below(4), host, soon);
    }
    if random.chance(faults.server_error) {
        let status = random.pick(&[500_u16, 502, 503, 504]);
        let response = Ok(plain(status, "<html>Bad gateway</html>"));
        return if random.percent(50) {
            Fate::Lost(response, soon.max(LANDS_MAX.min(limit)))
        } else {
            Fate::Instead(response, soon)
        };
    }
    if random.chance(faults.limited) {
        return Fate::Instead(Ok(limited(sim, vendor)), soon);
    }
    let deploys = vendor == Vendor::Coolify && asked.method == Method::POST;
    if deploys && random.chance(faults.refusal) {
        coolify::note_refusal(sim, asked);
        let body =
            json!({"deployments": [{"message": "Unauthorized to deploy this application."}]});
        return Fate::Instead(Ok(json_response(200, &body)), soon);
    }
    Fate::Well
}

fn garbled(kind: u64, host: &str, soon: Micros) -> Fate {
    match kind {
        0 => Fate::Lost(
            Err(HttpError::Broken {
                host: host.to_owned(),
                reason: "connection reset".to_owned(),
            }),
            soon.max(LANDS_MAX),
        ),
        1 => Fate::Changed(|mut response| {
            response.body.truncate(response.body.len() / 2);
            response
        }),
        2 => Fate::Changed(|_| plain(200, "<html>Welcome</html>")),
        _ => Fate::Changed(|response| Response {
            body: b"{}".to_vec(),
            ..response
        }),
    }
}

fn limited(sim: &Sim, vendor: Vendor) -> Response {
    let seconds = sim.random.between(1, 90);
    let header = |number: u64| HeaderValue::from(number);
    let too_many = |status| {
        let mut response = json_response(status, &json!({"message": "Too Many Attempts."}));
        response.headers.insert("retry-after", header(seconds));
        response
    };
    if vendor != Vendor::GitHub {
        return too_many(429);
    }
    match sim.random.below(3) {
        0 => {
            let mut response = json_response(
                403,
                &json!({"message": "API rate limit exceeded for user ID 1."}),
            );
            let now = u64::try_from(sim.now().milliseconds() / 1_000).unwrap_or_default();
            response.headers.insert("x-ratelimit-remaining", header(0));
            response
                .headers
                .insert("x-ratelimit-reset", header(now + seconds));
            response
        }
        1 => json_response(
            403,
            &json!({"message": "You have exceeded a secondary rate limit."}),
        ),
        _ => too_many(429),
    }
}

/// Whether the vendor is down; now and then it goes down.
fn is_down(sim: &Rc<Sim>, vendor: Vendor, rate: u64) -> bool {
    let now = sim.kernel.now();
    let begins = sim.random.chance(rate);
    let until = now + sim.random.between(5, 240) * SECOND;
    let down_until = match vendor {
        Vendor::GitHub => &mut sim.github.borrow_mut().down_until,
        Vendor::Coolify | Vendor::ArgoCd | Vendor::Site => &mut sim.coolify.borrow_mut().down_until,
        Vendor::Platform => &mut sim.platform.borrow_mut().down_until,
        Vendor::Kubernetes => &mut sim.kubernetes.borrow_mut().down_until,
    };
    if begins {
        *down_until = until;
    }
    *down_until > now
}

/// An answer with a JSON body.
pub(crate) fn json_response(status: u16, body: &Value) -> Response {
    Response {
        status: StatusCode::from_u16(status).unwrap_or_default(),
        headers: HeaderMap::new(),
        body: body.to_string().into_bytes(),
    }
}

/// An answer that is not JSON.
pub(crate) fn plain(status: u16, body: &str) -> Response {
    Response {
        status: StatusCode::from_u16(status).unwrap_or_default(),
        headers: HeaderMap::new(),
        body: body.as_bytes().to_vec(),
    }
}
