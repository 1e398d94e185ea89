//! Credentials: arbitrary headers in every place where a key may be; only the one key that exists is ever identified.
#![no_main]

use admission::{CredentialFields, Entry, Facts, Field, Freshness, Policy, Record, present};
use libfuzzer_sys::{
    arbitrary::{self, Arbitrary},
    fuzz_target,
};
use model::{
    AccountId, ClientId, CompanyRestriction, Denial, Entropy, Environment, KeyId, KeyKind, KeyLimits, KeyShape,
    KeyStatus, NetworkList, OriginList, Presentation, Presentations, Preset, SecretHash, SecretSlot, Timestamp,
};
use std::sync::{Arc, LazyLock};

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    headers: [Header<'a>; 4],
    accepted: [bool; 4],
}

#[derive(Arbitrary, Debug)]
enum Header<'a> {
    Absent,
    Twice,
    Bytes(&'a [u8]),
    /// Pieces, so that the fuzzer need not find a checksum to get past it.
    Built(Vec<Piece<'a>>),
    /// `Basic`, with the base64 of the pieces.
    Basic(Vec<Piece<'a>>),
}

#[derive(Arbitrary, Debug)]
enum Piece<'a> {
    Key,
    ClientId,
    Colon,
    Space,
    Bearer,
    Bytes(&'a [u8]),
}

const NOW: Timestamp = Timestamp::from_secs(1);
const FRESH: Freshness = Freshness { fresh_until: Timestamp::MAX };

static KNOWN: LazyLock<(String, Entry)> = LazyLock::new(|| {
    let mut next = 0u8;
    let mut fill = |buffer: &mut [u8]| {
        for byte in buffer {
            next = next.wrapping_mul(5).wrapping_add(7);
            *byte = next;
        }
    };
    let text = KeyShape::default().generate(KeyKind::Restricted, Environment::Test, &mut fill).expose().clone();
    let record = Record {
        key: KeyId::new(NOW, Entropy([1; 10])),
        account: AccountId::new(NOW, Entropy([2; 10])),
        kind: KeyKind::Restricted,
        status: KeyStatus::Active,
        preset: Preset::ReadOnly,
        companies: CompanyRestriction::All,
        origins: OriginList::default(),
        networks: NetworkList::default(),
        limits: KeyLimits::default(),
        expires_at: None,
    };
    let entry = Entry {
        hash: SecretHash::of(text.as_bytes()),
        client_id: ClientId::from_bytes([3; 12]),
        environment: Environment::Test,
        slot: SecretSlot::Current,
        ends_at: None,
        record: Arc::new(record),
    };
    (text, entry)
});

fn bytes(pieces: &[Piece<'_>]) -> Vec<u8> {
    let (text, entry) = &*KNOWN;
    let mut out = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Key => out.extend_from_slice(text.as_bytes()),
            Piece::ClientId => out.extend_from_slice(KeyShape::default().client_text(entry.client_id).as_bytes()),
            Piece::Colon => out.push(b':'),
            Piece::Space => out.push(b' '),
            Piece::Bearer => out.extend_from_slice(b"Bearer "),
            Piece::Bytes(bytes) => out.extend_from_slice(bytes),
        }
    }
    out
}

fuzz_target!(|input: Input<'_>| {
    let values = input.headers.each_ref().map(|header| match header {
        Header::Absent | Header::Twice => Vec::new(),
        Header::Bytes(bytes) => bytes.to_vec(),
        Header::Built(pieces) => bytes(pieces),
        Header::Basic(pieces) => format!("Basic {}", data_encoding::BASE64.encode(&bytes(pieces))).into_bytes(),
    });
    let field = |at: usize| match &input.headers[at] {
        Header::Absent => Field::Absent,
        Header::Twice => Field::Many,
        Header::Bytes(_) | Header::Built(_) | Header::Basic(_) => Field::One(&values[at]),
    };
    let credential =
        CredentialFields { api_key: field(0), authorization: field(1), client_id: field(2), client_secret: field(3) };
    let accepted: Vec<Presentation> =
        Presentation::ALL.into_iter().zip(input.accepted).filter_map(|(p, yes)| yes.then_some(p)).collect();
    let policy = Policy { presentations: Presentations::of(&accepted), ..Policy::default() };
    let facts = Facts { credential, ..Facts::default() };
    let (text, entry) = &*KNOWN;
    let twice = input.headers.iter().any(|header| matches!(header, Header::Twice));
    match present(&facts, &policy) {
        Err(denial) => {
            let told =
                matches!(denial, Denial::CredentialMissing | Denial::CredentialAmbiguous | Denial::CredentialMalformed);
            assert!(told && (!twice || denial == Denial::CredentialAmbiguous));
        }
        Ok(presented) => {
            assert!(!twice && !accepted.is_empty());
            let known = presented.hash().matches(&entry.hash);
            let identified = presented.identify(Some(entry), FRESH, NOW).is_ok();
            assert!(known || !identified);
            // Whoever is identified sent the text itself, or its base64.
            let sent = values.iter().any(|value| {
                let token = value.rsplit(|b| *b == b' ').next().unwrap_or_default();
                let decoded =
                    data_encoding::BASE64.decode(value.trim_ascii_end().rsplit(|b| *b == b' ').next().unwrap_or(token));
                let holds = |bytes: &[u8]| bytes.windows(text.len()).any(|window| window == text.as_bytes());
                holds(value) || decoded.is_ok_and(|decoded| holds(&decoded))
            });
            assert!(sent || !identified);
        }
    }
});
