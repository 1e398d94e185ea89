//! `claviger invoicing`, and the reference API beside a quickstart.
//!
//! Owns:  its options, its listener, its thread.
//! Never: tells it anything but where the gateway's key set is.
//! Read:  `run`, then `Beside::start`.

use crate::{
    cli::Invoicing,
    clock,
    config::{LogSection, RequestLog},
    deployment::not_bound,
    failure::{Exit, Failure},
    logging, name,
    output::remark,
    private_file,
    stop::{Signals, Wish},
};
use anyhow::Context as _;
use invoicing::{AccessPoint, ContextKeys, DatabaseUrl, Options, Surface};
use std::{
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    sync::Arc,
    thread::JoinHandle,
};
use tokio::sync::oneshot;

/// Serves the reference API alone until a signal.
pub(crate) async fn run(args: Invoicing) -> Result<(), Failure> {
    logging::start(&LogSection { json: false, level: "info".to_owned(), requests: RequestLog::Off })?;
    clock::check_randomness()?;
    let mut signals = Signals::listen()?;
    let listener = bind(args.listen)?;
    let address = listener.local_addr().context("the listener's address")?;
    let surface = args.surface.name();
    let access_point = access_point(&args)?;
    if access_point.is_some() && args.surface != Surface::Invostaq {
        let message = format!("--access-point is for the surface invostaq, not for {surface}");
        return Err(Failure::usage(message, "add --surface invostaq, or leave it out"));
    }
    remark(&format!("The reference API ({surface}) listens on http://{address} and trusts the keys of {}.", args.jwks));
    let mut options = options(args.data, args.jwks, args.surface);
    options.access_point = access_point;
    options.database = args.database.map(|address| DatabaseUrl::new(address.0));
    let listener = tokio::net::TcpListener::from_std(listener).context("the listener")?;
    let stop = async move { while signals.next().await != Wish::Stop {} };
    invoicing::serve(listener, options, stop).await.map_err(|error| Failure::new(Exit::Failed, error.to_string()))
}

/// The reference API on a thread of its own, as far from the gateway as another process would be.
pub(crate) struct Beside {
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

/// A port for the reference API, taken before anything else starts, so that the gateway knows where it will be.
pub(crate) fn port() -> Result<TcpListener, Failure> {
    bind(SocketAddr::from(([127, 0, 0, 1], 0)))
}

impl Beside {
    /// Serves `surface` on `listener` with its ledgers in `folder`, until `stop`.
    pub(crate) fn start(listener: TcpListener, folder: &Path, jwks: String, surface: Surface) -> anyhow::Result<Self> {
        let (stop, stopped) = oneshot::channel::<()>();
        let options = options(folder.to_owned(), jwks, surface);
        let serve = async move {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            let stopped = async move {
                // Dropping the sender asks for the same as sending.
                let _dropped = stopped.await;
            };
            invoicing::serve(listener, options, stopped).await.map_err(std::io::Error::other)
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let thread = std::thread::Builder::new().name("invoicing".to_owned()).spawn(move || {
            if let Err(error) = runtime.block_on(serve) {
                tracing::error!(%error, "the reference API ended");
            }
        })?;
        Ok(Self { stop, thread })
    }

    /// Lets its requests end and waits for it.
    pub(crate) async fn stop(self) {
        let _gone_already = self.stop.send(());
        let thread = self.thread;
        let _panicked = tokio::task::spawn_blocking(move || thread.join()).await;
    }
}

/// Where live documents go, if anywhere.
fn access_point(args: &Invoicing) -> Result<Option<AccessPoint>, Failure> {
    let (Some(url), Some(path)) = (&args.access_point, &args.access_point_secret_file) else { return Ok(None) };
    let failed = |what: String| Failure::new(Exit::Failed, format!("--access-point-secret-file: {what}"));
    let found = private_file::read(path).map_err(|error| failed(format!("{error:#}")))?;
    let bytes = found.ok_or_else(|| failed(format!("there is no file {}", path.display())))?;
    let text = std::str::from_utf8(bytes.expose()).map_err(|_| failed(format!("{} is not text", path.display())))?;
    Ok(Some(AccessPoint { url: url.clone(), secret: text.trim().to_owned() }))
}

fn options(folder: PathBuf, jwks: String, surface: Surface) -> Options {
    let clock = Arc::new(|| clock::now().as_micros());
    let mut options = Options::new(folder, ContextKeys::Url(jwks), clock, Arc::new(clock::fill));
    options.issuer = name::NAME.to_owned();
    options.header = format!("{}-context", name::NAME);
    options.surface = surface;
    options
}

fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
    let bound = TcpListener::bind(address).and_then(|listener| {
        listener.set_nonblocking(true)?;
        Ok(listener)
    });
    bound.map_err(|error| not_bound("the reference API", "--listen", address, &error))
}
