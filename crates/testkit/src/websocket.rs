//! A WebSocket client: enough to talk through a gateway and to notice being cut.
//!
//! Owns:  opening with a key, one exchange, waiting for the end.
//! Never: reconnects.
//! Read:  top down.

use crate::{must::Must, poll::within};
use futures_util::{SinkExt as _, StreamExt as _};
use std::{net::SocketAddr, time::Duration};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Message, client::IntoClientRequest as _},
};

/// How long one exchange may take.
const EXCHANGE_BOUND: Duration = Duration::from_secs(30);

/// An open WebSocket.
pub struct WebSocket(WebSocketStream<TcpStream>);

impl WebSocket {
    /// Opens `path` with a key in `X-API-Key`; the status of the refusal when there is no upgrade.
    pub async fn open(address: SocketAddr, path: &str, key: &str) -> Result<Self, u16> {
        let mut request = format!("ws://{address}{path}").into_client_request().must("make a request");
        request.headers_mut().insert("x-api-key", key.parse().must("send a key"));
        let stream = TcpStream::connect(address).await.must("connect");
        match client_async(request, stream).await {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(tokio_tungstenite::tungstenite::Error::Http(refused)) => Err(refused.status().as_u16()),
            Err(error) => panic!("the upgrade failed: {error}"),
        }
    }

    /// Sends a text and returns what comes back; `None` when the connection is gone.
    pub async fn echo(&mut self, text: &str) -> Option<String> {
        self.0.send(Message::text(text)).await.ok()?;
        let next = within("an echo", EXCHANGE_BOUND, self.0.next()).await;
        next?.ok()?.into_text().ok().map(|text| text.to_string())
    }

    /// Waits for the end of the connection, however it comes; panics when it does not.
    pub async fn ended(&mut self, bound: Duration) {
        within("the end of a WebSocket", bound, async { while let Some(Ok(_)) = self.0.next().await {} }).await;
    }
}
