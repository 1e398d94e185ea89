//! `claviger operations ...`.
//!
//! Owns:  what it prints.
//! Never: reads a catalogue file; it shows the one in force.
//! Read:  `run`.

use crate::{
    cli::control::OperationsCommand,
    client::Client,
    failure::Failure,
    output::{Output, table},
};
use api::{catalogue::OperationOut, contract::OperationsList};

pub(crate) async fn run(command: OperationsCommand) -> Result<(), Failure> {
    let OperationsCommand::List { at, json } = command;
    let page = Client::open(&at)?.list::<OperationsList, OperationOut>(&[], &[], None).await?;
    Output::of(json.json).show(&page, |page| {
        let row = |o: &OperationOut| {
            let company = [std::slice::from_ref(&o.company_mode), &o.company_sources].concat().join(" ");
            vec![o.method.clone(), o.path.clone(), o.id.clone(), o.audience.clone(), o.scope.clone(), company]
        };
        let head = ["method", "path", "id", "audience", "scope", "company"];
        table(&head, page.data.iter().map(row).collect(), "The catalogue is empty: every request is refused.")
    })?;
    Ok(())
}
