//! `/confirm`: taking the code that was mailed to an address, for those who have no
//! client at hand. Whether anyone waits for one, the page does not tell.

use super::Pages;
use super::form::{self, ANSWER_TIMEOUT, Fault, Field};
use super::layout::{self, Input};
use super::speech::Speech;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use maud::{Markup, html};
use qunliao_actors::admission::Network;
use qunliao_actors::auth_registry::{ConfirmEmail, SendCode, WrittenContact};
use qunliao_protocol::Failure;
use qunliao_protocol::auth::Purpose;
use serde::Deserialize;

/// What the form is sent with.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Answers {
    user_email: String,
    user_ecode: String,
    /// Instead: send another code.
    again: Option<String>,
}

pub(super) async fn show(request: HttpRequest, pages: web::Data<Pages>) -> HttpResponse {
    let speech = Speech::of(&request, pages.house.language);
    let card = card("", speech, &[], false);
    layout::answer(
        StatusCode::OK,
        speech,
        layout::page(speech, title(speech), &card),
    )
}

pub(super) async fn accept(
    request: HttpRequest,
    body: web::Payload,
    pages: web::Data<Pages>,
) -> HttpResponse {
    let speech = Speech::of(&request, pages.house.language);
    let answers: Answers = match form::read(&request, body, &pages.house.limits, speech).await {
        Ok(answers) => answers,
        Err(refusal) => return refusal,
    };
    let (email, from) = (answers.user_email.trim(), form::network(&request));
    let wants_another = answers.again.is_some();
    let outcome = if wants_another {
        send_another(&pages, email, from).await
    } else {
        confirm(&pages, email, answers.user_ecode.trim(), from).await
    };
    let card = match outcome {
        Ok(()) if wants_another => card(email, speech, &[], true),
        Ok(()) => done(speech),
        Err(failure) => {
            let faults = [Fault::from_failure(&failure, speech)];
            let card = card(email, speech, &faults, false);
            return layout::refusal(&faults, speech, &card);
        }
    };
    layout::answer(
        StatusCode::OK,
        speech,
        layout::page(speech, title(speech), &card),
    )
}

async fn confirm(pages: &Pages, email: &str, code: &str, from: Network) -> Result<(), Failure> {
    let asked = pages.house.auth.confirm_email.send(ConfirmEmail {
        user_email: email.to_owned(),
        user_ecode: code.to_owned(),
        asked_by: from,
    });
    match tokio::time::timeout(ANSWER_TIMEOUT, asked).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Err(Failure::ShuttingDown),
        Err(_) => Err(Failure::Unavailable),
    }
}

async fn send_another(pages: &Pages, email: &str, from: Network) -> Result<(), Failure> {
    let asked = pages.house.auth.send_code.send(SendCode {
        contact: WrittenContact::Email(email.to_owned()),
        purpose: Purpose::Confirm,
        asked_by: from,
    });
    match tokio::time::timeout(ANSWER_TIMEOUT, asked).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Err(Failure::ShuttingDown),
        Err(_) => Err(Failure::Unavailable),
    }
}

fn title(speech: Speech) -> &'static str {
    speech.say("确认邮箱", "Confirm your e-mail address")
}

fn card(email: &str, speech: Speech, faults: &[Fault], another: bool) -> Markup {
    html! {
        h1 { (title(speech)) }
        @if another {
            p.lead role="status" {
                (speech.say(
                    "如果这个邮箱在等待确认，新的验证码已经发出。",
                    "If this address waits to be confirmed, another code is on its way.",
                ))
            }
        }
        (fields(email, speech, faults))
    }
}

/// The form, for this page and for those after which an address waits.
pub(super) fn fields(email: &str, speech: Speech, faults: &[Fault]) -> Markup {
    let address = Input {
        field: Field::Email,
        name: "user_email",
        label: speech.say("邮箱", "E-mail address"),
        hint: None,
        kind: "email",
        autocomplete: "email",
        required: true,
        value: email,
    };
    let code = Input {
        field: Field::Code,
        name: "user_ecode",
        label: speech.say("验证码", "Code"),
        hint: Some(speech.say(
            "邮件里的六位数字，几分钟内有效。",
            "The six digits in the mail; they work for a few minutes.",
        )),
        kind: "text",
        autocomplete: "one-time-code",
        required: true,
        value: "",
    };
    html! {
        form method="post" action=(speech.say("/confirm?lang=zh", "/confirm?lang=en")) novalidate {
            (layout::alert(faults))
            (layout::input(&address, email.is_empty(), faults))
            (layout::input(&code, !email.is_empty(), faults))
            button type="submit" { (speech.say("确认", "Confirm")) }
            button.quiet type="submit" name="again" value="1" {
                (speech.say("再发一个验证码", "Send another code"))
            }
        }
    }
}

fn done(speech: Speech) -> Markup {
    html! {
        h1 { (speech.say("邮箱确认好了", "Your address is confirmed")) }
        p.lead {
            (speech.say(
                "现在可以用它登录，忘了密码也能用它找回。",
                "You can log in with it now, and reset your password with it.",
            ))
        }
    }
}
