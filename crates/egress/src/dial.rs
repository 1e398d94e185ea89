//! Dial: from a target to a connection.
//!
//! Owns:  name look-up, the order of addresses, TCP and TLS set-up, all within one bound.
//! Never: keeps a connection; tries more than `ADDRESSES_MAX` addresses.
//! Read:  `dial`.

use crate::connection::{Connection, Io};
use crate::error::{Fate, TlsFault, UpstreamError, Wait};
use crate::target::Target;
use rustls::{CertificateError, ClientConfig};
use rustls_pki_types::ServerName;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;

/// Addresses of one name that are tried.
const ADDRESSES_MAX: usize = 8;
/// How long the addresses of a name are believed, unless none of them answers: a burst of new connections is one look-up.
const ADDRESSES_KEEP: Duration = Duration::from_secs(5);

/// The addresses of one target's name, as found lately.
#[derive(Debug, Default)]
pub(crate) struct Lately(Mutex<Option<(Instant, Arc<[SocketAddr]>)>>);

impl Lately {
    fn get(&self) -> Option<Arc<[SocketAddr]>> {
        let found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        found.as_ref().filter(|(at, _)| at.elapsed() < ADDRESSES_KEEP).map(|(_, addresses)| Arc::clone(addresses))
    }

    fn set(&self, addresses: Option<&Arc<[SocketAddr]>>) {
        let found = addresses.map(|addresses| (Instant::now(), Arc::clone(addresses)));
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = found;
    }
}

/// Connects: look-up, TCP and TLS together within `bound`. Each address but the last gets an even part of what is left,
/// so that one that never answers does not use up the time of those that would.
pub(crate) async fn dial(
    target: &Target,
    tls: Option<&Arc<ClientConfig>>,
    lately: &Lately,
    bound: Duration,
) -> Result<Box<Connection>, UpstreamError> {
    // Refused before the look-up: nothing that the network does could change it.
    let tls = match (target.is_tls(), tls) {
        (false, _) => None,
        (true, Some(config)) => Some((TlsConnector::from(Arc::clone(config)), server_name(target)?)),
        (true, None) => return Err(UpstreamError::Tls(TlsFault::NotConfigured)),
    };
    let connecting = async {
        let tcp = connect(target, lately, bound).await?;
        // An answer must not wait for the other side's acknowledgement of the request's last packet.
        tcp.set_nodelay(true).map_err(UpstreamError::Connect)?;
        let io = match tls {
            None => Io::Plain(tcp),
            Some((connector, name)) => {
                let tls = connector.connect(name, tcp).await;
                Io::Tls(Box::new(tls.map_err(|error| UpstreamError::Tls(tls_fault(&error)))?))
            }
        };
        Ok(Connection::new(io))
    };
    timeout(bound, connecting).await.unwrap_or(Err(TIMED_OUT))
}

const TIMED_OUT: UpstreamError = UpstreamError::Timeout { wait: Wait::Connect, fate: Fate::NotSent };

async fn connect(target: &Target, lately: &Lately, bound: Duration) -> Result<TcpStream, UpstreamError> {
    let start = Instant::now();
    let addresses = addresses(target, lately).await?;
    let mut last = UpstreamError::Resolve(io::Error::new(io::ErrorKind::NotFound, "the name has no address"));
    for (at, address) in addresses.iter().enumerate() {
        let left = bound.saturating_sub(start.elapsed());
        let others = u32::try_from(addresses.len() - at).unwrap_or(1);
        match timeout_at(Instant::now() + left / others, TcpStream::connect(address)).await {
            Ok(Ok(tcp)) => return Ok(tcp),
            Ok(Err(error)) => last = UpstreamError::Connect(error),
            Err(_) => last = TIMED_OUT,
        }
    }
    lately.set(None);
    Err(last)
}

async fn addresses(target: &Target, lately: &Lately) -> Result<Arc<[SocketAddr]>, UpstreamError> {
    match (target.ip(), target.domain()) {
        (Some(ip), _) => Ok([SocketAddr::new(ip, target.port())].into()),
        (None, Some(name)) => {
            if let Some(found) = lately.get() {
                return Ok(found);
            }
            let found = lookup_host((name, target.port())).await.map_err(UpstreamError::Resolve)?;
            let found: Arc<[SocketAddr]> = found.take(ADDRESSES_MAX).collect();
            lately.set(Some(&found));
            Ok(found)
        }
        (None, None) => Ok(Arc::new([])),
    }
}

fn server_name(target: &Target) -> Result<ServerName<'static>, UpstreamError> {
    match (target.ip(), target.domain()) {
        (Some(ip), _) => Ok(ServerName::IpAddress(ip.into())),
        (None, Some(name)) => ServerName::try_from(name.to_owned())
            .map_err(|_| UpstreamError::Tls(TlsFault::Handshake("the host name cannot stand in a certificate".into()))),
        (None, None) => Err(UpstreamError::Request("the target has no host")),
    }
}

fn tls_fault(error: &io::Error) -> TlsFault {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let Some(rustls::Error::InvalidCertificate(certificate)) = inner else {
        return TlsFault::Handshake(error.to_string());
    };
    if matches!(certificate, CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }) {
        TlsFault::WrongName
    } else if matches!(certificate, CertificateError::Expired | CertificateError::ExpiredContext { .. }) {
        TlsFault::Expired
    } else if matches!(certificate, CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. }) {
        TlsFault::NotYetValid
    } else if matches!(certificate, CertificateError::UnknownIssuer | CertificateError::BadSignature) {
        TlsFault::Untrusted
    } else if matches!(certificate, CertificateError::Revoked) {
        TlsFault::Revoked
    } else {
        TlsFault::Certificate(certificate.to_string())
    }
}
