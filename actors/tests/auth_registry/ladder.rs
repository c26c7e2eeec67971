//! The ladder of sign-up: either contact, invitations, the owner's set-up, and
//! accounts that wait for approval.

use super::*;
use qunliao_actors::clock::now_ms;
use qunliao_storage::accounts::{Login, Role, Standing};
use qunliao_storage::audit::{Actor as Doer, By};
use qunliao_storage::links::{LinkPurpose, NewLink};
use qunliao_storage::{Accounts, Links};

const HOUR_MS: u64 = 3_600_000;

fn by_server() -> By {
    By {
        actor: Doer::Server,
        now: now_ms(),
    }
}

impl Registry {
    /// A link for `purpose` that expires at `expires`.
    async fn link(&self, purpose: LinkPurpose, expires: u64) -> String {
        let new = NewLink {
            purpose,
            expires,
            note: None,
            by: by_server(),
        };
        self.store.make_link(new).await.unwrap().1
    }

    async fn invitation(&self, role: Role) -> String {
        let purpose = LinkPurpose::Invite(role);
        self.link(purpose, now_ms() + HOUR_MS).await
    }

    async fn set_active(&self, someone: &Someone, active: bool) {
        let login = Login::Name(qunliao_actors::names::fold(someone.name));
        let account = self.store.find(login).await.unwrap().unwrap();
        let user = account.user.id;
        let set = self.store.set_standing(user, active, by_server()).await;
        assert!(set.unwrap().is_ok());
        // As whoever sets it has to.
        self.presence.end(user, None);
    }
}

fn invited(someone: &Someone, invite: &str) -> SignUp {
    SignUp {
        user_phone: None,
        user_vcode: None,
        invite: Some(invite.to_owned()),
        ..someone.sign_up("")
    }
}

fn with_mail(someone: &Someone, vcode: &str) -> SignUp {
    SignUp {
        user_email: Some(someone.email.to_owned()),
        ..someone.sign_up(vcode)
    }
}

fn plan(verify: Verify) -> Plan {
    Plan {
        verify,
        ..Plan::default()
    }
}

#[actix_rt::test]
async fn with_either_the_one_code_may_have_come_by_sms_or_by_mail() {
    let mut registry = plan(Verify::Either).build();
    let code = registry.code_by_phone(&ALICE).await;
    let alice = registry.ask(with_mail(&ALICE, &code)).await.ok().unwrap();
    assert!(!alice.user.email_confirmed);
    let by_number = registry.ask(sign_in(ALICE.phone.0, ALICE.password)).await;
    assert!(by_number.is_ok(), "the number is verified");

    // Her address is asked to confirm itself.
    assert_eq!(registry.parcel().await.1.to, ALICE.email);

    let code = registry.code_by_mail(&BOB).await;
    let bob = registry.ask(with_mail(&BOB, &code)).await;
    let bob = bob.ok().unwrap().user;
    assert!(bob.email_confirmed, "the address is proved");
    let by_number = registry.ask(sign_in(BOB.phone.0, BOB.password)).await;
    assert_eq!(
        by_number.err(),
        Some(Failure::WrongCredentials),
        "the number is not"
    );

    let code = registry.code_by_phone(&CAROL).await;
    let wrong = registry.refusal(with_mail(&CAROL, &not(&code))).await;
    assert_eq!(wrong, Failure::WrongCode);
}

#[actix_rt::test]
async fn an_invitation_opens_every_ladder_once() {
    for verify in [
        Verify::Sms,
        Verify::Email,
        Verify::Both,
        Verify::Either,
        Verify::Invite,
        Verify::None,
    ] {
        let registry = plan(verify).build();
        let invite = registry.invitation(Role::Member).await;
        let alice = registry.ask(invited(&ALICE, &invite)).await.ok().unwrap();
        assert!(alice.token.is_some() && !alice.pending, "{verify:?}");
        let again = registry.refusal(invited(&BOB, &invite)).await;
        assert_eq!((again.code(), again), (3, Failure::BadInvite));
    }
}

