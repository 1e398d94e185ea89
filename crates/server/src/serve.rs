//! `claviger serve`: a deployment as its configuration says, until it is told to stop.
//!
//! Owns:  the life of the process around a deployment: signals, reloads, the drain.
//! Never: parses a configuration.
//! Read:  `run`, then `until_stopped`.

use crate::{
    catalogue_file,
    cli::Serve,
    config::Config,
    deployment::{self, Deployment},
    failure::Failure,
    logging, name,
    output::line,
    stop::{Signals, Wish},
    tls,
};
use store::Page;

/// Serves until a signal.
pub(crate) async fn run(args: Serve) -> Result<(), Failure> {
    let config = Config::load(&args.file.config)?;
    let catalogue = catalogue_file::in_force(&config)?;
    logging::start(&config.log)?;
    let mut signals = Signals::listen()?;
    let uncapped = deployment::uncapped(&config.limits.daily_caps, &catalogue);
    let shared = deployment::shared_upstream(&config);
    for warning in deployment::warnings(&config).into_iter().chain(shared).chain(uncapped) {
        tracing::warn!("{warning}");
    }
    let operations = catalogue.operations().len();
    let deployment = Deployment::start(&config, catalogue).await?;
    for (listener, certificates) in deployment.certificates() {
        tracing::info!(listener, fingerprint = certificates.fingerprint, "certificate in force");
    }
    let (gateway, control) = (deployment.gateway_url(), deployment.control_url());
    tracing::info!(gateway, control, operations, version = env!("CARGO_PKG_VERSION"), "serving");
    if !has_operator_token(&deployment).await? {
        tracing::warn!(
            "there is no operator token yet: stop this process and run `{} tokens bootstrap --config {}`",
            name::NAME,
            args.file.config.display()
        );
    }
    if args.json {
        line(&serde_json::json!({ "gateway_url": gateway, "control_url": control }).to_string());
    }
    until_stopped(deployment, &mut signals).await
}

async fn has_operator_token(deployment: &Deployment) -> Result<bool, Failure> {
    let counts = deployment.store().counts().await?;
    // A count may include what a revocation of the last one left; a page tells.
    if counts.operator_tokens == 0 {
        return Ok(false);
    }
    let page = deployment.store().operator_tokens(Page::first(store::PAGE_MAX)).await?;
    Ok(page.next.is_some() || page.items.iter().any(|token| token.revoked_at.is_none()))
}

/// Obeys signals until one says stop; then drains.
pub(crate) async fn until_stopped(mut deployment: Deployment, signals: &mut Signals) -> Result<(), Failure> {
    let mut certificates = tokio::time::interval(tls::RELOAD_INTERVAL);
    certificates.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    // The first tick is immediate, and the files have just been read.
    certificates.tick().await;
    deployment.sweep_usage();
    let outcome = loop {
        tokio::select! {
            wish = signals.next() => match wish {
                Wish::Stop => break Ok(()),
                Wish::Reload => deployment.reload().await,
            },
            _ = certificates.tick() => {
                deployment.reload_certificates();
                deployment.sweep_usage();
                deployment.sweep_writes().await;
            }
            failure = deployment.failed() => break Err(failure),
        }
    };
    tracing::info!("stopping: no new requests; those in flight may end");
    signals.unless_repeated(deployment.stop()).await;
    tracing::info!("stopped");
    outcome
}
