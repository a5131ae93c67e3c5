//! Setting an image's version in a file of a GitOps repository: one scalar changes, and every other byte stays, comments, order
//! and quotes included.
//!
//! The file is parsed to find the place, edited as text, and parsed again: an edit that would change anything else is refused.

mod places;
mod spelling;

use std::fmt;

use crate::argocd::{ImageVersion, Setting, SourceKind};

use places::{Key, Mapping, Place, Tree};

/// A file after an edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// It is another one now.
    Changed {
        /// The whole file.
        text: String,
        /// The value that was there; none if there was none.
        before: Option<String>,
    },
    /// It says so already.
    Already,
}

/// Why a file is not edited. It is left as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotEdited {
    /// It cannot be read.
    #[error("line {line} is not YAML that Slipway edits: {problem}")]
    NotYaml {
        /// Where, counted from 1.
        line: usize,
        /// What is wrong.
        problem: String,
    },
    /// There is no place for the value.
    #[error("there is no place for {what}: {right}")]
    NoPlace {
        /// What was looked for.
        what: String,
        /// What would be right.
        right: &'static str,
    },
    /// The place is there more than once, or holds something else than a plain value.
    #[error("{what} in line {line} cannot be changed safely: {why}")]
    NotPlain {
        /// What is there.
        what: String,
        /// Where, counted from 1.
        line: usize,
        /// What is wrong with it.
        why: &'static str,
    },
}

/// The names that the file for a kind of source may have, in the order in which they are to be looked for; none for a kind that
/// is not edited.
pub const fn file_names(kind: SourceKind) -> &'static [&'static str] {
    match kind {
        SourceKind::Kustomize => &["kustomization.yaml", "kustomization.yml", "Kustomization"],
        SourceKind::Helm => &["values.yaml"],
        SourceKind::Directory | SourceKind::Plugin | SourceKind::Unknown => &[],
    }
}

/// Sets an image in a `kustomization.yaml`, or a value in a file of Helm's values.
pub fn set(file: &str, setting: &Setting) -> Result<Edit, NotEdited> {
    let tree = places::read(file)?;
    let Some(splice) = (match setting {
        Setting::KustomizeImage { image, version } => image_splice(file, &tree, image, version)?,
        Setting::HelmParameter { name, value } => value_splice(file, &tree, name, value)?,
    }) else {
        return Ok(Edit::Already);
    };
    let mut text = file.to_owned();
    text.replace_range(splice.at.clone(), &splice.text);
    let changed = places::read(&text)?;
    if !places::differs_in_one(&tree, &changed) {
        return Err(NotEdited::NotPlain {
            what: "the value".to_owned(),
            line: line_of(file, splice.at.start),
            why: "the change would change more than it",
        });
    }
    Ok(Edit::Changed {
        text,
        before: splice.before,
    })
}

/// What is to be replaced by what.
struct Splice {
    at: std::ops::Range<usize>,
    text: String,
    before: Option<String>,
}

/// The line of a byte, counted from 1.
fn line_of(file: &str, at: usize) -> usize {
    1 + file.get(..at).unwrap_or(file).matches('\n').count()
}

fn not_plain(what: impl fmt::Display, line: usize, why: &'static str) -> NotEdited {
    NotEdited::NotPlain {
        what: what.to_string(),
        line,
        why,
    }
}

