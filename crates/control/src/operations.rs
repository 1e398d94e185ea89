//! Operations of the upstream: list them.
//!
//! Owns:  the handler.
//! Never: changes the catalogue; it is a file.
//! Read:  top down.

use crate::{operation::Op, pages::page, refusal::Refusal};
use api::{Code, catalogue::OperationOut, contract::OperationsList, page::Page};

/// In the order of the catalogue; the cursor is the name of the last one shown.
pub(crate) async fn list(op: Op<OperationsList>) -> Result<Page<OperationOut>, Refusal> {
    let page = page::<String>(op.query.limit, op.query.cursor.as_deref())?;
    let catalogue = (op.context.control.parts().catalogue)();
    let all = catalogue.operations();
    let start = match page.after {
        None => 0,
        Some(last) => {
            1 + all.iter().position(|o| o.id.as_str() == last).ok_or_else(|| {
                Refusal::with_detail(
                    Code::InvalidQuery,
                    "cursor: not one that this list gave out, or the catalogue has changed.",
                )
            })?
        }
    };
    let rest = all.get(start..).unwrap_or_default();
    let shown = rest.get(..usize::from(page.limit)).unwrap_or(rest);
    let next = shown.last().filter(|_| shown.len() < rest.len());
    Ok(Page { data: shown.iter().map(OperationOut::from).collect(), next_cursor: next.map(|o| o.id.to_string()) })
}
