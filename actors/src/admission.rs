//! Who may have a connection: a cap for all, a cap per address, and who has to go
//! when one is reached.
//!
//! On the chat port silence is legal, so connections that merely exist cannot be
//! timed out. When room is needed the oldest one that never authenticated goes
//! first; those who proved who they are stay.

use crate::connection::Port;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A connection, for as long as the process lives. Later ones have greater ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// What a client counts as: its address, or its /64 with IPv6, since a single
/// household has that many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network(IpAddr);

impl Network {
    /// The network of an address.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(v6) => {
                let prefix = u128::from(v6) & !u128::from(u64::MAX);
                Self(IpAddr::V6(prefix.into()))
            }
            v4 => Self(v4),
        }
    }

    /// The wider network that it belongs to.
    #[must_use]
    pub fn prefix(self) -> Prefix {
        /// The bits of a /24.
        const V4: u32 = u32::MAX << 8;
        /// The bits of a /48.
        const V6: u128 = u128::MAX << 80;
        Prefix(match self.0 {
            IpAddr::V4(v4) => IpAddr::V4((u32::from(v4) & V4).into()),
            IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) & V6).into()),
        })
    }
}

/// What one provider easily gives to one customer: a /24 with IPv4, a /48 with IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Prefix(IpAddr);

impl std::fmt::Display for Prefix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            IpAddr::V4(v4) => write!(f, "{v4}/24"),
            IpAddr::V6(v6) => write!(f, "{v6}/48"),
        }
    }
}

impl std::fmt::Display for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            IpAddr::V4(v4) => v4.fmt(f),
            IpAddr::V6(v6) => write!(f, "{v6}/64"),
        }
    }
}

/// What is no network.
#[derive(Debug, PartialEq, Eq)]
pub struct NoNetwork;

/// Reads what `Display` writes.
impl std::str::FromStr for Network {
    type Err = NoNetwork;

    fn from_str(written: &str) -> Result<Self, NoNetwork> {
        let address = written.strip_suffix("/64").unwrap_or(written);
        let address: IpAddr = address.parse().map_err(|_| NoNetwork)?;
        let network = Self::of(address);
        // A /64 of IPv4, or an address within one, is none of ours.
        (network.to_string() == written)
            .then_some(network)
            .ok_or(NoNetwork)
    }
}

/// The caps.
#[derive(Clone, Copy, Debug)]
pub struct Caps {
    /// Of all connections.
    pub all: usize,
    /// Of those of one network.
    pub per_network: usize,
}

/// The connections there are.
struct Admissions {
    caps: Caps,
    next: u64,
    all: BTreeMap<ConnectionId, Guest>,
    of_network: HashMap<Network, usize>,
}

#[derive(Clone, Copy)]
struct Guest {
    network: Network,
    /// Which host looks after it, for dismissing it.
    host: usize,
    port: Option<Port>,
    authenticated: bool,
}

/// A connection that has to go so that another may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dismissed {
    /// The connection.
    pub connection: ConnectionId,
    /// The host that looks after it.
    pub host: usize,
}

impl Admissions {
    fn admit(
        &mut self,
        network: Network,
        host: usize,
    ) -> Option<(ConnectionId, Option<Dismissed>)> {
        let here = self.of_network.get(&network).copied().unwrap_or(0);
        let dismissed = if here >= self.caps.per_network {
            Some(self.dismiss(Some(network))?)
        } else if self.all.len() >= self.caps.all {
            Some(self.dismiss(None)?)
        } else {
            None
        };
        self.next += 1;
        let connection = ConnectionId(self.next);
        let guest = Guest {
            network,
            host,
            port: None,
            authenticated: false,
        };
        self.all.insert(connection, guest);
        *self.of_network.entry(network).or_default() += 1;
        Some((connection, dismissed))
    }

    fn dismiss(&mut self, network: Option<Network>) -> Option<Dismissed> {
        let oldest = self.all.iter().find(|(_, guest)| {
            !guest.authenticated && network.is_none_or(|network| guest.network == network)
        });
        let (connection, host) = oldest.map(|(connection, guest)| (*connection, guest.host))?;
        self.leave(connection);
        Some(Dismissed { connection, host })
    }

    fn leave(&mut self, connection: ConnectionId) {
        let Some(guest) = self.all.remove(&connection) else {
            return;
        };
        if let Some(here) = self.of_network.get_mut(&guest.network) {
            *here -= 1;
            if *here == 0 {
                self.of_network.remove(&guest.network);
            }
        }
    }
}

/// The door: shared by the listeners, which admit, and the connections, which leave.
#[derive(Clone)]
pub struct Door {
    admissions: Arc<Mutex<Admissions>>,
}

impl Door {
    /// A door with these caps.
    #[must_use]
    pub fn new(caps: Caps) -> Self {
        Self {
            admissions: Arc::new(Mutex::new(Admissions {
                caps,
                next: 0,
                all: BTreeMap::new(),
                of_network: HashMap::new(),
            })),
        }
    }

