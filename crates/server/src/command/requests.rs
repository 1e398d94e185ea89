//! `claviger requests ...`.
//!
//! Owns:  what it prints.
//! Never: says by itself why a request was refused; the control API does.
//! Read:  `run`.

use crate::{
    cli::usage::{ListRequests, RequestsCommand, ShowRequest},
    client::{Client, NOTHING},
    command::explain,
    failure::Failure,
    output::{Output, facts, table},
};
use api::{
    contract::{RequestsFind, RequestsGet, RequestsList},
    request::{RequestOut, RequestTraceOut},
};

pub(crate) async fn run(command: RequestsCommand) -> Result<(), Failure> {
    match command {
        RequestsCommand::List(args) => list(args).await,
        RequestsCommand::Show(args) => show(args).await,
    }
}

async fn list(args: ListRequests) -> Result<(), Failure> {
    let client = Client::open(&args.at)?;
    let account = client.account(&args.account).await?;
    let filters = [
        ("key_id", &args.key),
        ("operation", &args.operation),
        ("status", &args.status),
        ("reason", &args.reason),
        ("environment", &args.environment),
        ("since", &args.since),
        ("until", &args.until),
    ];
    let query: Vec<_> = filters.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?))).collect();
    let page = client.list::<RequestsList, RequestOut>(&[&account], &query, Some(args.limit)).await?;
    Output::of(args.json.json).show(&page, |page| {
        let row = |r: &RequestOut| {
            vec![
                r.at.to_string(),
                r.id.clone(),
                r.status.to_string(),
                r.method.clone(),
                r.operation.clone().unwrap_or_else(|| "-".to_owned()),
                r.environment.clone().unwrap_or_else(|| "-".to_owned()),
                r.key_id.clone().unwrap_or_else(|| "-".to_owned()),
                r.reason.clone().unwrap_or_default(),
            ]
        };
        let head = ["at", "request", "status", "method", "operation", "environment", "key", "reason"];
        table(&head, page.data.iter().map(row).collect(), "No such requests.")
    })?;
    Ok(())
}

async fn show(args: ShowRequest) -> Result<(), Failure> {
    let client = Client::open(&args.at)?;
    let trace = match &args.account {
        Some(account) => client.call::<RequestsGet>(&[account, &args.id], &[], NOTHING).await?,
        None => client.call::<RequestsFind>(&[&args.id], &[], NOTHING).await?,
    };
    Output::of(args.json.json).show(&trace, text)?;
    Ok(())
}

fn text(trace: &RequestTraceOut) -> String {
    let request = &trace.request;
    let mut lines = vec![
        ("request", request.id.clone()),
        ("at", request.at.to_string()),
        ("asked", format!("{} {}", request.method, request.operation.as_deref().unwrap_or("(no operation)"))),
        ("status", format!("{} ({})", request.status, request.outcome)),
        ("duration", format!("{} us", request.duration_micros)),
        ("address", request.address.clone()),
    ];
    let optional = [
        ("account", &request.account_id),
        ("key", &request.key_id),
        ("environment", &request.environment),
        ("secret", &trace.secret),
        ("company", &request.company_id),
        ("origin", &request.origin),
        ("user agent", &request.user_agent),
    ];
    lines.extend(optional.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))));
    let mut out = vec![facts(&lines)];
    if let Some(refusal) = &trace.refusal {
        out.push(format!("\nRefused then: {} (check {}).\n{}", refusal.reason, refusal.check, refusal.rule));
    }
    if let Some(now) = &trace.now {
        out.push(format!("\nNow:\n{}", explain::verdict(now)));
    }
    out.extend(trace.not_replayed.iter().map(|why| format!("\nWhat it would meet now cannot be said. {why}")));
    if !trace.remedies.is_empty() {
        out.push("\nTo allow it:".to_owned());
        out.extend(trace.remedies.iter().map(|remedy| format!("  - {}", remedy.sentence)));
    }
    out.join("\n")
}
