//! Key texts, client ids and ids: hostile bytes are refused, and what was made is recognised.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model::{
    Environment, KeyId, KeyKind, KeyShape, Recognised,
    key_text::{TEXT_MAX, is_token_text},
};

fuzz_target!(|data: &[u8]| {
    let other = KeyShape::new("ik", "lk_secret").unwrap().with_client_prefix("lk_id").unwrap();
    for shape in [KeyShape::default(), other.clone(), other.without_environment()] {
        if let Some(Recognised { environment }) = shape.recognise(data) {
            let text = std::str::from_utf8(data).unwrap();
            let said = environment.map(|environment| format!("{environment}_")).unwrap_or_default();
            let begins = |kind| text.starts_with(&format!("{}_{said}", shape.prefix(kind)));
            assert!(text.len() <= TEXT_MAX && (begins(KeyKind::Primary) || begins(KeyKind::Restricted)));
        }
        if let Some(id) = shape.client_id(data) {
            assert_eq!(shape.client_text(id).as_bytes(), data);
        }
        made_keys_are_recognised(&shape, data);
    }
    if is_token_text("op_", data) {
        assert!(data.is_ascii() && data.len() == 47);
    }
    if let Ok(Ok(id)) = std::str::from_utf8(data).map(str::parse::<KeyId>) {
        assert_eq!(id.to_string().as_bytes(), data);
    }
});

fn made_keys_are_recognised(shape: &KeyShape, seed: &[u8]) {
    let mut state =
        seed.iter().fold(0x9E37_79B9_7F4A_7C15_u64, |state, b| (state ^ u64::from(*b)).wrapping_mul(0x100_0000_01B3));
    let mut fill = |buffer: &mut [u8]| {
        for byte in buffer {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            *byte = (state >> 56) as u8;
        }
    };
    for environment in Environment::ALL {
        let text = shape.generate(KeyKind::Restricted, environment, &mut fill);
        let text = text.expose().as_bytes();
        let found = shape.recognise(text).expect("a made key is recognised");
        assert!(found.environment.is_none_or(|said| said == environment));
        // One flipped bit, somewhere, is never a key again.
        let mut broken = text.to_vec();
        let at = seed.first().map_or(0, |b| usize::from(*b)) % broken.len();
        broken[at] ^= 1;
        assert_eq!(shape.recognise(&broken), None);
    }
}
