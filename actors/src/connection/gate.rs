//! The gate: before a connection takes requests, its first byte tells whether it
//! speaks TLS, and then the handshake has to be done.
//!
//! Handshakes cost the most that a stranger can ask of a connection's thread, so
//! they go one at a time, and everyone else has a turn between two of them
//! ([`Turnstile`](crate::roster::Turnstile)).

use super::socket::{Socket, TlsSocket};
use super::{Connection, Port};
use qunliao_protocol::{Envelope, Failure};
use std::io;
use std::task;
use std::time::Instant;

/// The first byte of a TLS handshake, and of nothing else that we speak.
const TLS_FIRST_BYTE: u8 = 0x16;

/// What a connection may begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// Frames: there is no TLS.
    Plain,
    /// TLS or frames; the first byte tells.
    Either,
    /// TLS.
    Tls,
}

/// How far a connection has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gate {
    /// Nothing has come.
    Either,
    /// Nothing has come, and it will have to be TLS.
    Tls,
    /// In the handshake.
    Shaking,
    /// Frames come and go.
    Passed,
}

impl From<Security> for Gate {
    fn from(security: Security) -> Self {
        match security {
            Security::Plain => Self::Passed,
            Security::Either => Self::Either,
            Security::Tls => Self::Tls,
        }
    }
}

impl Connection {
    /// Sees whether the connection may pass, or how far it gets.
    pub(super) fn pass_gate(&mut self, task: &mut task::Context<'_>) -> io::Result<()> {
        if let Gate::Either | Gate::Tls = self.gate {
            match self.inbound.first() {
                None => {}
                Some(&TLS_FIRST_BYTE) => self.begin_tls()?,
                Some(_) if self.gate == Gate::Either => self.gate = Gate::Passed,
                Some(_) => self.refuse_plain(),
            }
        }
        if self.gate == Gate::Shaking {
            self.shake_hands(task)?;
        }
        Ok(())
    }

    fn begin_tls(&mut self) -> io::Result<()> {
        let Some(config) = &self.house.tls else {
            return Err(io::ErrorKind::Unsupported.into());
        };
        if let Some(Socket::Plain(tcp)) = self.socket.take() {
            let leading = std::mem::take(&mut self.inbound).freeze();
            let tls = TlsSocket::begin(tcp, config, leading)?;
            self.socket = Some(Socket::Tls(Box::new(tls)));
        }
        self.gate = Gate::Shaking;
        self.moved_at = Instant::now();
        Ok(())
    }

    /// Goes on with the handshake, a step at a time.
    fn shake_hands(&mut self, task: &mut task::Context<'_>) -> io::Result<()> {
        let Some(Socket::Tls(tls)) = &mut self.socket else {
            return Ok(());
        };
        loop {
            match tls.flush() {
                Err(why) if why.kind() == io::ErrorKind::WouldBlock => {
                    if tls.poll_write_ready(task)?.is_pending() {
                        return Ok(());
                    }
                    continue;
                }
                flushed => flushed?,
            }
            if !tls.is_shaking_hands() {
                self.gate = Gate::Passed;
                self.moved_at = Instant::now();
                return Ok(());
            }
            if tls.poll_shake_hands(task)?.is_pending() {
                return Ok(());
            }
            let may_pass = self
                .roster
                .borrow_mut()
                .turnstile
                .may_pass(self.id, task.waker());
            if !may_pass {
                return Ok(());
            }
            let shaken = tls.shake_hands();
            self.roster.borrow_mut().turnstile.leave(self.id);
            match shaken {
                Err(why) if why.kind() == io::ErrorKind::WouldBlock => {}
                shaken => shaken?,
            }
        }
    }

    /// Says that this is no place for plain text, in the header that was begun.
    pub(super) fn refuse_plain(&mut self) {
        // What it makes of the rest does not matter.
        let _ = self.decoder.decode(&mut self.inbound);
        self.inbound.clear();
        log::debug!("event=connection_refused reason=tls_required");
        self.refuse(Envelope::default(), &Failure::TlsRequired);
        self.close();
    }

    /// When a connection that is at the gate has to be looked at.
    pub(super) fn gate_deadline(&self) -> Option<Instant> {
        let limits = &self.house.limits;
        match (self.gate, self.port) {
            // Silence is legal there, for those who may be plain.
            (Gate::Either, Port::Chat) => None,
            (Gate::Either, _) => Some(self.moved_at + limits.idle_timeout()),
            _ => Some(self.moved_at + limits.tls_handshake()),
        }
    }
}
