//! The part of the desk that changes passwords and contacts, and closes accounts,
//! for people who know their password.

use super::errands::Errand;
use super::sending::{Wanted, asker};
use super::sessions::by;
use super::{Desk, check_standing};
use crate::auth_registry::{
    ChangeContact, ChangePassword, CloseAccount, SendCodeToNewContact, WrittenContact,
};
use crate::clock::now_ms;
use crate::contacts::proved_contacts;
use crate::names;
use crate::passwords;
use crate::storage_failure;
use qunliao_delivery::Notice;
use qunliao_protocol::{Failure, SessionId, UserId};
use qunliao_storage::Contact;
use qunliao_storage::accounts::{AccountRefusal, ContactRefusal, Login, PasswordChange, User};
use qunliao_storage::codes::{Proof, Purpose, Verdict};

impl Desk {
    pub(in crate::auth_registry) async fn change_password(
        &self,
        ask: ChangePassword,
    ) -> Result<((), Vec<Errand>), Failure> {
        passwords::check_length(&ask.new_pwd).map_err(Failure::WeakPassword)?;
        let account = self
            .check_password(&ask.user_name, &ask.user_pwd, ask.asked_by)
            .await?;
        let user = account.user;
        check_standing(&user)?;
        let keep = match ask.token {
            Some(token) => {
                let kept = self.signed_in(token, ask.asked_by).await?;
                // A session of somebody else is none here.
                (kept.person.id == user.id)
                    .then_some(kept.session)
                    .ok_or(Failure::NotSignedIn)?
            }
            None => None,
        };
        let change = PasswordChange {
            user: user.id,
            verified_hash: account.password_hash,
            password_hash: self.hash(&ask.new_pwd, &user).await?,
            keep,
            by: by(user.id),
        };
        self.put_password(user.id, keep, change).await?;
        self.start_anew(user.id, ask.asked_by);
        log::info!("event=password_changed user={}", user.id);
        Ok(((), self.tell_owner(&user, Notice::PasswordChanged)))
    }

    async fn put_password(
        &self,
        user: UserId,
        keep: Option<SessionId>,
        change: PasswordChange,
    ) -> Result<(), Failure> {
        // A verification of the old password under way must not slip in beside it.
        let _held = self.ask.credentials.hold(user);
        let changed = self.ask.accounts.change_password(change).await;
        if !changed.map_err(|why| storage_failure(&why))? {
            // Another change was faster: what was verified is the password no more.
            return Err(Failure::WrongCredentials);
        }
        self.ask.presence.end(user, keep);
        Ok(())
    }

    pub(in crate::auth_registry) async fn send_code_to_new_contact(
        &self,
        ask: SendCodeToNewContact,
    ) -> Result<(), Failure> {
        let person = self.signed_in(ask.token, ask.asked_by).await?.person;
        let contact = self.read_contact(&ask.contact)?;
        // Whether the contact is another's is told to whoever shows the code alone.
        let wanted = Wanted {
            purpose: Purpose::Confirm,
            contact,
            user: Some(person.id),
            asked_by: asker(ask.asked_by, true),
            discreet: false,
        };
        let recorded = self.record(wanted).await?;
        let language = person.language().unwrap_or(self.settings.language);
        Ok(self.send_recorded(recorded, language).await?)
    }

    pub(in crate::auth_registry) async fn change_contact(
        &self,
        ask: ChangeContact,
    ) -> Result<((), Vec<Errand>), Failure> {
        let person = self.signed_in(ask.token, ask.asked_by).await?.person;
        let contact = self.read_contact(&ask.contact)?;
        let proof = Proof {
            purpose: Purpose::Confirm,
            contact: contact.clone(),
            code: ask.code,
            from: Some(ask.asked_by.to_string()),
        };
        let verdict = self.ask.codes.try_code(proof.clone(), now_ms()).await;
        if verdict.map_err(|why| storage_failure(&why))? != Verdict::Right {
            return Err(Failure::WrongCode);
        }
        // By the name alone: one that is a number may be another's number by now.
        let (name, by_name) = (&person.name, [Login::Name(names::fold(&person.name))]);
        let account = self
            .check_password_of(name, &by_name, &ask.user_pwd, ask.asked_by)
            .await?;
        let change = qunliao_storage::accounts::ContactChange {
            user: person.id,
            proof,
            verified_hash: Some(account.password_hash),
            by: by(person.id),
        };
        let changed = self.ask.accounts.change_contact(change).await;
        let changed = changed.map_err(|why| storage_failure(&why))?;
        let old = changed.map_err(|refusal| match (refusal, &ask.contact) {
            (ContactRefusal::WrongCode, _) => Failure::WrongCode,
            (ContactRefusal::Taken, WrittenContact::Phone(_)) => Failure::PhoneTaken,
            (ContactRefusal::Taken, WrittenContact::Email(_)) => Failure::EmailTaken,
            (ContactRefusal::NoAccount, _) => Failure::NotSignedIn,
            (ContactRefusal::NotVerified, _) => Failure::WrongCredentials,
        })?;
        Ok(((), self.tell_of_contact(&account.user, &contact, old)))
    }

    /// Tells the owner by the old contact; where there was none, by the other one.
    fn tell_of_contact(&self, user: &User, new: &Contact, old: Option<Contact>) -> Vec<Errand> {
        let (what, notice) = match new {
            Contact::Phone(_) => ("phone", Notice::PhoneChanged),
            Contact::Email(_) => ("email", Notice::EmailChanged),
        };
        log::info!("event={what}_changed user={}", user.id);
        let mut others = proved_contacts(user);
        others.retain(|contact| contact != new && old.as_ref() != Some(contact));
        let old = old.filter(|old| old != new);
        let contacts: Vec<Contact> = old.into_iter().chain(others).collect();
        let told = !contacts.is_empty();
        let tell = || self.tell(user, contacts, notice);
        told.then(tell).into_iter().collect()
    }

    /// Tells the owner by one of the contacts that are proved.
    fn tell_owner(&self, user: &User, notice: Notice) -> Vec<Errand> {
        let contacts = proved_contacts(user);
        let told = !contacts.is_empty();
        let tell = || self.tell(user, contacts, notice);
        told.then(tell).into_iter().collect()
    }

    pub(in crate::auth_registry) async fn close_account(
        &self,
        ask: CloseAccount,
    ) -> Result<((), Vec<Errand>), Failure> {
        let account = self
            .check_password(&ask.user_name, &ask.user_pwd, ask.asked_by)
            .await?;
        let user = account.user;
        // A disabled account that was closed would leave its number free to come back with.
        check_standing(&user)?;
        let verified_hash = Some(account.password_hash);
        let accounts = &self.ask.accounts;
        let closed = accounts.close_account(user.id, verified_hash, by(user.id));
        let closed = closed.await.map_err(|why| storage_failure(&why))?;
        closed.map_err(|refusal| match refusal {
            AccountRefusal::NoAccount | AccountRefusal::NotVerified => Failure::WrongCredentials,
            AccountRefusal::LastOwner => Failure::LastOwner,
        })?;
        self.ask.presence.end(user.id, None);
        self.ask.brake.forget(user.id);
        log::info!("event=account_closed user={}", user.id);
        Ok(((), self.tell_owner(&user, Notice::AccountClosed)))
    }
}
