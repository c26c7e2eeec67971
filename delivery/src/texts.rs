//! Every sentence that is sent, in every language.
//!
//! A Chinese text fits one SMS of 70 UCS-2 characters, an English one the 160 of
//! GSM 7-bit (3GPP TS 23.038), with room for the `【…】` that gateways in China
//! put in front; so no text opens with one of its own. The same sentence goes
//! out by mail, and so it speaks of neither.

use crate::{Content, Kind, Language, Message, Notice, Purpose};

/// The sentence for `message`.
pub(crate) fn text(message: &Message) -> String {
    match &message.content {
        Content::Code {
            code,
            purpose,
            lifetime_minutes,
        } => code_text(message.language, *purpose, code, *lifetime_minutes),
        Content::Notice(notice) => String::from(notice_text(message.language, *notice)),
    }
}

fn code_text(language: Language, purpose: Purpose, code: &str, minutes: u32) -> String {
    match language {
        Language::Chinese => {
            let what = match purpose {
                Purpose::Register => "群聊注册验证码",
                Purpose::Confirm => "您正在确认群聊的联系方式，验证码",
                Purpose::Reset => "您正在重设群聊密码，验证码",
            };
            format!("{what}：{code}，{minutes}分钟内有效。请勿告诉任何人；若非您本人操作，请忽略。")
        }
        Language::English => {
            let what = match purpose {
                Purpose::Register => "Your Qunliao sign-up code",
                Purpose::Confirm => "Your Qunliao code to confirm this contact",
                Purpose::Reset => "Your Qunliao code to set a new password",
            };
            let minutes = english_minutes(minutes);
            format!(
                "{what} is {code}, valid for {minutes}. Tell it to nobody. If this was not you, ignore it."
            )
        }
    }
}

fn notice_text(language: Language, notice: Notice) -> &'static str {
    match (language, notice) {
        (Language::Chinese, Notice::PhoneChanged) => {
            "您的群聊账号已改用另一个手机号。若非您本人操作，请立即联系管理员。"
        }
        (Language::Chinese, Notice::EmailChanged) => {
            "您的群聊账号已改用另一个邮箱。若非您本人操作，请立即联系管理员。"
        }
        (Language::Chinese, Notice::PasswordChanged) => {
            "您的群聊密码已更改。若非您本人操作，请立即联系管理员。"
        }
        (Language::Chinese, Notice::AccountClosed) => {
            "您的群聊账号已注销。若非您本人操作，请立即联系管理员。"
        }
        (Language::Chinese, Notice::Approved) => "您的群聊账号已通过审核，现在可以登录了。",
        (Language::English, Notice::PhoneChanged) => {
            "Your Qunliao account has another phone number now. If this was not you, tell your administrator at once."
        }
        (Language::English, Notice::EmailChanged) => {
            "Your Qunliao account has another e-mail address now. If this was not you, tell your administrator at once."
        }
        (Language::English, Notice::PasswordChanged) => {
            "Your Qunliao password was changed. If this was not you, tell your administrator at once."
        }
        (Language::English, Notice::AccountClosed) => {
            "Your Qunliao account was closed. If this was not you, tell your administrator at once."
        }
        (Language::English, Notice::Approved) => {
            "Your Qunliao account has been approved. You can sign in now."
        }
    }
}

/// The mail's subject for `message`.
pub(crate) fn subject(message: &Message) -> String {
    let subject = match (message.language, message.kind()) {
        (Language::Chinese, Kind::Register) => "群聊注册验证码",
        (Language::Chinese, Kind::Confirm) => "群聊联系方式确认",
        (Language::Chinese, Kind::Reset) => "群聊密码重设",
        (Language::Chinese, Kind::PhoneChanged) => "您的群聊手机号已更改",
        (Language::Chinese, Kind::EmailChanged) => "您的群聊邮箱已更改",
        (Language::Chinese, Kind::PasswordChanged) => "您的群聊密码已更改",
        (Language::Chinese, Kind::AccountClosed) => "您的群聊账号已注销",
        (Language::Chinese, Kind::Approved) => "您的群聊账号已通过审核",
        (Language::English, Kind::Register) => "Your Qunliao sign-up code",
        (Language::English, Kind::Confirm) => "Confirm your Qunliao contact",
        (Language::English, Kind::Reset) => "Set a new Qunliao password",
        (Language::English, Kind::PhoneChanged) => "Your Qunliao phone number was changed",
        (Language::English, Kind::EmailChanged) => "Your Qunliao e-mail address was changed",
        (Language::English, Kind::PasswordChanged) => "Your Qunliao password was changed",
        (Language::English, Kind::AccountClosed) => "Your Qunliao account was closed",
        (Language::English, Kind::Approved) => "Your Qunliao account was approved",
    };
    String::from(subject)
}