    /// Admits a connection from `address` that `host` will look after, or answers
    /// `None` when there is no place and nobody who could give up theirs.
    #[must_use]
    pub fn admit(&self, address: IpAddr, host: usize) -> Option<(Ticket, Option<Dismissed>)> {
        let network = Network::of(address);
        let (connection, dismissed) = self.lock().admit(network, host)?;
        let ticket = Ticket {
            connection,
            network,
            authenticated: false,
            door: self.clone(),
        };
        Some((ticket, dismissed))
    }

    /// How many are here.
    #[must_use]
    pub fn count(&self) -> usize {
        self.lock().all.len()
    }

    /// How many came in by `port`, and how many of them have authenticated.
    #[must_use]
    pub fn count_of(&self, port: Port) -> (usize, usize) {
        let admissions = self.lock();
        let here = || admissions.all.values().filter(|it| it.port == Some(port));
        (here().count(), here().filter(|it| it.authenticated).count())
    }

    fn lock(&self) -> MutexGuard<'_, Admissions> {
        self.admissions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection's place; given back when dropped.
pub struct Ticket {
    connection: ConnectionId,
    network: Network,
    authenticated: bool,
    door: Door,
}

impl Ticket {
    /// Whose it is.
    #[must_use]
    pub fn connection(&self) -> ConnectionId {
        self.connection
    }

    /// Where it comes from.
    #[must_use]
    pub fn network(&self) -> Network {
        self.network
    }

    /// Notes by which port the connection came in.
    pub fn came_in_by(&self, port: Port) {
        if let Some(guest) = self.door.lock().all.get_mut(&self.connection) {
            guest.port = Some(port);
        }
    }

    /// From now on this place is not given to another.
    pub fn authenticate(&mut self) {
        if !self.authenticated {
            self.authenticated = true;
            if let Some(guest) = self.door.lock().all.get_mut(&self.connection) {
                guest.authenticated = true;
            }
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.door.lock().leave(self.connection);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const AWAY: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    fn door(all: usize, per_network: usize) -> Door {
        Door::new(Caps { all, per_network })
    }

    #[test]
    fn what_is_written_of_a_network_is_read() {
        for address in ["192.0.2.7", "2001:db8::7", "::ffff:192.0.2.7"] {
            let network = Network::of(address.parse().unwrap());
            assert_eq!(network.to_string().parse(), Ok(network));
        }
        for none in ["", "192.0.2.7/64", "2001:db8::7/64", "2001:db8::", "here"] {
            assert_eq!(none.parse::<Network>(), Err(NoNetwork), "{none}");
        }
    }

    #[test]
    fn the_oldest_that_never_authenticated_goes_first() {
        let door = door(3, 3);
        let (mut first, _) = door.admit(HOME, 0).unwrap();
        let (second, _) = door.admit(HOME, 1).unwrap();
        let (_third, _) = door.admit(AWAY, 0).unwrap();
        first.authenticate();
        let (_fourth, dismissed) = door.admit(AWAY, 0).unwrap();
        let expected = Dismissed {
            connection: second.connection(),
            host: 1,
        };
        assert_eq!(dismissed, Some(expected));
        assert_eq!(door.count(), 3);
    }

    #[test]
    fn an_address_displaces_its_own_and_nobody_elses() {
        let door = door(10, 2);
        let (other, _) = door.admit(AWAY, 0).unwrap();
        let (mut first, _) = door.admit(HOME, 0).unwrap();
        let (mut second, _) = door.admit(HOME, 0).unwrap();
        first.authenticate();
        second.authenticate();
        assert!(door.admit(HOME, 0).is_none());
        drop(first);
        assert!(
            door.admit(HOME, 0)
                .is_some_and(|(_, dismissed)| dismissed.is_none())
        );
        drop(other);
    }

    #[test]
    fn when_everyone_is_someone_the_next_is_refused() {
        let door = door(1, 1);
        let (mut only, _) = door.admit(HOME, 0).unwrap();
        only.authenticate();
        assert!(door.admit(AWAY, 0).is_none());
        drop(only);
        assert_eq!(door.count(), 0);
        assert!(door.admit(AWAY, 0).is_some());
    }

    #[test]
    fn who_is_here_is_counted_by_port() {
        let door = door(9, 9);
        let (mut first, _) = door.admit(HOME, 0).unwrap();
        let (second, _) = door.admit(AWAY, 0).unwrap();
        first.came_in_by(Port::Chat);
        second.came_in_by(Port::Chat);
        first.authenticate();
        assert_eq!(door.count_of(Port::Chat), (2, 1));
        assert_eq!(door.count_of(Port::Auth), (0, 0));
        drop(first);
        assert_eq!(door.count_of(Port::Chat), (1, 0));
    }

    #[test]
    fn an_ipv6_household_is_one_address_and_a_mapped_ipv4_is_itself() {
        let of = |text: &str| Network::of(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::2"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
    }

    #[test]
    fn a_prefix_is_wider_than_an_address() {
        let prefix = |text: &str| Network::of(text.parse().unwrap()).prefix().to_string();
        assert_eq!(prefix("192.0.2.77"), "192.0.2.0/24");
        assert_eq!(prefix("2001:db8:1:2::3"), "2001:db8:1::/48");
    }
}
