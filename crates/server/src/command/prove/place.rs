//! Place: where the deployment is that is asked.
//!
//! Owns:  what a configuration says of how its own machine reaches gateway and control API.
//! Never: guesses an address that the configuration does not tell.
//! Read:  `Place::of`.

use crate::{
    cli::{control::Connection, prove::ProveIsolation},
    config::{Config, GatewaySection, Tls},
    deployment,
    failure::Failure,
    tls,
};
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::{Path, PathBuf},
};

/// What to say in the place of `--config`.
const SAY_BOTH: &str = "say --gateway and --url in place of --config";

/// Two addresses, and which certificates are trusted there.
pub(super) struct Place {
    pub(super) gateway: String,
    /// For the gateway. Its listener may have another certificate than the control API's.
    pub(super) trust: Connection,
    pub(super) control: Connection,
}

impl Place {
    /// As the flags say, or the configuration that they name.
    pub(super) fn of(args: &ProveIsolation) -> Result<Self, Failure> {
        match &args.config {
            Some(path) => Self::configured(&Config::load(path)?, &args.at),
            None => Ok(Self { gateway: args.gateway.clone(), trust: args.at.clone(), control: args.at.clone() }),
        }
    }

    fn configured(config: &Config, at: &Connection) -> Result<Self, Failure> {
        let trusting = |tls: &Tls, listener: &str| {
            let own = certificate(tls, &config.folder, listener);
            Connection { ca_file: at.ca_file.clone().or(own), ..at.clone() }
        };
        let (gateway, control) = (&config.gateway, &config.control);
        let url = deployment::url(is_tls(&control.tls), near("control.listen", control.listen)?);
        Ok(Self {
            gateway: reached(gateway)?,
            trust: trusting(&gateway.tls, "gateway"),
            control: Connection { url, ..trusting(&control.tls, "control") },
        })
    }
}

/// Where callers reach the gateway: under the first of its host names, if it answers to these alone.
fn reached(gateway: &GatewaySection) -> Result<String, Failure> {
    if gateway.proxy_protocol || gateway.tls == Tls::Terminated {
        let message = "callers reach this gateway through a proxy, and its configuration does not say where that is";
        return Err(Failure::usage(message, SAY_BOTH));
    }
    let address = near("gateway.listen", gateway.listen)?;
    let scheme = if is_tls(&gateway.tls) { "https" } else { "http" };
    let answers = |host: &String| host.trim_matches(['[', ']']) == address.ip().to_string();
    Ok(match gateway.hosts.first() {
        Some(host) if !gateway.hosts.iter().any(answers) => format!("{scheme}://{host}:{}", address.port()),
        _ => deployment::url(is_tls(&gateway.tls), address),
    })
}

/// How this machine reaches a listener.
fn near(setting: &str, listen: SocketAddr) -> Result<SocketAddr, Failure> {
    if listen.port() == 0 {
        let message = format!("`{setting}` is {listen}: only the running process knows which port the system chose");
        return Err(Failure::usage(message, SAY_BOTH));
    }
    let ip = match listen.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    };
    Ok(SocketAddr::new(ip, listen.port()))
}

const fn is_tls(tls: &Tls) -> bool {
    matches!(tls, Tls::Files { .. } | Tls::SelfSigned(_))
}

/// A certificate that nobody else vouches for.
fn certificate(tls: &Tls, folder: &Path, listener: &str) -> Option<PathBuf> {
    matches!(tls, Tls::SelfSigned(_)).then(|| tls::self_signed_file(folder, listener))
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUIRED: &str = "[upstream.test]\nurl = \"http://127.0.0.1:9\"\n[upstream.live]\nurl = \"http://127.0.0.1:9\"\n\
                            [catalogue]\nfile = \"catalogue.toml\"\n[store]\nfolder = \"data\"\n";

    fn place(settings: &str, ca_file: Option<&str>) -> Place {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("claviger.toml");
        std::fs::write(&path, format!("{settings}\n{REQUIRED}")).unwrap();
        let at = Connection {
            url: "http://127.0.0.1:8081".to_owned(),
            token: None,
            token_file: None,
            ca_file: ca_file.map(PathBuf::from),
        };
        Place::configured(&Config::load(&path).unwrap(), &at).unwrap_or_else(|failure| panic!("{failure}"))
    }

    #[test]
    fn r126_the_gateway_is_asked_under_a_name_that_it_answers_to() {
        let cases = [
            ("", "http://127.0.0.1:8080"),
            ("listen = \"[::]:1\"\n[gateway.tls]\nmode = \"self_signed\"", "https://[::1]:1"),
            ("listen = \"0.0.0.0:1\"\n[gateway.tls]\nmode = \"self_signed\"", "https://127.0.0.1:1"),
            ("listen = \"[::1]:1\"\nhosts = [\"api.example.com\", \"[::1]\"]", "http://[::1]:1"),
            ("listen = \"127.0.0.1:1\"\nhosts = [\"api.example.com\", \"b\"]", "http://api.example.com:1"),
        ];
        for (settings, url) in cases {
            assert_eq!(place(&format!("[gateway]\n{settings}"), None).gateway, url, "{settings}");
        }
    }

    #[test]
    fn r126_what_is_said_to_be_trusted_is_trusted_in_place_of_the_own_certificate() {
        let settings = "[gateway.tls]\nmode = \"self_signed\"";
        let place_of = |ca_file| {
            let place = place(settings, ca_file);
            (place.trust.ca_file, place.control.ca_file)
        };
        let (gateway, control) = place_of(None);
        assert!(gateway.is_some_and(|path| path.ends_with("data/gateway-self-signed.crt")) && control.is_none());
        assert_eq!(place_of(Some("own.pem")), (Some("own.pem".into()), Some("own.pem".into())));
    }
}