/// The change of the entry of `images:` that is about this image.
fn image_splice(
    file: &str,
    tree: &Tree,
    image: &str,
    version: &ImageVersion,
) -> Result<Option<Splice>, NotEdited> {
    let what = || format!("{image} in images");
    let absent = || NotEdited::NoPlace {
        what: what(),
        right: "add one with name and newTag, once, and Slipway keeps it up to date",
    };
    let Tree::Mapping(root) = tree else {
        return Err(absent());
    };
    let Some((_, Tree::List(entries))) = root.get("images") else {
        return Err(absent());
    };
    let is_it = |entry: &&Mapping| {
        let said = |key: &str| entry.scalar(key).map(|place| place.text.as_str());
        said("newName").or_else(|| said("name")) == Some(image)
    };
    let mappings = entries.iter().filter_map(Tree::mapping);
    let found: Vec<&Mapping> = mappings.filter(is_it).collect();
    let entry = match found.as_slice() {
        [] => return Err(absent()),
        [entry] => entry,
        [_, second, ..] => {
            let line = line_of(file, second.start);
            return Err(not_plain(what(), line, "there is more than one"));
        }
    };
    let (key, other, value) = match version {
        ImageVersion::Tag(tag) => ("newTag", "digest", tag.to_string()),
        ImageVersion::Digest(digest) => ("digest", "newTag", digest.to_string()),
    };
    match (entry.get(key), entry.get(other)) {
        (Some(_), Some((other, _))) => {
            let line = line_of(file, other.at.start);
            Err(not_plain(what(), line, "it has both newTag and digest"))
        }
        (Some((_, tree)), None) => value_of(file, &what(), tree, &value),
        (None, Some((name, tree))) => {
            let old = plain(file, &what(), tree)?;
            Ok(Some(Splice {
                at: name.at.start..old.at.end,
                text: format!("{key}: {}", spelling::scalar(&value, old.style)),
                before: Some(old.text.clone()),
            }))
        }
        (None, None) => added(
            file,
            &what(),
            entry,
            &format!("{key}: {}", spelling::plain(&value)),
        )
        .map(Some),
    }
}

/// A line more in an entry, below its name and indented as that.
fn added(file: &str, what: &str, entry: &Mapping, line: &str) -> Result<Splice, NotEdited> {
    let at = line_of(file, entry.start);
    let Some((Key { at: key, .. }, Tree::Scalar(name))) = entry.get("name") else {
        return Err(not_plain(what, at, "it has no name"));
    };
    if entry.is_flow {
        return Err(not_plain(
            what,
            at,
            "it is written in braces: put newTag into them, once",
        ));
    }
    let before_key = file.get(..key.start).unwrap_or_default();
    let column = before_key
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .chars()
        .count();
    let rest = file.get(name.at.end..).unwrap_or_default();
    let end_of_line = rest.find('\n').map_or(file.len(), |end| name.at.end + end);
    let carriage_return = file
        .get(..end_of_line)
        .is_some_and(|before| before.ends_with('\r'));
    let (end_of_line, line_break) = if carriage_return {
        (end_of_line.saturating_sub(1), "\r\n")
    } else {
        (end_of_line, "\n")
    };
    Ok(Splice {
        at: end_of_line..end_of_line,
        text: format!("{line_break}{}{line}", " ".repeat(column)),
        before: None,
    })
}

/// The change of the value at a path such as `image.tag`.
fn value_splice(
    file: &str,
    tree: &Tree,
    path: &str,
    value: &str,
) -> Result<Option<Splice>, NotEdited> {
    let mut here = tree;
    for step in path.split('.') {
        let next = here.mapping().and_then(|mapping| mapping.get(step));
        let Some((_, next)) = next else {
            return Err(NotEdited::NoPlace {
                what: path.to_owned(),
                right: "write one, once, and Slipway keeps it up to date",
            });
        };
        here = next;
    }
    value_of(file, path, here, value)
}

/// The change of a scalar; none if it is that already.
fn value_of(file: &str, what: &str, tree: &Tree, value: &str) -> Result<Option<Splice>, NotEdited> {
    if let Tree::Scalar(old) = tree
        && old.text == value
        && !(old.is_unquoted() && spelling::means_something_else(value))
    {
        return Ok(None);
    }
    let old = plain(file, what, tree)?;
    Ok(Some(Splice {
        at: old.at.clone(),
        text: spelling::scalar(value, old.style),
        before: Some(old.text.clone()),
    }))
}

/// A scalar that stands in one piece in the file.
fn plain<'tree>(file: &str, what: &str, tree: &'tree Tree) -> Result<&'tree Place, NotEdited> {
    match tree {
        Tree::Scalar(place) if place.is_in_one_piece(file) => Ok(place),
        Tree::Scalar(place) => {
            let line = line_of(file, place.at.start);
            Err(not_plain(what, line, "it is not a word on one line"))
        }
        Tree::Other { start } => Err(not_plain(
            what,
            line_of(file, *start),
            "it has an anchor, an alias or a tag",
        )),
        Tree::List(_) | Tree::Mapping(_) => Err(NotEdited::NoPlace {
            what: what.to_owned(),
            right: "it is a list or a map, and must be a word",
        }),
    }
}

#[cfg(test)]
mod tests;
