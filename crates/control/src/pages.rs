//! Pages: from query parameters to a page of the store and back.
//!
//! Owns:  the check of `limit` and `cursor`; a cursor is the id of the last item that was shown.
//! Never: knows what is listed.
//! Read:  top down.

use crate::refusal::Refusal;
use api::{
    Code,
    page::{LIMIT_DEFAULT, LIMIT_MAX, Page as PageOut},
};
use std::{fmt::Display, str::FromStr};
use store::{List, Page};

/// The page of the store that `limit` and `cursor` choose.
pub(crate) fn page<I: FromStr>(limit: Option<u32>, cursor: Option<&str>) -> Result<Page<I>, Refusal> {
    let no = |detail: String| Refusal::with_detail(Code::InvalidQuery, detail);
    let limit = limit.unwrap_or(LIMIT_DEFAULT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(no(format!("limit: choose 1 to {LIMIT_MAX}.")));
    }
    let after = cursor.map(|text| text.parse().map_err(|_| no("cursor: not one that this list gave out.".to_owned())));
    Ok(Page { after: after.transpose()?, limit: u16::try_from(limit).unwrap_or(u16::MAX) })
}

/// A page of the store as it is answered.
pub(crate) fn shown<T, I: Display, O>(list: List<T, I>, show: impl Fn(&T) -> O) -> PageOut<O> {
    PageOut { data: list.items.iter().map(show).collect(), next_cursor: list.next.map(|id| id.to_string()) }
}
