//! The text of a key: prefix, environment, 38 random characters, 6 of checksum (D1, R114); and of its client id (D2).
//!
//! Owns:  making and recognising both texts, before anything is looked up.
//! Never: draws randomness; a filler is an argument.
//! Read:  `KeyShape::recognise`, then `KeyShape::generate`.

use crate::{
    environment::Environment,
    key::{ClientId, KeyKind},
    secret::Secret,
};

/// Random characters of a key: 38 of 62 kinds, 226 bits.
const RANDOM_LEN: usize = 38;
/// Buffers of 64 bytes that one key may take from the source of randomness.
const DRAWS_MAX: usize = 64;
/// Checksum characters: CRC-32 of everything before them, in base 62.
const CHECKSUM_LEN: usize = 6;
/// Characters after the last underscore.
pub const BODY_LEN: usize = RANDOM_LEN + CHECKSUM_LEN;
/// The longest prefix that a deployment may choose, in characters.
pub const PREFIX_MAX: usize = 24;
/// The longest text that can be a key; anything longer is refused unread.
pub const TEXT_MAX: usize = PREFIX_MAX + 1 + 4 + 1 + BODY_LEN;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A key's whole text, shown once (R68, R115).
pub type KeyText = Secret<String>;

/// How the keys of this deployment look: one prefix per kind of key, one for client ids, and whether the text says the
/// environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyShape {
    primary: String,
    restricted: String,
    client: String,
    says_environment: bool,
}

/// A text that has the shape of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recognised {
    /// Which world it says that it opens; `None` where keys do not say it.
    pub environment: Option<Environment>,
}

/// A prefix is unusable: empty, too long, or with characters other than lower-case letters, digits and inner underscores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrefixError(pub String);

impl std::fmt::Display for PrefixError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "key prefix {:?}: use 1 to {PREFIX_MAX} lower-case letters, digits or underscores, starting and ending with a letter or digit",
            self.0
        )
    }
}

impl std::error::Error for PrefixError {}

impl Default for KeyShape {
    fn default() -> Self {
        Self { primary: "sk".into(), restricted: "rk".into(), client: "ci".into(), says_environment: true }
    }
}

impl KeyShape {
    /// A shape with the given prefixes; they may be the same. Client ids begin with `ci_`, and the text says the environment.
    pub fn new(primary: &str, restricted: &str) -> Result<Self, PrefixError> {
        Ok(Self { primary: checked(primary)?, restricted: checked(restricted)?, ..Self::default() })
    }

    /// The same with another prefix of client ids.
    pub fn with_client_prefix(self, prefix: &str) -> Result<Self, PrefixError> {
        Ok(Self { client: checked(prefix)?, ..self })
    }

    /// The same with keys that do not say their environment. Only for deployments where every caller sends a client id,
    /// which names the credential (D1).
    #[must_use]
    pub fn without_environment(self) -> Self {
        Self { says_environment: false, ..self }
    }

    /// The prefix of one kind of key.
    #[must_use]
    pub fn prefix(&self, kind: KeyKind) -> &str {
        match kind {
            KeyKind::Primary => &self.primary,
            KeyKind::Restricted => &self.restricted,
        }
    }

    /// What a presented text says of itself, or `None` when it is no key of this deployment: wrong prefix, environment,
    /// length, alphabet or checksum. Nothing is looked up, nothing is allocated.
    #[must_use]
    pub fn recognise(&self, text: &[u8]) -> Option<Recognised> {
        let (head, body) = text.split_at_checked(text.len().checked_sub(BODY_LEN)?)?;
        let head = head.strip_suffix(b"_")?;
        let (prefix, environment) = if self.says_environment {
            let cut = head.iter().rposition(|b| *b == b'_')?;
            let said = head.get(cut + 1..)?;
            (head.get(..cut)?, Some(Environment::ALL.into_iter().find(|e| e.as_str().as_bytes() == said)?))
        } else {
            (head, None)
        };
        if prefix != self.primary.as_bytes() && prefix != self.restricted.as_bytes() {
            return None;
        }
        has_checksum(text, body).then_some(Recognised { environment })
    }

