//! Who may connect how: whom we believe for whom they connect, and who has to
//! speak TLS.

use crate::config::{Config, TlsMode};
use crate::networks::Networks;
use qunliao_actors::connection::Security;
use std::net::IpAddr;

/// The rules.
#[derive(Clone)]
pub(crate) struct Access {
    mode: TlsMode,
    plain_from: Networks,
    proxies: Networks,
    proxies_terminate_tls: bool,
}

impl Access {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            mode: config.tls.mode,
            plain_from: config.tls.plain_from.clone(),
            proxies: config.proxies.trusted.clone(),
            proxies_terminate_tls: config.proxies.terminate_tls,
        }
    }

    /// Whether at this address there is a proxy that we trust.
    pub(crate) fn is_proxy(&self, address: IpAddr) -> bool {
        self.proxies.contain(address)
    }

    /// What a connection may begin with that comes from `address`, be it through a
    /// proxy.
    pub(crate) fn security(&self, address: IpAddr, is_proxied: bool) -> Security {
        let may_be_plain = match self.mode {
            TlsMode::Off => return Security::Plain,
            TlsMode::Optional => self.plain_from.contain(address),
            TlsMode::Required => false,
        };
        if may_be_plain || (is_proxied && self.proxies_terminate_tls) {
            Security::Either
        } else {
            Security::Tls
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_is_for_those_who_may_and_for_proxies_that_take_off_tls() {
        let mut access = Access::new(&Config::default());
        let (here, there) = (IpAddr::from([127, 0, 0, 1]), IpAddr::from([192, 0, 2, 7]));
        assert_eq!(access.security(here, false), Security::Either);
        assert_eq!(access.security(there, false), Security::Tls);
        // Plain through a proxy is plain, unless we are told otherwise.
        assert_eq!(access.security(there, true), Security::Tls);
        access.proxies_terminate_tls = true;
        assert_eq!(access.security(there, true), Security::Either);
        assert_eq!(access.security(there, false), Security::Tls);
        access.mode = TlsMode::Required;
        assert_eq!(access.security(here, false), Security::Tls);
        assert_eq!(access.security(there, true), Security::Either);
        access.mode = TlsMode::Off;
        assert_eq!(access.security(there, false), Security::Plain);
    }
}
