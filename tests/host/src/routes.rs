//! Which component answers which path, by Spin's own router, and what a match says about the path.

use routefinder::{RouteSpec, Router};

/// What follows `/.well-known/spin/` is answered by the host itself.
pub(crate) const WELL_KNOWN_PREFIX: &str = "/.well-known/spin/";

/// The public routes of an application.
#[derive(Debug, Default)]
pub(crate) struct Routes {
    router: Router<Route>,
}

#[derive(Debug)]
struct Route {
    component: String,
    pattern: String,
}

/// A path that a component answers.
#[derive(Debug, PartialEq)]
pub(crate) struct Match {
    /// The component.
    pub(crate) component: String,
    /// The route as the manifest has it.
    pub(crate) pattern: String,
    /// What the trailing wildcard took, with its leading slash; empty without one.
    pub(crate) rest: String,
    /// What the named segments (`/:name`) took.
    pub(crate) captures: Vec<(String, String)>,
}

impl Routes {
    /// Adds a route; `Err` says why the pattern is none.
    pub(crate) fn add(&mut self, pattern: &str, component: &str) -> Result<(), String> {
        let normal = normal_form(pattern);
        let spec = match normal.strip_suffix("/...") {
            Some(prefix) => RouteSpec::try_from(format!("{prefix}/*")),
            None => RouteSpec::try_from(normal.as_str()),
        }?;
        let route = Route {
            component: component.to_owned(),
            pattern: pattern.to_owned(),
        };
        self.router
            .add(spec, route)
            .map_err(|never: std::convert::Infallible| match never {})
    }

    /// Finds the component for a path: exact segments win over named ones, those over wildcards.
    pub(crate) fn find(&self, path: &str) -> Option<Match> {
        let found = self.router.best_match(path)?;
        let captures = found.captures();
        // The router leaves a trailing slash out of the wildcard, Spin keeps it.
        let rest = match captures.wildcard() {
            None => String::new(),
            Some("") if path.ends_with('/') => "/".to_owned(),
            Some("") => String::new(),
            Some(rest) if path.ends_with('/') => format!("/{rest}/"),
            Some(rest) => format!("/{rest}"),
        };
        let route = found.handler();
        Some(Match {
            component: route.component.clone(),
            pattern: route.pattern.clone(),
            rest,
            captures: captures
                .iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        })
    }
}

impl Match {
    /// A request that comes from another component: any path, private components too.
    pub(crate) fn chained(component: &str, path: &str) -> Self {
        Self {
            component: component.to_owned(),
            pattern: "/...".to_owned(),
            rest: path.to_owned(),
            captures: Vec::new(),
        }
    }

    /// The route without its trailing wildcard.
    pub(crate) fn prefix(&self) -> &str {
        self.pattern.strip_suffix("/...").unwrap_or(&self.pattern)
    }
}

/// The route with one leading slash and no trailing one: two routes with the same form are the same route.
pub(crate) fn normal_form(pattern: &str) -> String {
    let pattern = pattern.strip_prefix('/').unwrap_or(pattern);
    format!("/{}", pattern.strip_suffix('/').unwrap_or(pattern))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes() -> Routes {
        let mut routes = Routes::default();
        for (pattern, component) in [
            ("/", "root"),
            ("/hooks", "hooks"),
            ("/hooks/...", "below-hooks"),
            ("/users/:user/...", "user"),
            ("no/slashes/", "no-slashes"),
        ] {
            routes.add(pattern, component).unwrap();
        }
        routes
    }

    #[track_caller]
    fn check(path: &str, component: &str, rest: &str) {
        let found = routes()
            .find(path)
            .unwrap_or_else(|| panic!("{path} has no route"));
        assert_eq!(
            (found.component.as_str(), found.rest.as_str()),
            (component, rest),
            "{path}"
        );
    }

    #[test]
    fn the_most_exact_route_wins_and_a_wildcard_keeps_the_slashes() {
        check("/", "root", "");
        check("/hooks", "hooks", "");
        check("/hooks/github", "below-hooks", "/github");
        check("/hooks/a/b/", "below-hooks", "/a/b/");
        check("/no/slashes", "no-slashes", "");
    }

    #[test]
    fn named_segments_are_captured() {
        let found = routes().find("/users/ann/settings").unwrap();
        assert_eq!(found.captures, [("user".to_owned(), "ann".to_owned())]);
        assert_eq!(
            (found.prefix(), found.rest.as_str()),
            ("/users/:user", "/settings")
        );
    }

    #[test]
    fn other_paths_have_no_route() {
        assert_eq!(routes().find("/nothing"), None);
        assert_eq!(routes().find("/users"), None);
    }
}
