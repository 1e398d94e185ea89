//! `claviger audit findings`: what is worth looking at in the keys of an account, or of all of them (D26).
//!
//! Owns:  what it prints.
//! Never: finds anything itself; every key's record tells its findings.
//! Read:  `run`.

use crate::{cli::control::Connection, client::Client, command::keys::finding_text, failure::Failure, output::Output};
use api::{
    account::AccountOut,
    contract::{AccountsList, KeysList},
    key::{FindingOut, KeyOut},
};
use serde::Serialize;

/// The keys that have findings.
#[derive(Serialize)]
struct Report {
    data: Vec<Found>,
    /// How many keys were looked at; those that were ended for good have no findings.
    keys: usize,
}

/// One key that has findings.
#[derive(Serialize)]
struct Found {
    account_id: String,
    key_id: String,
    kind: String,
    status: String,
    description: String,
    findings: Vec<FindingOut>,
}

impl From<KeyOut> for Found {
    fn from(key: KeyOut) -> Self {
        Self {
            account_id: key.account_id,
            key_id: key.id,
            kind: key.kind,
            status: key.status,
            description: key.description,
            findings: key.findings,
        }
    }
}

pub(super) async fn run(at: &Connection, account: Option<String>, json: bool) -> Result<(), Failure> {
    let client = Client::open(at)?;
    let accounts = match account {
        Some(account) => vec![account],
        None => {
            let all = client.list::<AccountsList, AccountOut>(&[], &[], None).await?;
            all.data.into_iter().map(|account| account.id).collect()
        }
    };
    let mut report = Report { data: Vec::new(), keys: 0 };
    for account in &accounts {
        let keys = client.list::<KeysList, KeyOut>(&[account], &[], None).await?.data;
        report.keys += keys.len();
        report.data.extend(keys.into_iter().filter(|key| !key.findings.is_empty()).map(Found::from));
    }
    Output::of(json).show(&report, text)?;
    Ok(())
}

fn text(report: &Report) -> String {
    if report.data.is_empty() {
        return format!("Nothing to look at in {} keys.", report.keys);
    }
    let one = |found: &Found| {
        let Found { key_id, kind, status, description, account_id, .. } = found;
        let head = format!("{key_id}  {kind}, {status}, of {account_id}  {description}");
        let lines = found.findings.iter().map(|finding| format!("\n  {}", finding_text(finding)));
        format!("{}{}", head.trim_end(), lines.collect::<String>())
    };
    let all: Vec<_> = report.data.iter().map(one).collect();
    format!("{}\n\n{} of {} keys.", all.join("\n\n"), report.data.len(), report.keys)
}
