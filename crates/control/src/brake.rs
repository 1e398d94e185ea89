//! Brakes: guessing becomes slow, by the e-mail address that is guessed at, by the person whose codes are guessed, and by the
//! network address that guesses.
//!
//! Owns:  what is braked, how soon and how long.
//! Never: locks anybody out for good: whoever is slow enough gets in, and success forgives.
//! Read:  `sign_in`, then `code`, then `Taken`.

use crate::{authority::anonymous, operation::Context, refusal::Refusal};
use model::{EmailAddress, PersonId, SecretHash};
use std::net::IpAddr;
use store::{Attempt, Brake};

/// Wrong guesses at one person that cost nothing: people mistype.
const FREE_BY_EMAIL: u32 = 5;
/// Wrong guesses from one address that cost nothing: offices share one.
const FREE_BY_ADDRESS: u32 = 20;
/// The longest wait between two guesses, in seconds.
const WAIT_MAX_SECS: i64 = 900;

/// An attempt that was taken; it counts as failed until `succeeded`.
pub(crate) struct Taken {
    person: Option<[u8; 32]>,
    place: Option<[u8; 32]>,
}

/// Takes an attempt to prove who somebody is.
///
/// # Errors
/// `TooManyAttempts` while a wait lasts.
pub(crate) async fn sign_in(context: &Context, email: Option<&EmailAddress>) -> Result<Taken, Refusal> {
    let person = email.map(|email| subject("email", email.as_str()));
    let place = context.came.peer.and_then(|peer| place("sign-in", peer));
    take(context, Taken { person, place }).await
}

/// Takes an attempt at a second factor. It is counted apart from passwords: who knows the password has as many right ones as
/// they like, and none of them may forgive a wrong code.
///
/// # Errors
/// `TooManyAttempts` while a wait lasts.
pub(crate) async fn code(context: &Context, person: PersonId) -> Result<Taken, Refusal> {
    take(context, Taken { person: Some(subject("code", &person.to_string())), place: None }).await
}

/// Takes an attempt to register.
///
/// # Errors
/// `TooManyAttempts` while a wait lasts.
pub(crate) async fn register(context: &Context) -> Result<Taken, Refusal> {
    let place = context.came.peer.and_then(|peer| place("register", peer));
    take(context, Taken { person: None, place }).await
}

async fn take(context: &Context, taken: Taken) -> Result<Taken, Refusal> {
    let brake = |subject, free| Brake { subject, free, wait_max_secs: WAIT_MAX_SECS };
    let person = taken.person.map(|subject| brake(subject, FREE_BY_EMAIL));
    let brakes = person.into_iter().chain(taken.place.map(|subject| brake(subject, FREE_BY_ADDRESS))).collect();
    let stamp = anonymous(&context.control, context.now);
    match context.people().attempt(stamp, brakes).await?.value {
        Attempt::Taken => Ok(taken),
        Attempt::NotBefore(instant) => {
            let left = instant.micros_since(context.now);
            Err(Refusal::braked(u64::try_from(left).unwrap_or_default().div_ceil(1_000_000).max(1)))
        }
    }
}

impl Taken {
    /// The attempt was right: the person's failures are forgotten, and the place has one less.
    pub(crate) async fn succeeded(self, context: &Context) -> Result<(), Refusal> {
        let stamp = anonymous(&context.control, context.now);
        let (cleared, counted) = (self.person.into_iter().collect(), self.place.into_iter().collect());
        let _committed = context.people().forgive(stamp, cleared, counted).await?;
        Ok(())
    }
}

/// Where a guess comes from: an IPv4 address, or the network of an IPv6 one, of which everybody has 2^64. This machine is
/// nowhere: a proxy on it brings everybody.
fn place(what: &str, peer: IpAddr) -> Option<[u8; 32]> {
    if peer.is_loopback() {
        return None;
    }
    let network = match peer {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("{:x?}", address.segments().get(..4)),
    };
    Some(subject(what, &network))
}

/// SHA-256, so that the table holds no addresses.
fn subject(what: &str, text: &str) -> [u8; 32] {
    *SecretHash::of(format!("{what}\n{text}").as_bytes()).as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_an_address_or_a_network_and_this_machine_is_none() {
        let of = |text: &str| place("sign-in", text.parse().unwrap());
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert_eq!(of("2001:db8::1"), of("2001:db8::2:3"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!((of("127.0.0.1"), of("::1")), (None, None));
        assert_ne!(of("192.0.2.1"), place("register", "192.0.2.1".parse().unwrap()));
    }
}
