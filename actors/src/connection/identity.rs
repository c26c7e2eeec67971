//! Whose a connection is: from the first proof of it to its end.

use super::{Connection, Phase, Port};
use crate::admission::Network;
use crate::brake::Verifying;
use crate::credentials::Verified;
use actix::prelude::*;
use qunliao_protocol::{Credential, Envelope, Failure};
use std::time::Instant;

impl Connection {
    /// Someone proved who they are.
    ///
    /// # Errors
    /// [`Failure::Unavailable`] if that holds no longer; then the connection ends,
    /// since whoever was known before has no entry any more.
    pub(super) fn welcome(
        &mut self,
        verified: Verified,
        ctx: &mut Context<Self>,
    ) -> Result<(), Failure> {
        let is_new = self
            .known
            .as_ref()
            .is_none_or(|known| known.fingerprint != verified.fingerprint);
        if is_new || self.here.is_none() {
            // Before the next one, whose key may be the same.
            self.here = None;
            let reach = ctx.address().recipient();
            match self.house.presence.enter(&verified, self.id, reach) {
                Ok(here) => self.here = Some(here),
                Err(failure) => {
                    self.close();
                    return Err(failure);
                }
            }
        }
        if let Some(ticket) = &mut self.ticket {
            ticket.authenticate();
        }
        self.speaks = verified.person.language();
        self.known = Some(verified);
        Ok(())
    }

    /// Whoever is known is not signed in any more.
    pub(super) fn sign_out(&mut self) {
        // On the auth port the request under way may be the one that asked for it.
        if self.busy && self.port == Port::Auth {
            self.signed_out = true;
        } else {
            self.end_signed_out();
        }
    }

    pub(super) fn end_signed_out(&mut self) {
        if self.phase != Phase::Open {
            return;
        }
        if let Some(known) = &self.known {
            let user = known.person.id;
            log::info!("event=connection_closed reason=session_ended user={user}");
        }
        // A plain client could take it for the answer to something, except in
        // chat, where it is a message like others.
        if self.extended || self.port == Port::Chat {
            self.refuse(Envelope::default(), &Failure::SessionEnded);
        }
        self.close();
    }

    /// Asks leave to have a password verified, or chosen.
    pub(super) fn begin_verifying(&self) -> Result<Verifying, Failure> {
        self.house.brake.begin(self.network()?, Instant::now())
    }

    /// Asks leave to have a credential verified.
    pub(super) fn begin_identifying(
        &self,
        credential: &Credential<'_>,
    ) -> Result<Verifying, Failure> {
        match credential {
            Credential::Password { .. } => self.begin_verifying(),
            Credential::Token(_) => {
                let (network, now) = (self.network()?, Instant::now());
                self.house.brake.begin_token(network, now)
            }
        }
    }

    /// Where it comes from.
    pub(super) fn network(&self) -> Result<Network, Failure> {
        // Without a place it is about to end.
        let ticket = self.ticket.as_ref().ok_or(Failure::ShuttingDown)?;
        Ok(ticket.network())
    }

    /// Someone did not: after some more of that, it ends.
    pub(super) fn count_refusal(&mut self, failure: &Failure) {
        let wrong = [Failure::WrongCredentials, Failure::NotSignedIn];
        if wrong.contains(failure) {
            if let Some(ticket) = &self.ticket {
                let network = ticket.network();
                self.house.brake.count_wrong(network, Instant::now());
            }
            self.wrong_credentials += 1;
            if self.wrong_credentials >= self.house.limits.wrong_credentials_max {
                log::info!("event=connection_closed reason=wrong_credentials");
                self.close();
            }
        }
    }
}
