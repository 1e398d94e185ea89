//! `prove-isolation --config`: what a configuration tells about where to ask, and what it cannot tell (R126).

use crate::run::{Folder, Said};

const REQUIRED: &str = "[upstream.test]\nurl = \"http://127.0.0.1:9\"\n[upstream.live]\nurl = \"http://127.0.0.1:9\"\n\
                        [catalogue]\nfile = \"catalogue.toml\"\n";

/// The command with a configuration of which nothing runs.
fn prove(settings: &str, variables: &[(&str, &str)]) -> Said {
    let folder = Folder::new().with("claviger.toml", &format!("{settings}\n{REQUIRED}"));
    let token = [("CLAVIGER_TOKEN", "some token")];
    folder.run_with(&["prove-isolation", "--config", "claviger.toml"], &[&token, variables].concat())
}

#[test]
fn r126_an_address_is_said_once() {
    let folder = Folder::new().with("claviger.toml", REQUIRED);
    for flag in ["--gateway", "--url"] {
        let said = folder.run(&["prove-isolation", "--config", "claviger.toml", flag, "http://127.0.0.1:1"]);
        assert_eq!(said.code, 2, "{flag}: {}", said.err);
        assert!(said.err.contains(&format!("'--config <FILE>' cannot be used with '{flag} <URL>'")), "{}", said.err);
    }
    for variable in ["CLAVIGER_GATEWAY", "CLAVIGER_URL"] {
        let said = prove("", &[(variable, "http://127.0.0.1:1")]);
        assert!(said.code == 2 && said.err.contains("cannot be used with"), "{variable}: {}", said.err);
    }
}

#[test]
fn r126_what_the_configuration_cannot_tell_is_asked_for() {
    let cases = [
        ("[gateway]\nlisten = \"127.0.0.1:0\"", "`gateway.listen` is 127.0.0.1:0"),
        ("[control]\nlisten = \"127.0.0.1:0\"", "`control.listen` is 127.0.0.1:0"),
        ("[gateway]\ntrusted_proxies = [\"127.0.0.1/32\"]\nproxy_protocol = true", "through a proxy"),
        ("[gateway]\ntrusted_proxies = [\"10.0.0.0/8\"]\n[gateway.tls]\nmode = \"terminated\"", "through a proxy"),
    ];
    for (settings, told) in cases {
        let said = prove(settings, &[]);
        assert_eq!(said.code, 2, "{settings}: {}", said.err);
        assert!(said.err.contains(told) && said.err.contains("say --gateway and --url"), "{settings}: {}", said.err);
    }
    let said = prove("[gateway]\nlisen = \"127.0.0.1:1\"", &[]);
    assert!(said.code == 3 && said.err.contains("did you mean `listen`?"), "{}", said.err);
}

#[test]
fn r126_the_control_api_is_asked_where_the_configuration_says() {
    // Nothing listens on these ports; a failure names the address that was tried.
    let said = prove("[control]\nlisten = \"127.0.0.1:1\"", &[]);
    assert!(said.code == 5 && said.err.contains("http://127.0.0.1:1:"), "{}", said.err);
    let tls = "[control.tls]\nmode = \"self_signed\"\n[store]\nfolder = \"data\"";
    let said = prove(&format!("[control]\nlisten = \"0.0.0.0:1\"\n{tls}"), &[]);
    assert!(said.code == 1 && said.err.contains("data/control-self-signed.crt"), "{}", said.err);
}
