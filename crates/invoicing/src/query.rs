//! Query: the parameters of a request, each read once and strictly.
//!
//! Owns:  what a parameter may look like; pages and orders of lists.
//! Never: loses a filter: where parameters are read, one that is not known or comes twice is refused.
//! Read:  `Query::parse`, then `slice`.

use crate::{
    ledger::{Moment, Slice, Span},
    problem::Problem,
};
use std::collections::BTreeMap;

/// Parameters of one request.
const PARAMETERS_MAX: usize = 40;
/// Rows of a page that is not told otherwise, and of the largest.
const PAGE_SIZE: i64 = 100;
const PAGE_SIZE_MAX: i64 = 200;
/// Ids of one look-up.
const IDS_MAX: usize = 100;

/// What every list understands.
pub(crate) const PAGING: [&str; 3] = ["page", "page_size", "sort"];

/// The parameters that a request carries; empty ones count as absent.
pub(crate) struct Query(BTreeMap<String, String>);

impl Query {
    /// Reads a query string whose parameters are among `known` or, for a list, among `PAGING`.
    pub(crate) fn parse(raw: Option<&str>, known: &[&str]) -> Result<Self, Problem> {
        let mut values = BTreeMap::new();
        for (index, (name, value)) in url::form_urlencoded::parse(raw.unwrap_or_default().as_bytes()).enumerate() {
            if index >= PARAMETERS_MAX || !known.contains(&&*name) {
                let name: String = name.chars().take(60).collect();
                return Err(Problem::bad_query(format!("The parameter `{name}` is not known here.")));
            }
            if values.insert(name.clone().into_owned(), value.into_owned()).is_some() {
                return Err(Problem::bad_query(format!("The parameter `{name}` is given twice.")));
            }
        }
        values.retain(|_, value: &mut String| !value.is_empty());
        Ok(Self(values))
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A whole number of 32 bits.
    pub(crate) fn int(&self, name: &str) -> Result<Option<i64>, Problem> {
        self.read(name, "a whole number of 32 bits", |text| text.parse::<i32>().ok().map(i64::from))
    }

    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, Problem> {
        self.read(name, "`true` or `false`", |text| match text {
            "true" | "True" => Some(true),
            "false" | "False" => Some(false),
            _ => None,
        })
    }

    pub(crate) fn span(&self, from: &str, to: &str) -> Result<Span, Problem> {
        let moment = |name| self.read(name, "a date and time such as 2026-01-31T12:30:00Z", Moment::read);
        Ok(Span { from: moment(from)?, to: moment(to)? })
    }

    /// One value out of a closed list.
    pub(crate) fn read<T>(
        &self,
        name: &str,
        wanted: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        read(text).map(Some).ok_or_else(|| Problem::bad_query(format!("The parameter `{name}` is not {wanted}.")))
    }

    /// Ids with commas between them.
    pub(crate) fn ids(&self, name: &str) -> Result<Option<Vec<i64>>, Problem> {
        let wanted = format!("a list of at most {IDS_MAX} ids with commas between them");
        self.read(name, &wanted, |text| {
            let ids: Option<Vec<_>> = text.split(',').map(|id| id.trim().parse::<i32>().ok().map(i64::from)).collect();
            ids.filter(|ids| ids.len() <= IDS_MAX)
        })
    }

    /// The page and order of a list. `orders` are its columns by their public names; the first is the default.
    pub(crate) fn slice(&self, orders: &[(&'static str, &'static str)]) -> Result<Slice, Problem> {
        let page = self.int("page")?.unwrap_or(1);
        let limit = self.int("page_size")?.unwrap_or(PAGE_SIZE);
        if page < 1 || !(1..=PAGE_SIZE_MAX).contains(&limit) {
            return Err(Problem::bad_query(format!(
                "`page` counts from 1, and `page_size` goes from 1 to {PAGE_SIZE_MAX}."
            )));
        }
        let sort = self.text("sort").unwrap_or_default();
        let (descending, name) = sort.strip_prefix('-').map_or((false, sort), |name| (true, name));
        let order = orders.iter().find(|(public, _)| name.is_empty() || *public == name);
        let Some((_, order)) = order else {
            let names: Vec<_> = orders.iter().map(|(public, _)| *public).collect();
            return Err(Problem::bad_query(format!("`sort` is none of: {}.", names.join(", "))));
        };
        Ok(Slice { order, descending, limit, offset: (page - 1) * limit })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(raw: &str) -> Result<Query, Problem> {
        Query::parse(Some(raw), &["page", "page_size", "sort", "q", "ids", "unread"])
    }

    #[test]
    fn no_parameter_is_lost() {
        assert!(parse("q=a&page=2").is_ok() && parse("").is_ok());
        for raw in ["company=1", "q=a&q=b", "q=&q=b", "q=a&Q=b"] {
            assert!(parse(raw).is_err(), "{raw}");
        }
    }

    #[test]
    fn pages_are_bounded_and_orders_are_columns() {
        let orders = [("id", "t.id"), ("name", "t.name")];
        let slice = parse("page=3&page_size=200&sort=-name").unwrap().slice(&orders).unwrap();
        assert_eq!((slice.order, slice.descending, slice.limit, slice.offset), ("t.name", true, 200, 400));
        let slice = parse("page=2147483647&page_size=200").unwrap().slice(&orders).unwrap();
        assert_eq!(slice.offset, 2_147_483_646 * 200);
        for raw in
            ["page=0", "page=-1", "page=x", "page_size=0", "page_size=201", "sort=vat", "sort=t.id", "page=2147483648"]
        {
            assert!(parse(raw).unwrap().slice(&orders).is_err(), "{raw}");
        }
    }

    #[test]
    fn values_are_read_strictly() {
        assert_eq!(parse("ids=1,%202").unwrap().ids("ids").unwrap(), Some(vec![1, 2]));
        assert!(parse("ids=1,x").unwrap().ids("ids").is_err());
        let many: Vec<_> = (0..101).map(|id| id.to_string()).collect();
        assert!(parse(&format!("ids={}", many.join(","))).unwrap().ids("ids").is_err());
        assert_eq!(parse("unread=True").unwrap().flag("unread").unwrap(), Some(true));
        assert!(parse("unread=1").unwrap().flag("unread").is_err());
    }
}
