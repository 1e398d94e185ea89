//! `claviger identities ...`.
//!
//! Owns:  what it prints.
//! Never: knows more than the control API tells.
//! Read:  `run`.

use crate::{
    cli::identities::IdentitiesCommand,
    client::{Client, NOTHING},
    command::keys::receipt_text,
    failure::Failure,
    output::{Output, facts, table},
};
use api::{
    contract::{IdentitiesCreate, IdentitiesDelete, IdentitiesList},
    identity::{IdentityChanged, IdentityIn, IdentityOut},
};

pub(crate) async fn run(command: IdentitiesCommand) -> Result<(), Failure> {
    match command {
        IdentitiesCommand::Create { entra_directory, issuer, account, at, json } => {
            let client = Client::open(&at)?;
            let account = client.account(&account).await?;
            let directory = entra_directory.map(|directory| directory.to_ascii_lowercase()).unwrap_or_default();
            let issuer = issuer.unwrap_or_else(|| format!("{}/{directory}/v2.0", proof::ENTRA_AUTHORITY));
            let body = IdentityIn { issuer, directory };
            let changed = client.call::<IdentitiesCreate>(&[&account], &[], Some(&body)).await?;
            Output::of(json.json).show(&changed, |c: &IdentityChanged| {
                let identity = &c.identity;
                let facts = facts(&[
                    ("id", identity.id.clone()),
                    ("issuer", identity.issuer.clone()),
                    ("directory", identity.directory.clone()),
                ]);
                format!("{facts}\n\n{}", receipt_text(&c.in_force))
            })?;
        }
        IdentitiesCommand::List { paging, account, at, json } => {
            let client = Client::open(&at)?;
            let account = client.account(&account).await?;
            let page = client.list::<IdentitiesList, IdentityOut>(&[&account], &[], paging.limit).await?;
            Output::of(json.json).show(&page, |page| {
                let row = |i: &IdentityOut| vec![i.id.clone(), i.issuer.clone(), i.directory.clone()];
                let rows = page.data.iter().map(row).collect();
                table(&["id", "issuer", "directory"], rows, "Nobody signs in to this account yet.")
            })?;
        }
        IdentitiesCommand::Delete { id, account, at, json } => {
            let client = Client::open(&at)?;
            let account = client.account(&account).await?;
            let deleted = client.call::<IdentitiesDelete>(&[&account, &id], &[], NOTHING).await?;
            Output::of(json.json).show(&deleted, |d: &IdentityChanged| {
                format!("{} is deleted.\n{}", d.identity.id, receipt_text(&d.in_force))
            })?;
        }
    }
    Ok(())
}
