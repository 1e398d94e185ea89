//! `claviger prove-isolation`: asks for foreign data in every way that the catalogue allows (D9, D34, R91, R126).
//!
//! Owns:  the order: make, ask (reads before writes), remove, report.
//! Never: asks with a key that it did not make, or more often and longer than it was told.
//! Read:  `run`, then `ask`.

mod caller;
mod party;
mod place;
mod probe;
mod route;
mod template;
mod verdict;

use crate::{
    cli::prove::ProveIsolation,
    client::Client,
    failure::{Exit, Failure},
    output::Output,
};
use api::{catalogue::OperationOut, contract::OperationsList};
use caller::Gateway;
use model::operation::ServedBy;
use party::Party;
use place::Place;
use std::time::Duration;
use template::Templates;
use tokio::time::Instant;
use verdict::{Finding, Report, Trial, Verdict};

pub(crate) async fn run(args: ProveIsolation) -> Result<(), Failure> {
    let templates = Templates::said(&args)?;
    let place = Place::of(&args)?;
    let client = Client::open(&place.control)?;
    let until = Instant::now() + Duration::from_secs(args.time_max);
    let gateway = Gateway::open(&place.gateway, &place.trust, until)?;
    let mut operations = client.list::<OperationsList, OperationOut>(&[], &[], None).await?.data;
    // What the deployment answers itself is not the upstream's to keep apart, and asking it makes and deletes keys.
    operations.retain(|operation| operation.served_by == ServedBy::Upstream.as_str());
    if let Some(unknown) = args.operations.iter().find(|id| operations.iter().all(|o| o.id != **id)) {
        return Err(Failure::usage(format!("the catalogue has no operation {unknown}"), "see `operations list`"));
    }
    let mut party = Party::default();
    let mut outcome = party.make(&client, &gateway, &operations, &templates).await.map(|()| Vec::new());
    if outcome.is_ok() {
        outcome = ask(&args, until, &gateway, &operations, &party, &templates).await;
    }
    party.remove(&client).await;
    let findings = outcome?;
    let leaking = findings.iter().filter(|finding| finding.verdict == Verdict::Leaking).count();
    let report = Report { operations: findings, leaking };
    Output::of(args.json.json).show(&report, Report::text)?;
    if report.leaking > 0 {
        return Err(Failure::new(Exit::Failed, format!("{} operation(s) leak", report.leaking)));
    }
    Ok(())
}

/// Asks everything of every operation that was chosen, reads first: a write that leaks may destroy what a read shows.
async fn ask(
    args: &ProveIsolation,
    until: Instant,
    gateway: &Gateway,
    operations: &[OperationOut],
    party: &Party,
    templates: &Templates,
) -> Result<Vec<Finding>, Failure> {
    let mut left = args.probes_max;
    let callers = probe::callers(party);
    let chosen = |o: &&OperationOut| args.operations.is_empty() || args.operations.contains(&o.id);
    let mut order: Vec<&OperationOut> = operations.iter().filter(chosen).collect();
    order.sort_by_key(|operation| (operation.method != "GET", operation.method == "DELETE"));
    let mut findings = Vec::with_capacity(order.len());
    for operation in order {
        let mut trial = Trial::default();
        if operation.audience != "key" {
            trial.leave(format!("it is for audience {}, not for keys", operation.audience));
            findings.push(trial.end(operation));
            continue;
        }
        let plan = probe::plan(operation, operations, &callers, templates, &args.filters);
        if let Some(open) = plan.open {
            trial.leave(open);
        }
        for probe in plan.probes {
            if left == 0 || Instant::now() >= until {
                trial.leave("the bound on probes or time was reached: see --probes-max and --time-max".to_owned());
                break;
            }
            left -= 1;
            let Some(caller) = callers.get(probe.caller) else { continue };
            let answer = gateway.ask(&probe.asked, caller.key).await?;
            trial.hear(&probe, caller, &answer);
        }
        findings.push(trial.end(operation));
    }
    Ok(findings)
}
