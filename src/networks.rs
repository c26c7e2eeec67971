//! Networks as the configuration lists them: `10.0.0.0/8`, `fd00::/8`, or one
//! address. An IPv4 address within an IPv6 one is the IPv4 address.

use serde::Deserialize;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// A network.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Cidr {
    address: IpAddr,
    prefix: u8,
}

/// Why a text is no network.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum CidrError {
    /// It is none.
    #[error("not a network such as 10.0.0.0/8 or fd00::/8")]
    Malformed,
    /// It has bits after its prefix, so it is unclear what is meant.
    #[error("a network with bits set beyond its prefix")]
    HostBits,
}

/// Several of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Networks(pub Vec<Cidr>);

impl Networks {
    /// Whether an address lies in one of them.
    #[must_use]
    pub fn contain(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }

    /// This machine alone.
    #[must_use]
    pub fn loopback() -> Self {
        let v4 = IpAddr::from([127, 0, 0, 0]);
        let v6 = IpAddr::from(std::net::Ipv6Addr::LOCALHOST);
        Self(vec![Cidr::new(v4, 8), Cidr::new(v6, 128)])
    }
}

impl Cidr {
    fn new(address: IpAddr, prefix: u8) -> Self {
        Self { address, prefix }
    }

    fn contains(&self, address: IpAddr) -> bool {
        let beyond = |bits: u32| bits - u32::from(self.prefix);
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(ours), IpAddr::V4(theirs)) => {
                let differ = ours.to_bits() ^ theirs.to_bits();
                differ.checked_shr(beyond(32)).unwrap_or(0) == 0
            }
            (IpAddr::V6(ours), IpAddr::V6(theirs)) => {
                let differ = ours.to_bits() ^ theirs.to_bits();
                differ.checked_shr(beyond(128)).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

impl FromStr for Cidr {
    type Err = CidrError;

    fn from_str(text: &str) -> Result<Self, CidrError> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| CidrError::Malformed)?;
        if address != address.to_canonical() {
            // ::ffff:10.0.0.0/104 is 10.0.0.0/8 to those who know; nobody has to.
            return Err(CidrError::Malformed);
        }
        let bits: u8 = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => bits,
            Some(prefix) if prefix.bytes().all(|byte| byte.is_ascii_digit()) => {
                prefix.parse().map_err(|_| CidrError::Malformed)?
            }
            Some(_) => return Err(CidrError::Malformed),
        };
        if prefix > bits {
            return Err(CidrError::Malformed);
        }
        let has_host_bits = match address {
            IpAddr::V4(v4) => v4.to_bits().checked_shl(prefix.into()).unwrap_or(0) != 0,
            IpAddr::V6(v6) => v6.to_bits().checked_shl(prefix.into()).unwrap_or(0) != 0,
        };
        if has_host_bits {
            return Err(CidrError::HostBits);
        }
        Ok(Self::new(address, prefix))
    }
}

impl TryFrom<String> for Cidr {
    type Error = CidrError;

    fn try_from(text: String) -> Result<Self, CidrError> {
        text.parse()
    }
}

impl fmt::Debug for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn networks(texts: &[&str]) -> Networks {
        Networks(texts.iter().map(|text| text.parse().unwrap()).collect())
    }

    #[test]
    fn an_address_lies_in_a_network_or_outside() {
        let networks = networks(&["10.0.0.0/8", "192.168.1.7", "fd00::/8", "2001:db8::1/128"]);
        for (address, is_in) in [
            ("10.255.0.1", true),
            ("11.0.0.1", false),
            ("192.168.1.7", true),
            ("192.168.1.8", false),
            ("::ffff:10.1.2.3", true),
            ("fd12:3456::1", true),
            ("fe80::1", false),
            ("2001:db8::1", true),
            ("2001:db8::2", false),
        ] {
            assert_eq!(
                networks.contain(address.parse().unwrap()),
                is_in,
                "{address}"
            );
        }
    }

    #[test]
    fn everything_and_nothing_can_be_said() {
        let v4 = networks(&["0.0.0.0/0"]);
        assert!(v4.contain("203.0.113.9".parse().unwrap()));
        assert!(!v4.contain("2001:db8::1".parse().unwrap()));
        assert!(networks(&["::/0"]).contain("2001:db8::1".parse().unwrap()));
        assert!(!networks(&[]).contain("127.0.0.1".parse().unwrap()));
        assert!(Networks::loopback().contain("127.0.0.2".parse().unwrap()));
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in [
            "",
            "10",
            "10.0.0.0/",
            "10.0.0.0/33",
            "10.0.0.0/+8",
            "::/129",
            "localhost",
            "10.0.0.0/8/8",
            "::ffff:10.0.0.0/104",
        ] {
            assert_eq!(text.parse::<Cidr>(), Err(CidrError::Malformed), "{text}");
        }
        for text in ["10.0.0.1/8", "fd00::1/8", "1.0.0.0/0"] {
            assert_eq!(text.parse::<Cidr>(), Err(CidrError::HostBits), "{text}");
        }
    }
}
