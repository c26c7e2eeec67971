//! Transfers under way.

use crate::admission::Ticket;
use std::collections::HashMap;
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tokio::sync::RwLock;

/// The sockets of transfers under way, so that the server can end them.
#[derive(Clone, Default)]
pub struct Transfers {
    sockets: Arc<Mutex<HashMap<u64, Weak<TcpStream>>>>,
    listing: Arc<RwLock<()>>,
}

/// A transfer's entry; gone when dropped.
pub(super) struct Entered {
    transfers: Transfers,
    id: u64,
}

impl Transfers {
    pub(super) fn enter(&self, ticket: &Ticket, socket: &Arc<TcpStream>) -> Entered {
        let id = ticket.connection().0;
        self.lock().insert(id, Arc::downgrade(socket));
        Entered {
            transfers: self.clone(),
            id,
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

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Weak<TcpStream>>> {
        self.sockets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.transfers.lock().remove(&self.id);
    }
}
