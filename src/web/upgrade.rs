//! Where someone is sent who asked in plain text and has to encrypt: to the name that
//! they asked for, if it is one of ours, else to the one we go by.

use super::PublicUrl;
use actix_web::http::uri::Authority;
use rustls::pki_types::ServerName;
use std::net::IpAddr;

/// The names by which the server may be called.
#[derive(Clone)]
pub(crate) struct Upgrade {
    /// Where links lead.
    pub(crate) public: PublicUrl,
    /// Whether that is what the configuration says, and not a guess.
    pub(crate) is_configured: bool,
    /// The names of the certificate.
    pub(crate) names: Vec<String>,
}

impl Upgrade {
    /// The place in HTTPS of what was asked for at `host`; nothing if there is none
    /// that is certain.
    pub(super) fn location(&self, host: Option<&str>, path: &str) -> Option<String> {
        if let Some(host) = host
            && name_in(host).is_some_and(|name| self.is_ours(&name))
        {
            return Some(format!("https://{host}{path}"));
        }
        let public = self.public.to_string();
        let is_fit = self.is_configured && public.starts_with("https://");
        is_fit.then(|| format!("{public}{path}"))
    }

    /// An address is one of this machine, or it would not have been reached by it; of
    /// names, those that are known. Where none is, nothing is gained by refusing.
    fn is_ours(&self, name: &ServerName<'_>) -> bool {
        let name = name.to_str().to_ascii_lowercase();
        let is_address = name.parse::<IpAddr>().is_ok();
        let is_same = |known: &str| known.eq_ignore_ascii_case(&name);
        let is_known = self.names.iter().any(|known| is_same(known))
            || (self.is_configured && is_same(self.public.host()));
        let knows_none = !self.is_configured && self.names.is_empty();
        is_address || is_known || name == "localhost" || knows_none
    }
}

/// The name in a `Host` header; nothing if that is not a host and perhaps a port.
fn name_in(host: &str) -> Option<ServerName<'static>> {
    let authority: Authority = host.parse().ok()?;
    let name = authority.host();
    let whole = match authority.port_u16() {
        Some(port) => format!("{name}:{port}"),
        None => name.to_owned(),
    };
    let name = name.trim_matches(['[', ']']).to_owned();
    ServerName::try_from(name).ok().filter(|_| whole == host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upgrade(public: Option<&str>, names: &[&str]) -> Upgrade {
        let listened = PublicUrl::of("0.0.0.0:8080".parse().unwrap(), None, true);
        Upgrade {
            public: public.map_or(listened, |url| PublicUrl::parse(url).unwrap()),
            is_configured: public.is_some(),
            names: names.iter().map(|&name| name.to_owned()).collect(),
        }
    }

    #[track_caller]
    fn leads(upgrade: &Upgrade, host: &str, to: Option<&str>) {
        let location = upgrade.location(Some(host), "/a?b=c");
        let expected = to.map(|to| format!("https://{to}/a?b=c"));
        assert_eq!(location, expected, "{host}");
    }

    #[test]
    fn who_called_us_by_a_name_of_ours_is_sent_there() {
        let upgrade = upgrade(Some("https://chat.example.org"), &["chat.lan"]);
        for ours in [
            "chat.example.org",
            "CHAT.example.org:8080",
            "chat.lan:8080",
            "localhost:8080",
            "192.0.2.7:8080",
            "[2001:db8::7]:8080",
        ] {
            leads(&upgrade, ours, Some(ours));
        }
    }

    #[test]
    fn what_is_no_name_of_ours_is_not_repeated() {
        let strange = [
            "evil.example",
            "chat.example.org.evil.example",
            "chat.example.org@evil.example",
            "a b",
            "<script>",
            "chat.lan:port",
            "chat.lan:",
            "",
        ];
        let known = upgrade(Some("https://chat.example.org"), &["chat.lan"]);
        let named = upgrade(None, &["chat.lan"]);
        for host in strange {
            leads(&known, host, Some("chat.example.org"));
            leads(&named, host, None);
        }
        assert_eq!(named.location(None, "/"), None);
        // What people outside see is not encrypted: nothing better is known.
        leads(
            &upgrade(Some("http://chat.example.org"), &[]),
            "evil.example",
            None,
        );
    }

    #[test]
    fn where_no_name_is_known_any_that_is_one_will_do() {
        let upgrade = upgrade(None, &[]);
        leads(&upgrade, "chat.lan:8080", Some("chat.lan:8080"));
        for garbage in ["<script>", "a b", "chat.lan@evil.example", "-", "a..b"] {
            leads(&upgrade, garbage, None);
        }
    }
}
