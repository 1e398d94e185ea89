//! The fence around the rows: SQL is written in `ledger` only, and on accounts' tables it begins with the scope.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Statements that name a table of accounts' rows themselves, and not through `Scoped::statement`: what makes rows, and what
/// the ledger does of its own accord. Each is here because somebody looked at it.
const BY_HAND: [&str; 26] = [
    // The company of an account by a number that must be free in the whole account.
    "ledger/company.rs: FROM company",
    "ledger/company.rs: INTO company",
    // The company that a logged request names, held while the entry is written.
    "ledger/event.rs: FROM company",
    "ledger/event.rs: FROM event",
    "ledger/event.rs: INTO event",
    // The copy of an invoice for its recipient, whosever that is.
    "ledger/receive.rs: FROM company",
    "ledger/receive.rs: FROM document",
    "ledger/receive.rs: FROM received_document",
    "ledger/receive.rs: FROM send",
    "ledger/receive.rs: INTO receive",
    "ledger/receive.rs: INTO received_document",
    "ledger/receive.rs: JOIN company",
    // The condition of the scope itself.
    "ledger/scoped.rs: FROM company",
    // A new invoice, and its name, which has its id.
    "ledger/send.rs: INTO document",
    "ledger/send.rs: INTO send",
    "ledger/send.rs: UPDATE send",
    "ledger/send.rs: FROM document",
    "ledger/send.rs: JOIN company",
    "ledger/update.rs: JOIN send",
    // The way of invoices through the exchange.
    "ledger/steps.rs: FROM document",
    "ledger/steps.rs: FROM send",
    "ledger/steps.rs: INTO state_update",
    "ledger/steps.rs: JOIN document",
    "ledger/steps.rs: JOIN send",
    "ledger/steps.rs: UPDATE send",
    "ledger/webhook.rs: INTO webhook",
];

fn sources(folder: &Path, into: &mut Vec<(PathBuf, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else {
            let text = fs::read_to_string(&path).unwrap();
            into.push((path, text));
        }
    }
}

/// The product's files, by their path below `src`.
fn product() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let names = files.into_iter().map(|(path, text)| (path.strip_prefix(&root).unwrap().display().to_string(), text));
    let files: Vec<_> = names.filter(|(path, _)| !path.ends_with("tests.rs")).collect();
    assert!(files.len() > 20);
    files
}

#[test]
fn r91_handlers_cannot_write_sql() {
    for (path, text) in product() {
        let inside = path.starts_with("ledger/") || path == "ledger.rs";
        assert!(inside || !text.contains("sqlx"), "{path} speaks SQL");
        // The transaction of the whole ledger is for its workers.
        let mut workers = ["ledger.rs", "ledger/scoped.rs", "ledger/steps.rs", "ledger/event.rs"].to_vec();
        // The directory of a network is all of its accounts', and documents go from one to another.
        workers.extend(["ledger/invostaq/participant.rs", "ledger/invostaq/courier.rs"]);
        let worker = workers.contains(&path.as_str());
        assert!(worker || !text.contains(".system("), "{path} goes around the scope");
    }
}

#[test]
fn r91_every_statement_that_goes_around_the_scope_is_known() {
    let mut found = BTreeSet::new();
    for (path, text) in product() {
        // The tables' own texts, and what is said about them.
        if path == "ledger/schema.rs" || path.starts_with("ledger/postgres") {
            continue;
        }
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for table in ["company", "send", "document", "state_update", "webhook", "event", "receive", "received_document"]
        {
            for form in ["FROM", "JOIN", "UPDATE", "INTO"] {
                let whole = |at: usize| {
                    let next = code[at..].chars().next();
                    !next.is_some_and(|next| next.is_ascii_alphanumeric() || next == '_')
                };
                let named = format!("{form} {table}");
                if code.match_indices(&named).any(|(at, _)| whole(at + named.len())) {
                    found.insert(format!("{path}: {named}"));
                }
            }
        }
    }
    assert_eq!(found, BY_HAND.into_iter().map(str::to_owned).collect());
}

/// Statements of the other surfaces on rows that are not called `t`, and so do not go through `Books::of` or `Office::of`: what
/// makes rows, and these, which somebody looked at.
const ELSEWHERE: [&str; 5] = [
    "ledger/invostaq/courier.rs: FROM invostaq_document",
    "ledger/invostaq/courier.rs: UPDATE invostaq_document",
    "ledger/invostaq/participant.rs: FROM invostaq_participant",
    "ledger/invostaq/profile.rs: FROM invostaq_participant",
    "ledger/laabam/payment.rs: FROM laabam_invoice",
];

#[test]
fn r91_r125_statements_on_the_rows_of_other_surfaces_begin_with_their_scope() {
    let mut found = BTreeSet::new();
    for (path, text) in product() {
        let ours = path.starts_with("ledger/laabam") || path.starts_with("ledger/invostaq");
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for form in ["FROM", "JOIN", "UPDATE"] {
            for prefix in ["laabam_", "invostaq_"] {
                for (at, named) in code.match_indices(&format!("{form} {prefix}")) {
                    assert!(ours, "{path} speaks of {named}");
                    let rest = &code[at + form.len() + 1..];
                    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
                    let (table, behind) = rest.split_at(end);
                    let scoped =
                        behind.strip_prefix(" AS t").is_some_and(|rest| !rest.starts_with(char::is_alphanumeric));
                    if !scoped && !path.ends_with("/schema.rs") {
                        found.insert(format!("{path}: {form} {table}"));
                    }
                }
            }
        }
    }
    assert_eq!(found, ELSEWHERE.into_iter().map(str::to_owned).collect());
}
