//! Where the web port is reached from outside, and where links lead.

use actix_web::http::Uri;
use qunliao_storage::accounts::Role;
use qunliao_storage::links::LinkPurpose;
use std::net::{Ipv6Addr, SocketAddr};

/// The web port's address as people outside have to write it, without a slash at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublicUrl(String);

impl PublicUrl {
    /// Reads what the configuration says: a scheme, a host, perhaps a port, and
    /// nothing else.
    pub(crate) fn parse(written: &str) -> Option<Self> {
        let uri: Uri = written.parse().ok()?;
        let is_web = matches!(uri.scheme_str(), Some("http" | "https"));
        let authority = uri.authority()?;
        let is_bare = uri.path() == "/" && uri.query().is_none() && !written.contains('#');
        let is_valid = is_web && is_bare && !authority.as_str().contains('@');
        is_valid.then(|| Self(written.trim_end_matches('/').to_owned()))
    }

    /// What the address that is listened on comes to, encrypted or not; `name` is one
    /// that people may call the server by.
    pub(crate) fn of(web: SocketAddr, name: Option<&str>, is_secure: bool) -> Self {
        let scheme = if is_secure { "https" } else { "http" };
        match name {
            Some(name) => Self(format!("{scheme}://{}:{}", bracketed(name), web.port())),
            // All addresses of the machine: this one holds at least on the machine.
            None if web.ip().is_unspecified() => {
                Self(format!("{scheme}://localhost:{}", web.port()))
            }
            None => Self(format!("{scheme}://{web}")),
        }
    }

    /// Where a link with this token leads.
    pub(crate) fn link(&self, purpose: &LinkPurpose, token: &str) -> String {
        let page = match purpose {
            LinkPurpose::Invite(Role::Owner) => "setup",
            LinkPurpose::Invite(_) => "invite",
            LinkPurpose::Reset(_) => "reset",
        };
        format!("{}/{page}/{token}", self.0)
    }

    /// The host alone, as it stands before a port.
    pub(crate) fn host(&self) -> &str {
        let rest = self.0.split_once("://").map_or(&*self.0, |(_, rest)| rest);
        match rest.rsplit_once(':') {
            // A colon may also stand within an IPv6 address.
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
            _ => rest,
        }
    }
}

impl std::fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

fn bracketed(name: &str) -> String {
    match name.parse::<Ipv6Addr>() {
        Ok(address) => format!("[{address}]"),
        Err(_) => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use qunliao_protocol::UserId;

    #[test]
    fn an_address_for_people_is_a_scheme_a_host_and_perhaps_a_port() {
        for (written, host) in [
            ("https://chat.example.org", "chat.example.org"),
            ("https://chat.example.org/", "chat.example.org"),
            ("http://192.0.2.7:8080", "192.0.2.7"),
            ("http://[2001:db8::7]:8080", "[2001:db8::7]"),
            ("http://[2001:db8::7]", "[2001:db8::7]"),
        ] {
            let public = PublicUrl::parse(written).expect(written);
            assert_eq!(public.host(), host);
            assert!(!public.0.ends_with('/'));
        }
        for written in [
            "",
            "chat.example.org",
            "/chat",
            "ftp://chat.example.org",
            "https://",
            "https://chat.example.org/chat",
            "https://chat.example.org/?a=b",
            "https://chat.example.org/#top",
            "https://ann@chat.example.org",
            "https://chat example.org",
            "javascript:alert(1)",
        ] {
            assert_eq!(PublicUrl::parse(written), None, "{written}");
        }
    }

    #[test]
    fn without_one_it_is_what_is_listened_on() {
        for (address, url) in [
            ("127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("[2001:db8::7]:80", "http://[2001:db8::7]:80"),
            ("0.0.0.0:8080", "http://localhost:8080"),
            ("[::]:8080", "http://localhost:8080"),
        ] {
            let plain = PublicUrl::of(address.parse().unwrap(), None, false);
            assert_eq!(plain.0, url);
        }
        let everywhere = "0.0.0.0:8080".parse().unwrap();
        for (name, url) in [
            ("chat.lan", "https://chat.lan:8080"),
            ("192.0.2.7", "https://192.0.2.7:8080"),
            ("2001:db8::7", "https://[2001:db8::7]:8080"),
        ] {
            assert_eq!(PublicUrl::of(everywhere, Some(name), true).0, url);
        }
    }

    #[test]
    fn each_kind_of_link_has_its_page() {
        let public = PublicUrl::parse("https://chat.example.org/").unwrap();
        for (purpose, page) in [
            (LinkPurpose::Invite(Role::Owner), "setup"),
            (LinkPurpose::Invite(Role::Admin), "invite"),
            (LinkPurpose::Invite(Role::Member), "invite"),
            (LinkPurpose::Reset(UserId(1)), "reset"),
        ] {
            let expected = format!("https://chat.example.org/{page}/t");
            assert_eq!(public.link(&purpose, "t"), expected);
        }
    }
}
