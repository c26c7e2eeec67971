//! The part of the desk that sends codes.

use super::errands::Errand;
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
    /// Sends a code. Where the answer must not tell whether it is sent, that is
    /// left as an errand.
    pub(in crate::auth_registry) async fn send_code(
        &self,
        ask: SendCode,
    ) -> Result<((), Option<Errand>), Failure> {
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
                let accounts = &self.ask.accounts;
                let awaiting = accounts.awaiting_confirmation(address.clone()).await;
                let user = awaiting.map_err(|why| storage_failure(&why))?;
                let (purpose, contact) = (codes::Purpose::Confirm, Contact::Email(address));
                let errand = self.record_discreetly(purpose, contact, user, ask.asked_by);
                Ok(((), errand.await?))
            }
            (Purpose::Confirm, Contact::Phone(_)) => Err(Failure::MissingKey("user_email")),
        }
    }

    /// Sends a code for signing up to a contact that has no account, unless those
    /// who ask for such codes by phone are mostly robots.
    async fn send_to_newcomer(&self, contact: Contact, asked_by: Network) -> Result<(), Failure> {
        let breaker = &self.ask.breaker;
        let place = match &contact {
            Contact::Phone(number) => Some(breaker.take_place(number, Instant::now())),
            Contact::Email(_) => None,
        };
        let place = place.transpose().map_err(|wait| {
            let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX);
            Failure::TooManyRequests(seconds.saturating_add(1))
        })?;
        let wanted = Wanted {
            purpose: codes::Purpose::Register,
            contact,
            user: None,
            asked_by: asker(asked_by, true),
            discreet: false,
        };
        let sent = match self.record(wanted).await {
            Ok(recorded) => self.send_recorded(recorded, self.settings.language).await,
            Err(failure) => Err(NotSent::certainly(failure)),
        };
        if let (Some(place), Err(not_sent)) = (place, &sent)
            && !not_sent.in_doubt
        {
            breaker.give_up(place);
        }
        Ok(sent?)
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
        let user = later.user;
        let wanted = Wanted {
            purpose: codes::Purpose::Confirm,
            contact: Contact::Email(later.address),
            user: Some(user),
            asked_by: asker(later.asked_by, later.counted),
            discreet: false,
        };
        let sent = match self.record(wanted).await {
            Ok(recorded) => {
                let language = self.language_spoken_by(user).await;
                self.send_recorded(recorded, language).await
            }
            Err(failure) => Err(NotSent::certainly(failure)),
        };
        if let Err(NotSent { failure, .. }) = sent {
            let error = failure.slug();
            log::warn!("event=confirmation_not_sent user={user} error={error}");
        }
    }

    /// Records a new code and counts its sending, if it may be sent.
    pub(super) async fn record(&self, wanted: Wanted) -> Result<Recorded, Failure> {
        // Whatever it is for, and whoever's number it is.
        if let Contact::Phone(number) = &wanted.contact
            && !self.settings.phones.may_send(number)
        {
            return Err(Failure::BadPhone);
        }
        let new = NewCode {
            proof: Proof {
                purpose: wanted.purpose,
                contact: wanted.contact,
                code: random_code(),
                from: None,
            },
            user: wanted.user,
            discreet: wanted.discreet,
            now: now_ms(),
            rules: self.settings.codes.rules(),
            sending: self.settings.codes.sending(),
            asked_by: Some(wanted.asked_by),
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

    /// Records a code to `contact` and counts it, alike whether there is a user to
    /// send it to or not: neither what is answered nor when tells. Sending it is
    /// left as an errand, in the user's language.
    pub(super) async fn record_discreetly(
        &self,
        purpose: codes::Purpose,
        contact: Contact,
        user: Option<UserId>,
        asked_by: Network,
    ) -> Result<Option<Errand>, Failure> {
        let wanted = Wanted {
            purpose,
            contact,
            user,
            asked_by: asker(asked_by, true),
            discreet: true,
        };
        let recorded = self.record(wanted).await?;
        if recorded.held_back {
            log::warn!("event=code_held_back purpose={purpose:?} reason=total_of_the_day");
            return Ok(None);
        }
        let proof = recorded.new.proof;
        Ok(user.map(|user| Errand::Send { user, proof }))
    }

    /// Sends a code that was recorded. If that certainly fails through no fault of
    /// who asked for it, it is as if nobody had; what may arrive all the same is as
    /// good as sent, and counts.
    pub(super) async fn send_recorded(
        &self,
        recorded: Recorded,
        language: Language,
    ) -> Result<(), NotSent> {
        let recorded = recorded.new;
        let sent = self.carry_code(&recorded.proof, language).await;
        if let Err(not_sent) = &sent
            && not_sent.is_ours()
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
    ) -> Result<(), NotSent> {
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
                let content = Content::Notice(notice);
                return Ok(self.carry(&contact, content, language).await?);
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
    ) -> Result<(), NotSent> {
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
            Ok(Err(DeliveryError::BadRecipient)) => Err(NotSent::certainly(bad)),
            Ok(Err(why)) => Err(NotSent {
                failure: Failure::GatewayFailed,
                in_doubt: why.leaves_doubt(),
            }),
            // It is gone; whether it had begun nobody knows.
            Err(_) => Err(NotSent {
                failure: Failure::Unavailable,
                in_doubt: true,
            }),
        }
    }
}

/// A code that is to be recorded.
pub(super) struct Wanted {
    pub(super) purpose: codes::Purpose,
    pub(super) contact: Contact,
    /// Whose code it is, if it is somebody's.
    pub(super) user: Option<UserId>,
    pub(super) asked_by: Asker,
    /// The answer must not tell whether it is sent.
    pub(super) discreet: bool,
}

/// Why something was not sent, or seems not to have been.
pub(super) struct NotSent {
    failure: Failure,
    /// It may arrive all the same.
    in_doubt: bool,
}

impl NotSent {
    fn certainly(failure: Failure) -> Self {
        Self {
            failure,
            in_doubt: false,
        }
    }

    /// Whether it certainly was not sent, through no fault of who asked for it.
    fn is_ours(&self) -> bool {
        !self.in_doubt && matches!(self.failure, Failure::GatewayFailed)
    }
}

impl From<NotSent> for Failure {
    fn from(not_sent: NotSent) -> Self {
        not_sent.failure
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
