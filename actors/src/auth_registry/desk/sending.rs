//! The part of the desk that sends codes.

use super::{Desk, random_bytes, random_token};
use crate::admission::Network;
use crate::auth_registry::{Later, SendCode, WrittenContact};
use crate::clock::now_ms;
use crate::contacts::parse_email;
use crate::courier::{Carry, Channel};
use crate::storage_failure;
use qunliao_delivery::{
    DeliveryError, Language as MailLanguage, Message as Parcel, Purpose as ParcelPurpose,
};
use qunliao_protocol::auth::Purpose;
use qunliao_protocol::{Failure, Language, UserId};
use qunliao_storage::Contact;
use qunliao_storage::codes::{self, Issued, NewCode, Proof};

impl Desk {
    /// Sends a code. The second value is one that is sent while nobody waits: how
    /// that fares would tell whether an account waits for a confirmation.
    pub(in crate::auth_registry) async fn send_code(
        &self,
        ask: SendCode,
    ) -> Result<((), Option<Later>), Failure> {
        let contact = self.read_contact(&ask.contact)?;
        match (ask.purpose, contact) {
            (Purpose::Register, contact) => {
                let purpose = codes::Purpose::Register;
                self.issue(purpose, contact, None, Some(ask.asked_by))
                    .await?;
                Ok(((), None))
            }
            (Purpose::Confirm, Contact::Email(address)) => {
                let awaiting = self
                    .ask
                    .accounts
                    .awaiting_confirmation(address.clone())
                    .await;
                let user = awaiting.map_err(|why| storage_failure(&why))?;
                let later = user.map(|user| Later {
                    user,
                    address,
                    asked_by: Some(ask.asked_by),
                });
                Ok(((), later))
            }
            (Purpose::Confirm, Contact::Phone(_)) => Err(Failure::MissingKey("user_email")),
        }
    }

    fn read_contact(&self, written: &WrittenContact) -> Result<Contact, Failure> {
        match written {
            WrittenContact::Phone(written) => {
                let number = self.settings.phones.parse(written);
                let allowed = number.filter(|number| self.settings.phones.may_send(number));
                allowed.map(Contact::Phone).ok_or(Failure::BadPhone)
            }
            WrittenContact::Email(written) => parse_email(written)
                .map(Contact::Email)
                .ok_or(Failure::BadEmail),
        }
    }

    /// Asks a user to confirm the address; failing is nobody's failure.
    pub(in crate::auth_registry) async fn ask_to_confirm(&self, later: Later) {
        let (purpose, user) = (codes::Purpose::Confirm, later.user);
        let contact = Contact::Email(later.address);
        let issued = self
            .issue(purpose, contact, Some(user), later.asked_by)
            .await;
        if let Err(failure) = issued {
            log::warn!(
                "event=confirmation_not_sent user={user} error={}",
                failure.slug()
            );
        }
    }

    async fn issue(
        &self,
        purpose: codes::Purpose,
        contact: Contact,
        user: Option<UserId>,
        asked_by: Option<Network>,
    ) -> Result<(), Failure> {
        let code = random_code();
        let new = NewCode {
            proof: Proof {
                purpose,
                contact: contact.clone(),
                code: code.clone(),
            },
            user,
            now: now_ms(),
            rules: self.settings.codes.rules(),
            sending: self.settings.codes.sending(),
            asked_by: asked_by.map(|network| network.to_string()),
        };
        match self
            .ask
            .codes
            .issue(new)
            .await
            .map_err(|why| storage_failure(&why))?
        {
            Issued::Send => self.carry(purpose, &contact, code).await,
            Issued::Registered => Err(Failure::AlreadyRegistered),
            Issued::TooSoon(seconds) => {
                let network =
                    asked_by.map_or_else(|| "none".to_owned(), |network| network.to_string());
                log::info!("event=code_refused network={network} retry_after={seconds}");
                Err(Failure::TooManyRequests(seconds))
            }
        }
    }

    async fn carry(
        &self,
        purpose: codes::Purpose,
        contact: &Contact,
        code: String,
    ) -> Result<(), Failure> {
        let (channel, to, bad) = match contact {
            Contact::Phone(number) => (Channel::Sms, number, Failure::BadPhone),
            Contact::Email(address) => (Channel::Mail, address, Failure::BadEmail),
        };
        let parcel = Parcel {
            to: to.clone(),
            code,
            purpose: match purpose {
                codes::Purpose::Register => ParcelPurpose::Register,
                codes::Purpose::Confirm => ParcelPurpose::Confirm,
            },
            language: match self.settings.language {
                Language::Chinese => MailLanguage::Chinese,
                Language::English => MailLanguage::English,
            },
            request_id: random_token(16),
            lifetime_minutes: u32::try_from(self.settings.codes.lifetime_seconds.div_ceil(60))
                .unwrap_or(u32::MAX),
        };
        match self.ask.courier.send(Carry { channel, parcel }).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(DeliveryError::BadRecipient)) => Err(bad),
            Ok(Err(_)) => Err(Failure::GatewayFailed),
            Err(_) => Err(Failure::Unavailable),
        }
    }
}

/// Six random digits, each code as likely as any other.
fn random_code() -> String {
    const CODES: u32 = 1_000_000;
    // Above the greatest multiple of CODES some codes would be likelier.
    const FAIR: u32 = u32::MAX / CODES * CODES;
    loop {
        let random = u32::from_ne_bytes(random_bytes());
        if random < FAIR {
            return format!("{:06}", random % CODES);
        }
    }
}
