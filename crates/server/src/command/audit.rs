//! `claviger audit ...`.
//!
//! Owns:  what it prints.
//! Never: checks the chain itself; `doctor` does that beside the control API's own check.
//! Read:  `run`.

mod findings;

use crate::{
    cli::control::AuditCommand,
    client::{Client, NOTHING},
    failure::{Exit, Failure},
    output::{Output, facts, table},
};
use api::{
    audit::{AuditEntryOut, AuditVerified},
    contract::{AuditList, AuditListAll, AuditVerify},
};

pub(crate) async fn run(command: AuditCommand) -> Result<(), Failure> {
    match command {
        AuditCommand::List { limit, account, at, json } => {
            let client = Client::open(&at)?;
            let page = match &account {
                Some(account) => client.list::<AuditList, AuditEntryOut>(&[account], &[], Some(limit)).await?,
                None => client.list::<AuditListAll, AuditEntryOut>(&[], &[], Some(limit)).await?,
            };
            Output::of(json.json).show(&page, |page| {
                let row = |e: &AuditEntryOut| {
                    let subjects = e.subjects.join(" ");
                    vec![e.sequence.to_string(), e.at.to_string(), e.action.clone(), e.author.clone(), subjects]
                };
                let head = ["sequence", "at", "action", "author", "subjects"];
                table(&head, page.data.iter().map(row).collect(), "No changes yet.")
            })?;
        }
        AuditCommand::Findings { account, at, json } => findings::run(&at, account, json.json).await?,
        AuditCommand::Verify { at, json } => {
            let verified = Client::open(&at)?.call::<AuditVerify>(&[], &[], NOTHING).await?;
            Output::of(json.json).show(&verified, text)?;
            if let Some(broken) = &verified.broken {
                let message = format!("the audit chain breaks at entry {}: {}", broken.sequence, broken.what);
                return Err(Failure::new(Exit::Problems, message));
            }
        }
    }
    Ok(())
}

fn text(verified: &AuditVerified) -> String {
    facts(&[
        ("intact", if verified.intact { "yes" } else { "NO" }.to_owned()),
        ("entries", verified.entries.to_string()),
        ("head", verified.head.clone()),
    ])
}