    /// The text of a client id.
    #[must_use]
    pub fn client_text(&self, id: ClientId) -> String {
        format!("{}_{}", self.client, id.digits())
    }

    /// A client id from its text; `None` when it is none of this deployment. Nothing is allocated.
    #[must_use]
    pub fn client_id(&self, text: &[u8]) -> Option<ClientId> {
        ClientId::of_digits(text.strip_prefix(self.client.as_bytes())?.strip_prefix(b"_")?)
    }

    /// A new key text. `fill` fills a buffer from the system's CSPRNG (R67).
    pub fn generate(&self, kind: KeyKind, environment: Environment, fill: &mut dyn FnMut(&mut [u8])) -> KeyText {
        let prefix = self.prefix(kind);
        let head = if self.says_environment { format!("{prefix}_{environment}_") } else { format!("{prefix}_") };
        token_text(&head, fill)
    }
}

fn checked(prefix: &str) -> Result<String, PrefixError> {
    let bytes = prefix.as_bytes();
    let edge = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    let inner = bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'_');
    if bytes.len() > PREFIX_MAX || !inner || !edge(bytes.first()) || !edge(bytes.last()) {
        return Err(PrefixError(prefix.to_owned()));
    }
    Ok(prefix.to_owned())
}

/// A text of `head`, 38 random characters and 6 of checksum: for keys and for operator tokens.
pub fn token_text(head: &str, fill: &mut dyn FnMut(&mut [u8])) -> KeyText {
    let mut text = String::with_capacity(head.len() + BODY_LEN);
    text.push_str(head);
    let mut pool = [0u8; 64];
    let mut draws = 0;
    while text.len() < head.len() + RANDOM_LEN {
        // One draw nearly always does. A source that gives nothing usable is broken, and a key must not come of it.
        draws += 1;
        assert!(draws <= DRAWS_MAX, "the source of randomness gives no usable bytes");
        fill(&mut pool);
        // 248 = 4 x 62: bytes above it are dropped, so that every character is equally likely.
        let fresh = pool.iter().filter(|b| **b < 248).map(|b| char::from(ALPHABET[usize::from(b % 62)]));
        text.extend(fresh.take(head.len() + RANDOM_LEN - text.len()));
    }
    zeroize::Zeroize::zeroize(&mut pool);
    let sum = checksum(text.as_bytes());
    text.extend(sum.map(char::from));
    Secret::new(text)
}

/// Whether `text` is `head` followed by 44 characters with a right checksum.
#[must_use]
pub fn is_token_text(head: &str, text: &[u8]) -> bool {
    text.strip_prefix(head.as_bytes()).is_some_and(|body| body.len() == BODY_LEN && has_checksum(text, body))
}

fn has_checksum(text: &[u8], body: &[u8]) -> bool {
    let covered = text.len() - CHECKSUM_LEN;
    body.iter().all(u8::is_ascii_alphanumeric)
        && text.split_at_checked(covered).is_some_and(|(head, sum)| checksum(head) == sum)
}

