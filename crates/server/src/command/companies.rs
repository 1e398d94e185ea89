//! `claviger companies ...`.
//!
//! Owns:  what it prints.
//! Never: knows more than the control API tells.
//! Read:  `run`.

use crate::{
    cli::control::CompaniesCommand,
    client::{Client, NOTHING},
    command::keys::receipt_text,
    failure::Failure,
    output::{Output, facts, table},
};
use api::{
    company::{CompanyChanged, CompanyIn, CompanyOut, CompanyPatch},
    contract::{CompaniesCreate, CompaniesDelete, CompaniesGet, CompaniesList, CompaniesUpdate},
    validation::Change,
};

pub(crate) async fn run(command: CompaniesCommand) -> Result<(), Failure> {
    match command {
        CompaniesCommand::Create { name, external_names, account, at, json } => {
            let client = Client::open(&at)?;
            let account = client.account(&account).await?;
            let body = CompanyIn { name, external_names };
            let changed = client.call::<CompaniesCreate>(&[&account], &[], Some(&body)).await?;
            Output::of(json.json).show(&changed, changed_text)?;
        }
        CompaniesCommand::List { paging, account, at, json } => {
            let client = Client::open(&at)?;
            let account = client.account(&account).await?;
            let page = client.list::<CompaniesList, CompanyOut>(&[&account], &[], paging.limit).await?;
            Output::of(json.json).show(&page, |page| {
                let row = |c: &CompanyOut| vec![c.id.clone(), c.name.clone(), c.external_names.join(" ")];
                let rows = page.data.iter().map(row).collect();
                table(&["id", "name", "external names"], rows, "No companies yet.")
            })?;
        }
        CompaniesCommand::Show { id, account, at, json } => {
            let client = Client::open(&at)?;
            let account = client.account(&account).await?;
            let company = client.call::<CompaniesGet>(&[&account, &id], &[], NOTHING).await?;
            Output::of(json.json).show(&company, one)?;
        }
        CompaniesCommand::Update { id, name, external_names, no_external_names, account, at, json } => {
            if name.is_none() && external_names.is_empty() && !no_external_names {
                return Err(Failure::usage("nothing to change", "say --name or --external-name"));
            }
            let client = Client::open(&at)?;
            let account = client.account(&account).await?;
            let names = match (no_external_names, external_names.is_empty()) {
                (true, _) => Change::Clear,
                (false, true) => Change::Keep,
                (false, false) => Change::Set(external_names),
            };
            let patch = CompanyPatch {
                name: name.map_or(Change::Keep, Change::Set),
                external_names: names,
                ..CompanyPatch::default()
            };
            let changed = client.call::<CompaniesUpdate>(&[&account, &id], &[], Some(&patch)).await?;
            Output::of(json.json).show(&changed, changed_text)?;
        }
        CompaniesCommand::Delete { id, account, at, json } => {
            let client = Client::open(&at)?;
            let account = client.account(&account).await?;
            let deleted = client.call::<CompaniesDelete>(&[&account, &id], &[], NOTHING).await?;
            let text = |d: &api::company::CompanyDeleted| {
                format!("{} is deleted.\n{}", d.company_id, receipt_text(&d.in_force))
            };
            Output::of(json.json).show(&deleted, text)?;
        }
    }
    Ok(())
}

fn changed_text(changed: &CompanyChanged) -> String {
    format!("{}\n\n{}", one(&changed.company), receipt_text(&changed.in_force))
}

fn one(company: &CompanyOut) -> String {
    facts(&[
        ("id", company.id.clone()),
        ("name", company.name.clone()),
        ("external names", company.external_names.join(" ")),
        ("created", company.created_at.to_string()),
    ])
}
