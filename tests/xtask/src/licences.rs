//! `cargo xtask licences`: every dependency may be used under a licence that everybody can live with.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use serde::Deserialize;

use crate::workspace;

/// Licences by their SPDX names that ask for nothing but their own text and names to be kept.
const ALLOWED: [&str; 14] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
}

/// Prints how many packages have which licence; a package without an allowed one is an error.
pub(crate) fn check() -> anyhow::Result<()> {
    let output = workspace::cargo()
        .args(["metadata", "--format-version", "1", "--locked"])
        .output()
        .context("cannot run cargo metadata")?;
    if !output.status.success() {
        bail!(
            "cargo metadata failed:\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let metadata: Metadata =
        serde_json::from_slice(&output.stdout).context("cargo metadata is not as expected")?;
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut refused = Vec::new();
    for package in metadata.packages {
        let licence = package.license.unwrap_or_else(|| "none".to_owned());
        if !is_allowed(&licence) {
            refused.push(format!("  {} {}: {licence}", package.name, package.version));
        }
        *counts.entry(licence).or_default() += 1;
    }
    for (licence, count) in &counts {
        println!("{count:>5}  {licence}");
    }
    if !refused.is_empty() {
        bail!(
            "these packages have no licence that is allowed (tests/xtask/src/licences.rs):\n{}",
            refused.join("\n")
        );
    }
    Ok(())
}

/// Whether an SPDX expression, or cargo's older form with `/` for OR, can be met with allowed licences alone.
fn is_allowed(expression: &str) -> bool {
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let mut words = spaced.split_whitespace().peekable();
    alternatives(&mut words) && words.next().is_none()
}

type Words<'a, 'b> = &'a mut std::iter::Peekable<std::str::SplitWhitespace<'b>>;

fn alternatives(words: Words<'_, '_>) -> bool {
    let mut allowed = conjunction(words);
    while words.next_if_eq(&"OR").is_some() {
        // Both sides are read in any case.
        let other = conjunction(words);
        allowed |= other;
    }
    allowed
}

fn conjunction(words: Words<'_, '_>) -> bool {
    let mut allowed = single(words);
    while words.next_if_eq(&"AND").is_some() {
        let other = single(words);
        allowed &= other;
    }
    allowed
}

fn single(words: Words<'_, '_>) -> bool {
    match words.next() {
        Some("(") => {
            let allowed = alternatives(words);
            words.next_if_eq(&")").is_some() && allowed
        }
        Some(name) => {
            let mut licence = name.to_owned();
            if words.next_if_eq(&"WITH").is_some() {
                licence.push_str(" WITH ");
                licence.push_str(words.next().unwrap_or_default());
            }
            ALLOWED.contains(&licence.as_str())
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_is_allowed_if_allowed_licences_meet_it() {
        for expression in [
            "MIT",
            "MIT/Apache-2.0",
            "GPL-3.0 OR MIT",
            "(MIT OR GPL-3.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception",
            "Zlib OR Apache-2.0 OR MIT",
        ] {
            assert!(is_allowed(expression), "{expression}");
        }
        for expression in [
            "GPL-3.0",
            "none",
            "",
            "MIT AND GPL-3.0",
            "(MIT OR Apache-2.0) AND AGPL-3.0",
            "GPL-2.0 WITH Classpath-exception-2.0",
            "(MIT",
            "MIT MIT",
        ] {
            assert!(!is_allowed(expression), "{expression}");
        }
    }
}
