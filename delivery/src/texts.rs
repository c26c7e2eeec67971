//! Every sentence that is sent, in every language.
//!
//! A Chinese text fits one SMS of 70 UCS-2 characters, an English one the 160 of
//! GSM 7-bit (3GPP TS 23.038), with room for the `【…】` that gateways in China
//! put in front; so no text opens with one of its own. The same sentence goes
//! out by mail, and so it speaks of neither.

use crate::{Language, Message, Purpose};

/// The sentence for `message`.
pub(crate) fn text(message: &Message) -> String {
    let Message {
        code,
        lifetime_minutes: minutes,
        ..
    } = message;
    match (message.language, message.purpose) {
        (Language::Chinese, Purpose::Register) => format!(
            "群聊注册验证码：{code}，{minutes}分钟内有效。请勿告诉任何人；若非您本人操作，请忽略。"
        ),
        (Language::Chinese, Purpose::Confirm) => format!(
            "您正在确认群聊的联系方式，验证码：{code}，{minutes}分钟内有效。请勿告诉任何人；若非您本人操作，请忽略。"
        ),
        (Language::English, Purpose::Register) => format!(
            "Your Qunliao sign-up code is {code}, valid for {}. Tell it to nobody. If this was not you, ignore it.",
            english_minutes(*minutes)
        ),
        (Language::English, Purpose::Confirm) => format!(
            "Your Qunliao code to confirm this contact is {code}, valid for {}. Tell it to nobody. If this was not you, ignore it.",
            english_minutes(*minutes)
        ),
    }
}

/// The mail's subject for `message`.
pub(crate) fn subject(message: &Message) -> String {
    let subject = match (message.language, message.purpose) {
        (Language::Chinese, Purpose::Register) => "群聊注册验证码",
        (Language::Chinese, Purpose::Confirm) => "群聊联系方式确认",
        (Language::English, Purpose::Register) => "Your Qunliao sign-up code",
        (Language::English, Purpose::Confirm) => "Confirm your Qunliao contact",
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

    use crate::{Language, Message, Purpose};

    const LANGUAGES: [Language; 2] = [Language::Chinese, Language::English];
    const PURPOSES: [Purpose; 2] = [Purpose::Register, Purpose::Confirm];

    fn message(language: Language, purpose: Purpose) -> Message {
        Message {
            to: String::from("+8613800138000"),
            code: String::from("90817263"),
            purpose,
            language,
            request_id: String::from("r-1"),
            lifetime_minutes: 1440,
        }
    }

    #[test]
    fn every_text_fits_one_sms() {
        for purpose in PURPOSES {
            let chinese = message(Language::Chinese, purpose).text();
            let units = chinese.encode_utf16().count();
            assert!(units <= 70, "{units}: {chinese}");

            let english = message(Language::English, purpose).text();
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
    fn every_text_says_the_code_and_how_long_it_lasts() {
        for language in LANGUAGES {
            for purpose in PURPOSES {
                let text = message(language, purpose).text();
                assert_eq!(text.matches("90817263").count(), 1, "{text}");
                assert_eq!(text.matches("1440").count(), 1, "{text}");
            }
        }
    }

    #[test]
    fn every_purpose_and_language_has_words_of_its_own() {
        let mut texts = HashSet::new();
        let mut subjects = HashSet::new();
        for language in LANGUAGES {
            for purpose in PURPOSES {
                let message = message(language, purpose);
                texts.insert(message.text());
                subjects.insert(message.subject());
                assert!(!message.subject().contains(&message.code));
            }
        }
        assert_eq!((texts.len(), subjects.len()), (4, 4));
    }

    #[test]
    fn the_chinese_text_for_signing_up_reads_as_written_here() {
        let mut message = message(Language::Chinese, Purpose::Register);
        message.code = String::from("042917");
        message.lifetime_minutes = 5;
        assert_eq!(
            message.text(),
            "群聊注册验证码：042917，5分钟内有效。请勿告诉任何人；若非您本人操作，请忽略。"
        );
    }

    #[test]
    fn one_minute_is_not_one_minutes() {
        let mut message = message(Language::English, Purpose::Confirm);
        message.lifetime_minutes = 1;
        assert!(message.text().contains("valid for 1 minute."));
    }
}
