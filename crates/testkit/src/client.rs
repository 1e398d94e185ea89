//! An HTTP client of one connection: HTTP/1.1 or HTTP/2, in the clear or over TLS, with nothing done behind one's back.
//!
//! Owns:  `Call` (a request being written), `Connection`, `Reply`.
//! Never: retries, follows, pools, decompresses.
//! Read:  `Call`, then `Connection`.

use crate::{must::Must, poll::within, secrets::assert_no_secret_in_error};
use bytes::Bytes;
use http::{HeaderMap, Request, Response, header};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    body::Incoming,
    client::conn::{http1, http2},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::{
    ClientConfig, DigitallySignedStruct, SignatureScheme, SupportedProtocolVersion,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use serde_json::Value;
use std::{
    net::{SocketAddr, ToSocketAddrs as _},
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};

/// How long a whole exchange may take.
const EXCHANGE_BOUND: Duration = Duration::from_secs(60);

/// A request being written.
#[derive(Clone, Debug)]
pub struct Call {
    method: http::Method,
    url: http::Uri,
    headers: HeaderMap,
    body: Bytes,
}

/// A whole answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Reply {
    fn checked(head: http::response::Parts, body: Bytes) -> Self {
        assert_no_secret_in_error(head.status.as_u16(), &body);
        Self { status: head.status.as_u16(), headers: head.headers, body }
    }

    /// The body as JSON.
    #[track_caller]
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).must(&format!("read JSON from {:?}", String::from_utf8_lossy(&self.body)))
    }

    /// A header as text, or an empty one.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// `error.code` of a problem body, or an empty text.
    #[must_use]
    pub fn code(&self) -> String {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or(Value::Null);
        body.pointer("/error/code").and_then(Value::as_str).unwrap_or_default().to_owned()
    }
}

impl Call {
    /// A request without headers or body.
    #[must_use]
    pub fn new(method: &str, url: &str) -> Self {
        Self {
            method: method.parse().must("use a method"),
            url: url.parse().must("read a URL"),
            headers: HeaderMap::new(),
            body: Bytes::new(),
        }
    }

    /// `GET url`.
    #[must_use]
    pub fn get(url: &str) -> Self {
        Self::new("GET", url)
    }

    /// `POST url`.
    #[must_use]
    pub fn post(url: &str) -> Self {
        Self::new("POST", url)
    }

    /// One more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name: header::HeaderName = name.parse().must("use a header name");
        self.headers.append(name, value.parse().must("use a header value"));
        self
    }

    /// The key in `X-API-Key`.
    #[must_use]
    pub fn key(self, key: &str) -> Self {
        self.header("x-api-key", key)
    }

    /// The token in `Authorization: Bearer`.
    #[must_use]
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// A JSON body.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json").body(body.to_string())
    }

    /// A body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Sends it on a connection of its own (HTTP/1.1, in the clear) and reads the whole answer.
    pub async fn send(self) -> Reply {
        let mut connection = Connection::plain(address_of(&self.url.to_string()), Wire::Http1).await;
        connection.send(self).await
    }

    /// The same, for a server that may be dying: nothing when there is no whole answer.
    pub async fn attempt(self) -> Option<Reply> {
        let stream = TcpStream::connect(address_of(&self.url.to_string())).await.ok()?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
        tokio::spawn(connection);
        let response = sender.send_request(self.into_request(Wire::Http1)).await.ok()?;
        let (head, body) = response.into_parts();
        let body = body.collect().await.ok()?.to_bytes();
        Some(Reply::checked(head, body))
    }

    /// Sends it on a connection of its own and returns as soon as the head of the answer is there.
    pub async fn open(self) -> Response<Incoming> {
        let mut connection = Connection::plain(address_of(&self.url.to_string()), Wire::Http1).await;
        connection.open(self).await.must("get an answer")
    }

    fn into_request(self, wire: Wire) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(self.body));
        *request.method_mut() = self.method;
        *request.headers_mut() = self.headers;
        match wire {
            Wire::Http1 => {
                let host = self.url.authority().must("know the host").as_str();
                if !request.headers().contains_key(header::HOST) {
                    request.headers_mut().insert(header::HOST, host.parse().must("use a host"));
                }
                let path = self.url.path_and_query().map_or("/", |path| path.as_str());
                *request.uri_mut() = path.parse().must("use a path");
            }
            Wire::Http2 => *request.uri_mut() = self.url,
        }
        request
    }
}

