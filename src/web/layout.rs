//! What all pages share: the frame around them, fields, ends of the road, and the
//! two files that they load.

use super::Pages;
use super::form::{Fault, Field};
use super::speech::Speech;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_LANGUAGE, RETRY_AFTER};
use actix_web::{HttpRequest, HttpResponse, web};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use qunliao_actors::clock::now_ms;

const STYLE: &str = include_str!("../../web/style.css");
const MARK: &str = include_str!("../../web/mark.svg");

/// A page: `title` stands in its tab, `card` on its card.
pub(super) fn page(speech: Speech, title: &str, card: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(speech.tag()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex, nofollow";
                title { (title) " · Qunliao" }
                link rel="icon" type="image/svg+xml" href="/mark.svg";
                link rel="stylesheet" href="/style.css";
            }
            body {
                main.card {
                    div.mark aria-hidden="true" { (PreEscaped(MARK)) }
                    (card)
                }
                footer {
                    a href=(speech.say("?lang=en", "?lang=zh")) lang=(speech.say("en", "zh-CN"))
                        hreflang=(speech.say("en", "zh-CN")) rel="nofollow" {
                        (speech.say("English", "中文"))
                    }
                }
            }
        }
    }
}

/// A page as an answer.
pub(super) fn answer(status: StatusCode, speech: Speech, page: Markup) -> HttpResponse {
    HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .insert_header((CONTENT_LANGUAGE, speech.tag()))
        .body(page.into_string())
}

/// A form with what was wrong with it, as an answer.
pub(super) fn refusal(faults: &[Fault], speech: Speech, card: &Markup) -> HttpResponse {
    let title = speech.say("请再看一下", "Please look again");
    let status = faults.first().map(|fault| fault.status);
    let status = status.unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
    let mut answer = answer(status, speech, page(speech, title, card));
    if let Some(seconds) = faults.iter().find_map(|fault| fault.retry_after) {
        answer.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    answer
}

/// A heading and what to do next.
pub(super) struct End {
    pub(super) title: &'static str,
    pub(super) next: &'static str,
}

/// A page from which it does not go on.
pub(super) fn dead_end(status: StatusCode, speech: Speech, end: &End) -> HttpResponse {
    let card = html! {
        h1 { (end.title) }
        p.lead { (end.next) }
    };
    answer(status, speech, page(speech, end.title, &card))
}

/// A form that no browser sends.
pub(super) fn broken(speech: Speech) -> End {
    End {
        title: speech.say("表单没有收全", "The form did not arrive"),
        next: speech.say(
            "请返回上一页，刷新之后再填一次。",
            "Please go back, reload the page, and fill it in once more.",
        ),
    }
}

/// Storage or the registry does not answer.
pub(super) fn unavailable(speech: Speech) -> HttpResponse {
    let end = End {
        title: speech.say("暂时打不开", "Not just now"),
        next: speech.say(
            "服务器正忙，请过一会儿刷新这一页。",
            "The server is busy. Please reload this page in a moment.",
        ),
    };
    dead_end(StatusCode::SERVICE_UNAVAILABLE, speech, &end)
}

/// There is no such page.
pub(super) async fn not_found(request: HttpRequest, pages: web::Data<Pages>) -> HttpResponse {
    let speech = Speech::of(&request, pages.house.language);
    let end = End {
        title: speech.say("没有这一页", "There is no such page"),
        next: speech.say(
            "请检查一下链接是不是复制全了。",
            "Please check that the whole link was copied.",
        ),
    };
    dead_end(StatusCode::NOT_FOUND, speech, &end)
}

pub(super) async fn style() -> HttpResponse {
    asset("text/css; charset=utf-8", STYLE)
}

pub(super) async fn mark() -> HttpResponse {
    asset("image/svg+xml", MARK)
}

fn asset(media_type: &str, content: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(media_type)
        .insert_header((CACHE_CONTROL, "public, max-age=600"))
        .body(content)
}

/// How a field is shown.
pub(super) struct Input<'a> {
    pub(super) field: Field,
    pub(super) name: &'static str,
    pub(super) label: &'a str,
    pub(super) hint: Option<&'a str>,
    pub(super) kind: &'static str,
    pub(super) autocomplete: &'static str,
    pub(super) required: bool,
    /// What was filled in before; never a password.
    pub(super) value: &'a str,
}

