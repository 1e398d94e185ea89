//! Seen: one request as the data plane tells of it, in bytes that cost next to nothing to write.
//!
//! Owns:  `Seen`, its form on the way to the writer, `RequestOutcome`, `SecretTag`.
//! Never: a secret, a path, a query value or a body (D25); what callers wrote themselves is cleaned when it is read.
//! Read:  `Seen::write`, then `Seen::read`, then `clean`.

use model::{AccountId, CompanyId, Environment, KeyId, RequestId, SecretHash, Timestamp, origin::ORIGIN_MAX};

/// Bytes of a user agent that are kept (D25).
pub const USER_AGENT_MAX: usize = 512;
/// Bytes of any other text of a request.
const TEXT_MAX: usize = u8::MAX as usize;
/// The most bytes that one request takes in a batch.
pub const SEEN_MAX: usize = 128 + USER_AGENT_MAX + (ORIGIN_MAX + 1) + 5 * TEXT_MAX;
/// Runs of letters and digits in a user agent that are long enough to be the random part of a secret.
const SECRET_RUN: usize = 32;
/// The same for an origin, whose host names may be long.
const SECRET_RUN_OF_ORIGIN: usize = 44;
/// The same where the text was cut: the rest of the run is not seen.
const SECRET_RUN_AT_CUT: usize = 8;

/// How a request ended, for the counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RequestOutcome {
    /// The upstream answered 1xx to 3xx.
    Ok,
    /// The upstream answered 4xx, or the caller's own request broke off.
    ClientError,
    /// The upstream answered 5xx, or could not be reached.
    ServerError,
    /// The gateway said no.
    Refused,
    /// A limit had no room (429).
    Limited,
}

impl RequestOutcome {
    /// Every outcome.
    pub const ALL: [Self; 5] = [Self::Ok, Self::ClientError, Self::ServerError, Self::Refused, Self::Limited];

    /// As documents and columns write it: `ok`, `client_error`, ...
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::ClientError => "client_error",
            Self::ServerError => "server_error",
            Self::Refused => "refused",
            Self::Limited => "limited",
        }
    }

    /// From `as_str`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == text)
    }

    /// Its place in `ALL`.
    pub(crate) const fn place(self) -> usize {
        self.number() as usize
    }

    const fn number(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::ClientError => 1,
            Self::ServerError => 2,
            Self::Refused => 3,
            Self::Limited => 4,
        }
    }
}

/// Tells the secrets of one key apart: eight bytes of a hash. It opens nothing and finds nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretTag(pub(crate) i64);

impl SecretTag {
    /// The tag of a secret.
    #[must_use]
    pub const fn of(hash: &SecretHash) -> Self {
        let [a, b, c, d, e, f, g, h, ..] = *hash.as_bytes();
        Self(i64::from_be_bytes([a, b, c, d, e, f, g, h]))
    }
}

/// Whose secret a request came with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeenCaller {
    /// The account.
    pub account: AccountId,
    /// Its key.
    pub key: KeyId,
    /// Which of the key's secrets.
    pub secret: SecretTag,
    /// Which of the key's halves.
    pub environment: Environment,
    /// Whether the secret was good: in force, whatever the key may do with it.
    pub good: bool,
}

/// One request. Texts longer than their bound are cut.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// Its id.
    pub request: RequestId,
    /// When it came.
    pub at: Timestamp,
    /// How long it took to its answer's head, in microseconds.
    pub micros: u32,
    /// The answer's status.
    pub status: u16,
    /// How it ended.
    pub outcome: RequestOutcome,
    /// Whose it was; `None` when no key was recognised.
    pub caller: Option<SeenCaller>,
    /// The company that it named, if it is known.
    pub company: Option<CompanyId>,
    /// Its method, or `OTHER`.
    pub method: &'a str,
    /// The operation of the catalogue; empty when there is none.
    pub operation: &'a str,
    /// Why it was refused; empty when it was not.
    pub reason: &'a str,
    /// Which limit had no room; empty when none was asked or all had.
    pub limit: &'a str,
    /// The caller's address.
    pub address: &'a str,
    /// `User-Agent` as it came.
    pub agent: &'a [u8],
    /// `Origin` as it came.
    pub origin: &'a [u8],
}

const HAS_CALLER: u8 = 1;
const IS_LIVE: u8 = 2;
const IS_GOOD: u8 = 4;
const HAS_COMPANY: u8 = 8;

