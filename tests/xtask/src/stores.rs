//! Runtime configurations for places of their own.

/// A runtime configuration with a SQLite file for each label, all in the directory that it is written to.
pub fn sqlite() -> String {
    let stores = ["default", "inbox", "queue", "ledger"].map(|label| {
        format!("[key_value_store.{label}]\ntype = \"spin\"\npath = \"{label}.db\"\n")
    });
    stores.concat()
}
