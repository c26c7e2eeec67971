//! Transfers under way.

use crate::admission::{ConnectionId, Ticket};
use crate::presence::Here;
use std::collections::HashMap;
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tokio::sync::RwLock;

/// The sockets of transfers under way, so that the server can end them.
#[derive(Clone, Default)]
pub struct Transfers {
    sockets: Arc<Mutex<HashMap<ConnectionId, Weak<TcpStream>>>>,
    listing: Arc<RwLock<()>>,
}

/// A transfer's entry; gone when dropped.
pub(super) struct Entered {
    transfers: Transfers,
    connection: ConnectionId,
    /// Until it ends, whoever asked for it is here.
    _here: Option<Here>,
}

impl Transfers {
    pub(super) fn enter(
        &self,
        ticket: &Ticket,
        socket: &Arc<TcpStream>,
        here: Option<Here>,
    ) -> Entered {
        let connection = ticket.connection();
        self.lock().insert(connection, Arc::downgrade(socket));
        if here.as_ref().is_some_and(|here| !here.is_welcome()) {
            // Whoever asked for it was signed out while it had not begun.
            self.end_of(connection);
        }
        Entered {
            transfers: self.clone(),
            connection,
            _here: here,
        }
    }

    /// Ends the one that this connection has become, if it has.
    pub fn end_of(&self, connection: ConnectionId) {
        let socket = self.lock().get(&connection).and_then(Weak::upgrade);
        if let Some(socket) = socket {
            // One that is closed already needs no shutting.
            let _ = socket.shutdown(Shutdown::Both);
        }
    }

    /// Read by those who are about to list a content, written by those who would
    /// remove one that is not listed.
    pub(super) fn listing(&self) -> &RwLock<()> {
        &self.listing
    }

    /// How many are under way.
    #[must_use]
    pub fn count(&self) -> usize {
        self.lock().len()
    }

    /// Ends all of them.
    pub fn end(&self) {
        for socket in self.lock().values().filter_map(Weak::upgrade) {
            // One that is closed already needs no shutting.
            let _ = socket.shutdown(Shutdown::Both);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ConnectionId, Weak<TcpStream>>> {
        self.sockets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.transfers.lock().remove(&self.connection);
    }
}