#[actix_rt::test]
async fn what_is_given_with_an_invitation_is_unverified_until_it_is_confirmed() {
    let mut registry = plan(Verify::Invite).build();
    let invite = registry.invitation(Role::Admin).await;
    let form = SignUp {
        user_phone: Some(ALICE.phone.0.to_owned()),
        user_email: Some(ALICE.email.to_owned()),
        ..invited(&ALICE, &invite)
    };
    let alice = registry.ask(form).await.ok().unwrap().user;
    assert!(!alice.email_confirmed);
    for contact in [ALICE.phone.0, ALICE.email] {
        let refused = registry.ask(sign_in(contact, ALICE.password)).await;
        assert_eq!(refused.err(), Some(Failure::WrongCredentials), "{contact}");
    }
    let (channel, parcel) = registry.parcel().await;
    assert_eq!((channel, &*parcel.to), (Channel::Mail, ALICE.email));
    let kept = registry.store.user(alice.id).await.unwrap().unwrap();
    assert_eq!(kept.role, Role::Admin, "as the invitation says");
    assert!(!kept.phone_verified);
}

#[actix_rt::test]
async fn what_is_no_invitation_lets_nobody_in() {
    let registry = plan(Verify::Invite).build();
    let code = registry.ask(to_phone(&ALICE)).await;
    assert_eq!(code, Err(Failure::InviteNeeded), "it would be of no use");
    let bare = registry.refusal(ALICE.sign_up("123456")).await;
    assert_eq!((bare.code(), bare), (105, Failure::InviteNeeded));

    let hour = now_ms() + HOUR_MS;
    let good = registry.invitation(Role::Member).await;
    let expired = registry
        .link(LinkPurpose::Invite(Role::Owner), now_ms() - 1)
        .await;
    let bob = registry.invitation(Role::Member).await;
    let bob = registry
        .ask(invited(&BOB, &bob))
        .await
        .ok()
        .unwrap()
        .user
        .id;
    let reset = registry.link(LinkPurpose::Reset(bob), hour).await;
    let mut forged = good.clone();
    let last = forged.pop().unwrap();
    forged.push(if last == 'A' { 'B' } else { 'A' });
    for token in ["", " ", "\0", "邀请", &expired, &reset, &forged, &good[1..]] {
        let refused = registry.refusal(invited(&ALICE, token)).await;
        assert_eq!(refused, Failure::BadInvite, "{token:?}");
    }
    assert!(registry.ask(invited(&ALICE, &good)).await.is_ok());
}

#[actix_rt::test]
async fn a_form_that_is_refused_leaves_the_invitation_as_it_was() {
    let registry = plan(Verify::Invite).build();
    let invite = registry.invitation(Role::Member).await;
    for (form, failure) in [
        (
            SignUp {
                user_name: "系统".to_owned(),
                ..invited(&ALICE, &invite)
            },
            110,
        ),
        (
            SignUp {
                user_pwd: "12345678".to_owned(),
                ..invited(&ALICE, &invite)
            },
            109,
        ),
        (
            SignUp {
                user_phone: Some("12".to_owned()),
                ..invited(&ALICE, &invite)
            },
            2,
        ),
    ] {
        assert_eq!(registry.refusal(form).await.code(), failure);
    }
    assert!(registry.ask(invited(&ALICE, &invite)).await.is_ok());
    let other = registry.invitation(Role::Member).await;
    let taken = registry.refusal(invited(&ALICE, &other)).await;
    assert_eq!(taken, Failure::NameTaken);
    assert!(registry.ask(invited(&BOB, &other)).await.is_ok());
}

#[actix_rt::test]
async fn of_two_who_come_with_one_invitation_one_gets_in() {
    let registry = plan(Verify::Invite).build();
    let invite = registry.invitation(Role::Member).await;
    let alice = registry.ask(invited(&ALICE, &invite));
    let bob = registry.ask(invited(&BOB, &invite));
    let (alice, bob) = futures_util::join!(alice, bob);
    let refusals: Vec<Failure> = [alice, bob].into_iter().filter_map(Result::err).collect();
    assert_eq!(refusals, [Failure::BadInvite]);
}

