//! The ports: free, or held by our own server; and where links lead.

use super::Check;
use crate::config::Config;
use qunliao_actors::admin::Live;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};

pub(super) fn check(config: &Config, live: Option<&Live>) -> Vec<Check> {
    let listen = &config.listen;
    let ports = [
        ("auth", listen.auth),
        ("chat", listen.chat),
        ("files", listen.files),
        ("web", listen.web),
    ];
    let judged = ports.map(|(port, address)| {
        let name = format!("port:{port}");
        match live {
            Some(live) => held(&name, port, address, live),
            None => free(&name, address),
        }
    });
    judged.into()
}

/// Whether the links that are handed out lead people here.
pub(super) fn links(config: &Config) -> Check {
    if config.web.public_url.is_empty() {
        return Check::warning(
            "links",
            format!(
                "Invitations begin with {}, which others can seldom reach.",
                config.public_url(config.listen.web)
            ),
            "web.public_url: the address of the web port as people have to write it",
        );
    }
    Check::well(
        "links",
        format!("Invitations begin with {}.", config.web.public_url),
    )
}

fn held(name: &str, port: &str, address: SocketAddr, live: &Live) -> Check {
    let held = live.listens.iter().find(|(held, _)| held == port);
    let held = held.map_or("", |(_, address)| address.as_str());
    let is_that = address.port() == 0 || held == address.to_string();
    if is_that {
        return Check::well(name, format!("The server listens on {held}."));
    }
    Check::warning(
        name,
        format!("The server listens on {held}, the configuration says {address}."),
        "Restart the server, or say with --config which configuration it runs with.",
    )
}

fn free(name: &str, address: SocketAddr) -> Check {
    match TcpListener::bind(address) {
        Ok(_) => Check::well(name, format!("{address} is free.")),
        Err(why) => {
            let advice = match why.kind() {
                ErrorKind::AddrInUse => {
                    "Another program listens there: see ss -ltnp, or choose another port."
                }
                ErrorKind::AddrNotAvailable => {
                    "That is no address of this machine: see ip address."
                }
                ErrorKind::PermissionDenied => {
                    "Ports below 1024 are for root: choose another, or give CAP_NET_BIND_SERVICE."
                }
                _ => "Choose another address.",
            };
            Check::wrong(name, format!("{address}: {}.", why.kind()), advice)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::State;

    #[test]
    fn a_port_is_free_or_taken() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        assert_eq!(free("port:auth", address).state, State::Wrong);
        drop(listener);
        assert_eq!(free("port:auth", address).state, State::Well);
        // TEST-NET-1 is nobody's.
        let elsewhere = "192.0.2.1:7001".parse().unwrap();
        assert_eq!(free("port:auth", elsewhere).state, State::Wrong);
    }

    #[test]
    fn the_links_that_are_told_are_those_that_are_handed_out() {
        let mut config = Config::default();
        config.listen.web = "192.0.2.1:7080".parse().unwrap();
        config.web.public_url = String::new();
        config.tls.mode = crate::config::TlsMode::Required;
        let told = links(&config).finding;
        assert!(told.contains("https://192.0.2.1:7080,"), "{told}");
        config.tls.names = vec!["chat.example.org".into()];
        let told = links(&config).finding;
        assert!(told.contains("https://chat.example.org:7080,"), "{told}");
    }

    #[test]
    fn a_server_with_another_configuration_is_told() {
        let live = Live {
            listens: vec![("auth".into(), "127.0.0.1:7001".into())],
            ..Live::default()
        };
        let state =
            |address: &str| held("port:auth", "auth", address.parse().unwrap(), &live).state;
        assert_eq!(state("127.0.0.1:7001"), State::Well);
        assert_eq!(state("127.0.0.1:0"), State::Well);
        assert_eq!(state("127.0.0.1:9001"), State::Warning);
    }
}
