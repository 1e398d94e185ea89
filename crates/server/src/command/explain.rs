//! `claviger explain`.
//!
//! Owns:  what it prints.
//! Never: decides; admission does, behind the control API.
//! Read:  `run`.

use crate::{cli::control::Explain as Args, client::Client, failure::Failure, output::Output};
use api::{
    contract::Explain,
    explain::{ExplainIn, ExplainOut},
};

pub(crate) async fn run(args: Args) -> Result<(), Failure> {
    let client = Client::open(&args.at)?;
    let account_id = match &args.key {
        Some(_) => Some(client.account(&args.account).await?),
        None => None,
    };
    let body = ExplainIn {
        environment: args.key.is_some().then_some(args.environment),
        secret: args.previous_secret.then(|| "previous".to_owned()),
        account_id,
        key_id: args.key,
        method: args.method.to_ascii_uppercase(),
        path: args.path,
        origin: args.origin,
        address: args.address,
    };
    let explained = client.call::<Explain>(&[], &[], Some(&body)).await?;
    Output::of(args.json.json).show(&explained, text)?;
    Ok(())
}

fn text(explained: &ExplainOut) -> String {
    let mut lines = vec![verdict(explained)];
    if !explained.remedies.is_empty() {
        lines.push("\nTo allow it:".to_owned());
        lines.extend(explained.remedies.iter().map(|remedy| format!("  - {}", remedy.sentence)));
    }
    lines.join("\n")
}

/// The outcome and every check, without what would change it.
pub(super) fn verdict(explained: &ExplainOut) -> String {
    let mut lines = Vec::new();
    lines.push(match &explained.refusal {
        None => "Allowed: the request would be forwarded.".to_owned(),
        Some(refusal) => format!("Refused: {} {} ({}).", refusal.status, refusal.code, refusal.reason),
    });
    lines.extend(explained.operation.iter().map(|operation| format!("Operation: {operation}")));
    if !explained.steps.is_empty() {
        lines.push(String::new());
    }
    for step in &explained.steps {
        let mark = match step.state.as_str() {
            "passed" => "ok  ",
            "failed" => "NO  ",
            _ => "-   ",
        };
        lines.push(format!("{mark}{:<12}{}", step.check, step.sentence));
    }
    lines.join("\n")
}