#[actix_rt::test]
async fn the_owner_signs_up_by_the_set_up_while_others_sign_up_as_ever() {
    let mut registry = plan(Verify::Sms).build();
    let first = registry.invitation(Role::Owner).await;
    let second = registry.invitation(Role::Owner).await;
    registry.sign_up(&ALICE).await;
    let voided = registry.refusal(invited(&BOB, &first)).await;
    assert_eq!(
        voided,
        Failure::BadInvite,
        "a new set-up ends the older one"
    );
    let bob = registry.ask(invited(&BOB, &second)).await.ok().unwrap();
    let owner = registry.store.user(bob.user.id).await.unwrap().unwrap();
    assert_eq!(owner.role, Role::Owner);
    let counts = registry.store.account_counts(now_ms()).await.unwrap();
    assert_eq!((counts.active, counts.owners), (2, 1));
}

#[actix_rt::test]
async fn nobody_is_there_to_use_a_session_that_is_not_wanted() {
    let registry = plan(Verify::Invite).build();
    let invite = registry.invitation(Role::Member).await;
    let form = SignUp {
        wants_session: false,
        ..invited(&ALICE, &invite)
    };
    let alice = registry.ask(form).await.ok().unwrap();
    assert!(alice.token.is_none() && !alice.pending);
    let counts = registry.store.account_counts(now_ms()).await.unwrap();
    assert_eq!((counts.active, counts.sessions), (1, 0));
}

#[actix_rt::test]
async fn an_account_waits_for_approval_and_only_who_knows_its_password_hears_so() {
    let mut registry = Plan {
        approval: true,
        ..Plan::default()
    }
    .build();
    let code = registry.code_by_phone(&ALICE).await;
    let alice = registry.ask(ALICE.sign_up(&code)).await.ok().unwrap();
    assert!(alice.pending && alice.token.is_none());
    let kept = registry.store.user(alice.user.id).await.unwrap().unwrap();
    assert_eq!(kept.standing, Standing::Pending);

    let waits = Some(Failure::AwaitingApproval);
    let log_in = sign_in(ALICE.name, ALICE.password);
    assert_eq!(registry.ask(log_in).await.err(), waits);
    let talk = password(ALICE.name, ALICE.password);
    assert_eq!(registry.ask(talk).await.err(), waits);
    for user in [ALICE.name, ALICE.phone.0, "nobody"] {
        let wrong = registry.ask(sign_in(user, "not the password")).await;
        assert_eq!(wrong.err(), Some(Failure::WrongCredentials), "{user}");
    }
    // Her name is hers already.
    let code = registry.code_by_phone(&BOB).await;
    let same = SignUp {
        user_name: ALICE.name.to_owned(),
        ..BOB.sign_up(&code)
    };
    assert_eq!(registry.refusal(same).await, Failure::NameTaken);

    registry.set_active(&ALICE, true).await;
    assert!(
        registry
            .ask(sign_in(ALICE.name, ALICE.password))
            .await
            .is_ok()
    );
    // Whoever brings an invitation has been approved.
    let invite = registry.invitation(Role::Member).await;
    let carol = registry.ask(invited(&CAROL, &invite)).await.ok().unwrap();
    assert!(!carol.pending && carol.token.is_some());
}

#[actix_rt::test]
async fn a_disabled_account_is_refused_by_password_by_token_and_from_memory() {
    let mut registry = Plan::default().build();
    let first = registry.sign_up(&ALICE).await.token;
    let talk = || password(ALICE.name, ALICE.password);
    assert!(registry.ask(talk()).await.is_ok());
    assert!(registry.ask(token(&first)).await.is_ok());
    registry.set_active(&ALICE, false).await;
    let disabled = Some(Failure::AccountDisabled);
    assert_eq!(registry.ask(talk()).await.err(), disabled);
    let log_in = sign_in(ALICE.name, ALICE.password);
    assert_eq!(registry.ask(log_in).await.err(), disabled);
    assert!(registry.ask(token(&first)).await.is_err());
    let wrong = registry.ask(sign_in(ALICE.name, "not the password")).await;
    assert_eq!(wrong.err(), Some(Failure::WrongCredentials));

    registry.set_active(&ALICE, true).await;
    assert!(registry.ask(talk()).await.is_ok());
    let ended = registry.ask(token(&first)).await;
    assert!(ended.is_err(), "sessions ended with it stay so");
}