/// Which version of HTTP a connection speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2, with prior knowledge in the clear and by ALPN over TLS.
    Http2,
}

enum Sender {
    Http1(http1::SendRequest<Full<Bytes>>),
    Http2(http2::SendRequest<Full<Bytes>>),
}

/// One connection.
pub struct Connection(Sender);

impl Connection {
    /// A connection in the clear.
    pub async fn plain(address: SocketAddr, wire: Wire) -> Self {
        Self::over(TcpStream::connect(address).await.must("connect"), wire).await
    }

    /// A connection over TLS that takes any certificate, offering only the given versions of TLS.
    /// The error of the handshake when there is none.
    pub async fn tls(
        address: SocketAddr,
        wire: Wire,
        versions: &[&'static SupportedProtocolVersion],
    ) -> Result<Self, std::io::Error> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone());
        let builder = builder.with_protocol_versions(versions).must("use these versions of TLS");
        let anyone = Arc::new(AnyCertificate(provider));
        let mut config = builder.dangerous().with_custom_certificate_verifier(anyone).with_no_client_auth();
        config.alpn_protocols = match wire {
            Wire::Http1 => vec![b"http/1.1".to_vec()],
            Wire::Http2 => vec![b"h2".to_vec()],
        };
        let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
        let stream = TcpStream::connect(address).await?;
        let name = ServerName::try_from("localhost").must("use a name");
        let stream = connector.connect(name, stream).await?;
        let agreed = stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec);
        if wire == Wire::Http2 {
            assert_eq!(agreed.as_deref(), Some(b"h2".as_slice()), "ALPN");
        }
        Ok(Self::over(stream, wire).await)
    }

    async fn over(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, wire: Wire) -> Self {
        let io = TokioIo::new(stream);
        Self(match wire {
            Wire::Http1 => {
                let (sender, connection) = http1::handshake(io).await.must("speak HTTP/1.1");
                tokio::spawn(connection);
                Sender::Http1(sender)
            }
            Wire::Http2 => {
                let (sender, connection) = http2::handshake(TokioExecutor::new(), io).await.must("speak HTTP/2");
                tokio::spawn(connection);
                Sender::Http2(sender)
            }
        })
    }

    /// Sends a call; returns when the head of the answer is there.
    pub async fn open(&mut self, call: Call) -> Result<Response<Incoming>, hyper::Error> {
        match &mut self.0 {
            Sender::Http1(sender) => {
                sender.ready().await?;
                sender.send_request(call.into_request(Wire::Http1)).await
            }
            Sender::Http2(sender) => {
                sender.ready().await?;
                sender.send_request(call.into_request(Wire::Http2)).await
            }
        }
    }

    /// Sends a call and reads the whole answer.
    pub async fn send(&mut self, call: Call) -> Reply {
        let url = call.url.to_string();
        let exchange = async {
            let response = self.open(call).await.must(&format!("get an answer from {url}"));
            let (head, body) = response.into_parts();
            let body = body.collect().await.must(&format!("read the answer of {url}")).to_bytes();
            Reply::checked(head, body)
        };
        within(&url, EXCHANGE_BOUND, exchange).await
    }
}

/// The address behind a URL with a host and, if not the scheme's own, a port.
#[track_caller]
#[must_use]
pub fn address_of(url: &str) -> SocketAddr {
    let uri: http::Uri = url.parse().must("read a URL");
    let standard = if uri.scheme_str() == Some("https") { 443 } else { 80 };
    let host = uri.host().must("know the host").trim_matches(['[', ']']).to_owned();
    (host, uri.port_u16().unwrap_or(standard)).to_socket_addrs().must("resolve a host").next().must("find an address")
}

/// Takes any certificate: tests are about protocol versions, not about trust.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
