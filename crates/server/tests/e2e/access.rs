//! Access: every operation of Invoicetronic, asked with every kind of key about every kind of company.
//!
//! Owns:  the whole table, once as a page (`UPDATE_ACCESS=1` writes it) and once as rules that know no catalogue.
//! Never: takes what a request is for from the product: `sample` says it by hand.
//! Read:  `sample`, then `rules`, then the test.

mod page;
mod rules;
mod sample;
mod world;

use sample::{About, At, Sample, samples};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use testkit::{Must, Reply};
use world::{Client, Column, Power, Target, World};

/// An operation of the running catalogue.
struct Operation {
    method: String,
    path: String,
}

/// An answer as the page shows it, and as the rules look at it.
struct Answer {
    /// The status and, of a refusal, its code.
    cell: String,
    text: String,
    /// Null when it is not JSON.
    body: Value,
}

impl Answer {
    fn of(reply: &Reply) -> Self {
        let text = String::from_utf8_lossy(&reply.body).into_owned();
        let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        // The reference API has the code beside the status, the gateway also where every profile has it.
        let code = body.pointer("/error/code").or_else(|| body.get("code")).and_then(Value::as_str);
        let cell = match code {
            Some(code) if reply.status >= 400 => format!("{} {code}", reply.status),
            _ => reply.status.to_string(),
        };
        Self { cell, text, body }
    }

    /// What it says beside numbers; of a success, that it is one.
    fn outline(&self) -> (String, String) {
        let words = if self.cell.starts_with('2') { "" } else { self.body["detail"].as_str().unwrap_or_default() };
        (self.cell.clone(), words.chars().filter(|c| !c.is_ascii_digit()).collect())
    }
}

/// The running catalogue: every operation has a sample, and every sample is a request to its operation.
async fn operations(world: &World, samples: &[Sample]) -> BTreeMap<String, Operation> {
    let listed = world.claviger.cli().json(&["operations", "list"]).await;
    let listed = listed.get("data").unwrap_or(&listed).as_array().must("list operations").clone();
    let text = |value: &Value| value.as_str().must("be text").to_owned();
    let operations: BTreeMap<String, Operation> = listed
        .iter()
        .map(|one| (text(&one["id"]), Operation { method: text(&one["method"]), path: text(&one["path"]) }))
        .collect();
    let known: BTreeSet<&str> = operations.keys().map(String::as_str).collect();
    let sampled: BTreeSet<&str> = samples.iter().map(|sample| sample.operation).collect();
    assert_eq!(sampled, known, "operations with samples, and operations of the catalogue");
    let column = &world.columns[0];
    for sample in samples {
        let ask = (sample.ask)(&At { it: &column.own, own: &column.own });
        let operation = &operations[sample.operation];
        let path = ask.path.split('?').next().unwrap_or_default();
        let fits = |(part, here): (&str, &str)| part.starts_with('{') || part == here;
        let same = path.split('/').count() == operation.path.split('/').count();
        assert!(
            ask.method == operation.method && same && operation.path.split('/').zip(path.split('/')).all(fits),
            "{} {path} is no sample of {}",
            ask.method,
            sample.operation
        );
    }
    operations
}

/// What a sample is asked about.
const fn targets(sample: &Sample) -> &'static [Target] {
    match sample.about {
        About::Nothing | About::Everyone => &[Target::Nothing],
        About::Company | About::Object => &[Target::Own, Target::Sibling, Target::Foreign, Target::Nobody],
    }
}

/// The companies that a key may not change: those that it does not reach, and all when it may not change any.
const fn kept(column: &Column) -> &'static [Target] {
    match column.power {
        Power::Read | Power::Send => &[Target::Own, Target::Sibling],
        Power::Primary | Power::Full if column.one => &[Target::Sibling],
        Power::Primary | Power::Full => &[],
    }
}

/// Asks everything with one key; the cells, and what is wrong with them.
async fn ask(world: &World, client: &Client, column: &Column, samples: &[Sample]) -> (Vec<Cell>, Vec<String>) {
    let (mut cells, mut wrong, mut before) = (Vec::new(), Vec::new(), Vec::new());
    for target in kept(column) {
        before.push(client.record(&column.primary, world.things(column, *target)).await);
    }
    for (row, sample) in samples.iter().enumerate() {
        let mut answers = Vec::new();
        for target in targets(sample) {
            let ask = (sample.ask)(&At { it: world.things(column, *target), own: &column.own });
            let about = format!("{} {} ({target:?})", ask.method, ask.path);
            let answer = Answer::of(&client.ask(&column.secret, ask.method, &ask.path, ask.body).await);
            let slips = rules::judge(sample, column, *target, &answer, &world.foreign);
            wrong.extend(slips.into_iter().map(|slip| format!("{about} {slip}")));
            cells.push(Cell { target: *target, row, text: answer.cell.clone() });
            answers.push((*target, answer));
        }
        wrong.extend(
            rules::same_for_all(column, &answers).into_iter().map(|slip| format!("{}: {slip}", sample.operation)),
        );
    }
    for (target, before) in kept(column).iter().zip(before) {
        let after = client.record(&column.primary, world.things(column, *target)).await;
        wrong.extend(rules::effects(column, *target, &before, &after));
    }
    (cells, wrong.into_iter().map(|slip| format!("{}: {slip}", column.title)).collect())
}

/// A cell of one key.
struct Cell {
    target: Target,
    row: usize,
    text: String,
}

#[tokio::test(flavor = "multi_thread")]
async fn r28_r30_r31_r32_d9_d34_the_access_table_holds_for_every_operation_key_and_company() {
    let world = World::start().await;
    let client = Client::of(&world.claviger);
    let samples = samples();
    let operations = operations(&world, &samples).await;
    let strangers = client.record(&world.stranger, &world.foreign).await;
    let (mut table, mut wrong) = (Vec::new(), Vec::new());
    for column in &world.columns {
        let (cells, slips) = ask(&world, &client, column, &samples).await;
        table.push(cells);
        wrong.extend(slips);
    }
    assert_eq!(client.record(&world.stranger, &world.foreign).await, strangers, "another account's records");
    assert!(wrong.is_empty(), "{} surprises:\n{}", wrong.len(), wrong.join("\n"));
    page::compare(&page::render(&samples, &operations, &world.columns, &table));
    println!("{} answers", table.iter().map(Vec::len).sum::<usize>());
    world.claviger.stop().await;
}
