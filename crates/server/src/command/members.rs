//! `claviger members ...`.
//!
//! Owns:  what it prints.
//! Never: knows more than the control API tells.
//! Read:  `run`.

use crate::{
    cli::{
        control::{Account, Connection},
        members::{KeysArg, MembersCommand, RoleArg},
    },
    client::{Client, NOTHING},
    command::keys::receipt_text,
    failure::Failure,
    output::{Output, facts, table},
};
use api::{
    answer::Nothing,
    contract::{InvitationsCreate, InvitationsDelete, InvitationsList, MembersDelete, MembersList, MembersUpdate},
    invitation::{InvitationCreated, InvitationIn, InvitationOut},
    member::{MemberChanged, MemberDeleted, MemberOut, MemberPatch, RoleName},
};
use model::Role;

pub(crate) async fn run(command: MembersCommand) -> Result<(), Failure> {
    match command {
        MembersCommand::List { paging, account, at, json } => {
            let (client, account) = open(&at, &account).await?;
            let page = client.list::<MembersList, MemberOut>(&[&account], &[], paging.limit).await?;
            Output::of(json.json).show(&page, |page| {
                let row = |m: &MemberOut| {
                    let factor = if m.has_totp { "yes" } else { "no" }.to_owned();
                    vec![m.id.clone(), m.email.clone(), role(m.role), factor, m.keys.to_string(), m.name.clone()]
                };
                let head = ["id", "email", "role", "second factor", "keys", "name"];
                table(&head, page.data.iter().map(row).collect(), "No members yet: invite the first owner.")
            })?;
        }
        MembersCommand::Invite { email, role, account, at, json } => {
            let (client, account) = open(&at, &account).await?;
            let body = InvitationIn { email, role: role.into() };
            let made = client.call::<InvitationsCreate>(&[&account], &[], Some(&body)).await?;
            Output::of(json.json).show(&made, |made: &InvitationCreated| {
                let link = ("link", made.link.secret().expose().clone());
                let until = ("works until", made.invitation.expires_at.to_string());
                let facts = facts(&[("id", made.invitation.id.clone()), link, until]);
                format!("{facts}\nGive them the link now: it cannot be shown again.")
            })?;
        }
        MembersCommand::Invitations { paging, account, at, json } => {
            let (client, account) = open(&at, &account).await?;
            let page = client.list::<InvitationsList, InvitationOut>(&[&account], &[], paging.limit).await?;
            Output::of(json.json).show(&page, |page| {
                let row = |i: &InvitationOut| {
                    vec![i.id.clone(), i.email.clone(), role(i.role), i.expires_at.to_string(), i.created_by.clone()]
                };
                let head = ["id", "email", "role", "works until", "by"];
                table(&head, page.data.iter().map(row).collect(), "No open invitations.")
            })?;
        }
        MembersCommand::Uninvite { id, account, at, json } => {
            let (client, account) = open(&at, &account).await?;
            let gone = client.call::<InvitationsDelete>(&[&account, &id], &[], NOTHING).await?;
            Output::of(json.json).show(&gone, |_: &Nothing| format!("{id} is taken back: its link is of no use."))?;
        }
        MembersCommand::SetRole { id, role, account, at, json } => {
            let (client, account) = open(&at, &account).await?;
            let body = MemberPatch { role: role.into() };
            let changed = client.call::<MembersUpdate>(&[&account, &id], &[], Some(&body)).await?;
            Output::of(json.json).show(&changed, |changed: &MemberChanged| {
                format!("{} is {} now.", changed.member.email, self::role(changed.member.role))
            })?;
        }
        MembersCommand::Remove { id, keys, account, at, json } => {
            let (client, account) = open(&at, &account).await?;
            let query: Vec<_> = keys.map(|keys| ("keys", fate(keys))).into_iter().collect();
            let removed = client.call::<MembersDelete>(&[&account, &id], &query, NOTHING).await?;
            Output::of(json.json).show(&removed, removed_text)?;
        }
    }
    Ok(())
}

async fn open(at: &Connection, account: &Account) -> Result<(Client, String), Failure> {
    let client = Client::open(at)?;
    let account = client.account(account).await?;
    Ok((client, account))
}

fn removed_text(removed: &MemberDeleted) -> String {
    let keys = match &*removed.keys {
        [] => String::new(),
        keys => format!("\nKeys that do not work any more: {}", keys.join(" ")),
    };
    format!("{} is removed.{keys}\n{}", removed.member_id, receipt_text(&removed.in_force))
}

/// A role as it is printed.
pub(crate) fn role(role: RoleName) -> String {
    Role::from(role).to_string()
}

const fn fate(keys: KeysArg) -> &'static str {
    match keys {
        KeysArg::Keep => "keep",
        KeysArg::Disable => "disable",
        KeysArg::Revoke => "revoke",
    }
}

impl From<RoleArg> for RoleName {
    fn from(role: RoleArg) -> Self {
        match role {
            RoleArg::Owner => Self::Owner,
            RoleArg::Admin => Self::Admin,
            RoleArg::Developer => Self::Developer,
            RoleArg::Viewer => Self::Viewer,
        }
    }
}
