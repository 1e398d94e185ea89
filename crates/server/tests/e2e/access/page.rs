//! Page: the table of who may do what, as `docs/reference/access-invoicetronic.md` shows it.

use super::{
    Cell, Operation,
    sample::Sample,
    world::{Column, Target},
};
use std::{collections::BTreeMap, fmt::Write as _, fs};
use testkit::Must as _;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/access-invoicetronic.md");

const HEAD: &str = "\
# Access: Invoicetronic

<!-- written by a test: UPDATE_ACCESS=1 cargo nextest run --workspace -E 'binary(e2e) & test(access)' -->

What each kind of key is answered by each operation of the profile `invoicetronic`. A test makes this page: it starts the
profile with its reference API, asks every operation with every key about every kind of company, in the test environment,
and writes down the status and, of a refusal, its code. It fails when an answer is not the one below, and when an operation
has no row ([the test](../../crates/server/tests/e2e/access.rs),
[its rules](../../crates/server/tests/e2e/access/rules.rs)).

- A **primary** key may do everything in its account. A key with **full access** may do the same, but not manage keys.
- **Read only** looks, and a validation is a look. What marks an invoice as read is a change, although it is a `GET`.
- **Send** looks and sends.
- A key for **one company** may not name another (`403 company_not_allowed`), and what belongs to another is not there
  (`404 not_found`). A filter asks for what belongs to a company, so it is 404 too.
- What the key lacks the permission for is refused before anything is looked up: that refusal is the same for every company.

With `include_payload`, reading received invoices marks them as read, which takes the permission to change; the API behind
the gateway checks that, by the scopes of the signed context. Looking at one update marks it as read, and the provider has no
permission for more than looking at updates: the test holds keys that may change nothing to that mark and to no other change.
";

/// The tables, and what stands above each.
const TABLES: [(Target, &str, &str); 4] = [
    (
        Target::Nothing,
        "No company is named",
        "Lists show the rows of the companies that the key reaches, and nothing else.",
    ),
    (Target::Own, "A company of the key", "The company that the key is for, or one of all of them."),
    (
        Target::Sibling,
        "Another company of the account",
        "Keys of all companies reach it as they reach the first. To the others it is as if it was not there.",
    ),
    (
        Target::Foreign,
        "A company of another account, or of nobody",
        "One table for both: the answers are the same. An account may use a VAT number that another account uses too: an\n\
         invoice or a company with that number is then its own.",
    ),
];

/// The page; `table` has the cells of each key.
pub(super) fn render(
    samples: &[Sample],
    operations: &BTreeMap<String, Operation>,
    columns: &[Column],
    table: &[Vec<Cell>],
) -> String {
    let titles: Vec<&str> = columns.iter().map(|column| column.title).collect();
    let mut page = HEAD.to_owned();
    for (target, title, words) in TABLES {
        let _ = writeln!(page, "\n## {title}\n\n{words}\n\n| request | {} |", titles.join(" | "));
        let _ = writeln!(page, "|---|{}", "---|".repeat(columns.len()));
        for (row, sample) in rows(samples, operations) {
            let of = |cells: &Vec<Cell>| {
                let cell = cells.iter().find(|cell| cell.target == target && cell.row == row);
                cell.map(|cell| cell.text.clone())
            };
            let Some(cells) = table.iter().map(of).collect::<Option<Vec<_>>>() else { continue };
            let Operation { method, path } = operations.get(sample.operation).must("know the operation");
            let note = if sample.note.is_empty() { String::new() } else { format!(", {}", sample.note) };
            let _ = writeln!(page, "| `{method} {}`{note} | {} |", path.replace(":int32", ""), cells.join(" | "));
        }
    }
    page
}

/// By path, then as they are asked.
fn rows<'s>(samples: &'s [Sample], operations: &BTreeMap<String, Operation>) -> Vec<(usize, &'s Sample)> {
    let mut rows: Vec<_> = samples.iter().enumerate().collect();
    let order = |method: &str| ["GET", "POST", "PUT", "DELETE"].iter().position(|known| *known == method);
    rows.sort_by_key(|(row, sample)| {
        let operation = operations.get(sample.operation).must("know the operation");
        (operation.path.clone(), order(&operation.method), *row)
    });
    rows
}

/// The committed page is this one; `UPDATE_ACCESS=1` writes it.
pub(super) fn compare(page: &str) {
    if std::env::var_os("UPDATE_ACCESS").is_some() {
        fs::write(PAGE, page).must("write the page");
    }
    let committed = fs::read_to_string(PAGE).unwrap_or_default();
    let stale = "docs/reference/access-invoicetronic.md is stale: UPDATE_ACCESS=1 writes it, then look at the change";
    for (committed, current) in committed.lines().zip(page.lines()) {
        assert_eq!(committed, current, "{stale}");
    }
    assert!(committed == page, "{stale}");
}
