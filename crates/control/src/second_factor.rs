//! Second factors: codes by time (RFC 6238) and recovery codes.
//!
//! Owns:  what a second factor is made of, and how a code is recognised.
//! Never: takes a code twice; the store keeps the last step, and uses recovery codes up.
//! Read:  `SecondFactor`.

use api::{key::SecretText, person::RECOVERY_CODES};
use data_encoding::BASE32_NOPAD;
use model::{Secret, SecretHash};
use totp_rs::{Algorithm, Builder, Totp};

/// Bytes of a secret: the length of what SHA-1 gives (RFC 4226 section 4).
const SECRET_BYTES: usize = 20;
/// Steps that a clock may be off, either way.
const SKEW: u16 = 1;
/// Digits of a code.
const DIGITS: u8 = 6;
/// Seconds of a step.
const STEP_SECS: u64 = 30;
/// Bytes of a recovery code: 80 random bits, which no table and no guessing reaches, so that plain SHA-256 is enough.
const RECOVERY_BYTES: usize = 10;

/// A second factor.
pub(crate) struct SecondFactor(Totp);

impl SecondFactor {
    /// A fresh secret, in bytes.
    pub(crate) fn secret(fill: &dyn Fn(&mut [u8])) -> Secret<Vec<u8>> {
        let mut bytes = vec![0; SECRET_BYTES];
        fill(&mut bytes);
        Secret::new(bytes)
    }

    /// From the bytes of `secret`. `account` and `issuer` are what an authenticator shows.
    pub(crate) fn new(secret: &Secret<Vec<u8>>, account: &str, issuer: &str) -> Option<Self> {
        // A colon would end the label's first part.
        let issuer = issuer.replace(':', " ");
        let totp = Builder::new()
            .with_algorithm(Algorithm::SHA1)
            .with_digits(DIGITS)
            .with_skew(SKEW)
            .with_step_duration(STEP_SECS)
            .with_secret(secret.expose().clone().into_boxed_slice())
            .with_account_name(account.replace(':', " "))
            .with_issuer(Some(issuer));
        totp.build().ok().map(Self)
    }

    /// The step whose code this is, if it is one of the present, give or take one.
    pub(crate) fn step_of(&self, code: &str, secs: u64) -> Option<u64> {
        let digits = code.len() == usize::from(DIGITS) && code.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| self.0.check(code, secs)).flatten()
    }

    /// `otpauth://totp/...`.
    pub(crate) fn uri(&self) -> Option<SecretText> {
        self.0.to_url().ok().map(|uri| SecretText::new(Secret::new(uri)))
    }
}

/// The bytes of a secret as people type them.
pub(crate) fn base32(secret: &Secret<Vec<u8>>) -> SecretText {
    SecretText::new(Secret::new(BASE32_NOPAD.encode(secret.expose())))
}

/// Fresh recovery codes, to be shown, and their hashes, to be kept.
pub(crate) fn recovery_codes(fill: &dyn Fn(&mut [u8])) -> (Vec<SecretText>, Vec<SecretHash>) {
    let one = |_| {
        let mut bytes = [0; RECOVERY_BYTES];
        fill(&mut bytes);
        let text = BASE32_NOPAD.encode(&bytes).to_ascii_lowercase();
        let hash = SecretHash::of(text.as_bytes());
        let groups: Vec<&str> = [0..4, 4..8, 8..12, 12..16].into_iter().filter_map(|part| text.get(part)).collect();
        (SecretText::new(Secret::new(groups.join("-"))), hash)
    };
    (0..RECOVERY_CODES).map(one).unzip()
}

/// The hash of what may be a recovery code, however it was typed.
pub(crate) fn recovery_hash(code: &str) -> SecretHash {
    let plain: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    SecretHash::of(plain.to_ascii_lowercase().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238 appendix B, SHA-1, the last six digits.
    #[test]
    fn the_codes_are_those_of_the_standard() {
        let secret = Secret::new(b"12345678901234567890".to_vec());
        let factor = SecondFactor::new(&secret, "anna@example.com", "Claviger").unwrap();
        for (secs, code) in [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")] {
            let step = secs / 30;
            assert_eq!(factor.step_of(code, secs), Some(step));
            assert_eq!(factor.step_of(code, secs + 30), Some(step), "a clock that is a step off");
            assert_eq!(factor.step_of(code, secs + 90), None);
        }
        for no in ["", "28708", "2870820", "28708a", "２８７０８２"] {
            assert_eq!(factor.step_of(no, 59), None, "{no}");
        }
        let uri = factor.uri().unwrap();
        let uri = uri.secret().expose();
        assert!(uri.starts_with("otpauth://totp/Claviger:anna%40example.com?"), "{uri}");
        assert!(uri.contains("secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ") && uri.contains("issuer=Claviger"), "{uri}");
    }

    #[test]
    fn recovery_codes_are_recognised_however_they_are_typed() {
        let (shown, kept) = recovery_codes(&|bytes| bytes.fill(0xa5));
        assert_eq!((shown.len(), kept.len()), (RECOVERY_CODES, RECOVERY_CODES));
        let text = shown[0].secret().expose();
        assert_eq!(text.len(), 19);
        for typed in [text.clone(), text.to_uppercase(), text.replace('-', " "), text.replace('-', "")] {
            assert!(recovery_hash(&typed).matches(&kept[0]), "{typed}");
        }
    }
}
