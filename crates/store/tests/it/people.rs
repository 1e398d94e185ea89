//! People: persons, sessions, members, invitations, and the brake.
//!
//! Owns:  what the store promises of them: one use, one owner at least, ends that are ends, and an author for each change.
//! Never: cookies or passwords; `control` has those.
//! Read:  top down.

use crate::world::{World, secret};
use model::{
    AccountId, EmailAddress, Entropy, Environment, InvitationId, Member, MemberId, PersonId, Role, Secret, SecretHash,
    SecretSlot, SessionId, Timestamp,
};
use store::{
    Accepting, Attempt, AuditAction, Author, Brake, ConflictReason, IssuerSubject, KeysFate, NewInvitation, NewPerson,
    NewRegistration, NewSession, Page, Proof, Registered, Rotation, Sessions, Stamp, StoreError,
};

fn email(text: &str) -> EmailAddress {
    EmailAddress::parse(text).unwrap()
}

fn id<T>(n: u8, make: fn(Timestamp, Entropy) -> T) -> T {
    make(Timestamp::from_secs(1_790_000_000), Entropy([n; 10]))
}

fn token(n: u8) -> SecretHash {
    SecretHash::of(&[n])
}

fn session(n: u8) -> NewSession {
    NewSession {
        id: id(n, SessionId::new),
        hash: token(n),
        expires_at: Timestamp::from_secs(1_800_000_000),
        address: Some("192.0.2.7".to_owned()),
        agent: None,
        method: "password",
        replaces: None,
    }
}

fn person(n: u8, address: &str) -> NewPerson {
    let password = Some(Secret::new(format!("$argon2id${n}")));
    NewPerson {
        id: id(n, PersonId::new),
        email: email(address),
        email_proven: false,
        name: "Anna".to_owned(),
        password,
    }
}

fn by(world: &World, author: Author) -> Stamp {
    Stamp { author, ..world.stamp() }
}

/// An account whose owner is person 1, member 1.
async fn registered(world: &World) -> Registered {
    let (account, primary) = world.new_account();
    let person = person(1, "owner@example.com");
    let member = Member {
        id: id(1, MemberId::new),
        account: account.id,
        person: person.id,
        role: Role::Owner,
        created_at: account.created_at,
    };
    let stamp = by(world, Author::Person(person.id));
    let new = NewRegistration { account, primary, person, member, session: session(1) };
    world.store.people().register(stamp, new).await.unwrap().value
}

/// Person `n` comes into the account as `role`: their member.
async fn joined(world: &World, account: AccountId, n: u8, role: Role) -> MemberId {
    let address = format!("p{n}@example.com");
    let new = NewInvitation {
        id: id(n, InvitationId::new),
        email: email(&address),
        role,
        hash: token(100 + n),
        expires_at: Timestamp::from_secs(1_795_000_000),
    };
    let _ = world.store.account(account).invite(world.stamp(), new).await.unwrap();
    let who = Accepting::New(person(n, "ignored@example.com"), session(n));
    let accepted = world.store.people().accept(world.stamp(), token(100 + n), id(n, MemberId::new), who).await.unwrap();
    assert_eq!((accepted.value.0.email.as_str(), accepted.value.1.role), (&*address, role));
    accepted.value.1.id
}

fn reason(error: StoreError) -> ConflictReason {
    let StoreError::Conflict { reason } = error else { panic!("{error}") };
    reason
}

