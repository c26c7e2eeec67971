//! `/reset/…`: setting a new password with a link that an administrator made.

use super::form::{self, ANSWER_TIMEOUT, Fault};
use super::layout::{self, End};
use super::speech::Speech;
use super::{Pages, link_of};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use maud::{Markup, html};
use qunliao_actors::admission::Network;
use qunliao_actors::auth_registry::{ResetBy, ResetPassword};
use qunliao_protocol::Failure;
use qunliao_storage::links::{Link, LinkPurpose};
use serde::Deserialize;
use std::time::Instant;

/// What the form is sent with.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Answers {
    user_pwd: String,
    user_pwd_again: String,
}

/// A link that works.
struct Reset {
    /// The name of the user whose password it is.
    name: String,
    expires: u64,
}

pub(super) async fn show(
    request: HttpRequest,
    token: web::Path<String>,
    pages: web::Data<Pages>,
) -> HttpResponse {
    let speech = Speech::of(&request, pages.house.language);
    match look_up(&pages, &token, speech).await {
        Ok(reset) => {
            let card = card(&reset, speech, &[]);
            let page = layout::page(speech, title(speech), &card);
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
    let reset = match look_up(&pages, &token, speech).await {
        Ok(reset) => reset,
        // Not counted against the address: nobody guesses tokens, and a page elsewhere
        // can have a browser send this.
        Err(end) => return end,
    };
    let refuse = |faults: &[Fault]| layout::refusal(faults, speech, &card(&reset, speech, faults));
    let faults = form::password_faults(&answers.user_pwd, &answers.user_pwd_again, speech);
    if !faults.is_empty() {
        return refuse(&faults);
    }
    let outcome = match brake.begin(network, Instant::now()) {
        Ok(_verifying) => set_password(&pages, network, token.into_inner(), answers).await,
        Err(failure) => Err(failure),
    };
    match outcome {
        Ok(()) => {
            let card = done(&reset, speech);
            let page = layout::page(speech, title(speech), &card);
            layout::answer(StatusCode::OK, speech, page)
        }
        Err(Failure::BadLink) => gone(speech),
        Err(failure) => refuse(&[Fault::from_failure(&failure, speech)]),
    }
}

/// The reset that `token` is good for, or the page that says that there is none.
async fn look_up(pages: &Pages, token: &str, speech: Speech) -> Result<Reset, HttpResponse> {
    let Some(Link {
        purpose: LinkPurpose::Reset(user),
        expires,
        ..
    }) = link_of(pages, token, speech).await?
    else {
        return Err(gone(speech));
    };
    match pages.accounts.user(user).await {
        Ok(Some(user)) => Ok(Reset {
            name: user.name,
            expires,
        }),
        Ok(None) => Err(gone(speech)),
        Err(why) => {
            log::warn!("event=page_failed error=\"{why}\"");
            Err(layout::unavailable(speech))
        }
    }
}

async fn set_password(
    pages: &Pages,
    network: Network,
    token: String,
    answers: Answers,
) -> Result<(), Failure> {
    let ask = ResetPassword {
        proof: ResetBy::Link(token),
        user_pwd: answers.user_pwd,
        asked_by: network,
    };
    let asked = pages.house.auth.account.reset_password.send(ask);
    match tokio::time::timeout(ANSWER_TIMEOUT, asked).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Err(Failure::ShuttingDown),
        Err(_) => Err(Failure::Unavailable),
    }
}

/// Used, expired or forged: which of them is not known, and makes no difference.
fn gone(speech: Speech) -> HttpResponse {
    let end = End {
        title: speech.say("这个链接已经失效", "This link no longer works"),
        next: speech.say(
            "每个链接只能用一次，过期也会失效。如果密码已经改好，直接登录就行；否则请向管理员再要一个。",
            "Each one works once, and for a while. If your new password is set, just log in; \
             else please ask an administrator for another.",
        ),
    };
    layout::dead_end(StatusCode::GONE, speech, &end)
}

fn title(speech: Speech) -> &'static str {
    speech.say("设置新密码", "Set a new password")
}

fn card(reset: &Reset, speech: Speech, faults: &[Fault]) -> Markup {
    html! {
        h1 { (title(speech)) }
        p.lead {
            (speech.say("账号：", "For the account "))
            strong { (reset.name) }
        }
        p.hint {
            (speech.say(
                "设好之后，其他设备上的登录都会退出。",
                "All other devices will be logged out. ",
            ))
            (layout::remaining(reset.expires, speech))
        }
        form method="post" novalidate {
            // For password managers, which have to know whose password it is.
            input type="text" name="user_name" value=(reset.name) autocomplete="username"
                readonly hidden;
            (layout::alert(faults))
            @for (place, field) in layout::new_password(speech).iter().enumerate() {
                (layout::input(field, place == 0, faults))
            }
            button type="submit" { (speech.say("设为新密码", "Set the password")) }
        }
    }
}

fn done(reset: &Reset, speech: Speech) -> Markup {
    html! {
        h1 { (speech.say("新密码设好了", "Your new password is set")) }
        p.lead {
            (speech.say("请在客户端里用新密码登录：", "Log in with it in your client, as "))
            strong { (reset.name) }
        }
    }
}
