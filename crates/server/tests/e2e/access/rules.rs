//! Rules: what a key is answered, from the statements R28 to R32 and the rulings D7, D9 and D34 alone.

use super::{
    Answer,
    sample::{About, Kind, Sample},
    world::{Column, Power, Record, Target, Things},
};
use serde_json::Value;

/// What keys that may change nothing leave behind all the same: looking at one update marks it as read.
const MARKED: [&str; 1] = ["update: read"];

impl Column {
    /// Whether what a request is about is the key's to reach.
    fn reaches(&self, target: Target) -> bool {
        match target {
            Target::Nothing | Target::Own => true,
            Target::Sibling => !self.one,
            Target::Foreign | Target::Nobody => false,
        }
    }

    /// Whether its preset holds a kind of request.
    fn may(&self, kind: Kind) -> bool {
        let looks = matches!(kind, Kind::Open | Kind::Look);
        match self.power {
            Power::Primary | Power::Full => true,
            Power::Read => looks,
            Power::Send => looks || kind == Kind::Send,
        }
    }

    /// What the key must not be told: the companies that it does not reach.
    fn hidden<'w>(&'w self, foreign: &'w Things) -> impl Iterator<Item = &'w Things> {
        [foreign].into_iter().chain(self.one.then_some(&self.sibling))
    }

    fn ids(&self) -> Vec<i64> {
        if self.one { vec![self.own.id] } else { vec![self.own.id, self.sibling.id] }
    }
}

/// The cell. Management of keys is for primary keys. What the preset lacks is refused, whatever it is about. A company that
/// the key does not reach may not be named, and what belongs to one is not there.
fn expected<'s>(sample: &'s Sample, column: &Column, target: Target) -> &'s str {
    if sample.kind == Kind::Keys && column.power != Power::Primary {
        return "403 subkey_not_allowed";
    }
    if !column.may(sample.kind) {
        return "403 insufficient_scope";
    }
    if column.one && sample.about == About::Everyone {
        return "403 company_not_allowed";
    }
    if column.reaches(target) {
        return sample.served;
    }
    match sample.about {
        About::Company if column.one => "403 company_not_allowed",
        About::Object if column.one => "404 not_found",
        About::Nothing | About::Everyone | About::Company | About::Object => sample.unknown,
    }
}

/// Everything that is wrong with an answer.
pub(super) fn judge(
    sample: &Sample,
    column: &Column,
    target: Target,
    answer: &Answer,
    foreign: &Things,
) -> Vec<String> {
    let mut wrong = Vec::new();
    let wanted = expected(sample, column, target);
    if answer.cell != wanted {
        wrong.push(format!("answered {}, and the rules say {wanted}: {}", answer.cell, answer.text));
    }
    if answer.cell.starts_with('5') {
        wrong.push(format!("failed: {}", answer.text));
    }
    for hidden in column.hidden(foreign) {
        // An account may well have a company with a number that another account has too.
        let number = column.one.then_some(hidden.digits());
        for told in [Some(hidden.name.as_str()), number].into_iter().flatten() {
            if answer.text.contains(told) {
                wrong.push(format!("tells {told}: {}", answer.text));
            }
        }
    }
    // What is looked for is really there when it may be.
    if sample.operation == "company_id_get" && column.reaches(target) {
        let it = if target == Target::Own { &column.own } else { &column.sibling };
        if !(answer.text.contains(&it.name) && answer.text.contains(it.digits())) {
            wrong.push(format!("does not tell {}: {}", it.name, answer.text));
        }
    }
    if let Value::Array(rows) = &answer.body
        && target == Target::Nothing
    {
        wrong.extend(rows_of_others(sample, column, rows));
    }
    wrong
}

/// A list has rows, and they are those of the key's companies. For keys that reach everything, the log also has what was
/// about no company at all.
fn rows_of_others(sample: &Sample, column: &Column, rows: &[Value]) -> Option<String> {
    if sample.operation == "webhookhistory_get" || sample.kind == Kind::Keys {
        return None;
    }
    if rows.is_empty() {
        return Some("is empty".to_owned());
    }
    let field = if sample.operation == "company_get" { "id" } else { "company_id" };
    let own = column.ids();
    let fits = |row: &Value| match row[field].as_i64() {
        Some(id) => own.contains(&id),
        None => !column.one && sample.operation == "log_get",
    };
    let strange = rows.iter().find(|row| !fits(row))?;
    Some(format!("has a row of another company: {strange}"))
}

/// What is not the key's is answered as what is nobody's: by status, code and words.
pub(super) fn same_for_all(column: &Column, answers: &[(Target, Answer)]) -> Vec<String> {
    let of = |target: Target| answers.iter().find(|(about, _)| *about == target).map(|(_, answer)| answer.outline());
    let nobody = of(Target::Nobody);
    let others = [Some(Target::Foreign), column.one.then_some(Target::Sibling)].into_iter().flatten();
    let differ = others.filter(|other| of(*other) != nobody);
    differ.map(|other| format!("{other:?} is answered {:?}, and what never was {nobody:?}", of(other))).collect()
}

/// What a key has changed of a company that it may not change.
pub(super) fn effects(column: &Column, target: Target, before: &Record, after: &Record) -> Option<String> {
    let changed = before.iter().zip(after).filter(|(before, after)| before != after || before.1.is_null());
    let changed: Vec<String> = changed
        .map(|((what, before), (_, after))| {
            let only_read = unmarked(before) == unmarked(after);
            if only_read { format!("{what}: read") } else { format!("{what}: {before} is now {after}") }
        })
        .collect();
    let wanted: &[&str] = if column.reaches(target) { &MARKED } else { &[] };
    (changed != wanted).then(|| format!("changed {changed:?} of {target:?}, and should change {wanted:?}"))
}

/// Without the mark that it was read.
fn unmarked(value: &Value) -> Value {
    match value {
        Value::Array(rows) => rows.iter().map(unmarked).collect(),
        Value::Object(members) => {
            let members = members.iter().filter(|(name, _)| *name != "is_read");
            Value::Object(members.map(|(name, value)| (name.clone(), value.clone())).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}
