//! The accept loop of one port: each socket gets its place, its options, and a host.

use crate::access::Access;
use crate::proxy;
use actix::Addr;
use bytes::Bytes;
use qunliao_actors::admission::Door;
use qunliao_actors::connection::Port;
use qunliao_actors::host::{Dismiss, Host, Welcome};
use qunliao_protocol::reply::{Refusal, Reply};
use qunliao_protocol::{Failure, HeaderForm, Language};
use socket2::{SockRef, TcpKeepalive};
use std::cell::Cell;
use std::io::{self, Write};
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpStream};

/// Silence after which the system asks whether a peer is still there.
const KEEPALIVE_AFTER: Duration = Duration::from_secs(60);
/// How often it asks.
const KEEPALIVE_EVERY: Duration = Duration::from_secs(20);
/// How often it asks in vain before the connection is given up.
const KEEPALIVE_TRIES: u32 = 3;
/// How often refused connections are warned of.
const WARN_EVERY: Duration = Duration::from_secs(10);
/// A pause after a failed accept: out of descriptors, the next would fail too.
const PAUSE: Duration = Duration::from_millis(100);
/// Connections of proxies, on all ports, of which it is awaited whose they are: each
/// needs a descriptor that no cap of connections accounts for.
pub(crate) const PROXIES_AWAITED_MAX: usize = 256;

/// Accepts connections on one port.
pub(crate) struct Listener {
    pub(crate) socket: TcpListener,
    pub(crate) port: Port,
    pub(crate) door: Door,
    pub(crate) access: Access,
    pub(crate) hosts: Rc<Vec<Addr<Host>>>,
    pub(crate) language: Language,
    /// The last entry of the lobby that has been told.
    pub(crate) last: Arc<AtomicU64>,
    /// How long a proxy may take to say for whom it connects.
    pub(crate) proxy_header: Duration,
    /// Those of whom that is awaited, on all ports.
    pub(crate) proxies_awaited: Rc<Cell<usize>>,
    /// The host of the next connection: they take turns.
    pub(crate) next_host: Cell<usize>,
    /// When a refused connection was last warned of.
    pub(crate) last_warning: Cell<Option<Instant>>,
}

/// A socket that has been accepted.
struct Arrival {
    socket: TcpStream,
    /// Where it comes from; behind a proxy, if that said so.
    address: IpAddr,
    is_proxied: bool,
    /// What had been told when it came.
    last_told: u64,
    /// What has been read already.
    leading: Bytes,
}

impl Listener {
    /// Accepts until it is dropped.
    pub(crate) async fn run(self) {
        let listener = Rc::new(self);
        loop {
            match listener.socket.accept().await {
                Ok((socket, address)) => {
                    let arrival = Arrival {
                        socket,
                        address: address.ip().to_canonical(),
                        is_proxied: false,
                        last_told: listener.last.load(Ordering::Acquire),
                        leading: Bytes::new(),
                    };
                    let taken = if listener.access.is_proxy(arrival.address) {
                        Rc::clone(&listener).await_introduction(arrival)
                    } else {
                        listener.take_in(arrival)
                    };
                    if let Err(why) = taken {
                        log::debug!("event=connection_lost error={:?}", why.kind());
                    }
                }
                Err(why) => {
                    let port = listener.port;
                    log::warn!("event=accept_failed port={port:?} error=\"{why}\"");
                    actix_rt::time::sleep(PAUSE).await;
                }
            }
        }
    }

    /// Takes a proxy's connection in when that has said whose it is.
    fn await_introduction(self: Rc<Self>, mut arrival: Arrival) -> io::Result<()> {
        if self.proxies_awaited.get() >= PROXIES_AWAITED_MAX {
            self.warn_of_refusal("too_many_without_proxy_header");
            return Ok(());
        }
        self.proxies_awaited.set(self.proxies_awaited.get() + 1);
        actix_rt::spawn(async move {
            let reading = proxy::read_header(&mut arrival.socket);
            let introduced = tokio::time::timeout(self.proxy_header, reading).await;
            self.proxies_awaited.set(self.proxies_awaited.get() - 1);
            let Ok(Ok((source, leading))) = introduced else {
                self.warn_of_refusal("no_proxy_header");
                return;
            };
            // Without a source, the proxy comes for itself.
            arrival.is_proxied = source.is_some();
            arrival.address = source.map_or(arrival.address, |source| source.ip());
            arrival.leading = leading;
            if let Err(why) = self.take_in(arrival) {
                log::debug!("event=connection_lost error={:?}", why.kind());
            }
        });
        Ok(())
    }

    fn take_in(&self, arrival: Arrival) -> io::Result<()> {
        prepare(&arrival.socket)?;
        let host = self.next_host.get() % self.hosts.len();
        self.next_host.set(host + 1);
        let Some((ticket, dismissed)) = self.door.admit(arrival.address, host) else {
            self.warn_of_refusal("too_many");
            return refuse(arrival.socket, self.language);
        };
        if let Some(dismissed) = dismissed {
            self.hosts[dismissed.host].do_send(Dismiss(dismissed.connection));
        }
        ticket.came_in_by(self.port);
        let security = self.access.security(arrival.address, arrival.is_proxied);
        self.hosts[host].do_send(Welcome {
            socket: arrival.socket.into_std()?,
            port: self.port,
            ticket,
            last_told: arrival.last_told,
            security,
            leading: arrival.leading,
        });
        Ok(())
    }

    /// A flood of connections is not to be a flood of lines.
    fn warn_of_refusal(&self, reason: &str) {
        let now = Instant::now();
        let is_due = self
            .last_warning
            .get()
            .is_none_or(|last| now - last >= WARN_EVERY);
        if is_due {
            self.last_warning.set(Some(now));
            let port = self.port;
            log::warn!("event=connection_refused port={port:?} reason={reason}");
        }
    }
}

fn prepare(socket: &TcpStream) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new()
        .with_time(KEEPALIVE_AFTER)
        .with_interval(KEEPALIVE_EVERY)
        .with_retries(KEEPALIVE_TRIES);
    SockRef::from(socket).set_tcp_keepalive(&keepalive)
}

/// Says why, as far as the socket takes it at once, and closes.
fn refuse(socket: TcpStream, language: Language) -> io::Result<()> {
    let failure = Failure::TooManyConnections;
    let refusal = Refusal::new(&failure, language).readable(language);
    let reply = Reply::refused(0, None, &failure, refusal);
    socket
        .into_std()?
        .write_all(&HeaderForm::Text.encode(&reply.to_json()))
}
