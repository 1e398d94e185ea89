//! Companies: the upstream's numbers for the companies of a restricted key, both ways (D9, D32, D35).
//!
//! Owns:  what a set of companies shows as, and what a list of numbers means.
//! Never: widens a key because a company has no number: `NO_NUMBER` stands for it, and an empty list means all.
//! Read:  `shown`, then `wanted`.

use super::problem::Problem;
use api::validation::Checks;
use model::{CompanyId, CompanyRestriction, CompanySet, Environment, NameKind, company::COMPANIES_MAX};
use store::{AccountStore, Naming, SubKeyRow};

/// Stands for the companies of a key that have no number in the caller's environment, and for the set of a key whose companies
/// were all deleted: it reaches none, and an empty list would say that it reaches all. No company is called so.
const NO_NUMBER: i64 = 0;

/// How the upstream's numbers of companies are known (D35): by the names of kind `id` of the caller's environment.
pub(super) fn naming(environment: Environment) -> Option<Naming> {
    Some(Naming { environment, kind: NameKind::new("id")? })
}

/// The numbers of a key's companies, sorted; empty: all companies.
pub(super) fn shown(key: &SubKeyRow) -> Vec<i64> {
    let CompanyRestriction::Only(set) = &key.row.key.companies else { return Vec::new() };
    let mut numbers: Vec<i64> = set.as_slice().iter().map(|id| number(key, *id).unwrap_or(NO_NUMBER)).collect();
    if numbers.is_empty() {
        numbers.push(NO_NUMBER);
    }
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

/// The lowest number of a company.
fn number(key: &SubKeyRow, company: CompanyId) -> Option<i64> {
    let named = key.names.iter().filter(|(id, _)| *id == company);
    named.filter_map(|(_, name)| name.parse().ok().filter(|n: &i64| *n > NO_NUMBER && n.to_string() == *name)).min()
}

/// What a list of numbers restricts a key to. For a key that there is, `NO_NUMBER` keeps the companies that it stands for, and
/// the list that was shown changes nothing: `None`.
pub(super) async fn wanted(
    account: &AccountStore,
    naming: &Naming,
    mut ids: Vec<i64>,
    current: Option<&SubKeyRow>,
    checks: &mut Checks,
) -> Result<Option<CompanyRestriction>, Problem> {
    ids.sort_unstable();
    ids.dedup();
    if current.is_some_and(|key| shown(key) == ids) {
        return Ok(None);
    }
    if ids.is_empty() {
        return Ok(Some(CompanyRestriction::All));
    }
    if ids.len() > COMPANIES_MAX {
        checks.problem("/company_ids", format!("name at most {COMPANIES_MAX} companies"));
        return Ok(None);
    }
    let mut companies = Vec::with_capacity(ids.len());
    for id in ids {
        if id == NO_NUMBER {
            // It may stand for nothing, where all companies of the key are gone.
            let kept = current.filter(|key| shown(key).contains(&NO_NUMBER));
            companies.extend(kept.map(unnumbered).ok_or_else(|| unknown(id, naming))?);
            continue;
        }
        let found = account.company_called(naming, &id.to_string()).await?;
        companies.push(found.ok_or_else(|| unknown(id, naming))?);
    }
    let set = CompanySet::chosen(&companies);
    if set.is_none() {
        checks.problem("/company_ids", format!("name at most {COMPANIES_MAX} companies"));
    }
    Ok(set.map(CompanyRestriction::Only))
}

fn unnumbered(key: &SubKeyRow) -> Vec<CompanyId> {
    match &key.row.key.companies {
        CompanyRestriction::All => Vec::new(),
        CompanyRestriction::Only(set) => {
            set.as_slice().iter().copied().filter(|id| number(key, *id).is_none()).collect()
        }
    }
}

fn unknown(id: i64, naming: &Naming) -> Problem {
    Problem::company_unknown(id, naming.environment.as_str())
}
