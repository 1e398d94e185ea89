//! Target: where an upstream is.
//!
//! Owns:  the reading of an upstream's URL, and the parts that requests to it need (authority, base path).
//! Never: resolves a name or opens a socket.
//! Read:  `Target::parse`.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use url::{Host, Url};

/// Plain or encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// `http`: in the clear.
    Http,
    /// `https`: inside TLS, the certificate verified.
    Https,
}

impl Scheme {
    /// As in a URL.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The port that a URL need not state.
    #[must_use]
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// An upstream's address: scheme, host, port and a path that every request's path is put behind.
///
/// ```
/// let target = egress::Target::parse("https://api.example.com:8443/v2/").unwrap();
/// assert_eq!(target.authority(), "api.example.com:8443");
/// assert_eq!(target.base_path(), "/v2");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    scheme: Scheme,
    host: Host<String>,
    port: u16,
    authority: String,
    base_path: String,
}

/// Why a text names no upstream. Never repeats the text, because it may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Not an absolute URL.
    #[error("an upstream is a URL such as http://127.0.0.1:3000 or https://api.example.com/base ({0})")]
    NotAUrl(url::ParseError),
    /// Another scheme.
    #[error("an upstream's URL begins with http:// or https://; other schemes are not supported")]
    Scheme,
    /// No host.
    #[error("an upstream's URL names a host, as in http://127.0.0.1:3000")]
    NoHost,
    /// Port 0.
    #[error("an upstream's URL names a port from 1 to 65535")]
    PortZero,
    /// `user:password@`.
    #[error("an upstream's URL holds no user name and no password; configure a header instead")]
    UserInfo,
    /// A query or a fragment.
    #[error("an upstream's URL has no query and no fragment; it may end in a path, which every request's path follows")]
    QueryOrFragment,
}

impl Target {
    /// Reads an upstream's URL: `http://host[:port][/base]` or `https://...`. A slash at the end of the base is dropped.
    ///
    /// # Errors
    /// What is wrong with the text, in words for the operator.
    pub fn parse(text: &str) -> Result<Self, TargetError> {
        let (target, rest) = Self::split(text)?;
        if rest.query().is_some() || rest.fragment().is_some() {
            return Err(TargetError::QueryOrFragment);
        }
        Ok(Self { base_path: rest.path().trim_end_matches('/').to_owned(), ..target })
    }

    /// Reads a full URL of one resource: the target (without a base path) and the request's path and query.
    pub(crate) fn parse_resource(text: &str) -> Result<(Self, String), TargetError> {
        let (target, rest) = Self::split(text)?;
        if rest.fragment().is_some() {
            return Err(TargetError::QueryOrFragment);
        }
        let mut path = rest.path().to_owned();
        if let Some(query) = rest.query() {
            path.push('?');
            path.push_str(query);
        }
        Ok((target, path))
    }

    fn split(text: &str) -> Result<(Self, Url), TargetError> {
        let url = Url::parse(text).map_err(TargetError::NotAUrl)?;
        let scheme = match url.scheme() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            _ => return Err(TargetError::Scheme),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(TargetError::UserInfo);
        }
        let host = url.host().ok_or(TargetError::NoHost)?.to_owned();
        let port = url.port().unwrap_or_else(|| scheme.default_port());
        if port == 0 {
            return Err(TargetError::PortZero);
        }
        let authority = if port == scheme.default_port() { host.to_string() } else { format!("{host}:{port}") };
        Ok((Self { scheme, host, port, authority, base_path: String::new() }, url))
    }

    /// Plain or encrypted.
    #[must_use]
    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Whether connections are encrypted, and so need a `rustls::ClientConfig`.
    #[must_use]
    pub const fn is_tls(&self) -> bool {
        matches!(self.scheme, Scheme::Https)
    }

    /// The port that is dialled.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The `Host` field's value: host, and the port unless it is the scheme's own.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// What every request's path is put behind: empty, or `/like/this` without a slash at the end.
    #[must_use]
    pub fn base_path(&self) -> &str {
        &self.base_path
    }

    /// The host, when it is a name that must be resolved.
    #[must_use]
    pub fn domain(&self) -> Option<&str> {
        match &self.host {
            Host::Domain(name) => Some(name),
            Host::Ipv4(_) | Host::Ipv6(_) => None,
        }
    }

    /// The host, when it is an address.
    #[must_use]
    pub const fn ip(&self) -> Option<IpAddr> {
        match &self.host {
            Host::Domain(_) => None,
            Host::Ipv4(ip) => Some(IpAddr::V4(*ip)),
            Host::Ipv6(ip) => Some(IpAddr::V6(*ip)),
        }
    }
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        Self::parse(text)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme.as_str(), self.authority, self.base_path)
    }
}

#[cfg(test)]
mod tests;