#[tokio::test]
async fn r18_a_registration_is_an_account_an_owner_and_a_primary_key_at_once_or_nothing() {
    let world = World::new().await;
    let made = registered(&world).await;
    let account = world.store.account(made.account.id);
    let members = account.members(Page::first(10)).await.unwrap().items;
    assert_eq!((members.len(), members[0].member.role, members[0].keys), (1, Role::Owner, 0));
    let audit = account.audit(Page::first(1)).await.unwrap().items.remove(0);
    assert_eq!((audit.action, audit.author), (AuditAction::AccountCreated, Author::Person(made.person.id)));
    let subjects: Vec<_> = audit.subjects.iter().map(|s| s.to_string()[..3].to_owned()).collect();
    assert_eq!(subjects, ["acc", "key", "per", "mem", "ses"]);

    let (other, primary) = world.new_account();
    let again = person(9, "OWNER@example.com");
    let member = Member {
        id: id(9, MemberId::new),
        account: other.id,
        person: again.id,
        role: Role::Owner,
        created_at: other.created_at,
    };
    let new = NewRegistration { account: other.clone(), primary, person: again, member, session: session(9) };
    let refused = world.store.people().register(world.stamp(), new).await.unwrap_err();
    assert_eq!(reason(refused), ConflictReason::EmailTaken);
    assert!(world.store.account_by_id(other.id).await.is_err());
    assert!(world.store.verify_audit().await.unwrap().broken.is_none());
}

#[tokio::test]
async fn sessions_end_by_time_by_idleness_and_by_rotation() {
    let world = World::new().await;
    let made = registered(&world).await;
    let people = world.store.people();
    let now = world.now();
    let found = async |hash, now, since| people.session(&hash, now, since).await.unwrap().map(|s| s.person);
    assert_eq!(found(token(1), now, Timestamp::MIN).await, Some(made.person.id));
    assert_eq!(found(token(1), Timestamp::from_secs(1_800_000_000), Timestamp::MIN).await, None, "over");
    assert_eq!(found(token(1), now, now).await, None, "idle");
    let _ = people.touch(world.stamp(), id(1, SessionId::new)).await.unwrap();
    assert_eq!(found(token(1), now, now).await, Some(made.person.id), "used since");

    let password = made.person.password.clone().unwrap();
    let proof = |password: &Secret<String>, totp| Some(Proof { password: password.clone(), totp });
    let present = proof(&password, None);
    let _ = people.sign_in(world.stamp(), made.person.id, present, None, session(2)).await.unwrap();
    for (stale, why) in [
        (proof(&Secret::new("old".to_owned()), None), "a password that was changed meanwhile"),
        (proof(&password, Some(vec![1])), "another second factor meanwhile"),
    ] {
        let refused = people.sign_in(world.stamp(), made.person.id, stale, None, session(3)).await;
        assert!(matches!(refused, Err(StoreError::NotFound { .. })), "{why}");
    }
    let rotation = Rotation { session: id(2, SessionId::new), hash: token(22) };
    let change = (password, Secret::new("$argon2id$new".to_owned()));
    let _ = people.set_password(world.stamp(), made.person.id, change, Sessions::Rotate(rotation)).await.unwrap();
    for (hash, lives) in [(token(1), false), (token(2), false), (token(22), true)] {
        assert_eq!(found(hash, now, Timestamp::MIN).await.is_some(), lives);
    }
    let _ = people.end_session(world.stamp(), made.person.id, id(2, SessionId::new)).await.unwrap();
    assert_eq!(found(token(22), now, Timestamp::MIN).await, None);
}

#[tokio::test]
async fn a_person_has_no_more_sessions_than_the_bound_and_the_oldest_go_first() {
    let world = World::new().await;
    let made = registered(&world).await;
    let people = world.store.people();
    for n in 2..=u8::try_from(store::SESSIONS_MAX).unwrap() + 1 {
        let _ = people.sign_in(world.stamp(), made.person.id, None, None, session(n)).await.unwrap();
    }
    let listed = people.sessions(made.person.id, world.now(), Timestamp::MIN).await.unwrap();
    assert_eq!(listed.len(), store::SESSIONS_MAX);
    assert!(people.session(&token(1), world.now(), Timestamp::MIN).await.unwrap().is_none());
}

