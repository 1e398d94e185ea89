//! `claviger tokens ...`.
//!
//! Owns:  what it prints; the first token, made directly in a data folder.
//! Never: shows a token twice.
//! Read:  `run`, then `bootstrap`.

use crate::{
    cli::control::TokensCommand,
    client::{Client, NOTHING},
    clock, command,
    failure::Failure,
    operator_token,
    output::{Output, facts, table},
};
use api::{
    contract::{OperatorTokensCreate, OperatorTokensList, OperatorTokensRevoke},
    operator_token::{OperatorTokenChanged, OperatorTokenCreated, OperatorTokenIn, OperatorTokenOut},
};

pub(crate) async fn run(command: TokensCommand) -> Result<(), Failure> {
    match command {
        TokensCommand::Create { description, at, json } => {
            let body = OperatorTokenIn { description };
            let created = Client::open(&at)?.call::<OperatorTokensCreate>(&[], &[], Some(&body)).await?;
            Output::of(json.json).show(&created, |c: &OperatorTokenCreated| {
                let shown = ("token", c.token.secret().expose().clone());
                format!(
                    "{}\nKeep the token now: it cannot be shown again.",
                    facts(&[("id", c.operator_token.id.clone()), shown])
                )
            })?;
        }
        TokensCommand::List { at, json } => {
            let page = Client::open(&at)?.list::<OperatorTokensList, OperatorTokenOut>(&[], &[], None).await?;
            Output::of(json.json).show(&page, |page| {
                let row = |t: &OperatorTokenOut| {
                    let revoked = t.revoked_at.map_or_else(|| "-".to_owned(), |t| t.to_string());
                    vec![t.id.clone(), t.created_at.to_string(), revoked, t.description.clone()]
                };
                table(&["id", "created", "revoked", "description"], page.data.iter().map(row).collect(), "No tokens.")
            })?;
        }
        TokensCommand::Revoke { id, at, json } => {
            let changed = Client::open(&at)?.call::<OperatorTokensRevoke>(&[&id], &[], NOTHING).await?;
            Output::of(json.json).show(&changed, |c: &OperatorTokenChanged| {
                format!("{} is revoked: the next request with it is refused.", c.operator_token.id)
            })?;
        }
        TokensCommand::Bootstrap { description, data, file, json } => {
            let folder = command::data::folder(data, &file)?;
            bootstrap(&folder, description, Output::of(json.json)).await?;
        }
    }
    Ok(())
}

#[derive(serde::Serialize)]
struct Bootstrapped<'a> {
    operator_token_id: String,
    token: &'a str,
}

/// Makes a token in the data folder of a stopped deployment: whoever may write the folder may do anything anyway.
async fn bootstrap(folder: &std::path::Path, description: String, output: Output) -> Result<(), Failure> {
    clock::check_randomness()?;
    let store = store::Store::open(folder, store::Options::default()).await?;
    let made = operator_token::create(&store, description).await;
    store.close().await;
    let (id, token) = made?;
    let shown = Bootstrapped { operator_token_id: id.to_string(), token: token.expose() };
    output.show(&shown, |b| {
        let list = [("id", b.operator_token_id.clone()), ("token", b.token.to_owned())];
        format!("{}\nKeep the token now: it cannot be shown again.", facts(&list))
    })?;
    Ok(())
}
