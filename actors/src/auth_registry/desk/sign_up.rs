//! The part of the desk that makes accounts.

use super::sessions::Origin;
use super::{Desk, busy, card};
use crate::auth_registry::form::{self, Claim};
use crate::auth_registry::{Later, SignUp};
use crate::clock::now_ms;
use crate::storage_failure;
use qunliao_protocol::auth::SignedUp;
use qunliao_protocol::{Failure, Language};
use qunliao_storage::Contact;
use qunliao_storage::accounts::{NewAccount, ProfileChange, RegisterRefusal, Role, Standing, User};
use qunliao_storage::codes::{Proof, Verdict};
use qunliao_storage::links::LinkPurpose;
use std::time::Instant;

impl Desk {
    /// Makes an account. The second value is an address that awaits confirmation.
    pub(in crate::auth_registry) async fn sign_up(
        &self,
        ask: SignUp,
    ) -> Result<(SignedUp, Option<Later>), Failure> {
        let candidate = form::examine(&ask, &self.settings)?;
        let now = now_ms();
        // A wrong code or invitation must not cost a password hash, or guessing
        // them would be a way to burn our cores.
        if let Some(invite) = &ask.invite {
            self.check_invitation(invite, now).await?;
        }
        let proofs = self.prove(&candidate.claims, now).await?;
        candidate.check_name(&proofs)?;
        let others = form::guessed_first(&ask, &candidate);
        let hashed = self.ask.hasher.judge_and_hash(&ask.user_pwd, others).await;
        // A code has been counted when it was sent, an invitation when it was made.
        let is_counted = !proofs.is_empty() || ask.invite.is_some();
        let new = NewAccount {
            password_hash: hashed.map_err(busy)?.map_err(Failure::WeakPassword)?,
            name: candidate.name.shown,
            folded_name: candidate.name.folded,
            phone: candidate.phone,
            email: candidate.email,
            proofs,
            pending: self.settings.approval && ask.invite.is_none(),
            invite: ask.invite,
            role: Role::Member,
            by: None,
            now,
        };
        let registered = self.ask.accounts.register(new).await;
        let registered = registered.map_err(|why| storage_failure(&why))?;
        let user = registered.map_err(refusal)?;
        let user = self.note_language(user, ask.language).await;
        self.ask.brake.know(user.id, ask.asked_by, Instant::now());
        log::info!(
            "event=signed_up user={} standing={:?} role={:?}",
            user.id,
            user.standing,
            user.role
        );
        let unconfirmed = user.email.clone().filter(|_| !user.email_confirmed);
        let later = unconfirmed.map(|address| Later {
            user: user.id,
            address,
            asked_by: ask.asked_by,
            counted: !is_counted,
        });
        let pending = user.standing == Standing::Pending;
        let origin = Origin {
            device: ask.device,
            network: ask.asked_by,
        };
        let token = match pending || !ask.wants_session {
            true => None,
            false => self.first_token(&user, origin).await,
        };
        let signed_up = SignedUp {
            token,
            user: card(user),
            pending,
        };
        Ok((signed_up, later))
    }

    /// Has `user` speak the language of the form, where that is not the server's.
    async fn note_language(&self, user: User, language: Option<Language>) -> User {
        let Some(language) = language.filter(|language| *language != self.settings.language) else {
            return user;
        };
        let change = ProfileChange {
            language: Some(Some(language.code().to_owned())),
            ..ProfileChange::default()
        };
        match self.ask.accounts.change_profile(user.id, change).await {
            Ok(changed) => changed.unwrap_or(user),
            Err(why) => {
                log::warn!("event=language_not_noted user={} error=\"{why}\"", user.id);
                user
            }
        }
    }

    /// The token of a first session. The account is there whatever comes of it: who
    /// gets none signs in.
    async fn first_token(&self, user: &User, origin: Origin) -> Option<String> {
        let withdrawals = self.ask.credentials.withdrawals();
        let begun = self.begin_session(user.clone(), withdrawals, origin).await;
        match begun {
            Ok(session) => Some(session.token),
            Err(failure) => {
                let (user, error) = (user.id, failure.slug());
                log::warn!("event=session_not_begun user={user} error={error}");
                None
            }
        }
    }

    /// Whether `token` is an invitation that works. It is used up with the account.
    async fn check_invitation(&self, token: &str, now: u64) -> Result<(), Failure> {
        let link = self.ask.links.link(token.to_owned(), now).await;
        match link.map_err(|why| storage_failure(&why))? {
            Some(link) if matches!(link.purpose, LinkPurpose::Invite(_)) => Ok(()),
            _ => Err(Failure::BadInvite),
        }
    }

    /// The codes that are right, one of each claim. They are spent with the account.
    async fn prove(&self, claims: &[Claim], now: u64) -> Result<Vec<Proof>, Failure> {
        let mut proofs = Vec::with_capacity(claims.len());
        for Claim { proof, or } in claims {
            if self.is_right(proof, now).await? {
                proofs.push(self.entered(proof));
                continue;
            }
            match or {
                Some(other) if self.is_right(other, now).await? => proofs.push(self.entered(other)),
                _ => return Err(Failure::WrongCode),
            }
        }
        Ok(proofs)
    }

    /// A code that was right tells the breaker that people get them.
    fn entered(&self, proof: &Proof) -> Proof {
        if let Contact::Phone(number) = &proof.contact {
            self.ask.breaker.entered(number, Instant::now());
        }
        proof.clone()
    }

    async fn is_right(&self, proof: &Proof, now: u64) -> Result<bool, Failure> {
        let verdict = self.ask.codes.try_code(proof.clone(), now).await;
        Ok(verdict.map_err(|why| storage_failure(&why))? != Verdict::Wrong)
    }
}

fn refusal(refusal: RegisterRefusal) -> Failure {
    match refusal {
        RegisterRefusal::WrongCode => Failure::WrongCode,
        RegisterRefusal::NameTaken => Failure::NameTaken,
        RegisterRefusal::PhoneTaken => Failure::PhoneTaken,
        RegisterRefusal::EmailTaken => Failure::EmailTaken,
        RegisterRefusal::BadInvite => Failure::BadInvite,
    }
}
