//! What an invitation's page shows.

use super::{Answers, Invitation};
use crate::web::form::{Fault, Field};
use crate::web::layout::{self, Input};
use crate::web::speech::Speech;
use crate::web::{Pages, confirm, connect};
use maud::{Markup, html};
use qunliao_protocol::auth::UserCard;
use qunliao_storage::accounts::Role;

pub(super) fn title(invitation: &Invitation, speech: Speech) -> &'static str {
    match invitation.role {
        Role::Owner => speech.say("设置这台服务器", "Set up this server"),
        Role::Admin | Role::Member => speech.say("接受邀请", "Accept the invitation"),
    }
}

/// Who is invited, as what, and until when.
fn introduction(pages: &Pages, invitation: &Invitation, speech: Speech) -> Markup {
    let name = &pages.house.info.name;
    let what = match invitation.role {
        Role::Owner => speech.say(
            "注册后您就是这台服务器的所有者，可以邀请大家、管理账号。",
            "You will be the owner of this server: you invite people, and look after accounts.",
        ),
        Role::Admin => speech.say(
            "邀请您来做管理员，注册后就能和大家聊天，也能邀请别人、管理账号。",
            "You are invited as an administrator: to chat, to invite others, and to look after accounts.",
        ),
        Role::Member => speech.say(
            "邀请您加入，注册后就能和大家聊天。",
            "You are invited to join: sign up, and chat with everyone.",
        ),
    };
    html! {
        h1 { (title(invitation, speech)) }
        p.lead { strong { (name) } (speech.say("：", ": ")) (what) }
        p.hint { (layout::remaining(invitation.expires, speech)) }
    }
}

pub(super) fn card(
    pages: &Pages,
    invitation: &Invitation,
    speech: Speech,
    answers: &Answers,
    faults: &[Fault],
) -> Markup {
    html! {
        (introduction(pages, invitation, speech))
        form method="post" novalidate {
            (layout::alert(faults))
            @for (place, field) in fields(speech, answers).iter().enumerate() {
                (layout::input(field, place == 0, faults))
            }
            button type="submit" { (speech.say("注册", "Sign up")) }
        }
    }
}

fn fields<'a>(speech: Speech, answers: &'a Answers) -> [Input<'a>; 5] {
    let optional = Input {
        field: Field::Phone,
        name: "user_phone",
        label: speech.say("手机号（可不填）", "Phone number (optional)"),
        hint: None,
        kind: "tel",
        autocomplete: "tel",
        required: false,
        value: &answers.user_phone,
    };
    let [password, again] = layout::new_password(speech);
    [
        Input {
            field: Field::Name,
            name: "user_name",
            label: speech.say("用户名", "Name"),
            hint: Some(speech.say(
                "大家看到的名字，中文英文都可以。",
                "What everyone sees, in any script.",
            )),
            kind: "text",
            autocomplete: "username",
            required: true,
            value: &answers.user_name,
        },
        password,
        again,
        optional,
        Input {
            field: Field::Email,
            name: "user_email",
            label: speech.say("邮箱（可不填）", "E-mail address (optional)"),
            hint: Some(speech.say(
                "会收到一个验证码。确认过的邮箱能用来登录和找回密码。",
                "Gets a code. Once it is confirmed, you can log in with it and reset your password.",
            )),
            kind: "email",
            autocomplete: "email",
            required: false,
            value: &answers.user_email,
        },
    ]
}

pub(super) fn welcome(pages: &Pages, user: &UserCard, speech: Speech) -> Markup {
    html! {
        h1 { (speech.say("欢迎，", "Welcome, ")) (user.name) }
        p.lead {
            (speech.say(
                "账号已经建好。用群聊客户端连接下面的地址，以这个用户名和刚才的密码登录。",
                "Your account is there. Connect with a chat client to these addresses, and log in with this name and your password.",
            ))
        }
        (connect::ports(pages, speech))
        @if let Some(email) = &user.email {
            p.lead {
                (speech.say("验证码已发往 ", "A code is on its way to ")) (email)
                (speech.say(
                    "。在这里填好，就能用这个邮箱登录、找回密码；也可以以后在客户端里确认。",
                    ". Enter it here, and you can log in with this address and reset your \
                     password with it; or confirm it later in your client.",
                ))
            }
            (confirm::fields(email, speech, &[]))
        }
    }
}