fn english_minutes(minutes: u32) -> String {
    match minutes {
        1 => String::from("1 minute"),
        _ => format!("{minutes} minutes"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use crate::message::tests::of_kind;
    use crate::{Content, Kind, Language, Message};

    const LANGUAGES: [Language; 2] = [Language::Chinese, Language::English];

    /// The longest message of its kind.
    fn message(language: Language, kind: Kind) -> Message {
        let mut message = of_kind(kind, language);
        if let Content::Code {
            code,
            lifetime_minutes,
            ..
        } = &mut message.content
        {
            *code = String::from("90817263");
            *lifetime_minutes = 1440;
        }
        message
    }

    #[test]
    fn every_text_fits_one_sms() {
        for kind in Kind::ALL {
            let chinese = message(Language::Chinese, kind).text();
            let units = chinese.encode_utf16().count();
            assert!(units <= 70, "{units}: {chinese}");

            let english = message(Language::English, kind).text();
            // These are the ASCII characters that GSM 7-bit has at one septet.
            assert!(
                english
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || " .,-".contains(c)),
                "{english}"
            );
            assert!(english.len() <= 160, "{}: {english}", english.len());
        }
    }

    #[test]
    fn every_text_with_a_code_says_it_and_how_long_it_lasts() {
        for language in LANGUAGES {
            for kind in [Kind::Register, Kind::Confirm, Kind::Reset] {
                let text = message(language, kind).text();
                assert_eq!(text.matches("90817263").count(), 1, "{text}");
                assert_eq!(text.matches("1440").count(), 1, "{text}");
            }
        }
    }

    #[test]
    fn every_notice_says_what_to_do_and_asks_for_nothing_to_be_typed() {
        for kind in &Kind::ALL[3..] {
            let (in_chinese, in_english) = match kind {
                Kind::Approved => ("现在可以登录了。", "You can sign in now."),
                _ => (
                    "若非您本人操作，请立即联系管理员。",
                    "tell your administrator at once.",
                ),
            };
            let chinese = message(Language::Chinese, *kind).text();
            assert!(chinese.ends_with(in_chinese), "{chinese}");
            let english = message(Language::English, *kind).text();
            assert!(english.ends_with(in_english), "{english}");
            assert!(!(chinese + &english).contains(|c: char| c.is_ascii_digit()));
        }
    }

    #[test]
    fn every_kind_and_language_has_words_of_its_own() {
        let mut texts = HashSet::new();
        let mut subjects = HashSet::new();
        for language in LANGUAGES {
            for kind in Kind::ALL {
                let message = message(language, kind);
                texts.insert(message.text());
                subjects.insert(message.subject());
                assert!(!message.subject().contains("90817263"));
            }
        }
        assert_eq!((texts.len(), subjects.len()), (16, 16));
    }

    #[test]
    fn the_chinese_text_for_signing_up_reads_as_written_here() {
        assert_eq!(
            of_kind(Kind::Register, Language::Chinese).text(),
            "群聊注册验证码：482913，5分钟内有效。请勿告诉任何人；若非您本人操作，请忽略。"
        );
    }

    #[test]
    fn one_minute_is_not_one_minutes() {
        let mut message = of_kind(Kind::Confirm, Language::English);
        if let Content::Code {
            lifetime_minutes, ..
        } = &mut message.content
        {
            *lifetime_minutes = 1;
        }
        assert!(message.text().contains("valid for 1 minute."));
    }
}
