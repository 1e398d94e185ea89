//! Configuration: from what was said to checked values, with every problem at once.
//!
//! Owns:  `Config` and the rules between settings.
//! Never: opens a port, reads a certificate or a catalogue; it only says where they are.
//! Read:  `Config`, then `assemble`. Names and defaults are in `settings`.

pub(crate) mod check;
mod cors;
mod errors;
mod idempotency;
mod keys;
pub(crate) mod limits;
mod log;
pub(crate) mod problem;
mod profile;
mod proxies;
pub(crate) mod reference;
pub(crate) mod settings;
pub(crate) mod sheet;
mod sign_in;
mod usage;

use gateway::Limits;
use idempotency::IdempotencySection;
use keys::KeySection;
pub(crate) use log::{LogSection, RequestLog};
use model::Environment;
use problem::Problems;
pub(crate) use profile::Profile;
use sheet::Sheet;
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

/// A checked configuration.
#[derive(Debug)]
pub(crate) struct Config {
    /// Whose system this deployment reproduces, if any's.
    pub(crate) profile: Option<Profile>,
    pub(crate) gateway: GatewaySection,
    pub(crate) cors: gateway::CorsConfig,
    pub(crate) limits: limits::LimitsSection,
    pub(crate) idempotency: IdempotencySection,
    pub(crate) upstream_test: Upstream,
    pub(crate) upstream_live: Upstream,
    pub(crate) upstream_limits: UpstreamLimits,
    pub(crate) control: ControlSection,
    /// `None` for the quickstart, whose catalogue is no file of the operator, and where the profile's own is used.
    pub(crate) catalogue: Option<PathBuf>,
    /// Issuers, administrators and callbacks, if there are any.
    pub(crate) people: Option<PathBuf>,
    pub(crate) sign_in: sign_in::SignInSection,
    pub(crate) keys: KeySection,
    pub(crate) errors: api::problem::ProblemStyle,
    /// Lower case.
    pub(crate) namespace: String,
    pub(crate) folder: PathBuf,
    pub(crate) usage: store::UsageOptions,
    pub(crate) log: LogSection,
}

/// `[gateway]` and what is below it.
#[derive(Debug)]
pub(crate) struct GatewaySection {
    pub(crate) listen: SocketAddr,
    pub(crate) plain_listen: Option<SocketAddr>,
    /// Where callers reach the API, as the dashboard writes it.
    pub(crate) public_url: Option<String>,
    pub(crate) name: String,
    pub(crate) cores: usize,
    pub(crate) hosts: Vec<String>,
    pub(crate) origins: Vec<Box<str>>,
    pub(crate) trusted_proxies: Vec<ipnet::IpNet>,
    pub(crate) proxy_protocol: bool,
    pub(crate) tls: Tls,
    pub(crate) limits: Limits,
}

/// `[control]`.
#[derive(Debug)]
pub(crate) struct ControlSection {
    pub(crate) listen: SocketAddr,
    pub(crate) tls: Tls,
}

/// How one listener speaks TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Tls {
    /// Not at all: loopback only (D21).
    Off,
    /// A proxy in front does.
    Terminated,
    /// With a certificate from files.
    Files {
        /// PEM.
        cert: PathBuf,
        /// PEM.
        key: PathBuf,
    },
    /// With one made at the first start, for these names.
    SelfSigned(Vec<String>),
}

/// `[upstream.test]` or `[upstream.live]`.
#[derive(Debug)]
pub(crate) struct Upstream {
    pub(crate) target: egress::Target,
    pub(crate) ca_file: Option<PathBuf>,
}

/// `[upstream.limits]`.
#[derive(Debug)]
pub(crate) struct UpstreamLimits {
    pub(crate) connect_timeout: Duration,
    pub(crate) head_timeout: Duration,
    pub(crate) idle_body_timeout: Duration,
    pub(crate) idle_keep: Duration,
    pub(crate) idle_max: usize,
    pub(crate) total_max: usize,
    pub(crate) waiting_max: usize,
    pub(crate) acquire_timeout: Duration,
}

impl Config {
    /// From the file and the process's environment.
    pub(crate) fn load(path: &Path) -> Result<Self, Problems> {
        let mut sheet = Sheet::read(Some(path), std::env::vars_os())?;
        let config = assemble(&mut sheet, Catalogue::FromFile);
        sheet.finish(config)
    }

    /// The defaults, changed by the environment and then by flags: for commands that take no file.
    pub(crate) fn of_flags(
        flags: impl IntoIterator<Item = (&'static str, &'static str, String)>,
        fallbacks: impl IntoIterator<Item = (&'static str, &'static str)>,
    ) -> Result<Self, Problems> {
        let mut sheet = Sheet::read(None, std::env::vars_os())?;
        sheet.say(flags, fallbacks);
        let config = assemble(&mut sheet, Catalogue::GivenOtherwise);
        sheet.finish(config)
    }

