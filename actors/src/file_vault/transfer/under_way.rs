//! Transfers under way, and how they are ended: an upload is told, and answers why;
//! of anything else the socket is shut.

use crate::admission::{ConnectionId, Ticket};
use crate::presence::Here;
use std::collections::HashMap;
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tokio::sync::RwLock;

/// The transfers under way, so that the server can end them.
#[derive(Clone, Default)]
pub struct Transfers {
    under_way: Arc<Mutex<HashMap<ConnectionId, UnderWay>>>,
    listing: Arc<RwLock<()>>,
}

struct UnderWay {
    socket: Weak<TcpStream>,
    /// `None` of a download: amid a file nothing can be said.
    signed_out: Option<SignedOut>,
}

/// Whether whoever sends an upload has been signed out meanwhile.
#[derive(Clone, Default)]
pub(super) struct SignedOut(Arc<AtomicBool>);

impl SignedOut {
    pub(super) fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// A transfer's entry; gone when dropped.
pub(super) struct Entered {
    transfers: Transfers,
    connection: ConnectionId,
    /// Until it ends, whoever asked for it is here.
    _here: Option<Here>,
}

impl UnderWay {
    fn shut(&self) {
        if let Some(socket) = self.socket.upgrade() {
            // One that is closed already needs no shutting.
            let _ = socket.shutdown(Shutdown::Both);
        }
    }
}

impl Transfers {
    /// Enters an upload, which has to look whether its user has been signed out.
    pub(super) fn enter_upload(
        &self,
        ticket: &Ticket,
        socket: &Arc<TcpStream>,
        here: Option<Here>,
    ) -> (Entered, SignedOut) {
        let signed_out = SignedOut::default();
        let entered = self.enter(ticket, socket, here, Some(signed_out.clone()));
        (entered, signed_out)
    }

    pub(super) fn enter_download(
        &self,
        ticket: &Ticket,
        socket: &Arc<TcpStream>,
        here: Option<Here>,
    ) -> Entered {
        self.enter(ticket, socket, here, None)
    }

    fn enter(
        &self,
        ticket: &Ticket,
        socket: &Arc<TcpStream>,
        here: Option<Here>,
        signed_out: Option<SignedOut>,
    ) -> Entered {
        let connection = ticket.connection();
        let under_way = UnderWay {
            socket: Arc::downgrade(socket),
            signed_out,
        };
        self.lock().insert(connection, under_way);
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

    /// Ends the one that this connection has become, if it has: whoever asked for it
    /// is signed out.
    pub fn end_of(&self, connection: ConnectionId) {
        match self.lock().get(&connection) {
            Some(UnderWay {
                signed_out: Some(signed_out),
                ..
            }) => signed_out.0.store(true, Ordering::Release),
            Some(download) => download.shut(),
            None => {}
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
        self.lock().values().for_each(UnderWay::shut);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ConnectionId, UnderWay>> {
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.transfers.lock().remove(&self.connection);
    }
}
