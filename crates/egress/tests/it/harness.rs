//! Harness: upstreams that are scripts over raw sockets, and requests to them.
//!
//! Owns:  `peer`, `Wire`, `Ask`, bodies that the test feeds.
//! Never: an HTTP library on the upstream's side: what it says is what the test wrote.
//! Read:  top down.

use bytes::Bytes;
use egress::{Answer, HostField, RequestHead, Target, Upstream, UpstreamBody, UpstreamConfig, UpstreamError};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Full};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Starts an upstream that is `script`. Await the handle at the test's end: that is how the script's assertions count.
pub(crate) async fn peer<F, Fut, T>(script: F) -> (SocketAddr, JoinHandle<T>)
where
    F: FnOnce(Listener) -> Fut,
    Fut: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (address, tokio::spawn(script(Listener(listener))))
}

pub(crate) struct Listener(pub(crate) TcpListener);

impl Listener {
    pub(crate) async fn accept(&self) -> Wire {
        let (stream, _) = self.0.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        Wire { stream, buf: Vec::new(), reads: 0 }
    }
}

/// The upstream's end of a connection.
pub(crate) struct Wire {
    pub(crate) stream: TcpStream,
    pub(crate) buf: Vec<u8>,
    /// Reads that brought something.
    pub(crate) reads: usize,
}

impl Wire {
    /// Reads once; false at the end.
    pub(crate) async fn fill(&mut self) -> bool {
        let mut room = vec![0; 256 * 1024];
        match self.stream.read(&mut room).await {
            Ok(0) => false,
            Ok(count) => {
                self.buf.extend_from_slice(&room[..count]);
                self.reads += 1;
                true
            }
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => false,
            Err(error) => panic!("{error}"),
        }
    }

    /// A request's head, or `None` when the other side closed instead.
    pub(crate) async fn head(&mut self) -> Option<String> {
        loop {
            if let Some(at) = self.buf.windows(4).position(|four| four == b"\r\n\r\n") {
                let rest = self.buf.split_off(at + 4);
                return Some(String::from_utf8(std::mem::replace(&mut self.buf, rest)).unwrap());
            }
            if !self.fill().await {
                assert!(self.buf.is_empty(), "half a head: {:?}", String::from_utf8_lossy(&self.buf));
                return None;
            }
        }
    }

    /// So many bytes of a body.
    pub(crate) async fn body(&mut self, length: usize) -> Vec<u8> {
        while self.buf.len() < length {
            assert!(self.fill().await, "the connection ended inside the body");
        }
        let rest = self.buf.split_off(length);
        std::mem::replace(&mut self.buf, rest)
    }

    /// Everything up to and including `end`.
    pub(crate) async fn until(&mut self, end: &[u8]) -> Vec<u8> {
        loop {
            if let Some(at) = self.buf.windows(end.len()).position(|window| window == end) {
                let rest = self.buf.split_off(at + end.len());
                return std::mem::replace(&mut self.buf, rest);
            }
            assert!(self.fill().await, "the connection ended before {:?}", String::from_utf8_lossy(end));
        }
    }

    pub(crate) async fn say(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
    }

    /// `say`, where the other side may have closed already.
    pub(crate) async fn try_say(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).await.is_ok()
    }

    /// Waits until the other side has closed; whether it said nothing more.
    pub(crate) async fn closed(&mut self) -> bool {
        while self.fill().await {}
        self.buf.is_empty()
    }
}

/// A response with a length.
pub(crate) fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

pub(crate) fn config(address: SocketAddr) -> UpstreamConfig {
    UpstreamConfig::new(Target::parse(&format!("http://{address}")).unwrap(), None)
}

pub(crate) fn upstream(address: SocketAddr) -> Rc<Upstream> {
    Upstream::new(config(address))
}

/// A request in the making.
pub(crate) struct Ask<'a> {
    pub(crate) method: Method,
    pub(crate) path: &'a str,
    pub(crate) headers: HeaderMap,
    pub(crate) upgrade: Option<&'a [u8]>,
    pub(crate) extra: Vec<(&'a HeaderName, &'a HeaderValue)>,
    pub(crate) trailers: bool,
}

pub(crate) fn ask(method: Method, path: &str) -> Ask<'_> {
    Ask { method, path, headers: HeaderMap::new(), upgrade: None, extra: Vec::new(), trailers: false }
}

pub(crate) fn get(path: &str) -> Ask<'_> {
    ask(Method::GET, path)
}

pub(crate) fn post(path: &str) -> Ask<'_> {
    ask(Method::POST, path)
}

impl Ask<'_> {
    pub(crate) async fn raw<B>(&self, upstream: &Rc<Upstream>, body: B) -> Result<Answer, UpstreamError>
    where
        B: Body<Data = Bytes> + Unpin + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let head = RequestHead {
            method: &self.method,
            path_and_query: self.path.as_bytes(),
            headers: &self.headers,
            prepared: None,
            extra: &self.extra,
            host: HostField::Target,
            upgrade: self.upgrade,
            trailers: self.trailers,
        };
        upstream.send(head, body).await
    }

    pub(crate) async fn with<B>(
        &self,
        upstream: &Rc<Upstream>,
        body: B,
    ) -> Result<Response<UpstreamBody>, UpstreamError>
    where
        B: Body<Data = Bytes> + Unpin + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        match self.raw(upstream, body).await? {
            Answer::Response(response) => Ok(response),
            Answer::Upgraded(..) => panic!("an upgrade that nobody asked for"),
        }
    }

    pub(crate) async fn send(&self, upstream: &Rc<Upstream>) -> Result<Response<UpstreamBody>, UpstreamError> {
        self.with(upstream, empty()).await
    }

    /// Status and body, which must be complete.
    pub(crate) async fn text(&self, upstream: &Rc<Upstream>) -> (u16, String) {
        let response = self.send(upstream).await.unwrap();
        text(response).await
    }
}

pub(crate) fn empty() -> Full<Bytes> {
    Full::default()
}

pub(crate) fn full(text: &str) -> Full<Bytes> {
    Full::new(Bytes::copy_from_slice(text.as_bytes()))
}

pub(crate) async fn text(response: Response<UpstreamBody>) -> (u16, String) {
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

/// A body that the test feeds frame by frame; its end is the sender's drop.
pub(crate) struct Fed {
    frames: mpsc::Receiver<Result<Frame<Bytes>, io::Error>>,
    length: Option<u64>,
}

pub(crate) struct Feeder(mpsc::Sender<Result<Frame<Bytes>, io::Error>>);

impl Feeder {
    /// False when the body was dropped.
    pub(crate) async fn data(&self, data: impl Into<Bytes>) -> bool {
        self.0.send(Ok(Frame::data(data.into()))).await.is_ok()
    }

    pub(crate) async fn trailers(&self, trailers: HeaderMap) -> bool {
        self.0.send(Ok(Frame::trailers(trailers))).await.is_ok()
    }

    pub(crate) async fn fail(&self, why: &str) -> bool {
        self.0.send(Err(io::Error::other(why.to_owned()))).await.is_ok()
    }

    /// Waits until the body is dropped.
    pub(crate) async fn dropped(&self) {
        self.0.closed().await;
    }
}

pub(crate) fn fed(length: Option<u64>) -> (Feeder, Fed) {
    let (sender, frames) = mpsc::channel(1);
    (Feeder(sender), Fed { frames, length })
}

impl Body for Fed {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        self.frames.poll_recv(cx)
    }

    fn size_hint(&self) -> SizeHint {
        self.length.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
