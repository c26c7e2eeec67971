//! The accept loop of one port: each socket gets its place, its options, and a host.

use actix::Addr;
use qunliao_actors::admission::{Door, Ticket};
use qunliao_actors::connection::Port;
use qunliao_actors::host::{Dismiss, Host, Welcome};
use qunliao_protocol::reply::{Refusal, Reply};
use qunliao_protocol::{Failure, HeaderForm, Language};
use socket2::{SockRef, TcpKeepalive};
use std::cell::Cell;
use std::io::{self, Write};
use std::net::SocketAddr;
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

/// Accepts connections on one port.
pub(crate) struct Listener {
    pub(crate) socket: TcpListener,
    pub(crate) port: Port,
    pub(crate) door: Door,
    pub(crate) hosts: Rc<Vec<Addr<Host>>>,
    pub(crate) language: Language,
    /// The last entry of the lobby that has been told.
    pub(crate) last: Arc<AtomicU64>,
    /// The host of the next connection: they take turns.
    pub(crate) next_host: Cell<usize>,
    /// When a refused connection was last warned of.
    pub(crate) last_warning: Cell<Option<Instant>>,
}

impl Listener {
    /// Accepts until it is dropped.
    pub(crate) async fn run(self) {
        loop {
            match self.socket.accept().await {
                Ok((socket, address)) => {
                    if let Err(why) = self.take_in(socket, address) {
                        log::debug!("event=connection_lost error={:?}", why.kind());
                    }
                }
                Err(why) => {
                    log::warn!("event=accept_failed port={:?} error=\"{}\"", self.port, why);
                    actix_rt::time::sleep(PAUSE).await;
                }
            }
        }
    }

    fn take_in(&self, socket: TcpStream, address: SocketAddr) -> io::Result<()> {
        prepare(&socket)?;
        let host = self.next_host.get() % self.hosts.len();
        self.next_host.set(host + 1);
        let Some((ticket, dismissed)) = self.door.admit(address.ip(), host) else {
            self.warn_of_refusal();
            return refuse(socket, self.language);
        };
        if let Some(dismissed) = dismissed {
            self.hosts[dismissed.host].do_send(Dismiss(dismissed.connection));
        }
        self.hand_over(socket, ticket, host)
    }

    fn hand_over(&self, socket: TcpStream, ticket: Ticket, host: usize) -> io::Result<()> {
        self.hosts[host].do_send(Welcome {
            socket: socket.into_std()?,
            port: self.port,
            ticket,
            last_told: self.last.load(Ordering::Acquire),
        });
        Ok(())
    }
}

impl Listener {
    /// A flood of connections is not to be a flood of lines.
    fn warn_of_refusal(&self) {
        let now = Instant::now();
        let is_due = self
            .last_warning
            .get()
            .is_none_or(|last| now - last >= WARN_EVERY);
        if is_due {
            self.last_warning.set(Some(now));
            log::warn!(
                "event=connection_refused port={:?} reason=too_many",
                self.port
            );
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
