//! `/`: what this is, and how to connect to it.

use super::Pages;
use super::layout::{answer, page};
use super::speech::Speech;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use maud::{Markup, html};

pub(super) async fn show(request: HttpRequest, pages: web::Data<Pages>) -> HttpResponse {
    let speech = Speech::of(&request, pages.house.language);
    let info = &pages.house.info;
    let card = html! {
        h1 { (info.name) }
        p.lead {
            (speech.say(
                "这是一台 Qunliao 群聊服务器，它正在运行。用群聊客户端连接下面的地址。",
                "This is a Qunliao group chat server, up and running. Connect with a chat client to these addresses.",
            ))
        }
        (ports(&pages, speech))
        p.hint { (info.version) }
    };
    answer(StatusCode::OK, speech, page(speech, &info.name, &card))
}

/// Where clients connect to.
pub(super) fn ports(pages: &Pages, speech: Speech) -> Markup {
    let host = pages.public.host();
    let at = &pages.addresses;
    html! {
        dl.ports {
            @for (what, port) in [
                (speech.say("登录与注册", "Sign-in"), at.auth.port()),
                (speech.say("聊天", "Chat"), at.chat.port()),
                (speech.say("文件", "Files"), at.files.port()),
            ] {
                div {
                    dt { (what) }
                    dd { code { (host) ":" (port) } }
                }
            }
        }
    }
}
