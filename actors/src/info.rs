//! The answer to op 9 on the auth port, made anew each time: which ways to sign up
//! work changes with the gateways.

use crate::auth_registry::{Ladder, Verify};
use qunliao_protocol::auth::{Limits, ServerInfo};
use std::sync::Arc;

/// What a server tells of itself.
#[derive(Clone)]
pub struct Info {
    /// Its name, from the configuration.
    pub name: String,
    /// The program and its version.
    pub version: String,
    /// What clients have to know before they send.
    pub limits: Limits,
    /// What a sign-up has to prove.
    pub verify: Verify,
    /// Whether accounts made without an invitation wait for approval.
    pub approval: bool,
    /// Asks how it stands with the gateways.
    pub ladder: Arc<dyn Fn() -> Ladder + Send + Sync>,
}

impl Info {
    /// As it is now.
    #[must_use]
    pub fn now(&self) -> ServerInfo {
        ServerInfo {
            name: self.name.clone(),
            version: self.version.clone(),
            limits: self.limits,
            registration: self.verify.described(self.approval, (self.ladder)()),
        }
    }
}
