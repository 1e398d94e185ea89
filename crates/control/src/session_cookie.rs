//! Cookies: the session's, and the one that a browser carries to a provider and back.
//!
//! Owns:  their names and attributes, and how they are read.
//! Never: keeps a token; only its hash leaves here, for the store.
//! Read:  `Cookies`.

use cookie::{Cookie, SameSite, time::Duration as Age};
use data_encoding::BASE64URL_NOPAD;
use http::{HeaderMap, HeaderValue, header};
use model::{Secret, SecretHash};
use std::time::Duration;

/// Bytes of a token (256 random bits).
const TOKEN_BYTES: usize = 32;
/// Characters of a token.
const TOKEN_LEN: usize = 43;
/// The longest value of any of our cookies, in bytes.
const VALUE_MAX: usize = 4_096;

/// The cookies of a deployment. `__Host-` makes a browser hold them to this very host, path `/` and TLS (RFC 6265bis
/// section 4.1.3.2).
pub(crate) struct Cookies {
    session: String,
    journey: String,
}

/// A fresh token: its text goes into a cookie or a link, its hash into the store.
pub(crate) struct Token {
    pub(crate) text: Secret<String>,
    pub(crate) hash: SecretHash,
}

impl Token {
    pub(crate) fn new(fill: &dyn Fn(&mut [u8])) -> Self {
        let mut bytes = [0; TOKEN_BYTES];
        fill(&mut bytes);
        let text = BASE64URL_NOPAD.encode(&bytes);
        Self { hash: SecretHash::of(text.as_bytes()), text: Secret::new(text) }
    }

    /// The hash of what may be a token. Other texts are not looked up.
    pub(crate) fn hash_of(text: &str) -> Option<SecretHash> {
        let plausible = text.len() == TOKEN_LEN && BASE64URL_NOPAD.decode(text.as_bytes()).is_ok();
        plausible.then(|| SecretHash::of(text.as_bytes()))
    }
}

impl Cookies {
    pub(crate) fn new(namespace: &str) -> Self {
        Self { session: format!("__Host-{namespace}-session"), journey: format!("__Host-{namespace}-journey") }
    }

    /// Whether the request has a session's cookie, of whatever value.
    pub(crate) fn has_session(&self, headers: &HeaderMap) -> bool {
        read(headers, &self.session).next().is_some()
    }

    /// The hash of the session's token. Two cookies of the name are none: somebody planted one.
    pub(crate) fn session(&self, headers: &HeaderMap) -> Option<SecretHash> {
        let mut values = read(headers, &self.session);
        let (Some(value), None) = (values.next(), values.next()) else { return None };
        Token::hash_of(&value)
    }

    /// The cookie that begins or renews a session. `Strict`: no other site's link or form carries it here.
    pub(crate) fn set_session(&self, token: &Token, lasts: Duration) -> Option<HeaderValue> {
        set(&self.session, token.text.expose(), SameSite::Strict, lasts)
    }

    /// The cookie that ends a session.
    pub(crate) fn clear_session(&self) -> Option<HeaderValue> {
        set(&self.session, "", SameSite::Strict, Duration::ZERO)
    }

    /// What the browser was sent off to a provider with.
    pub(crate) fn journey(&self, headers: &HeaderMap) -> Option<String> {
        let mut values = read(headers, &self.journey);
        let (Some(value), None) = (values.next(), values.next()) else { return None };
        Some(value)
    }

    /// The cookie for a journey. `Lax`: it has to come back with a link of the provider's.
    pub(crate) fn set_journey(&self, value: &str, lasts: Duration) -> Option<HeaderValue> {
        set(&self.journey, value, SameSite::Lax, lasts)
    }

    /// The cookie that ends a journey.
    pub(crate) fn clear_journey(&self) -> Option<HeaderValue> {
        set(&self.journey, "", SameSite::Lax, Duration::ZERO)
    }
}

/// The values of the cookies called `name`. Each is read by itself: what another service of this host, or of the domain
/// above it, put beside it may be any bytes, and signs nobody out.
fn read<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = String> + 'a {
    let fields = headers.get_all(header::COOKIE).iter().flat_map(|field| field.as_bytes().split(|b| *b == b';'));
    let texts = fields.filter_map(|cookie| std::str::from_utf8(cookie).ok());
    texts
        .filter_map(|text| Cookie::parse(text).ok())
        .filter(move |cookie| cookie.name() == name && cookie.value().len() <= VALUE_MAX)
        .map(|c| c.value().to_owned())
}

fn set(name: &str, value: &str, same_site: SameSite, lasts: Duration) -> Option<HeaderValue> {
    let lasts = Age::seconds(i64::try_from(lasts.as_secs()).unwrap_or(i64::MAX));
    let cookie =
        Cookie::build((name, value)).path("/").secure(true).http_only(true).same_site(same_site).max_age(lasts);
    let mut value = HeaderValue::from_str(&cookie.build().to_string()).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(cookies: &[&str]) -> HeaderMap {
        cookies.iter().map(|text| (header::COOKIE, HeaderValue::from_str(text).unwrap())).collect()
    }

    #[test]
    fn a_session_cookie_is_read_back_and_planted_ones_are_not() {
        let cookies = Cookies::new("claviger");
        let token = Token::new(&|bytes| bytes.fill(3));
        let text = token.text.expose();
        assert_eq!(text.len(), TOKEN_LEN);
        let set = cookies.set_session(&token, Duration::from_secs(60)).unwrap();
        assert!(set.is_sensitive());
        let set = set.to_str().unwrap();
        assert_eq!(
            set,
            format!("__Host-claviger-session={text}; HttpOnly; SameSite=Strict; Secure; Path=/; Max-Age=60")
        );
        let name = "__Host-claviger-session";
        let read = |cookie: &[&str]| cookies.session(&headers(cookie)).map(|hash| *hash.as_bytes());
        assert_eq!(read(&[&format!("a=b; {name}={text}")]), Some(*token.hash.as_bytes()));
        assert_eq!(read(&[&format!("{name}={text}; {name}={text}")]), None, "two");
        assert_eq!(read(&[&format!("{name}={text}"), &format!("{name}={text}")]), None, "two fields");
        assert_eq!(read(&[&format!("claviger-session={text}")]), None, "another name");
        assert_eq!(read(&[&format!("{name}={}", &text[1..])]), None, "no token");
        let beside = HeaderValue::from_bytes(&[b"a=\xc3\xa9\xff; ", name.as_bytes(), b"=", text.as_bytes()].concat());
        let beside: HeaderMap = [(header::COOKIE, beside.unwrap())].into_iter().collect();
        assert!(cookies.has_session(&beside) && cookies.session(&beside).is_some(), "beside what is no text");
        assert!(cookies.clear_session().unwrap().to_str().unwrap().contains("Max-Age=0"));
    }
}