/// A labelled field, with what is wrong with it beside it. Faults stand in the order
/// of their fields.
pub(super) fn input(input: &Input<'_>, first: bool, faults: &[Fault]) -> Markup {
    let is_own = |fault: &&Fault| fault.field == Some(input.field);
    let own = faults.iter().find(is_own);
    let name = input.name;
    let hint = input.hint.map(|_| format!("{name}-hint"));
    let error = own.map(|_| format!("{name}-error"));
    let described: Vec<String> = error.iter().chain(&hint).cloned().collect();
    let described = Some(described.join(" ")).filter(|ids| !ids.is_empty());
    // The first field that needs another look, else the first one.
    let focused = match faults.iter().find(|fault| fault.field.is_some()) {
        Some(foremost) => is_own(&foremost),
        None => first,
    };
    html! {
        div.field {
            label for=(name) { (input.label) }
            input id=(name) name=(name) type=(input.kind) value=(input.value)
                autocomplete=(input.autocomplete) autocapitalize="none" spellcheck="false"
                required[input.required] autofocus[focused]
                aria-invalid=[own.map(|_| "true")] aria-describedby=[described];
            @if let (Some(fault), Some(id)) = (own, &error) {
                p.error id=(id) { (fault.sentence) }
            }
            @if let (Some(text), Some(id)) = (input.hint, &hint) {
                p.hint id=(id) { (text) }
            }
        }
    }
}

/// What is wrong with no field in particular.
pub(super) fn alert(faults: &[Fault]) -> Markup {
    html! {
        @for fault in faults.iter().filter(|fault| fault.field.is_none()) {
            p.alert role="alert" { (fault.sentence) }
        }
    }
}

/// A new password, twice: without a script nobody can look at what was typed.
pub(super) fn new_password(speech: Speech) -> [Input<'static>; 2] {
    let password = |field, name, label, hint| Input {
        field,
        name,
        label,
        hint,
        kind: "password",
        autocomplete: "new-password",
        required: true,
        value: "",
    };
    [
        password(
            Field::Password,
            "user_pwd",
            speech.say("密码", "Password"),
            Some(speech.say(
                "至少 8 个字符，越长越好；一句话就很好。",
                "At least 8 characters; the longer the better. A sentence is fine.",
            )),
        ),
        password(
            Field::PasswordAgain,
            "user_pwd_again",
            speech.say("再输一次密码", "The password once more"),
            None,
        ),
    ]
}

/// How long the link works: the reader's clock and time zone are not known here.
pub(super) fn remaining(expires: u64, speech: Speech) -> String {
    told(expires.saturating_sub(now_ms()), speech)
}

fn told(milliseconds: u64, speech: Speech) -> String {
    let minutes = milliseconds.div_ceil(60_000);
    let (count, chinese, english) = match minutes {
        0..=119 => (minutes, "分钟", "minutes"),
        120..=2_879 => (minutes / 60, "小时", "hours"),
        _ => (minutes / 1_440, "天", "days"),
    };
    let english = if count == 1 { "minute" } else { english };
    speech.say(
        format!("链接只能用一次，还有 {count} {chinese}有效。"),
        format!("The link works once, for another {count} {english}."),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use qunliao_protocol::Language;

    #[test]
    fn what_remains_is_told_in_the_unit_that_fits() {
        const MINUTE: u64 = 60_000;
        for (milliseconds, expected) in [
            (1, "another 1 minute."),
            (90 * MINUTE, "another 90 minutes."),
            (48 * 60 * MINUTE - 1, "another 2 days."),
            (47 * 60 * MINUTE, "another 47 hours."),
            (7 * 24 * 60 * MINUTE, "another 7 days."),
        ] {
            let told = told(milliseconds, Speech(Language::English));
            assert!(told.contains(expected), "{told}");
        }
    }
}
