//! The fence around the rows: SQL is written in `ledger` only, and on accounts' tables it begins with the scope.

use std::{fs, path::Path};

fn sources(folder: &Path, into: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else {
            into.push((path.display().to_string(), fs::read_to_string(&path).unwrap()));
        }
    }
}

#[test]
fn r91_handlers_cannot_write_sql() {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    assert!(files.len() > 20);
    for (path, text) in &files {
        let inside = path.contains("/ledger/") || path.ends_with("/ledger.rs");
        assert!(inside || !text.contains("sqlx"), "{path} speaks SQL");
        // Workers of the whole ledger, and what makes rows, are the only ones that write a table's name themselves.
        for table in ["company", "send", "state_update", "webhook", "event"] {
            for form in [format!("FROM {table} AS t"), format!("UPDATE {table} AS t")] {
                assert!(!text.contains(&form), "{path}: `{form}` goes around Scoped::statement");
            }
        }
    }
}
