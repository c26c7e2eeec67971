//! A `Host` looks after the connections of one arbiter.
//!
//! The listeners hand it sockets ([`Welcome`]); it starts a `Connection` for each,
//! and wakes those whose deadline has passed, all in one sweep a second. The
//! listeners may also have it send one away ([`Dismiss`]) to make room. It
//! stops, when told to, once its connections are gone.

use crate::admission::{ConnectionId, Ticket};
use crate::connection::{Connection, Port, Security};
use crate::house::House;
use crate::roster::{Roster, Summons};
use crate::vital::Vital;
use actix::prelude::*;
use bytes::Bytes;
use std::cell::RefCell;
use std::net::TcpStream;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// Look after this socket.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Welcome {
    /// The socket, non-blocking.
    pub socket: TcpStream,
    /// The port it came in by.
    pub port: Port,
    /// Its place.
    pub ticket: Ticket,
    /// The last entry of the lobby that had been told when it came.
    pub last_told: u64,
    /// What it may begin with.
    pub security: Security,
    /// What has been read already.
    pub leading: Bytes,
}

/// Send a connection away, to make room.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Dismiss(pub ConnectionId);

/// The actor.
pub struct Host {
    house: Arc<House>,
    roster: Rc<RefCell<Roster>>,
    stopping: bool,
    vital: Vital,
}

impl Host {
    /// A host without connections.
    #[must_use]
    pub fn new(house: Arc<House>, vital: Vital) -> Self {
        Self {
            house,
            roster: Rc::default(),
            stopping: false,
            vital,
        }
    }

    fn sweep(&mut self, ctx: &mut Context<Self>) {
        let now = Instant::now();
        let mut roster = self.roster.borrow_mut();
        while let Some(connection) = roster.deadlines.take_due(now) {
            if let Some(summons) = roster.connections.get(&connection) {
                summons.do_send(Summons::Expire);
            }
        }
        if self.stopping && roster.connections.is_empty() {
            ctx.stop();
        }
    }
}

impl Actor for Host {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.run_interval(SWEEP_EVERY, Self::sweep);
    }

    fn stopping(&mut self, _: &mut Self::Context) -> Running {
        self.vital.release();
        Running::Stop
    }
}

impl Handler<Welcome> for Host {
    type Result = ();

    fn handle(&mut self, welcome: Welcome, _: &mut Self::Context) {
        if self.stopping {
            return;
        }
        let (house, roster) = (Arc::clone(&self.house), Rc::clone(&self.roster));
        let id = welcome.ticket.connection();
        match Connection::new(house, roster, welcome) {
            Ok(connection) => {
                let summons = connection.start().recipient();
                self.roster.borrow_mut().connections.insert(id, summons);
            }
            Err(why) => log::warn!("event=connection_lost error={:?}", why.kind()),
        }
    }
}

impl Handler<Dismiss> for Host {
    type Result = ();

    fn handle(&mut self, Dismiss(connection): Dismiss, _: &mut Self::Context) {
        if let Some(summons) = self.roster.borrow().connections.get(&connection) {
            summons.do_send(Summons::Evict);
        }
    }
}

impl Handler<crate::Stop> for Host {
    type Result = ();

    fn handle(&mut self, _: crate::Stop, ctx: &mut Self::Context) {
        self.stopping = true;
        for summons in self.roster.borrow().connections.values() {
            summons.do_send(Summons::Farewell);
        }
        self.sweep(ctx);
        // The last of them should not have to wait for the next sweep.
        ctx.run_interval(Duration::from_millis(20), Self::sweep);
    }
}

impl Handler<crate::Ping> for Host {
    type Result = ();

    fn handle(&mut self, _: crate::Ping, _: &mut Self::Context) {}
}
