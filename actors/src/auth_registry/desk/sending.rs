//! The part of the desk that sends codes.

use super::{Desk, random_bytes, random_token};
use crate::admission::Network;
use crate::auth_registry::{Later, SendCode, Verify, WrittenContact};
use crate::clock::now_ms;
use crate::contacts::parse_email;
use crate::courier::{Carry, Channel};
use crate::storage_failure;
use qunliao_delivery::{
    Content, DeliveryError, Language as MailLanguage, Message as Parcel, Notice,
    Purpose as ParcelPurpose,
};
use qunliao_protocol::auth::Purpose;
use qunliao_protocol::{Failure, Language, UserId};
use qunliao_storage::Contact;
use qunliao_storage::codes::{self, Asker, Issued, NewCode, NewNotice, Proof};
use std::time::Instant;

impl Desk {
    /// Sends a code. The second value is one that is sent while nobody waits: how
    /// that fares would tell whether an account waits for a confirmation.
    pub(in crate::auth_registry) async fn send_code(
        &self,
        ask: SendCode,
    ) -> Result<((), Option<Later>), Failure> {
        let contact = self.read_contact(&ask.contact)?;
        match (ask.purpose, contact) {
            // Nobody could use it.
            (Purpose::Register, _) if self.settings.verify == Verify::Invite => {
                Err(Failure::InviteNeeded)
            }
            (Purpose::Register, contact) => {
                self.send_to_newcomer(contact, ask.asked_by).await?;
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
                    asked_by: ask.asked_by,
                    counted: true,
                });
                Ok(((), later))
            }
            (Purpose::Confirm, Contact::Phone(_)) => Err(Failure::MissingKey("user_email")),
        }
    }

    /// Sends a code for signing up to a contact that has no account, unless those
    /// who ask for such codes by phone are mostly robots.
    async fn send_to_newcomer(&self, contact: Contact, asked_by: Network) -> Result<(), Failure> {
        let number = match &contact {
            Contact::Phone(number) => Some(number.clone()),
            Contact::Email(_) => None,
        };
        let breaker = &self.ask.breaker;
        if number.is_some()
            && let Err(wait) = breaker.check(Instant::now())
        {
            let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX);
            return Err(Failure::TooManyRequests(seconds.saturating_add(1)));
        }
        let purpose = codes::Purpose::Register;
        let asker = asker(asked_by, true);
        let issued = self.issue(purpose, contact, None, Some(asker)).await;
        if let (Ok(()), Some(number)) = (&issued, number) {
            breaker.sent(&number, Instant::now());
        }
        issued
    }

    pub(super) fn read_contact(&self, written: &WrittenContact) -> Result<Contact, Failure> {
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
        let asker = asker(later.asked_by, later.counted);
        let issued = self.issue(purpose, contact, Some(user), Some(asker)).await;
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
        asked_by: Option<Asker>,
    ) -> Result<(), Failure> {
        let recorded = self.record(purpose, contact, user, asked_by).await?;
        self.send_recorded(recorded, self.settings.language).await
    }

    /// Records a new code and counts its sending, if it may be sent.
    pub(super) async fn record(
        &self,
        purpose: codes::Purpose,
        contact: Contact,
        user: Option<UserId>,
        asked_by: Option<Asker>,
    ) -> Result<Recorded, Failure> {
        // Whatever it is for, and whoever's number it is.
        if let Contact::Phone(number) = &contact
            && !self.settings.phones.may_send(number)
        {
            return Err(Failure::BadPhone);
        }
        let code = random_code();
        let new = NewCode {
            proof: Proof {
                purpose,
                contact,
                code,
                from: None,
            },
            user,
            discreet: purpose == codes::Purpose::Reset,
            now: now_ms(),
            rules: self.settings.codes.rules(),
            sending: self.settings.codes.sending(),
            asked_by,
        };
        let issued = self.ask.codes.issue(new.clone()).await;
        match issued.map_err(|why| storage_failure(&why))? {
            Issued::Send => Ok(Recorded {
                new,
                held_back: false,
            }),
            Issued::HeldBack => Ok(Recorded {
                new,
                held_back: true,
            }),
            Issued::Registered => Err(Failure::AlreadyRegistered),
            Issued::TooSoon(seconds) => {
                let network = new.asked_by.map_or("none".to_owned(), |asker| asker.prefix);
                log::info!("event=code_refused network={network} retry_after={seconds}");
                Err(Failure::TooManyRequests(seconds))
            }
        }
    }

    /// Sends a code that was recorded. If that fails through no fault of who asked
    /// for it, it is as if nobody had.
    pub(super) async fn send_recorded(
        &self,
        recorded: Recorded,
        language: Language,
    ) -> Result<(), Failure> {
        let recorded = recorded.new;
        let sent = self.carry_code(&recorded.proof, language).await;
        if let Err(Failure::GatewayFailed | Failure::Unavailable) = sent
            && let Err(why) = self.ask.codes.give_back(recorded).await
        {
            log::warn!("event=sending_not_given_back error=\"{why}\"");
        }
        sent
    }

    pub(super) async fn carry_code(
        &self,
        proof: &Proof,
        language: Language,
    ) -> Result<(), Failure> {
        let minutes = self.settings.codes.lifetime_seconds.div_ceil(60);
        let content = Content::Code {
            code: proof.code.clone(),
            purpose: match proof.purpose {
                codes::Purpose::Register => ParcelPurpose::Register,
                codes::Purpose::Confirm => ParcelPurpose::Confirm,
                codes::Purpose::Reset => ParcelPurpose::Reset,
            },
            lifetime_minutes: u32::try_from(minutes).unwrap_or(u32::MAX),
        };
        self.carry(&proof.contact, content, language).await
    }

    /// Sends a notice by the first of `contacts` that may be sent one more: each of
    /// them counts as a code does, or changing something over and over would be a
    /// way to send messages without end.
    pub(super) async fn send_notice(
        &self,
        user: UserId,
        contacts: Vec<Contact>,
        notice: Notice,
        language: Language,
    ) -> Result<(), Failure> {
        for contact in contacts {
            let new = NewNotice {
                contact: contact.clone(),
                now: now_ms(),
                sending: self.settings.codes.sending(),
            };
            let counted = self.ask.codes.count_notice(new).await;
            if counted.map_err(|why| storage_failure(&why))? {
                return self
                    .carry(&contact, Content::Notice(notice), language)
                    .await;
            }
        }
        log::warn!("event=notice_held_back user={user} reason=too_many");
        Ok(())
    }

    async fn carry(
        &self,
        contact: &Contact,
        content: Content,
        language: Language,
    ) -> Result<(), Failure> {
        let (channel, to, bad) = match contact {
            Contact::Phone(number) => (Channel::Sms, number, Failure::BadPhone),
            Contact::Email(address) => (Channel::Mail, address, Failure::BadEmail),
        };
        let parcel = Parcel {
            to: to.clone(),
            content,
            language: match language {
                Language::Chinese => MailLanguage::Chinese,
                Language::English => MailLanguage::English,
            },
            request_id: random_token(16),
        };
        match self.ask.courier.send(Carry { channel, parcel }).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(DeliveryError::BadRecipient)) => Err(bad),
            Ok(Err(_)) => Err(Failure::GatewayFailed),
            Err(_) => Err(Failure::Unavailable),
        }
    }
}

/// A code that was recorded.
pub(super) struct Recorded {
    pub(super) new: NewCode,
    /// It is not to be sent, which whoever asked must not learn.
    pub(super) held_back: bool,
}

/// Who asks, as storage counts them.
pub(super) fn asker(network: Network, counted: bool) -> Asker {
    Asker {
        network: network.to_string(),
        prefix: network.prefix().to_string(),
        counted,
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