#[tokio::test]
async fn an_invitation_works_once_in_its_time_and_for_its_address() {
    let world = World::new().await;
    let made = registered(&world).await;
    let people = world.store.people();
    let member = joined(&world, made.account.id, 2, Role::Viewer).await;
    let again = Accepting::New(person(3, "x@example.com"), session(3));
    let used = people.accept(world.stamp(), token(102), id(3, MemberId::new), again).await;
    assert!(matches!(used, Err(StoreError::NotFound { .. })), "used");

    let account = world.store.account(made.account.id);
    let invite = |n: u8, address: &str| NewInvitation {
        id: id(n, InvitationId::new),
        email: email(address),
        role: Role::Viewer,
        hash: token(100 + n),
        expires_at: Timestamp::from_secs(1_795_000_000),
    };
    let known = account.invite(world.stamp(), invite(4, "p2@example.com")).await.unwrap_err();
    assert_eq!(reason(known), ConflictReason::AlreadyMember);
    let _ = account.invite(world.stamp(), invite(5, "new@example.com")).await.unwrap();
    let rotation = Rotation { session: id(2, SessionId::new), hash: token(42) };
    let other = people.accept(
        world.stamp(),
        token(105),
        id(5, MemberId::new),
        Accepting::Known(id(2, PersonId::new), rotation),
    );
    assert!(matches!(other.await, Err(StoreError::NotFound { .. })), "another's address");
    assert!(people.invitation(&token(105), Timestamp::from_secs(1_795_000_000)).await.is_err(), "too old");
    let _ = account.invite(world.stamp(), invite(6, "new@example.com")).await.unwrap();
    assert!(people.invitation(&token(105), world.now()).await.is_err(), "a new one ends the one before");
    let _ = account.uninvite(world.stamp(), id(6, InvitationId::new)).await.unwrap();
    assert!(people.invitation(&token(106), world.now()).await.is_err(), "taken back");
    assert_eq!(people.membership(id(2, PersonId::new), made.account.id).await.unwrap().unwrap().id, member);
}

#[tokio::test]
async fn a_role_that_shrinks_takes_back_the_invitations_that_it_could_not_make_and_no_other() {
    let world = World::new().await;
    let made = registered(&world).await;
    let account = world.store.account(made.account.id);
    let second = joined(&world, made.account.id, 2, Role::Owner).await;
    let invite = |n: u8, role| NewInvitation {
        id: id(n, InvitationId::new),
        email: email(&format!("new{n}@example.com")),
        role,
        hash: token(100 + n),
        expires_at: Timestamp::from_secs(1_795_000_000),
    };
    for (n, role, author) in
        [(5, Role::Owner, second), (6, Role::Admin, second), (7, Role::Owner, id(1, MemberId::new))]
    {
        let _ = account.invite(by(&world, Author::Member(author)), invite(n, role)).await.unwrap();
    }
    let open = async || {
        let all = account.invitations(world.now(), Page::first(10)).await.unwrap().items;
        all.iter().map(|invitation| invitation.id).collect::<Vec<_>>()
    };
    let [fifth, sixth, seventh] = [5, 6, 7].map(|n| id(n, InvitationId::new));
    assert_eq!(open().await, [seventh, sixth, fifth]);
    let _ = account.set_role(world.stamp(), second, Role::Admin).await.unwrap();
    assert_eq!(open().await, [seventh, sixth], "an admin invites no owner");
    let _ = account.set_role(world.stamp(), second, Role::Developer).await.unwrap();
    assert_eq!(open().await, [seventh], "a developer invites nobody");
}

#[tokio::test]
async fn the_last_owner_stays_and_only_owners_touch_owners() {
    let world = World::new().await;
    let made = registered(&world).await;
    let account = world.store.account(made.account.id);
    let owner = id(1, MemberId::new);
    for refused in [
        account.set_role(world.stamp(), owner, Role::Admin).await.map(|_| ()),
        account.remove_member(world.stamp(), owner, None).await.map(|_| ()),
    ] {
        assert_eq!(reason(refused.unwrap_err()), ConflictReason::LastOwner);
    }
    let admin = joined(&world, made.account.id, 2, Role::Admin).await;
    let viewer = joined(&world, made.account.id, 3, Role::Viewer).await;
    let as_admin = || by(&world, Author::Member(admin));
    let lacking = ConflictReason::RoleInsufficient(Role::Admin);
    for refused in [
        account.set_role(as_admin(), owner, Role::Viewer).await.map(|_| ()),
        account.set_role(as_admin(), admin, Role::Owner).await.map(|_| ()),
        account.remove_member(as_admin(), owner, None).await.map(|_| ()),
    ] {
        assert_eq!(reason(refused.unwrap_err()), lacking);
    }
    let _ = account.set_role(as_admin(), viewer, Role::Developer).await.unwrap();
    let _ = account.set_role(by(&world, Author::Member(owner)), admin, Role::Owner).await.unwrap();
    let _ = account.remove_member(as_admin(), owner, None).await.unwrap();
    let gone = account.set_role(by(&world, Author::Member(owner)), viewer, Role::Owner).await;
    assert!(matches!(gone, Err(StoreError::NotFound { .. })), "who is no member any more changes nothing");
}

