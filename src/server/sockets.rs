//! The sockets a server listens on, and the descriptors it will need.

use crate::config::Config;
use crate::listener::PROXIES_AWAITED_MAX;
use crate::web;
use anyhow::Context as _;
use qunliao_actors::Limits;
use std::net::{SocketAddr, TcpListener};

/// Connections that wait for being accepted: a team that comes back all at once.
const BACKLOG: i32 = 4096;
/// Descriptors that are wanted.
const DESCRIPTORS: u64 = 65_536;
/// Descriptors that are not for connections: the database, the vault, and threads.
const DESCRIPTORS_OF_OUR_OWN: usize = 256;

/// Where a server listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// Sign-in and sign-up.
    pub auth: SocketAddr,
    /// Chat.
    pub chat: SocketAddr,
    /// Files.
    pub files: SocketAddr,
    /// HTTP.
    pub web: SocketAddr,
}

/// The sockets, bound before anything is started, so that a port in use is told at once.
pub(super) struct Listening {
    pub(super) auth: TcpListener,
    pub(super) chat: TcpListener,
    pub(super) files: TcpListener,
    pub(super) web: TcpListener,
}

impl Listening {
    pub(super) fn bind(config: &Config) -> anyhow::Result<Self> {
        let bind = |key: &str, address: SocketAddr| {
            listen(address).with_context(|| format!("listen.{key}: {address}"))
        };
        Ok(Self {
            auth: bind("auth", config.listen.auth)?,
            chat: bind("chat", config.listen.chat)?,
            files: bind("files", config.listen.files)?,
            web: bind("web", config.listen.web)?,
        })
    }

    pub(super) fn addresses(&self) -> std::io::Result<Addresses> {
        Ok(Addresses {
            auth: self.auth.local_addr()?,
            chat: self.chat.local_addr()?,
            files: self.files.local_addr()?,
            web: self.web.local_addr()?,
        })
    }
}

fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    use socket2::{Domain, Socket, Type};
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// A descriptor for each connection: the usual soft limit of 1024 is for programs
/// that still call select(2).
pub(super) fn raise_descriptor_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let now = getrlimit(Resource::Nofile);
    let wanted = now
        .maximum
        .map_or(DESCRIPTORS, |maximum| maximum.min(DESCRIPTORS));
    if now.current.is_some_and(|current| current < wanted) {
        let raised = Rlimit {
            current: Some(wanted),
            maximum: now.maximum,
        };
        if let Err(why) = setrlimit(Resource::Nofile, raised) {
            log::warn!("event=descriptor_limit_kept error=\"{why}\"");
        }
    }
}

/// Descriptors that are not for connections which the door of the three ports counts.
pub(crate) fn descriptors_besides(limits: &Limits) -> u64 {
    let besides = DESCRIPTORS_OF_OUR_OWN + PROXIES_AWAITED_MAX;
    besides.saturating_add(web::connections_max(limits)) as u64
}

/// How many connections the system's limit of open files leaves room for, at most
/// as many as the limits want. Each may have a file open besides, while it transfers one.
pub(super) fn connections_that_fit(limits: &Limits) -> usize {
    use rustix::process::{Resource, getrlimit};
    let wanted = limits.connections_max;
    let Some(limit) = getrlimit(Resource::Nofile).current else {
        return wanted;
    };
    // A small limit is shared: half of it is better than none.
    let room = limit
        .saturating_sub(descriptors_besides(limits))
        .max(limit / 2);
    let fit = usize::try_from(room).unwrap_or(usize::MAX).min(wanted);
    if fit < wanted {
        log::warn!("event=connections_limited wanted={wanted} max={fit} open_files={limit}");
    }
    fit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_cap_of_connections_covers_adds_up() {
        let limits = Limits::default();
        let connections = web::connections_max(&limits) + PROXIES_AWAITED_MAX;
        assert!(connections > limits.web_connections_max * 2);
        let own = DESCRIPTORS_OF_OUR_OWN as u64;
        assert_eq!(descriptors_besides(&limits), connections as u64 + own);
    }
}
