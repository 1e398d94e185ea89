//! `[idempotency]`: how writes are kept from running twice (D16).
//!
//! Owns:  the section's values and the rule between them.
//! Never: opens the records.
//! Read:  `section`.

use super::{bytes, check, sheet::Sheet};
use std::time::Duration;

/// `[idempotency]`.
#[derive(Debug)]
pub(crate) struct IdempotencySection {
    pub(crate) retention: Duration,
    pub(crate) answer_max: usize,
    pub(crate) lease: Duration,
    pub(crate) conflict_status: u16,
}

/// Every setting is checked before the first `?`.
pub(super) fn section(sheet: &mut Sheet) -> Option<IdempotencySection> {
    let retention = sheet.text("idempotency.retention", check::duration);
    let answer_max = sheet.text("idempotency.answer_max", |t| bytes(t, 1 << 10, 64 << 20));
    let lease = sheet.text("idempotency.lease", check::duration);
    let statuses = [("422", 422), ("409", 409)];
    let conflict_status = sheet.text("idempotency.conflict_status", |t| check::one_of(t, &statuses));
    let section = IdempotencySection {
        retention: retention?,
        answer_max: answer_max?,
        lease: lease?,
        conflict_status: conflict_status?,
    };
    if section.retention < section.lease * 2 {
        let what = "`idempotency.retention` must be at least twice `idempotency.lease`".to_owned();
        sheet.problem(Some(sheet.origin("idempotency.retention")), what, None);
    }
    Some(section)
}
