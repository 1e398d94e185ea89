//! Cursor: pages of a list that stay whole while the list grows.
//!
//! Owns:  `limit`, `cursor` and `sort`; the text of a cursor, which is a place in an order.
//! Never: a place by number, which would show rows twice or not at all.
//! Read:  `Pager::read`, then `Pager::page`.

use crate::{problem::Problem, query::Query};
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};

/// Rows of a page that is not told otherwise, and of the largest (requirements, 2.2).
const LIMIT: i64 = 25;
const LIMIT_MAX: i64 = 100;
/// Characters of a cursor.
const CURSOR_MAX: usize = 2_048;

/// What every list with cursors understands.
pub(crate) const PAGING: [&str; 3] = ["limit", "cursor", "sort"];

/// A column by which a list may be ordered. No row may be without a value there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Order {
    /// The name that callers use.
    pub(crate) name: &'static str,
    pub(crate) column: &'static str,
    /// Whether it holds texts; otherwise numbers.
    text: bool,
}

impl Order {
    /// By numbers: times and amounts.
    pub(crate) const fn number(name: &'static str, column: &'static str) -> Self {
        Self { name, column, text: false }
    }

    pub(crate) const fn text(name: &'static str, column: &'static str) -> Self {
        Self { name, column, text: true }
    }

    const fn holds(self, place: &Place) -> bool {
        match place {
            Place::Number(_) => !self.text,
            Place::Text(_) => self.text,
        }
    }
}

/// Where a row stands in an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Place {
    Number(i64),
    Text(String),
}

/// A row of a list with cursors.
pub(crate) trait Placed {
    /// Where it stands in the order of this public name.
    fn place(&self, order: &str) -> Place;
    /// What tells rows of one place apart.
    fn id(&self) -> &str;
}

/// Which page of a list. The order's column is of the list's own, never the caller's text.
#[derive(Debug)]
pub(crate) struct Pager {
    pub(crate) order: Order,
    pub(crate) descending: bool,
    pub(crate) limit: i64,
    /// The last row of the page before.
    pub(crate) after: Option<(Place, String)>,
}

/// A cursor as it is written: order, direction, place, id.
#[derive(Serialize, Deserialize)]
struct Text(String, bool, Place, String);

/// A page, and the cursor of the next one if there is one.
pub(crate) struct Page<T> {
    pub(crate) rows: Vec<T>,
    pub(crate) next: Option<String>,
}

impl Pager {
    /// Reads the three parameters. The first of `orders` is the default, newest first when it is a time.
    pub(crate) fn read(query: &Query, orders: &[Order], descending: bool) -> Result<Self, Problem> {
        let limit = query.int("limit")?.unwrap_or(LIMIT);
        if !(1..=LIMIT_MAX).contains(&limit) {
            return Err(Problem::bad_query(format!("`limit` goes from 1 to {LIMIT_MAX}.")));
        }
        let sort = query.text("sort");
        let (descending, name) = match sort {
            None => (descending, ""),
            Some(sort) => sort.strip_prefix('-').map_or((false, sort), |name| (true, name)),
        };
        let order = orders.iter().find(|order| sort.is_none() || order.name == name);
        let Some(order) = order.copied() else {
            let names: Vec<_> = orders.iter().map(|order| order.name).collect();
            return Err(Problem::bad_query(format!("`sort` is none of: {}.", names.join(", "))));
        };
        let after = match query.text("cursor") {
            None => None,
            Some(text) => {
                let wrong = "`cursor` is not one that a list of this order gave: begin again without it.";
                let Text(public, way, place, id) = decode(text).ok_or_else(|| Problem::bad_query(wrong))?;
                if (public.as_str(), way) != (order.name, descending) || !order.holds(&place) {
                    return Err(Problem::bad_query(wrong));
                }
                Some((place, id))
            }
        };
        Ok(Self { order, descending, limit, after })
    }

    /// The page out of `rows`, of which one more was read than the page holds.
    pub(crate) fn page<T: Placed>(&self, mut rows: Vec<T>) -> Page<T> {
        let limit = usize::try_from(self.limit).unwrap_or(0);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let last = rows.last().filter(|_| more);
        let next = last.map(|row| {
            let text =
                Text(self.order.name.to_owned(), self.descending, row.place(self.order.name), row.id().to_owned());
            BASE64URL_NOPAD.encode(serde_json::json!(text).to_string().as_bytes())
        });
        Page { rows, next }
    }
}

fn decode(text: &str) -> Option<Text> {
    let bytes = (text.len() <= CURSOR_MAX).then(|| BASE64URL_NOPAD.decode(text.as_bytes()).ok()).flatten()?;
    serde_json::from_slice(&bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDERS: [Order; 2] = [Order::number("created_at", "t.created"), Order::text("name", "t.name")];

    struct Row(i64, &'static str);

    impl Placed for Row {
        fn place(&self, order: &str) -> Place {
            if order == "name" { Place::Text(self.1.to_owned()) } else { Place::Number(self.0) }
        }
        fn id(&self) -> &str {
            self.1
        }
    }

    fn read(raw: &str) -> Result<Pager, Problem> {
        Pager::read(&Query::parse(Some(raw), &PAGING).unwrap(), &ORDERS, true)
    }

    #[test]
    fn a_cursor_belongs_to_its_order_and_way() {
        let first = read("limit=1").unwrap();
        assert_eq!((first.order.column, first.descending), ("t.created", true));
        let page = first.page(vec![Row(5, "a"), Row(4, "b")]);
        let cursor = page.next.unwrap();
        assert_eq!(page.rows.len(), 1);
        let next = read(&format!("cursor={cursor}")).unwrap();
        assert_eq!(next.after, Some((Place::Number(5), String::from("a"))));
        for raw in [
            format!("cursor={cursor}&sort=created_at"),
            format!("cursor={cursor}&sort=-name"),
            format!("cursor={}", &cursor[1..]),
            format!("cursor={}", BASE64URL_NOPAD.encode(br#"["created_at",true,"5","a"]"#)),
            String::from("cursor=x"),
            format!("cursor={}", "A".repeat(CURSOR_MAX + 1)),
        ] {
            assert!(read(&raw).is_err(), "{raw}");
        }
        assert!(read("").unwrap().page(vec![Row(1, "a")]).next.is_none());
        for raw in ["limit=0", "limit=101", "limit=-1", "limit=x", "sort=id", "sort=t.name", "sort=-"] {
            assert!(read(raw).is_err(), "{raw}");
        }
    }
}
