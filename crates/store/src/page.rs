//! Pages: lists are read newest first, a bounded number of rows at a time.
//!
//! Owns:  `Page`, `List`.
//! Never: statements.
//! Read:  top down.

/// The most rows of one page.
pub const PAGE_MAX: u16 = 200;

/// Which part of a list is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Page<I> {
    /// Continue behind this row (`List::next` of the page before); `None` for the newest.
    pub after: Option<I>,
    /// How many rows at most; brought into 1 to `PAGE_MAX`.
    pub limit: u16,
}

impl<I> Page<I> {
    /// The newest `limit` rows.
    #[must_use]
    pub const fn first(limit: u16) -> Self {
        Self { after: None, limit }
    }

    /// The `limit` rows behind `after`.
    #[must_use]
    pub const fn behind(after: I, limit: u16) -> Self {
        Self { after: Some(after), limit }
    }

    pub(crate) fn size(&self) -> usize {
        usize::from(self.limit.clamp(1, PAGE_MAX))
    }

    /// One row more than asked for tells whether there is a next page.
    pub(crate) fn fetch(&self) -> i64 {
        i64::from(self.limit.clamp(1, PAGE_MAX)) + 1
    }
}

/// One page of a list.
#[derive(Clone, Debug)]
pub struct List<T, I> {
    /// The rows, newest first.
    pub items: Vec<T>,
    /// Where the next page continues; `None` on the last one.
    pub next: Option<I>,
}

impl<T, I> List<T, I> {
    /// From up to `Page::fetch` rows.
    pub(crate) fn of(mut items: Vec<T>, page: &Page<I>, id: impl Fn(&T) -> I) -> Self {
        let more = items.len() > page.size();
        items.truncate(page.size());
        let next = if more { items.last().map(id) } else { None };
        Self { items, next }
    }
}
