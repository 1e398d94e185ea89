//! Report: what members and administrators see at a glance (R134, R135, R140, R106).
//!
//! Owns:  the buckets of the ageing report; the form of the counts.
//! Never: another account's figures.
//! Read:  `ageing`.

use super::{Office, listed};
use crate::{
    body,
    ledger::{
        Moment,
        invostaq::report::{Counts, Owed},
    },
    money::{Amount, Fixed},
    problem::Problem,
    serve::App,
};
use axum::{extract::State, response::Response};
use http::StatusCode;
use jiff::civil::Date;
use serde::Serialize;

pub(super) async fn stats(office: Office) -> Result<Response, Problem> {
    body::json(StatusCode::OK, &office.counts().await?)
}

/// A row of the administrators' list.
#[derive(Serialize)]
struct AccountRow {
    name: Option<String>,
    #[serde(flatten)]
    counts: Counts,
}

/// One row: the context of an administrator names one account, and this API shows no other.
pub(super) async fn accounts(office: Office) -> Result<Response, Problem> {
    let name = office.profile().await?.name;
    listed(&[AccountRow { name, counts: office.counts().await? }])
}

/// How long something is overdue.
const BUCKETS: [(&str, i64); 5] = [("current", 0), ("1-30", 30), ("31-60", 60), ("61-90", 90), ("90+", i64::MAX)];

#[derive(Default, Serialize)]
struct Bucket {
    name: &'static str,
    count: i64,
    total: Amount,
}

#[derive(Serialize)]
struct Aged {
    currency: String,
    count: i64,
    total: Amount,
    buckets: Vec<Bucket>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Ageing {
    as_of: String,
    currencies: Vec<Aged>,
}

pub(super) async fn ageing(State(app): State<App>, office: Office) -> Result<Response, Problem> {
    let as_of = Moment((app.clock)()).day();
    let currencies = aged(office.owed().await?, &as_of);
    body::json(StatusCode::OK, &Ageing { as_of, currencies })
}

/// What is owed by currency and by age. `owed` is ordered by currency.
fn aged(owed: Vec<Owed>, today: &str) -> Vec<Aged> {
    let mut all: Vec<Aged> = Vec::new();
    for Owed { currency, due_date, total, count } in owed {
        if all.last().is_none_or(|aged| aged.currency != currency) {
            let buckets = BUCKETS.iter().map(|(name, _)| Bucket { name, ..Bucket::default() }).collect();
            all.push(Aged { currency, count: 0, total: Fixed(0), buckets });
        }
        let Some(aged) = all.last_mut() else { continue };
        let days = days_between(&due_date, today);
        let at = BUCKETS.iter().position(|(_, most)| days <= *most).unwrap_or(BUCKETS.len() - 1);
        aged.count += count;
        aged.total.0 += total.0;
        if let Some(bucket) = aged.buckets.get_mut(at) {
            bucket.count += count;
            bucket.total.0 += total.0;
        }
    }
    all
}

/// Days from one day to another; negative when the other is before.
pub(super) fn days_between(from: &str, to: &str) -> i64 {
    let read = |text: &str| text.parse::<Date>().ok();
    let between = read(from).zip(read(to)).map(|(from, to)| from.duration_until(to).as_hours() / 24);
    between.unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_owed_falls_into_the_bucket_of_its_age() {
        let owed = |currency: &str, due: &str, cents| Owed {
            currency: currency.to_owned(),
            due_date: due.to_owned(),
            total: Fixed(cents),
            count: 1,
        };
        let list = vec![
            owed("AED", "2026-11-23", 1),
            owed("AED", "2026-12-31", 2),
            owed("AED", "2026-11-22", 4),
            owed("AED", "2026-10-24", 8),
            owed("AED", "2026-10-23", 16),
            owed("AED", "2026-09-24", 32),
            owed("AED", "2026-08-25", 64),
            owed("AED", "2026-08-24", 128),
            owed("EUR", "2020-01-01", 256),
        ];
        let aged = aged(list, "2026-11-23");
        let sums = |aged: &Aged| aged.buckets.iter().map(|bucket| bucket.total.0).collect::<Vec<_>>();
        assert_eq!(aged.len(), 2);
        assert_eq!((sums(&aged[0]), aged[0].total.0, aged[0].count), (vec![3, 12, 48, 64, 128], 255, 8));
        assert_eq!(sums(&aged[1]), [0, 0, 0, 0, 256]);
        assert_eq!(days_between("2026-02-28", "2026-03-01"), 1);
        assert_eq!(days_between("2026-03-01", "2026-02-28"), -1);
    }
}