#[tokio::test]
async fn invariant_5_no_method_reaches_another_accounts_people() {
    let world = World::new().await;
    let mine = world.store.account(registered(&world).await.account.id);
    let theirs = world.account().await;
    let member = joined(&world, theirs.id(), 2, Role::Owner).await;
    let second = joined(&world, theirs.id(), 3, Role::Owner).await;
    let invitation = NewInvitation {
        id: id(4, InvitationId::new),
        email: email("p4@example.com"),
        role: Role::Viewer,
        hash: token(104),
        expires_at: Timestamp::from_secs(1_795_000_000),
    };
    let _ = theirs.invite(world.stamp(), invitation).await.unwrap();
    let before = theirs.audit_end().await.unwrap();
    let not_there = |result: Result<(), StoreError>| assert!(matches!(result, Err(StoreError::NotFound { .. })));
    not_there(mine.member(member).await.map(|_| ()));
    not_there(mine.set_role(world.stamp(), member, Role::Viewer).await.map(|_| ()));
    not_there(mine.remove_member(world.stamp(), member, None).await.map(|_| ()));
    not_there(mine.uninvite(world.stamp(), id(4, InvitationId::new)).await.map(|_| ()));
    // Nor does a member of theirs change anything of mine, whatever they are there.
    let owner = id(1, MemberId::new);
    not_there(mine.set_role(by(&world, Author::Member(second)), owner, Role::Viewer).await.map(|_| ()));
    not_there(mine.create_key(by(&world, Author::Member(second)), world.new_key(mine.id())).await.map(|_| ()));
    let listed = mine.members(Page::behind(second, 10)).await.unwrap().items;
    assert!(listed.iter().all(|row| row.member.account == mine.id()));
    assert!(mine.invitations(world.now(), Page::first(10)).await.unwrap().items.is_empty());
    assert!(mine.audit_behind(0, 100).await.unwrap().iter().all(|entry| entry.account == Some(mine.id())));
    assert_eq!(theirs.audit_end().await.unwrap(), before, "nothing of theirs was changed");
}

#[tokio::test]
async fn r59_the_keys_of_a_member_who_goes_are_kept_disabled_or_revoked_and_never_forgotten() {
    let world = World::new().await;
    let made = registered(&world).await;
    let account = world.store.account(made.account.id);
    for (n, fate, status) in [(2, "keep", "active"), (3, "disable", "disabled"), (4, "revoke", "revoked")] {
        let member = joined(&world, made.account.id, n, Role::Developer).await;
        let key = account.create_key(by(&world, Author::Member(member)), world.new_key(account.id())).await.unwrap();
        let refused = account.remove_member(world.stamp(), member, None).await.unwrap_err();
        assert_eq!(reason(refused), ConflictReason::MemberHasKeys(1));
        let removed = account.remove_member(world.stamp(), member, KeysFate::parse(fate)).await.unwrap();
        assert_eq!(removed.value.len(), usize::from(fate != "keep"));
        assert_eq!(account.key(key.value.key.id).await.unwrap().key.status.as_str(), status, "{fate}");
        let again = account.create_key(by(&world, Author::Member(member)), world.new_key(account.id())).await;
        assert!(again.is_err(), "a member who went makes no key");
    }
    let viewer = joined(&world, made.account.id, 5, Role::Viewer).await;
    let refused = account.create_key(by(&world, Author::Member(viewer)), world.new_key(account.id())).await;
    assert_eq!(reason(refused.unwrap_err()), ConflictReason::RoleInsufficient(Role::Viewer));
}