impl<'a> Seen<'a> {
    /// Adds it to a batch: copies, and nothing else. At most `SEEN_MAX` bytes.
    pub fn write(&self, out: &mut Vec<u8>) {
        let mut flags = 0;
        if let Some(caller) = &self.caller {
            flags |= HAS_CALLER;
            flags |= if caller.environment == Environment::Live { IS_LIVE } else { 0 };
            flags |= if caller.good { IS_GOOD } else { 0 };
        }
        flags |= if self.company.is_some() { HAS_COMPANY } else { 0 };
        out.extend_from_slice(&self.request.to_bytes());
        out.extend_from_slice(&self.at.as_micros().to_le_bytes());
        out.extend_from_slice(&self.micros.to_le_bytes());
        out.extend_from_slice(&self.status.to_le_bytes());
        out.extend_from_slice(&[self.outcome.number(), flags]);
        if let Some(caller) = &self.caller {
            out.extend_from_slice(&caller.account.to_bytes());
            out.extend_from_slice(&caller.key.to_bytes());
            out.extend_from_slice(&caller.secret.0.to_le_bytes());
        }
        if let Some(company) = self.company {
            out.extend_from_slice(&company.to_bytes());
        }
        for text in [self.method, self.operation, self.reason, self.limit, self.address] {
            let text = text.as_bytes().get(..TEXT_MAX).unwrap_or(text.as_bytes());
            // The length fits: it was just cut to a byte's worth.
            out.push(u8::try_from(text.len()).unwrap_or(u8::MAX));
            out.extend_from_slice(text);
        }
        // An origin that is too long is kept one byte too long, so that it is seen to be.
        for (text, max) in [(self.agent, USER_AGENT_MAX), (self.origin, ORIGIN_MAX + 1)] {
            let text = text.get(..max).unwrap_or(text);
            out.extend_from_slice(&u16::try_from(text.len()).unwrap_or(u16::MAX).to_le_bytes());
            out.extend_from_slice(text);
        }
    }

    /// Takes the next one off a batch; `None` at its end, or where it makes no sense.
    pub(crate) fn read(batch: &mut &'a [u8]) -> Option<Self> {
        let request = RequestId::from_bytes(*take(batch)?);
        let at = Timestamp::from_micros(i64::from_le_bytes(*take(batch)?));
        let micros = u32::from_le_bytes(*take(batch)?);
        let status = u16::from_le_bytes(*take(batch)?);
        let [outcome, flags] = *take(batch)?;
        let outcome = RequestOutcome::ALL.into_iter().find(|o| o.number() == outcome)?;
        let has = |flag: u8| flags & flag != 0;
        let caller = if has(HAS_CALLER) {
            Some(SeenCaller {
                account: AccountId::from_bytes(*take(batch)?),
                key: KeyId::from_bytes(*take(batch)?),
                secret: SecretTag(i64::from_le_bytes(*take(batch)?)),
                environment: if has(IS_LIVE) { Environment::Live } else { Environment::Test },
                good: has(IS_GOOD),
            })
        } else {
            None
        };
        let company = if has(HAS_COMPANY) { Some(CompanyId::from_bytes(*take(batch)?)) } else { None };
        let mut short = || {
            let [length] = *take(batch)?;
            let (text, rest) = batch.split_at_checked(usize::from(length))?;
            *batch = rest;
            // All of these are words of ours, ids or addresses; a cut in the middle of a character loses the rest.
            Some(text.utf8_chunks().next().map_or("", |chunk| chunk.valid()))
        };
        let (method, operation, reason, limit, address) = (short()?, short()?, short()?, short()?, short()?);
        let mut long = || {
            let length = u16::from_le_bytes(*take(batch)?);
            let (text, rest) = batch.split_at_checked(usize::from(length))?;
            *batch = rest;
            Some(text)
        };
        let (agent, origin) = (long()?, long()?);
        Some(Self {
            request,
            at,
            micros,
            status,
            outcome,
            caller,
            company,
            method,
            operation,
            reason,
            limit,
            address,
            agent,
            origin,
        })
    }

    /// The user agent as it is kept.
    pub(crate) fn agent_text(&self) -> Option<String> {
        (!self.agent.is_empty()).then(|| clean(self.agent, USER_AGENT_MAX, SECRET_RUN))
    }

    /// The origin as it is kept. One that no browser sends, because it is too long, is only said to be that.
    pub(crate) fn origin_text(&self) -> Option<String> {
        match self.origin.len() {
            0 => None,
            1..=ORIGIN_MAX => Some(clean(self.origin, ORIGIN_MAX, SECRET_RUN_OF_ORIGIN)),
            _ => Some("(too long)".to_owned()),
        }
    }
}