    /// The data folder alone, for commands that need nothing else.
    pub(crate) fn folder_of(mut sheet: Sheet) -> Result<PathBuf, Problems> {
        let folder = path(&mut sheet, "store.folder");
        sheet.finish(folder)
    }

    /// The upstream of one environment.
    pub(crate) const fn upstream(&self, environment: Environment) -> &Upstream {
        match environment {
            Environment::Test => &self.upstream_test,
            Environment::Live => &self.upstream_live,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Catalogue {
    FromFile,
    GivenOtherwise,
}

/// Every setting is checked before the first `?`, so that no problem hides another.
fn assemble(sheet: &mut Sheet, catalogue: Catalogue) -> Option<Config> {
    let profile = sheet.optional("profile", Profile::named);
    let gateway = gateway_section(sheet);
    let cors = cors::section(sheet);
    let limits = limits::section(sheet);
    let idempotency = idempotency::section(sheet);
    let upstream_test = upstream(sheet, Environment::Test);
    let upstream_live = upstream(sheet, Environment::Live);
    let upstream_limits = upstream_limits(sheet);
    let control = control_section(sheet);
    let catalogue = match catalogue {
        Catalogue::FromFile if profile.is_some_and(|profile| profile.is_some()) => {
            optional_path(sheet, "catalogue.file")
        }
        Catalogue::FromFile => path(sheet, "catalogue.file").map(Some),
        Catalogue::GivenOtherwise => Some(None),
    };
    let people = optional_path(sheet, "people.file");
    let sign_in = sign_in::section(sheet);
    let keys = keys::section(sheet);
    let errors = errors::section(sheet).zip(keys.as_ref()).map(|(style, keys)| keys::worded(style, keys));
    let namespace = sheet.text("context.namespace", check::namespace);
    let folder = path(sheet, "store.folder");
    let usage = usage::usage_section(sheet);
    let log = log::section(sheet);
    Some(Config {
        profile: profile?,
        gateway: gateway?,
        cors: cors?,
        limits: limits?,
        idempotency: idempotency?,
        upstream_test: upstream_test?,
        upstream_live: upstream_live?,
        upstream_limits: upstream_limits?,
        control: control?,
        catalogue: catalogue?,
        people: people?,
        sign_in: sign_in?,
        keys: keys?,
        errors: errors?,
        namespace: namespace?,
        folder: folder?,
        usage: usage?,
        log: log?,
    })
}

fn gateway_section(sheet: &mut Sheet) -> Option<GatewaySection> {
    let listen = sheet.text("gateway.listen", check::address);
    let plain_listen = sheet.optional("gateway.plain_listen", check::address);
    let public_url = sheet.optional("gateway.public_url", check::origin);
    let name = sheet.text("gateway.name", check::host);
    let cores = sheet.text("gateway.cores", |text| match text {
        "auto" => Ok(std::thread::available_parallelism().map_or(1, usize::from)),
        _ => whole(text, 1, 1_024),
    });
    let hosts = sheet.list("gateway.hosts", check::host);
    let origins = sheet.list("gateway.origins", check::origin);
    let trusted_proxies = sheet.list("gateway.trusted_proxies", check::network);
    let proxy_protocol = sheet.flag("gateway.proxy_protocol");
    let tls = tls(sheet, &GATEWAY_TLS).map(|tls| named_for(tls, listen));
    let limits = limits(sheet);
    let section = GatewaySection {
        listen: listen?,
        plain_listen: plain_listen?,
        public_url: public_url?.map(String::from),
        name: name?,
        cores: cores?,
        hosts: hosts?,
        origins: origins?,
        trusted_proxies: trusted_proxies?,
        proxy_protocol: proxy_protocol?,
        tls: tls?,
        limits: limits?,
    };
    gateway_rules(sheet, &section);
    Some(section)
}

/// What must hold between the settings of `[gateway]` (D21).
fn gateway_rules(sheet: &mut Sheet, section: &GatewaySection) {
    if section.tls == Tls::Off && !section.listen.ip().is_loopback() {
        let variable = settings::variable("gateway.tls.mode");
        let hint = format!(
            "set gateway.tls.mode (or {variable}) to \"files\", \"self_signed\" or \"terminated\", or listen on 127.0.0.1"
        );
        let what = format!("`gateway.listen`: {} is off loopback, where plain HTTP serves nobody", section.listen);
        sheet.problem(Some(sheet.origin("gateway.listen")), what, Some(hint));
    }
    proxies::rule(sheet, section);
    if section.plain_listen.is_some() && matches!(section.tls, Tls::Off | Tls::Terminated) {
        let what = "`gateway.plain_listen` stands beside an HTTPS port, but `gateway.listen` is plain".to_owned();
        sheet.problem(Some(sheet.origin("gateway.plain_listen")), what, None);
    }
    if section.limits.revocation_bound < section.limits.follow_interval * 2 {
        let what =
            "`gateway.limits.revocation_bound` must be at least twice `gateway.limits.follow_interval`".to_owned();
        let hint = Some("otherwise one slow read of the change log stops the gateway".to_owned());
        sheet.problem(Some(sheet.origin("gateway.limits.revocation_bound")), what, hint);
    }
}

fn limits(sheet: &mut Sheet) -> Option<Limits> {
    let connections_max = sheet.text("gateway.limits.connections_max", |t| whole(t, 1, 1_000_000));
    let handshake_timeout = sheet.text("gateway.limits.handshake_timeout", check::duration);
    let header_timeout = sheet.text("gateway.limits.header_timeout", check::duration);
    let head_max = sheet.text("gateway.limits.head_max", |t| bytes(t, 8 << 10, 1 << 20));
    let headers_max = sheet.text("gateway.limits.headers_max", |t| whole(t, 16, 1_000));
    let body_max = sheet.text("gateway.limits.body_max", check::size);
    let inspect_max = sheet.text("gateway.limits.inspect_max", check::size);
    let answer_inspect_max = sheet.text("gateway.limits.answer_inspect_max", check::size);
    let answer_inspect_timeout = sheet.text("gateway.limits.answer_inspect_timeout", check::duration);
    let body_timeout = sheet.text("gateway.limits.body_timeout", check::duration);
    let client_stall_max = sheet.text("gateway.limits.client_stall_max", check::duration);
    let streams_max = sheet.text("gateway.limits.streams_max", |t| whole(t, 1, 10_000));
    let revocation_bound = sheet.text("gateway.limits.revocation_bound", check::duration);
    let follow_interval = sheet.text("gateway.limits.follow_interval", check::duration);
    let drain_max = sheet.text("gateway.limits.drain_max", check::duration);
    Some(Limits {
        connections_max: connections_max?,
        handshake_timeout: handshake_timeout?,
        header_timeout: header_timeout?,
        head_max: head_max?,
        headers_max: headers_max?,
        body_max: body_max?,
        inspect_max: inspect_max?,
        answer_inspect_max: answer_inspect_max?,
        answer_inspect_timeout: answer_inspect_timeout?,
        body_timeout: body_timeout?,
        client_stall_max: client_stall_max?,
        streams_max: u32::try_from(streams_max?).ok()?,
        revocation_bound: revocation_bound?,
        follow_interval: follow_interval?,
        drain_max: drain_max?,
    })
}

fn upstream(sheet: &mut Sheet, environment: Environment) -> Option<Upstream> {
    let (url, ca_file, other) = match environment {
        Environment::Test => ("upstream.test.url", "upstream.test.ca_file", Environment::Live),
        Environment::Live => ("upstream.live.url", "upstream.live.ca_file", Environment::Test),
    };
    if !sheet.is_said(url) {
        let what = format!("`{url}` is missing: {environment} keys would have no upstream");
        let hint = format!(
            "a {environment} key never reaches the {other} upstream; \
             if one upstream serves both and separates them by the signed context, name it in both sections"
        );
        sheet.problem(None, what, Some(hint));
    }
    let target = sheet.optional(url, |text| egress::Target::parse(text).map_err(|error| error.to_string()));
    let ca_file = optional_path(sheet, ca_file);
    Some(Upstream { target: target??, ca_file: ca_file? })
}

fn upstream_limits(sheet: &mut Sheet) -> Option<UpstreamLimits> {
    let connect_timeout = sheet.text("upstream.limits.connect_timeout", check::duration);
    let head_timeout = sheet.text("upstream.limits.head_timeout", check::duration);
    let idle_body_timeout = sheet.text("upstream.limits.idle_body_timeout", check::duration);
    let idle_keep = sheet.text("upstream.limits.idle_keep", check::duration);
    let idle_max = sheet.text("upstream.limits.idle_max", |t| whole(t, 0, 1_000_000));
    let total_max = sheet.text("upstream.limits.total_max", |t| whole(t, 1, 1_000_000));
    let waiting_max = sheet.text("upstream.limits.waiting_max", |t| whole(t, 0, 1_000_000));
    let acquire_timeout = sheet.text("upstream.limits.acquire_timeout", check::duration);
    Some(UpstreamLimits {
        connect_timeout: connect_timeout?,
        head_timeout: head_timeout?,
        idle_body_timeout: idle_body_timeout?,
        idle_keep: idle_keep?,
        idle_max: idle_max?,
        total_max: total_max?,
        waiting_max: waiting_max?,
        acquire_timeout: acquire_timeout?,
    })
}

fn control_section(sheet: &mut Sheet) -> Option<ControlSection> {
    let listen = sheet.text("control.listen", check::address);
    let tls = tls(sheet, &CONTROL_TLS).map(|tls| named_for(tls, listen));
    let section = ControlSection { listen: listen?, tls: tls? };
    if section.tls == Tls::Off && !section.listen.ip().is_loopback() {
        let what = format!("`control.listen`: {} is off loopback without TLS", section.listen);
        let hint = "operator tokens would cross the network readable: set [control.tls], or listen on 127.0.0.1";
        sheet.problem(Some(sheet.origin("control.listen")), what, Some(hint.to_owned()));
    }
    Some(section)
}

/// The names of one listener's TLS settings.
struct TlsPaths {
    mode: &'static str,
    cert_file: &'static str,
    key_file: &'static str,
    names: &'static str,
    terminated: bool,
}

const GATEWAY_TLS: TlsPaths = TlsPaths {
    mode: "gateway.tls.mode",
    cert_file: "gateway.tls.cert_file",
    key_file: "gateway.tls.key_file",
    names: "gateway.tls.names",
    terminated: true,
};

const CONTROL_TLS: TlsPaths = TlsPaths {
    mode: "control.tls.mode",
    cert_file: "control.tls.cert_file",
    key_file: "control.tls.key_file",
    names: "control.tls.names",
    terminated: false,
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Off,
    Files,
    SelfSigned,
    Terminated,
}

fn tls(sheet: &mut Sheet, paths: &TlsPaths) -> Option<Tls> {
    let words = [
        ("off", Mode::Off),
        ("files", Mode::Files),
        ("self_signed", Mode::SelfSigned),
        ("terminated", Mode::Terminated),
    ];
    let words = if paths.terminated { &words[..] } else { &words[..3] };
    let mode = sheet.text(paths.mode, |t| check::one_of(t, words));
    let cert = optional_path(sheet, paths.cert_file);
    let key = optional_path(sheet, paths.key_file);
    let names = sheet.list(paths.names, check::host);
    let (mode, cert, key, names) = (mode?, cert?, key?, names?);
    if mode != Mode::Files {
        for path in [paths.cert_file, paths.key_file].into_iter().filter(|p| sheet.is_said(p)).collect::<Vec<_>>() {
            let what = format!("`{path}` is set, but `{}` is not \"files\", so it would be ignored", paths.mode);
            sheet.problem(Some(sheet.origin(path)), what, Some(format!("set {} = \"files\"", paths.mode)));
        }
    }
    match (mode, cert, key) {
        (Mode::Off, ..) => Some(Tls::Off),
        (Mode::Terminated, ..) => Some(Tls::Terminated),
        (Mode::SelfSigned, ..) => Some(Tls::SelfSigned(names)),
        (Mode::Files, Some(cert), Some(key)) => Some(Tls::Files { cert, key }),
        (Mode::Files, cert, _) => {
            let missing = if cert.is_none() { paths.cert_file } else { paths.key_file };
            let what = format!("`{missing}` is missing, which `{}` = \"files\" needs", paths.mode);
            sheet.problem(Some(sheet.origin(paths.mode)), what, None);
            None
        }
    }
}

/// A self-signed certificate is also for the address that is listened on.
fn named_for(tls: Tls, listen: Option<SocketAddr>) -> Tls {
    let Tls::SelfSigned(mut names) = tls else { return tls };
    let address = listen.map(|a| a.ip()).filter(|ip| !ip.is_unspecified()).map(|ip| ip.to_string());
    names.extend(address.filter(|address| !names.contains(address)));
    Tls::SelfSigned(names)
}

fn path(sheet: &mut Sheet, name: &'static str) -> Option<PathBuf> {
    let text = sheet.text(name, not_empty);
    let base = sheet.base(name);
    text.map(|text| base.join(text))
}

#[expect(clippy::option_option, reason = "as in `Sheet::optional`")]
fn optional_path(sheet: &mut Sheet, name: &'static str) -> Option<Option<PathBuf>> {
    let text = sheet.optional(name, not_empty)?;
    let base = sheet.base(name);
    Some(text.map(|text| base.join(text)))
}

fn not_empty(text: &str) -> Result<String, String> {
    if text.is_empty() { Err("is empty".to_owned()) } else { Ok(text.to_owned()) }
}

fn whole(text: &str, min: u64, max: u64) -> Result<usize, String> {
    let number = check::number(text, min, max)?;
    usize::try_from(number).map_err(|_| format!("{number} is too large for this machine"))
}

fn bytes(text: &str, min: u64, max: u64) -> Result<usize, String> {
    let size = check::size(text)?;
    if !(min..=max).contains(&size) {
        return Err(format!("{text:?} is out of range: from {min} to {max} bytes"));
    }
    usize::try_from(size).map_err(|_| format!("{text:?} is too large for this machine"))
}