/// Whoever rotates a key sees its new secret, in whatever environment, and as long as the old one overlaps.
#[tokio::test]
async fn r59_a_member_who_rotated_a_key_is_asked_about_it_and_who_saw_no_secret_of_it_is_not() {
    let world = World::new().await;
    let made = registered(&world).await;
    let account = world.store.account(made.account.id);
    let key = world.key(&account).await.key.id;
    let rotate = async |author: Author, environment| {
        let row = account.key(key).await.unwrap();
        let client = secret(&row, environment, SecretSlot::Current).unwrap().client_id;
        let fresh = vec![world.credential(environment, Some(client))];
        let _ = account.rotate_key(by(&world, author), key, fresh, Timestamp::MAX).await.unwrap();
    };
    let one = joined(&world, made.account.id, 2, Role::Developer).await;
    let two = joined(&world, made.account.id, 3, Role::Developer).await;
    let asked = async |member| match account.remove_member(world.stamp(), member, None).await {
        Err(error) => reason(error) == ConflictReason::MemberHasKeys(1),
        Ok(_) => false,
    };
    rotate(Author::Member(one), Environment::Test).await;
    rotate(Author::Member(two), Environment::Live).await;
    assert!(asked(one).await && asked(two).await);
    rotate(Author::Member(two), Environment::Test).await;
    assert!(asked(one).await, "the secret that they saw overlaps");
    rotate(Author::Installation, Environment::Test).await;
    let seen = account.members(Page::first(10)).await.unwrap().items;
    let keys = |id| seen.iter().find(|row| row.member.id == id).unwrap().keys;
    assert_eq!((keys(one), keys(two)), (0, 1));
    assert!(!asked(one).await, "no secret that they saw is left: they are removed");
    let removed = account.remove_member(world.stamp(), two, Some(KeysFate::Revoke)).await.unwrap();
    assert_eq!(removed.value, [key]);
    assert_eq!(account.key(key).await.unwrap().key.status.as_str(), "revoked");
}

#[tokio::test]
async fn who_has_no_password_gives_up_a_provider_only_while_another_one_is_left() {
    let world = World::new().await;
    let people = world.store.people();
    let subject = |issuer: &str| IssuerSubject {
        issuer: format!("https://{issuer}.example.com"),
        directory: String::new(),
        subject: "s".to_owned(),
    };
    let somebody = NewPerson { password: None, ..person(1, "anna@example.com") };
    let who = somebody.id;
    let _ = people.create_person(world.stamp(), somebody, subject("a"), session(1)).await.unwrap();
    let _ = people.link(world.stamp(), who, subject("b")).await.unwrap();
    let unlink = async |gone: &str, left: &str| {
        let wish = (vec![subject(gone)], vec![subject(left)]);
        people.unlink(world.stamp(), who, wish, Sessions::Keep).await
    };
    let _ = unlink("a", "b").await.unwrap();
    // Another that was counted on, and went meanwhile.
    assert_eq!(reason(unlink("b", "a").await.unwrap_err()), ConflictReason::LastWayIn);
    let left: Vec<_> = people.links(who).await.unwrap().into_iter().map(|link| link.subject).collect();
    assert_eq!(left, [subject("b")]);
}