fn checksum(bytes: &[u8]) -> [u8; CHECKSUM_LEN] {
    let mut rest = crc32fast::hash(bytes);
    let mut out = [0u8; CHECKSUM_LEN];
    for slot in out.iter_mut().rev() {
        *slot = ALPHABET[(rest % 62) as usize];
        rest /= 62;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn filler(seed: u64) -> impl FnMut(&mut [u8]) {
        let mut state = seed | 1;
        move |buffer: &mut [u8]| {
            for byte in buffer {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                *byte = (state >> 32) as u8;
            }
        }
    }

    proptest! {
        #[test]
        fn r114_d1_every_made_key_is_recognised_and_scannable(seed: u64, live: bool, primary: bool) {
            let shape = KeyShape::default();
            let environment = if live { Environment::Live } else { Environment::Test };
            let kind = if primary { KeyKind::Primary } else { KeyKind::Restricted };
            let text = shape.generate(kind, environment, &mut filler(seed));
            let environment = Some(environment);
            prop_assert_eq!(shape.recognise(text.expose().as_bytes()), Some(Recognised { environment }));
            let body = text.expose().rsplit('_').next().unwrap();
            prop_assert!(body.len() == 44 && body.bytes().all(|b| b.is_ascii_alphanumeric()));
        }

        #[test]
        fn d1_one_changed_character_is_refused(seed: u64, at in 0usize..52, to in 32u8..127) {
            let shape = KeyShape::default();
            let text = shape.generate(KeyKind::Primary, Environment::Test, &mut filler(seed));
            let mut bytes = text.expose().clone().into_bytes();
            prop_assume!(bytes[at] != to);
            bytes[at] = to;
            prop_assert_eq!(shape.recognise(&bytes), None);
        }

        #[test]
        fn hostile_bytes_never_panic(bytes: Vec<u8>) {
            prop_assert_eq!(KeyShape::default().recognise(&bytes), None);
        }
    }

    #[test]
    fn d1_a_prefix_may_hold_underscores_and_bad_ones_are_refused() {
        let shape = KeyShape::new("ik", "lk_secret").unwrap();
        let text = shape.generate(KeyKind::Restricted, Environment::Live, &mut filler(3));
        assert!(text.expose().starts_with("lk_secret_live_"));
        let environment = Some(Environment::Live);
        assert_eq!(shape.recognise(text.expose().as_bytes()), Some(Recognised { environment }));
        for bad in ["", "_sk", "sk_", "Sk", "s k", "0123456789012345678901234"] {
            assert!(KeyShape::new(bad, "rk").is_err(), "{bad}");
            assert!(KeyShape::default().with_client_prefix(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn d1_d2_a_secret_beside_a_client_id_need_not_say_its_environment() {
        let shape = KeyShape::new("lk_secret", "lk_secret").unwrap().with_client_prefix("lk_id").unwrap();
        let plain = shape.clone().without_environment();
        let text = plain.generate(KeyKind::Restricted, Environment::Live, &mut filler(5));
        assert_eq!(text.expose().len(), "lk_secret_".len() + BODY_LEN);
        assert_eq!(plain.recognise(text.expose().as_bytes()), Some(Recognised { environment: None }));
        assert_eq!(shape.recognise(text.expose().as_bytes()), None, "where the environment is wanted");
        let full = shape.generate(KeyKind::Restricted, Environment::Live, &mut filler(5));
        assert_eq!(plain.recognise(full.expose().as_bytes()), None, "where it is not");

        let id = ClientId::from_bytes([0xab; 12]);
        let written = plain.client_text(id);
        assert_eq!(written, format!("lk_id_{}", "ab".repeat(12)));
        assert_eq!(plain.client_id(written.as_bytes()), Some(id));
        assert_eq!(plain.client_id(format!("ci_{}", "ab".repeat(12)).as_bytes()), None);
    }

    proptest! {
        #[test]
        fn d2_client_ids_round_trip(bytes: [u8; 12]) {
            let (shape, id) = (KeyShape::default(), ClientId::from_bytes(bytes));
            prop_assert_eq!(shape.client_id(shape.client_text(id).as_bytes()), Some(id));
        }
    }

    #[test]
    fn d2_other_texts_are_no_client_ids() {
        for text in
            ["", "ci_", "ci_0123456789abcdef0123456G", "ci_0123456789ABCDEF01234567", "cj_0123456789abcdef01234567"]
        {
            assert!(KeyShape::default().client_id(text.as_bytes()).is_none(), "{text}");
        }
    }

    #[test]
    #[should_panic(expected = "no usable bytes")]
    fn r67_a_broken_source_of_randomness_makes_no_key() {
        let _never = token_text("op_", &mut |buffer| buffer.fill(0xff));
    }

    #[test]
    fn tokens_carry_a_checksum_too() {
        let text = token_text("op_", &mut filler(9));
        assert!(is_token_text("op_", text.expose().as_bytes()));
        assert!(!is_token_text("sk_", text.expose().as_bytes()));
        assert!(!is_token_text("op_", &text.expose().as_bytes()[..46]));
    }
}
