//! Proxies in front of the gateway: what needs to know where they are (D12, D21).
//!
//! Owns:  the rule between `gateway.trusted_proxies` and the settings that believe a proxy.
//! Never: decides whom a request believes; the gateway does.
//! Read:  `rule`.

use super::{GatewaySection, Tls, sheet::Sheet};

/// Whoever is told that a proxy stands in front is told where.
pub(super) fn rule(sheet: &mut Sheet, section: &GatewaySection) {
    for (needs, path, said) in [
        (section.tls == Tls::Terminated, "gateway.tls.mode", "\"terminated\""),
        (section.proxy_protocol, "gateway.proxy_protocol", "true"),
    ] {
        if needs && section.trusted_proxies.is_empty() {
            let hint = Some("list the networks of the proxies: trusted_proxies = [\"10.0.0.0/8\"]".to_owned());
            let what = format!("`{path}` is {said} but `gateway.trusted_proxies` is empty");
            sheet.problem(Some(sheet.origin(path)), what, hint);
        }
    }
}
