//! Registration: an account, its owner and its primary key, for whoever asks, where the deployment allows it (R18).
//!
//! Owns:  the handler.
//! Never: proves that an address is its owner's; nothing here depends on it.
//! Read:  top down.

use crate::{brake, members, operation::Op, people::Registration, refusal::Refusal, reply::Reply, sessions};
use api::{Code, account::AccountOut, contract::RegistrationsCreate, key::KeyIssued, session::RegistrationOut};
use model::{Member, Role};
use store::{Author, MemberRow, NewPerson, NewRegistration};

pub(crate) async fn create(op: Op<RegistrationsCreate>) -> Result<Reply<RegistrationsCreate>, Refusal> {
    let context = &op.context;
    if context.control.parts().people.registration != Registration::Open {
        return Err(Code::RegistrationClosed.into());
    }
    let wish = op.body.check()?;
    // Also one that succeeds counts: accounts are not made in bulk.
    brake::register(context).await?;
    let password = context.control.passwords().hash(wish.password).await?;
    let issued = context.issuer().account(wish.account_name);
    let person = NewPerson {
        id: context.issuer().person_id(),
        email: wish.email,
        email_proven: false,
        name: wish.name,
        password: Some(password),
    };
    let member = Member {
        id: context.issuer().member_id(),
        account: issued.account.id,
        person: person.id,
        role: Role::Owner,
        created_at: context.now,
    };
    let (session, token) = sessions::begin(context, "registration").await?;
    let expires_at = session.expires_at;
    let stamp = context.stamp_by(Author::Person(person.id));
    let (account, primary) = (issued.account, issued.primary.new);
    let new = NewRegistration { account, primary, person, member, session };
    let committed = context.people().register(stamp, new).await?;
    let in_force = context.confirm(committed.revision).await?;
    let made = committed.value;
    let row = MemberRow {
        member,
        name: made.person.name,
        email: made.person.email,
        has_totp: false,
        keys: 0,
        last_seen_at: None,
    };
    let key = crate::keys::show(&made.primary, context);
    let answer = RegistrationOut {
        account: AccountOut::from(&made.account),
        member: members::show(&row),
        key: KeyIssued { secrets: issued.primary.secrets, key, in_force },
    };
    Reply::json(answer).with(sessions::cookie(context, &token, expires_at))
}
