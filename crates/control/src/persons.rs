//! Persons: everybody who can sign in, for the operator.
//!
//! Owns:  their handlers.
//! Never: opens anything in a person's name.
//! Read:  top down.

use crate::{operation::Op, pages::page, refusal::Refusal, reply::Reply, sessions};
use api::{
    Time,
    contract::{PersonsDelete, PersonsList, PersonsSessions, PersonsSignOut, PersonsTotpDelete},
    page::Page,
    person::{PersonMembershipOut, PersonRecordOut},
    session::{AccountName, DeviceOut},
};
use store::{Membership, Sessions};

pub(crate) async fn list(op: Op<PersonsList>) -> Result<Page<PersonRecordOut>, Refusal> {
    let people = op.context.people();
    let found = people.persons(page(op.query.limit, op.query.cursor.as_deref())?).await?;
    let mut data = Vec::with_capacity(found.items.len());
    for person in &found.items {
        let memberships = people.memberships(person.id).await?.iter().map(show).collect();
        let created_at = Time(person.created_at);
        data.push(PersonRecordOut { person: sessions::show_person(person), created_at, memberships });
    }
    Ok(Page { data, next_cursor: found.next.map(|id| id.to_string()) })
}

fn show(membership: &Membership) -> PersonMembershipOut {
    PersonMembershipOut {
        account: AccountName { id: membership.member.account.to_string(), name: membership.account_name.clone() },
        member_id: membership.member.id.to_string(),
        role: membership.member.role.into(),
    }
}

pub(crate) async fn sessions(op: Op<PersonsSessions>) -> Result<Page<DeviceOut>, Refusal> {
    let person = op.context.people().person(op.target.person).await?;
    let (now, since) = (op.context.now, op.context.control.seen_since(op.context.now));
    let all = op.context.people().sessions(person.id, now, since).await?;
    let data = all.iter().map(|session| sessions::show_device(session, None)).collect();
    Ok(Page { data, next_cursor: None })
}

pub(crate) async fn sign_out(op: Op<PersonsSignOut>) -> Result<Reply<PersonsSignOut>, Refusal> {
    let _committed = op.context.people().end_sessions(op.context.stamp()?, op.target.person).await?;
    Ok(Reply::nothing())
}

pub(crate) async fn remove_totp(op: Op<PersonsTotpDelete>) -> Result<Reply<PersonsTotpDelete>, Refusal> {
    let stamp = op.context.stamp()?;
    let _committed = op.context.people().remove_totp(stamp, op.target.person, Sessions::End).await?;
    Ok(Reply::nothing())
}

pub(crate) async fn delete(op: Op<PersonsDelete>) -> Result<Reply<PersonsDelete>, Refusal> {
    let _committed = op.context.people().delete_person(op.context.stamp()?, op.target.person).await?;
    Ok(Reply::nothing())
}
