//! `claviger sessions ...`.
//!
//! Owns:  what it prints.
//! Never: knows more than the control API tells.
//! Read:  `run`.

use crate::{
    cli::members::SessionsCommand,
    client::{Client, NOTHING},
    command::members::role,
    failure::Failure,
    output::{Output, table},
};
use api::{
    answer::Nothing,
    contract::{PersonsDelete, PersonsList, PersonsSessions, PersonsSignOut, PersonsTotpDelete},
    person::PersonRecordOut,
    session::DeviceOut,
};

pub(crate) async fn run(command: SessionsCommand) -> Result<(), Failure> {
    match command {
        SessionsCommand::People { paging, at, json } => {
            let page = Client::open(&at)?.list::<PersonsList, PersonRecordOut>(&[], &[], paging.limit).await?;
            Output::of(json.json).show(&page, |page| {
                let row = |p: &PersonRecordOut| {
                    let factor = if p.person.has_totp { "yes" } else { "no" }.to_owned();
                    let places = p.memberships.iter().map(|m| format!("{} ({})", m.account.id, role(m.role)));
                    let places: Vec<_> = places.collect();
                    vec![p.person.id.clone(), p.person.email.clone(), factor, places.join(" ")]
                };
                let head = ["id", "email", "second factor", "member of"];
                table(&head, page.data.iter().map(row).collect(), "Nobody can sign in yet: invite the first owner.")
            })?;
        }
        SessionsCommand::List { person, at, json } => {
            let page = Client::open(&at)?.call::<PersonsSessions>(&[&person], &[], NOTHING).await?;
            Output::of(json.json).show(&page, |page| {
                let row = |d: &DeviceOut| {
                    let said = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
                    let times = [d.created_at.to_string(), d.last_seen_at.to_string()];
                    let [since, seen] = times;
                    vec![d.id.clone(), since, seen, said(&d.address), said(&d.user_agent)]
                };
                let head = ["id", "since", "last used", "from", "with"];
                table(&head, page.data.iter().map(row).collect(), "Signed in nowhere.")
            })?;
        }
        SessionsCommand::End { person, at, json } => {
            let gone = Client::open(&at)?.call::<PersonsSignOut>(&[&person], &[], NOTHING).await?;
            Output::of(json.json).show(&gone, |_: &Nothing| format!("{person} is signed out everywhere."))?;
        }
        SessionsCommand::ResetSecondFactor { person, at, json } => {
            let gone = Client::open(&at)?.call::<PersonsTotpDelete>(&[&person], &[], NOTHING).await?;
            Output::of(json.json).show(&gone, |_: &Nothing| {
                format!("{person} has no second factor any more, and is signed out everywhere.")
            })?;
        }
        SessionsCommand::Forget { person, at, json } => {
            let gone = Client::open(&at)?.call::<PersonsDelete>(&[&person], &[], NOTHING).await?;
            Output::of(json.json).show(&gone, |_: &Nothing| format!("{person} is forgotten: invite them again."))?;
        }
    }
    Ok(())
}