#[tokio::test]
async fn a_code_and_a_recovery_code_are_taken_once() {
    let world = World::new().await;
    let made = registered(&world).await;
    let (people, who) = (world.store.people(), made.person.id);
    let _ = people.offer_totp(world.stamp(), who, vec![1, 2, 3]).await.unwrap();
    let offered = || (vec![1, 2, 3], 7);
    let _ = people.confirm_totp(world.stamp(), who, offered(), vec![token(200)], Sessions::Keep).await.unwrap();
    let before = Some(Proof { password: made.person.password.unwrap(), totp: None });
    let refused = people.sign_in(world.stamp(), who, before, None, session(9)).await;
    assert!(matches!(refused, Err(StoreError::NotFound { .. })), "it was set up while a sign-in went on without it");
    let mut steps = Vec::new();
    for step in [7, 6, 8, 8] {
        steps.push(people.take_totp_step(world.stamp(), who, step).await.unwrap().value);
    }
    assert_eq!(steps, [false, false, true, false], "RFC 6238 section 5.2");
    assert!(people.take_recovery_code(world.stamp(), who, token(200)).await.unwrap().value);
    assert!(!people.take_recovery_code(world.stamp(), who, token(200)).await.unwrap().value);
    let _ = people.set_recovery_codes(world.stamp(), who, vec![token(201)]).await.unwrap();
    let _ = people.remove_totp(world.stamp(), who, Sessions::End).await.unwrap();
    assert!(!people.take_recovery_code(world.stamp(), who, token(201)).await.unwrap().value);
    assert!(people.session(&token(1), world.now(), Timestamp::MIN).await.unwrap().is_none());
}

#[tokio::test]
async fn the_brake_holds_attempts_up_and_lets_them_go_again() {
    let world = World::new().await;
    let people = world.store.people();
    let brake = Brake { subject: [7; 32], free: 2, wait_max_secs: 60 };
    let start = world.now();
    let at = async |secs| people.attempt(world.stamp_at(start.plus_secs(secs)), vec![brake]).await.unwrap().value;
    assert_eq!([at(0).await, at(0).await, at(0).await], [Attempt::Taken; 3]);
    assert_eq!(at(0).await, Attempt::NotBefore(start.plus_secs(1)));
    assert_eq!([at(1).await, at(3).await], [Attempt::Taken; 2]);
    for _ in 0..100 {
        assert_eq!(at(4).await, Attempt::NotBefore(start.plus_secs(7)), "what is refused is not counted");
    }
    let _ = people.forgive(world.stamp(), vec![brake.subject], Vec::new()).await.unwrap();
    assert_eq!(at(4).await, Attempt::Taken, "success forgives");
    for secs in [5, 6, 8, 13, 22, 40, 100, 200] {
        at(secs).await;
    }
    assert_eq!(at(201).await, Attempt::NotBefore(start.plus_secs(260)), "never longer than the bound");
    assert_eq!(at(100_000).await, Attempt::Taken);
    assert_eq!(at(100_000).await, Attempt::Taken, "a day forgets");
}

#[tokio::test]
async fn a_restore_brings_no_session_and_no_invitation_back() {
    let world = World::new().await;
    let made = registered(&world).await;
    let account = world.store.account(made.account.id);
    let new = NewInvitation {
        id: id(2, InvitationId::new),
        email: email("p2@example.com"),
        role: Role::Owner,
        hash: token(102),
        expires_at: Timestamp::from_secs(1_795_000_000),
    };
    let _ = account.invite(world.stamp(), new).await.unwrap();
    let copy = world.path().join("copy.db");
    world.store.backup(&copy).await.unwrap();
    // After the back-up the owner signs out and the invitation is taken back; the restore must not undo that.
    let people = world.store.people();
    let _ = people.end_sessions(world.stamp(), made.person.id).await.unwrap();
    let _ = account.uninvite(world.stamp(), id(2, InvitationId::new)).await.unwrap();
    world.store.clone().close().await;
    store::restore(&copy, world.path(), store::Options::default(), world.stamp()).await.unwrap();
    let store = store::Store::open(world.path(), store::Options::default()).await.unwrap();
    let people = store.people();
    assert!(people.session(&token(1), world.now(), Timestamp::MIN).await.unwrap().is_none());
    assert!(people.invitation(&token(102), world.now()).await.is_err());
    assert_eq!(people.person(made.person.id).await.unwrap().email, made.person.email);
    assert!(store.verify_audit().await.unwrap().broken.is_none());
}