fn take<'a, const N: usize>(batch: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (head, rest) = batch.split_first_chunk()?;
    *batch = rest;
    Some(head)
}

/// Text that a caller wrote: without control characters, without anything that could be a secret (invariant 9), and not
/// longer than `max` bytes.
fn clean(bytes: &[u8], max: usize, secret_run: usize) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut out = String::with_capacity(bytes.len());
    let mut rest = &*text;
    while !rest.is_empty() {
        let run = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let (word, tail) = rest.split_at(run);
        let cut = tail.is_empty() && bytes.len() >= max && word.len() >= SECRET_RUN_AT_CUT;
        out.push_str(if cut || word.len() >= secret_run { "[blotted]" } else { word });
        let other = tail.find(|c: char| c.is_ascii_alphanumeric()).unwrap_or(tail.len());
        let (between, tail) = tail.split_at(other);
        out.extend(between.chars().map(|c| if c.is_control() { ' ' } else { c }));
        rest = tail;
    }
    out.truncate(out.floor_char_boundary(max));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Entropy;

    fn seen<'a>(agent: &'a [u8], origin: &'a [u8]) -> Seen<'a> {
        let now = Timestamp::from_micros(1_790_000_000_123_456);
        Seen {
            request: RequestId::new(now, Entropy([7; 10])),
            at: now,
            micros: 812,
            status: 403,
            outcome: RequestOutcome::Refused,
            caller: Some(SeenCaller {
                account: AccountId::from_bytes([1; 16]),
                key: KeyId::from_bytes([2; 16]),
                secret: SecretTag(-9),
                environment: Environment::Live,
                good: true,
            }),
            company: Some(CompanyId::from_bytes([3; 16])),
            method: "POST",
            operation: "send_create",
            reason: "insufficient_scope",
            limit: "",
            address: "2001:db8::1",
            agent,
            origin,
        }
    }

    #[test]
    fn what_is_written_is_read_and_half_a_batch_is_its_end() {
        let mut batch = Vec::new();
        let first = seen(b"curl/8", b"https://a.example");
        first.write(&mut batch);
        let bare = Seen { caller: None, company: None, agent: b"", origin: b"", ..first };
        bare.write(&mut batch);
        let mut rest = &*batch;
        assert_eq!(format!("{:?}", Seen::read(&mut rest).unwrap()), format!("{first:?}"));
        assert_eq!(format!("{:?}", Seen::read(&mut rest).unwrap()), format!("{bare:?}"));
        assert!(Seen::read(&mut rest).is_none());
        for length in 0..batch.len() {
            let mut rest = &batch[..length];
            while Seen::read(&mut rest).is_some() {}
        }
    }

    #[test]
    fn invariant_10_no_request_takes_more_than_its_bound() {
        let long = "x".repeat(2_000);
        let mut batch = Vec::new();
        let all = Seen {
            method: &long,
            operation: &long,
            reason: &long,
            limit: &long,
            address: &long,
            ..seen(long.as_bytes(), long.as_bytes())
        };
        all.write(&mut batch);
        assert!(batch.len() <= SEEN_MAX, "{}", batch.len());
        let mut rest = &*batch;
        let read = Seen::read(&mut rest).unwrap();
        assert_eq!((read.agent.len(), read.origin_text().unwrap().as_str()), (USER_AGENT_MAX, "(too long)"));
    }

    #[test]
    fn d25_what_callers_write_is_cleaned_and_holds_no_secret() {
        let secret = format!("sk_live_{}", "aB3".repeat(15));
        let agent = format!("tool/1 \u{7}{secret}\tend \u{e9}");
        assert_eq!(seen(agent.as_bytes(), b"").agent_text().unwrap(), "tool/1  sk_live_[blotted] end \u{e9}");
        // Cut in the middle of a secret, and in the middle of a character.
        let agent = format!("{}{secret}", "- ".repeat(242));
        let kept = seen(&agent.as_bytes()[..USER_AGENT_MAX], b"").agent_text().unwrap();
        assert!(!kept.contains(&secret[8..24]), "{kept}");
        let wide = "\u{e9}".repeat(400);
        assert!(seen(&wide.as_bytes()[1..USER_AGENT_MAX + 1], b"").agent_text().unwrap().len() <= USER_AGENT_MAX);
        assert_eq!(
            seen(b"", format!("https://{secret}").as_bytes()).origin_text().unwrap(),
            "https://sk_live_[blotted]"
        );
        let host = format!("https://{}.example", "a1".repeat(20));
        assert_eq!(seen(b"", host.as_bytes()).origin_text().unwrap(), host);
    }
}
