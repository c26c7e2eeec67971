//! `/setup/…` and `/invite/…`: signing up with an invitation.

mod card;

use super::form::{self, ANSWER_TIMEOUT, Fault};
use super::layout::{self, End};
use super::speech::Speech;
use super::{Pages, link_of};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use qunliao_actors::admission::Network;
use qunliao_actors::auth_registry::SignUp;
use qunliao_actors::contacts::{PhoneBook, parse_email};
use qunliao_actors::names::Name;
use qunliao_protocol::Failure;
use qunliao_protocol::auth::UserCard;
use qunliao_storage::accounts::Role;
use qunliao_storage::links::{Link, LinkPurpose};
use serde::Deserialize;
use std::time::Instant;

/// What the form is sent with.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Answers {
    user_name: String,
    user_pwd: String,
    user_pwd_again: String,
    user_phone: String,
    user_email: String,
}

impl Answers {
    /// All that can be said of them at once; whether the name is free and the password
    /// good takes longer.
    fn faults(&self, phones: &PhoneBook, speech: Speech) -> Vec<Fault> {
        let fault = |failure: &Failure| Fault::from_failure(failure, speech);
        let name = Name::new(self.user_name.trim()).err();
        let (phone, email) = (self.user_phone.trim(), self.user_email.trim());
        let bad_phone = !phone.is_empty() && phones.parse(phone).is_none();
        let bad_email = !email.is_empty() && parse_email(email).is_none();
        let name = name.map(|why| fault(&Failure::InvalidName(why)));
        let passwords = form::password_faults(&self.user_pwd, &self.user_pwd_again, speech);
        let phone = bad_phone.then(|| fault(&Failure::BadPhone));
        let email = bad_email.then(|| fault(&Failure::BadEmail));
        let contacts = phone.into_iter().chain(email);
        name.into_iter().chain(passwords).chain(contacts).collect()
    }
}

/// An invitation that works.
struct Invitation {
    role: Role,
    expires: u64,
}

pub(super) async fn show(
    request: HttpRequest,
    token: web::Path<String>,
    pages: web::Data<Pages>,
) -> HttpResponse {
    let speech = Speech::of(&request, pages.house.language);
    match look_up(&request, &pages, &token, speech).await {
        Ok(invitation) => {
            let card = card::card(&pages, &invitation, speech, &Answers::default(), &[]);
            let page = layout::page(speech, card::title(&invitation, speech), &card);
            layout::answer(StatusCode::OK, speech, page)
        }
        Err(end) => end,
    }
}

pub(super) async fn accept(
    request: HttpRequest,
    token: web::Path<String>,
    body: web::Payload,
    pages: web::Data<Pages>,
) -> HttpResponse {
    let speech = Speech::of(&request, pages.house.language);
    let answers: Answers = match form::read(&request, body, &pages.house.limits, speech).await {
        Ok(answers) => answers,
        Err(refusal) => return refusal,
    };
    let network = form::network(&request);
    let brake = &pages.house.brake;
    let invitation = match look_up(&request, &pages, &token, speech).await {
        Ok(invitation) => invitation,
        // Not counted against the address: nobody guesses tokens, and a page elsewhere
        // can have a browser send this.
        Err(end) => return end,
    };
    let refuse = |faults: &[Fault]| {
        let card = card::card(&pages, &invitation, speech, &answers, faults);
        layout::refusal(faults, speech, &card)
    };
    let faults = answers.faults(&pages.phones, speech);
    if !faults.is_empty() {
        return refuse(&faults);
    }
    let outcome = match brake.begin(network, Instant::now()) {
        Ok(_verifying) => sign_up(&pages, network, token.into_inner(), &answers, speech).await,
        Err(failure) => Err(failure),
    };
    match outcome {
        Ok(user) => {
            let card = card::welcome(&pages, &user, speech);
            let title = speech.say("欢迎", "Welcome");
            layout::answer(StatusCode::OK, speech, layout::page(speech, title, &card))
        }
        // Someone else was faster.
        Err(Failure::BadInvite) => gone(&request, speech),
        Err(failure) => refuse(&[Fault::from_failure(&failure, speech)]),
    }
}

/// The invitation of `token`, or the page that says that there is none.
async fn look_up(
    request: &HttpRequest,
    pages: &Pages,
    token: &str,
    speech: Speech,
) -> Result<Invitation, HttpResponse> {
    match link_of(pages, token, speech).await? {
        Some(Link {
            purpose: LinkPurpose::Invite(role),
            expires,
            ..
        }) => Ok(Invitation { role, expires }),
        _ => Err(gone(request, speech)),
    }
}

async fn sign_up(
    pages: &Pages,
    network: Network,
    token: String,
    answers: &Answers,
    speech: Speech,
) -> Result<UserCard, Failure> {
    let filled = |text: &String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let ask = SignUp {
        user_name: answers.user_name.trim().to_owned(),
        user_pwd: answers.user_pwd.clone(),
        user_phone: filled(&answers.user_phone),
        user_vcode: None,
        user_email: filled(&answers.user_email),
        user_ecode: None,
        invite: Some(token),
        wants_session: false,
        device: None,
        language: Some(speech.0),
        asked_by: network,
    };
    let asked = pages.house.auth.sign_up.send(ask);
    match tokio::time::timeout(ANSWER_TIMEOUT, asked).await {
        Ok(Ok(outcome)) => outcome.map(|signed_up| signed_up.user),
        Ok(Err(_)) => Err(Failure::ShuttingDown),
        Err(_) => Err(Failure::Unavailable),
    }
}

/// Used, expired or forged: which of them is not known, and makes no difference.
fn gone(request: &HttpRequest, speech: Speech) -> HttpResponse {
    let end = if request.path().starts_with("/setup/") {
        End {
            title: speech.say("这个链接已经失效", "This link no longer works"),
            next: speech.say(
                "如果这台服务器还没有所有者，重新启动它，日志里会有新的链接。",
                "If nobody owns this server yet, start it again: its log shows a new one.",
            ),
        }
    } else {
        End {
            title: speech.say("这个邀请已经失效", "This invitation no longer works"),
            next: speech.say(
                "每个邀请只能用一次，过期也会失效。如果您已经用它注册过，直接登录就好；否则请向管理员再要一个。",
                "Each one works once, and for a while. If you have signed up with it, just log in; \
                 else please ask an administrator for another.",
            ),
        }
    };
    layout::dead_end(StatusCode::GONE, speech, &end)
}
