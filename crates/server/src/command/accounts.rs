//! `claviger accounts ...`.
//!
//! Owns:  what it prints.
//! Never: knows more than the control API tells.
//! Read:  `run`.

use crate::{
    cli::control::{Account, AccountsCommand},
    client::{Client, NOTHING},
    command::keys::secrets_text,
    failure::Failure,
    output::{Output, facts, table},
};
use api::{
    account::{AccountIn, AccountOut},
    contract::{AccountsCreate, AccountsGet, AccountsList},
};

pub(crate) async fn run(command: AccountsCommand) -> Result<(), Failure> {
    match command {
        AccountsCommand::Create { name, at, json } => {
            let created = Client::open(&at)?.call::<AccountsCreate>(&[], &[], Some(&AccountIn { name })).await?;
            Output::of(json.json).show(&created, |created| {
                format!("{}\n\nIts primary keys:\n{}", one(&created.account), secrets_text(&created.primary))
            })?;
        }
        AccountsCommand::List { paging, at, json } => {
            let page = Client::open(&at)?.list::<AccountsList, AccountOut>(&[], &[], paging.limit).await?;
            Output::of(json.json).show(&page, |page| {
                let row = |a: &AccountOut| vec![a.id.clone(), a.created_at.to_string(), a.name.clone()];
                let rows = page.data.iter().map(row).collect();
                table(
                    &["id", "created", "name"],
                    rows,
                    "No accounts yet. Create one: claviger accounts create --name NAME",
                )
            })?;
        }
        AccountsCommand::Show { id, at, json } => {
            let client = Client::open(&at)?;
            let id = client.account(&Account { account: id }).await?;
            let account = client.call::<AccountsGet>(&[&id], &[], NOTHING).await?;
            Output::of(json.json).show(&account, one)?;
        }
    }
    Ok(())
}

fn one(account: &AccountOut) -> String {
    facts(&[("id", account.id.clone()), ("name", account.name.clone()), ("created", account.created_at.to_string())])
}
