//! `claviger usage`.
//!
//! Owns:  what it prints.
//! Never: counts.
//! Read:  `run`.

use crate::{
    cli::usage::Usage,
    client::{Client, NOTHING},
    failure::Failure,
    output::{Output, table},
};
use api::{
    contract::KeysUsage,
    usage::{KeyUsageOut, UsageCountOut},
};

pub(crate) async fn run(args: Usage) -> Result<(), Failure> {
    let client = Client::open(&args.at)?;
    let account = client.account(&args.account).await?;
    let mut query = vec![("granularity", args.granularity.as_str())];
    query.extend(args.since.as_deref().map(|since| ("since", since)));
    query.extend(args.until.as_deref().map(|until| ("until", until)));
    let usage = client.call::<KeysUsage>(&[&account, &args.key], &query, NOTHING).await?;
    Output::of(args.json.json).show(&usage, text)?;
    Ok(())
}

fn text(usage: &KeyUsageOut) -> String {
    let row = |c: &UsageCountOut| {
        let operation = c.operation.clone().unwrap_or_else(|| "-".to_owned());
        vec![c.start.to_string(), operation, c.environment.clone(), c.outcome.clone(), c.count.to_string()]
    };
    let head = [usage.granularity.as_str(), "operation", "environment", "outcome", "count"];
    let list = table(&head, usage.data.iter().map(row).collect(), "No requests in this time.");
    let t = &usage.totals;
    let totals = format!(
        "ok {}, client_error {}, server_error {}, refused {}, limited {}",
        t.ok, t.client_error, t.server_error, t.refused, t.limited
    );
    let more = if usage.complete { "" } else { "\nThe oldest are left out: ask for a shorter time with --since." };
    let since = usage.kept_since.as_ref().map(|at| format!("\nUsage is kept since {at}.")).unwrap_or_default();
    format!("{list}\n\n{totals}{more}{since}")
}
