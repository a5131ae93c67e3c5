//! What application repositories and operators get, held to what it says: `templates/` and `deploy/`.
//!
//! The program `lint-templates` runs real linters over them; the tests run their scripts and compare their names with the
//! project's.

pub mod debian;
pub mod expression;
pub mod linters;
pub mod places;
pub mod python;
pub mod shell;
pub mod workflow;
