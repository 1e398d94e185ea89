//! Network: how documents reach their receivers.
//!
//! Owns:  the two connectors: the accounts of the same ledger, and an access point.
//! Never: a test document at an access point: `AccessPoint` is a network of the live world alone, and no parcel of the test
//!        ledger has that type (R119, R120).
//! Read:  `Network`, then `Local`, then `AccessPoint`.

use crate::{
    ledger::{
        LedgerError,
        invostaq::courier::{ACCESS_POINT, Live, Outcome, Parcel, Post},
    },
    options::{self, Clock, Randomness},
    serve::ServeError,
};
use http::{HeaderValue, Request, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::{body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use std::{pin::pin, time::Duration};
use tokio::{net::TcpStream, time};
use url::Url;

/// From the first byte of a connection to the last of the answer.
const EXCHANGE_MAX: Duration = Duration::from_secs(15);
/// Bytes of an answer that are read.
const ANSWER_MAX: usize = 64 * 1024;
/// Characters of the secret.
const SECRET_MAX: usize = 256;

/// A way to receivers in the world `W`.
pub(crate) trait Network<W>: Send + Sync + 'static {
    /// What documents say that went this way.
    const NAME: &'static str;

    /// Hands a document over. It may be given the same one again after a crash.
    fn deliver(&self, parcel: &Parcel<W>, post: &Post<W>) -> impl Future<Output = Result<Outcome, LedgerError>> + Send;
}

/// Between the accounts of one ledger. It is all that the test world has.
pub(crate) struct Local {
    pub(crate) clock: Clock,
    pub(crate) randomness: Randomness,
}

impl<W: 'static> Network<W> for Local {
    const NAME: &'static str = "local";

    async fn deliver(&self, parcel: &Parcel<W>, post: &Post<W>) -> Result<Outcome, LedgerError> {
        if post.hand_over(parcel, &self.randomness, (self.clock)()).await? {
            return Ok(Outcome::Delivered);
        }
        Ok(Outcome::Refused(format!("{} is not registered in this network.", parcel.receiver)))
    }
}

/// A service that carries documents into the world, over HTTP.
pub(crate) struct AccessPoint {
    url: Url,
    secret: HeaderValue,
}

impl AccessPoint {
    /// From the options.
    pub(crate) fn open(options: &options::AccessPoint) -> Result<Self, ServeError> {
        let url = Url::parse(&options.url).ok().filter(crate::key_set::on_loopback);
        let url = url.ok_or_else(|| {
            ServeError::AccessPoint(format!("`{}` is not an http:// address on loopback", options.url))
        })?;
        let visible =
            (1..=SECRET_MAX).contains(&options.secret.len()) && options.secret.bytes().all(|b| b.is_ascii_graphic());
        let secret = visible.then(|| HeaderValue::from_str(&options.secret).ok()).flatten();
        let mut secret = secret.ok_or_else(|| {
            ServeError::AccessPoint(format!("its secret is not 1 to {SECRET_MAX} visible ASCII characters"))
        })?;
        secret.set_sensitive(true);
        Ok(Self { url, secret })
    }

    async fn exchange(&self, parcel: &Parcel<Live>) -> Result<StatusCode, Box<dyn std::error::Error + Send + Sync>> {
        let addresses = self.url.socket_addrs(|| None)?;
        let host = self.url.host_str().unwrap_or_default();
        let port = self.url.port_or_known_default().unwrap_or(80);
        let stream = TcpStream::connect(&*addresses).await?;
        stream.set_nodelay(true)?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let target =
            self.url.query().map_or_else(|| self.url.path().to_owned(), |q| format!("{}?{q}", self.url.path()));
        let request = Request::post(target)
            .header(header::HOST, format!("{host}:{port}"))
            .header(header::CONTENT_TYPE, "application/xml")
            .header("x-access-point-secret", self.secret.clone())
            .header("x-transaction-id", &parcel.transaction)
            .header("idempotency-key", &parcel.transaction)
            .header("x-sender-participant-id", &parcel.sender)
            .header("x-receiver-participant-id", &parcel.receiver)
            .body(Full::new(Bytes::from(parcel.ubl.clone())))?;
        let exchange = async {
            let response = sender.send_request(request).await?;
            let status = response.status();
            // The answer is read to its end, so that it is known to be whole; nothing in it counts.
            Limited::new(response.into_body(), ANSWER_MAX).collect().await?;
            Ok(status)
        };
        let (mut exchange, connection) = (pin!(exchange), pin!(connection));
        tokio::select! {
            biased;
            result = &mut exchange => return result,
            // The connection may end in the same moment in which it hands over the last bytes: they are still to be read.
            _ = connection => {}
        }
        exchange.await
    }
}

impl Network<Live> for AccessPoint {
    const NAME: &'static str = ACCESS_POINT;

    /// Taken means that the end is told by a callback. What may be a passing trouble is tried again; the access point knows
    /// by the transaction what it has already.
    async fn deliver(&self, parcel: &Parcel<Live>, _: &Post<Live>) -> Result<Outcome, LedgerError> {
        let answer = time::timeout(EXCHANGE_MAX, self.exchange(parcel)).await;
        Ok(match answer {
            Ok(Ok(status)) if status.is_success() => Outcome::Accepted,
            Ok(Ok(status @ (StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS))) => {
                Outcome::Again(format!("The access point answered {status}."))
            }
            Ok(Ok(status)) if status.is_client_error() => {
                Outcome::Refused(format!("The access point refused it with {status}."))
            }
            Ok(Ok(status)) => Outcome::Again(format!("The access point answered {status}.")),
            Ok(Err(error)) => {
                tracing::warn!(%error, "invoicing: the access point could not be reached");
                Outcome::Again("The access point could not be reached.".to_owned())
            }
            Err(_) => Outcome::Again("The access point did not answer in time.".to_owned()),
        })
    }
}
