//! The part of the desk that lets people back in who lost their password.
//!
//! Nobody learns from it who has an account: an answer comes at the same moment
//! and says the same, codes that nobody is sent count as if they were, and what
//! goes out goes out later.

use super::errands::Errand;
use super::{Desk, busy};
use crate::admission::Network;
use crate::auth_registry::{ResetBy, ResetPassword, SendResetCode};
use crate::clock::now_ms;
use crate::contacts::proved_contacts;
use crate::passwords;
use crate::storage_failure;
use qunliao_delivery::Notice;
use qunliao_protocol::{Failure, UserId};
use qunliao_storage::Contact;
use qunliao_storage::accounts::{Login, PasswordReset, ResetProof, Standing, User};
use qunliao_storage::codes::{Proof, Purpose, Verdict};
use qunliao_storage::links::LinkPurpose;
use std::time::Instant;

/// Longest token of a link that is looked at, in bytes.
const LINK_BYTES_MAX: usize = 512;

impl Desk {
    pub(in crate::auth_registry) async fn send_reset_code(
        &self,
        ask: SendResetCode,
    ) -> Result<((), Option<Errand>), Failure> {
        let contact = self.read_contact(&ask.contact)?;
        let user = self.owner(&contact).await?;
        let user = user.map(|user| user.id);
        let errand = self.record_discreetly(Purpose::Reset, contact, user, ask.asked_by);
        Ok(((), errand.await?))
    }

    pub(in crate::auth_registry) async fn reset_password(
        &self,
        ask: ResetPassword,
    ) -> Result<((), Vec<Errand>), Failure> {
        passwords::check_length(&ask.user_pwd).map_err(Failure::WeakPassword)?;
        let now = now_ms();
        let (user, proof, wrong) = match ask.proof {
            ResetBy::Link(token) => {
                let user = self.user_of_link(&token, now).await?;
                (user, ResetProof::Link(token), Failure::BadLink)
            }
            ResetBy::Code { contact, code } => {
                // What is no contact cannot have been sent a code.
                let contact = self.read_contact(&contact);
                let proof = Proof {
                    purpose: Purpose::Reset,
                    contact: contact.map_err(|_| Failure::WrongCode)?,
                    code,
                    from: Some(ask.asked_by.to_string()),
                };
                let user = self.user_of_code(&proof, now).await?;
                (user, ResetProof::Code(proof), Failure::WrongCode)
            }
        };
        let password_hash = self.hash(&ask.user_pwd, &user).await?;
        let used = match &proof {
            ResetProof::Code(proof) => Some(proof.contact.clone()),
            ResetProof::Link(_) => None,
        };
        let reset = PasswordReset {
            proof,
            password_hash,
            now,
        };
        // A verification of the old password under way must not slip in beside it.
        let _held = self.ask.credentials.hold(user.id);
        let reset = self.ask.accounts.reset_password(reset).await;
        let user = reset.map_err(|why| storage_failure(&why))?.ok_or(wrong)?;
        self.ask.presence.end(user.id, None);
        self.start_anew(user.id, ask.asked_by);
        log::info!("event=password_reset user={}", user.id);
        let others = proved_contacts(&user).into_iter();
        let others = others.filter(|contact| used.as_ref() != Some(contact));
        let tell = |contact| self.tell(&user, vec![contact], Notice::PasswordChanged);
        Ok(((), others.map(tell).collect()))
    }

    /// Whoever knew the old password of `user` is a stranger from now on, wherever they
    /// came from; who set the new one is known.
    pub(super) fn start_anew(&self, user: UserId, from: Network) {
        self.ask.brake.forget(user);
        self.ask.brake.know(user, from, Instant::now());
    }

    /// Whose contact this is, if the account can be used.
    async fn owner(&self, contact: &Contact) -> Result<Option<User>, Failure> {
        let found = self
            .ask
            .accounts
            .find(Login::Contact(contact.clone()))
            .await;
        let found = found.map_err(|why| storage_failure(&why))?;
        let usable = found.filter(|account| account.user.standing == Standing::Active);
        Ok(usable.map(|account| account.user))
    }

    /// Whose password a code lets set. A wrong one must not cost a password hash.
    async fn user_of_code(&self, proof: &Proof, now: u64) -> Result<User, Failure> {
        let verdict = self.ask.codes.try_code(proof.clone(), now).await;
        if verdict.map_err(|why| storage_failure(&why))? != Verdict::Right {
            return Err(Failure::WrongCode);
        }
        let user = self.owner(&proof.contact).await?;
        user.ok_or(Failure::WrongCode)
    }

    /// Whose password a link lets set.
    async fn user_of_link(&self, token: &str, now: u64) -> Result<User, Failure> {
        if token.len() > LINK_BYTES_MAX {
            return Err(Failure::BadLink);
        }
        let link = self.ask.links.link(token.to_owned(), now).await;
        let link = link.map_err(|why| storage_failure(&why))?;
        let Some(LinkPurpose::Reset(id)) = link.map(|link| link.purpose) else {
            return Err(Failure::BadLink);
        };
        let user = self.usable(id).await?;
        user.ok_or(Failure::BadLink)
    }

    async fn usable(&self, id: UserId) -> Result<Option<User>, Failure> {
        let user = self.ask.accounts.user(id).await;
        let user = user.map_err(|why| storage_failure(&why))?;
        Ok(user.filter(|user| user.standing == Standing::Active))
    }

    /// The hash of a password that `user` chose.
    pub(super) async fn hash(&self, password: &str, user: &User) -> Result<String, Failure> {
        let contacts = user.email.iter().chain(&user.phone).cloned();
        let others = contacts.chain([user.name.clone()]).collect();
        let hashed = self.ask.hasher.judge_and_hash(password, others).await;
        hashed.map_err(busy)?.map_err(Failure::WeakPassword)
    }
}
