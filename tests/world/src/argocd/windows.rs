//! Sync windows: whether a sync is let through (ARGOCD pkg/apis/application/v1alpha1/types.go, `SyncWindows.CanSync`).

use serde_json::{Value, json};

use super::shape::put;
use super::state::{Window, WindowKind};

/// Whether a project's windows let a sync through that somebody asked for, or that Argo CD does by itself.
pub(crate) fn may_sync(windows: Option<&Vec<Window>>, asked: bool) -> bool {
    let windows = windows.map(Vec::as_slice).unwrap_or_default();
    let of = |kind: WindowKind, open: bool| {
        windows
            .iter()
            .filter(move |window| window.kind == kind && window.open == open)
    };
    if of(WindowKind::Deny, true).next().is_some() {
        return asked && of(WindowKind::Deny, true).all(|window| window.manual_sync);
    }
    if of(WindowKind::Allow, true).next().is_some() {
        return true;
    }
    if of(WindowKind::Allow, false).next().is_some() {
        return asked && of(WindowKind::Allow, false).all(|window| window.manual_sync);
    }
    true
}

/// `GET /applications/{name}/syncwindows`.
pub(crate) fn shown(windows: Option<&Vec<Window>>) -> Value {
    let all = windows.map(Vec::as_slice).unwrap_or_default();
    let written = |windows: Vec<&Window>| -> Vec<Value> {
        let one = |window: &&Window| {
            let kind = match window.kind {
                WindowKind::Allow => "allow",
                WindowKind::Deny => "deny",
            };
            json!({"kind": kind, "schedule": "0 22 * * *", "duration": "8h", "manualSync": window.manual_sync})
        };
        windows.iter().map(one).collect()
    };
    let mut answer = json!({"canSync": may_sync(windows, true)});
    for (key, some) in [
        (
            "activeWindows",
            all.iter().filter(|window| window.open).collect::<Vec<_>>(),
        ),
        ("assignedWindows", all.iter().collect()),
    ] {
        if !some.is_empty() {
            put(&mut answer, key, Value::Array(written(some)));
        }
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(kind: WindowKind, open: bool, manual_sync: bool) -> Window {
        Window {
            kind,
            open,
            manual_sync,
        }
    }

    #[test]
    fn an_open_denying_window_wins_and_without_an_open_allowing_one_nothing_is_synced() {
        use WindowKind::{Allow, Deny};
        let cases = [
            (vec![], true, true),
            (vec![window(Deny, false, false)], true, true),
            (vec![window(Deny, true, false)], false, false),
            (vec![window(Deny, true, true)], true, false),
            (
                vec![window(Deny, true, true), window(Deny, true, false)],
                false,
                false,
            ),
            (vec![window(Allow, true, false)], true, true),
            (vec![window(Allow, false, false)], false, false),
            (vec![window(Allow, false, true)], true, false),
            (
                vec![window(Allow, false, true), window(Allow, false, false)],
                false,
                false,
            ),
            (
                vec![window(Allow, true, false), window(Deny, true, false)],
                false,
                false,
            ),
        ];
        for (windows, asked, by_itself) in cases {
            assert_eq!(may_sync(Some(&windows), true), asked, "{windows:?}");
            assert_eq!(may_sync(Some(&windows), false), by_itself, "{windows:?}");
        }
    }
}
