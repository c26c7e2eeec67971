//! What people ask for who have an account: a way back in, changes of what it
//! holds, its sessions, its end.

use super::{CHANGE_PASSWORD, CLOSE, CONFIRM_EMAIL, Contact, PROFILE, RESET, SEND_CODE, SESSIONS};
use super::{UserCard, contact, filled};
use crate::failure::{Failure, Language};
use crate::ids::{FileId, SessionId};
use crate::json::Object;
use crate::request::token;
use serde::{Deserialize, Serialize};

/// A request about an account.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum AccountRequest<'a> {
    /// op 1 with `purpose: reset`
    SendResetCode(Contact<'a>),
    /// op 1 with `purpose: confirm` and `token`
    SendCodeToNewContact {
        /// Whose contact it is to be.
        token: &'a str,
        /// Where to.
        contact: Contact<'a>,
    },
    /// op 3 with `token`
    ChangeContact {
        /// Whose.
        token: &'a str,
        /// The password.
        user_pwd: &'a str,
        /// The new one.
        contact: Contact<'a>,
        /// The code that was sent to it.
        code: &'a str,
    },
    /// op 4
    ResetPassword {
        /// What entitles to it.
        by: ResetBy<'a>,
        /// The new password.
        user_pwd: &'a str,
    },
    /// op 5
    ChangePassword {
        /// Name, phone number or confirmed e-mail address.
        user_name: &'a str,
        /// The old password.
        user_pwd: &'a str,
        /// The new password.
        new_pwd: &'a str,
        /// The session that goes on.
        token: Option<&'a str>,
    },
    /// op 6
    Profile {
        /// Whose.
        token: &'a str,
        /// What to change; nothing: read.
        edit: ProfileEdit<'a>,
    },
    /// op 7
    Sessions {
        /// Whose.
        token: &'a str,
        /// What to do.
        ask: SessionsAsk,
    },
    /// op 8
    Close {
        /// Name, phone number or confirmed e-mail address.
        user_name: &'a str,
        /// The password.
        user_pwd: &'a str,
    },
}

/// What entitles someone to set a new password without the old one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum ResetBy<'a> {
    /// The token of a link.
    Link(&'a str),
    /// A code that was sent to a verified contact.
    Code {
        /// Where it was sent.
        contact: Contact<'a>,
        /// The code.
        code: &'a str,
    },
}

/// What is to be changed of a profile: `None` stays as it is, `Some(None)` is removed.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct ProfileEdit<'a> {
    /// The name to be shown.
    pub nickname: Option<Option<&'a str>>,
    /// The picture, among the shared files.
    pub avatar: Option<Option<FileId>>,
    /// A few words.
    pub bio: Option<Option<&'a str>>,
    /// The language to be spoken to in.
    pub language: Option<Option<Language>>,
}

/// What to do about one's sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionsAsk {
    /// List them.
    List,
    /// End this one, or the one that asks.
    Revoke(Option<SessionId>),
    /// End all others.
    RevokeAll {
        /// And the one that asks.
        current: bool,
    },
}

impl<'a> AccountRequest<'a> {
    /// Reads the request `op`, if it is one about an account.
    ///
    /// # Errors
    /// [`Failure::MissingKey`] or [`Failure::MistypedKey`].
    pub fn read(op: u64, body: &'a Object<'a>) -> Result<Option<Self>, Failure> {
        if !(SEND_CODE..=CLOSE).contains(&op) {
            return Ok(None);
        }
        let args = body.object("args")?;
        let token = token(body)?;
        let signed_in = || token.ok_or(Failure::MissingKey("token"));
        Ok(Some(match op {
            SEND_CODE => match (args.optional_text("purpose")?, token) {
                (Some("reset"), _) => Self::SendResetCode(contact(args)?),
                (Some("confirm"), Some(token)) => Self::SendCodeToNewContact {
                    token,
                    contact: contact(args)?,
                },
                _ => return Ok(None),
            },
            CONFIRM_EMAIL => {
                let Some(token) = token else {
                    return Ok(None);
                };
                let (contact, code) = contact_and_code(args)?;
                Self::ChangeContact {
                    token,
                    user_pwd: args.text("user_pwd")?,
                    contact,
                    code,
                }
            }
            RESET => Self::ResetPassword {
                by: ResetBy::read(args)?,
                user_pwd: args.text("user_pwd")?,
            },
            CHANGE_PASSWORD => Self::ChangePassword {
                user_name: args.text("user_name")?,
                user_pwd: args.text("user_pwd")?,
                new_pwd: args.text("new_pwd")?,
                token,
            },
            PROFILE => Self::Profile {
                token: signed_in()?,
                edit: ProfileEdit::read(args)?,
            },
            SESSIONS => Self::Sessions {
                token: signed_in()?,
                ask: SessionsAsk::read(args)?,
            },
            CLOSE => Self::Close {
                user_name: args.text("user_name")?,
                user_pwd: args.text("user_pwd")?,
            },
            _ => return Ok(None),
        }))
    }

    /// The op of its answer.
    #[must_use]
    pub fn op(&self) -> u64 {
        match self {
            Self::SendResetCode(_) | Self::SendCodeToNewContact { .. } => SEND_CODE,
            Self::ChangeContact { .. } => CONFIRM_EMAIL,
            Self::ResetPassword { .. } => RESET,
            Self::ChangePassword { .. } => CHANGE_PASSWORD,
            Self::Profile { .. } => PROFILE,
            Self::Sessions { .. } => SESSIONS,
            Self::Close { .. } => CLOSE,
        }
    }
}

impl<'a> ResetBy<'a> {
    fn read(args: &'a Object<'a>) -> Result<Self, Failure> {
        if let Some(link) = filled(args, "reset")? {
            return Ok(Self::Link(link));
        }
        let contact = contact(args)?;
        // A code for an address may stand under either key.
        let code = match (contact, filled(args, "user_ecode")?) {
            (Contact::Email(_), Some(code)) => code,
            _ => args.text("user_vcode")?,
        };
        Ok(Self::Code { contact, code })
    }
}

/// A contact, and the code that was sent to it.
fn contact_and_code<'a>(args: &'a Object<'a>) -> Result<(Contact<'a>, &'a str), Failure> {
    let contact = contact(args)?;
    let code = match contact {
        Contact::Phone(_) => args.text("user_vcode")?,
        Contact::Email(_) => args.text("user_ecode")?,
    };
    Ok((contact, code))
}

impl<'a> ProfileEdit<'a> {
    /// Whether it changes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn read(args: &'a Object<'a>) -> Result<Self, Failure> {
        // A key that is there without a value removes what was there.
        let text = |key| -> Result<Option<Option<&'a str>>, Failure> {
            let value = filled(args, key)?;
            Ok(args.has(key).then_some(value))
        };
        let language = match text("language")? {
            Some(Some(code)) => {
                let language = Language::from_code(code);
                Some(Some(language.ok_or(Failure::MistypedKey("language"))?))
            }
            Some(None) => Some(None),
            None => None,
        };
        let avatar = args.optional_number("avatar")?.map(FileId);
        Ok(Self {
            nickname: text("nickname")?,
            avatar: args.has("avatar").then_some(avatar),
            bio: text("bio")?,
            language,
        })
    }
}

impl SessionsAsk {
    fn read(args: &Object<'_>) -> Result<Self, Failure> {
        match args.text("do")? {
            "list" => Ok(Self::List),
            "revoke" => {
                let session = args.optional_number("session")?;
                Ok(Self::Revoke(session.map(SessionId)))
            }
            "revoke_all" => Ok(Self::RevokeAll {
                current: args.optional_flag("current")?.unwrap_or(false),
            }),
            _ => Err(Failure::MistypedKey("do")),
        }
    }
}

/// The keys of the reply to op 6.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct ProfileReply {
    /// The user, as it is now.
    pub user: UserCard,
}

/// The keys of the reply to op 7.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionsReply {
    /// To `list`: the living ones, the oldest first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sessions: Option<Vec<SessionCard>>,
    /// To `revoke_all`: how many have ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<usize>,
}

/// A session, as shown to its user. Times in milliseconds since the epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionCard {
    /// The id, to revoke it by.
    pub id: SessionId,
    /// The device, as it called itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// The network it was last seen in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// When it began.
    pub created: u64,
    /// When it was last used, as far as that has been noted.
    pub last_used: u64,
    /// When it ends if it is not used again.
    pub expires: u64,
    /// Whether it is the one that asks.
    pub current: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(op: u64, args: &str) -> Failure {
        let body = format!("{{\"op\":{op},\"args\":{args}}}");
        let body = Object::parse(body.as_bytes()).unwrap();
        match AccountRequest::read(op, &body) {
            Err(failure) => failure,
            Ok(_) => panic!("must be refused: {args}"),
        }
    }

    fn is_none(op: u64, args: &str) -> bool {
        let body = format!("{{\"op\":{op},\"args\":{args}}}");
        let body = Object::parse(body.as_bytes()).unwrap();
        AccountRequest::read(op, &body).unwrap().is_none()
    }

    #[test]
    fn what_is_the_origins_stays_with_it() {
        assert!(is_none(1, r#"{"user_phone":"1"}"#));
        assert!(is_none(1, r#"{"user_email":"a","purpose":"confirm"}"#));
        assert!(is_none(2, r#"{"user_name":"a"}"#));
        assert!(is_none(3, r#"{"user_email":"a","user_ecode":"1"}"#));
        assert!(is_none(9, "{}"));
    }

    #[test]
    fn a_profile_tells_what_stays_from_what_is_removed() {
        let body = r#"{"op":6,"token":"t","args":{"nickname":"n","avatar":null,"bio":""}}"#;
        let body = Object::parse(body.as_bytes()).unwrap();
        let Ok(Some(AccountRequest::Profile { token, edit })) = AccountRequest::read(6, &body)
        else {
            panic!("must be read");
        };
        assert_eq!(token, "t");
        assert_eq!(edit.nickname, Some(Some("n")));
        assert_eq!(edit.avatar, Some(None));
        assert_eq!(edit.bio, Some(None));
        assert_eq!(edit.language, None);
        assert!(!edit.is_empty());
    }

    #[test]
    fn a_code_for_an_address_may_stand_under_either_key() {
        for key in ["user_vcode", "user_ecode"] {
            let body =
                format!(r#"{{"args":{{"user_email":"a","user_pwd":"p","{key}":"123456"}}}}"#);
            let body = Object::parse(body.as_bytes()).unwrap();
            let request = AccountRequest::read(4, &body).unwrap().unwrap();
            assert!(matches!(
                request,
                AccountRequest::ResetPassword {
                    by: ResetBy::Code { code: "123456", .. },
                    ..
                }
            ));
        }
    }

    #[test]
    fn what_is_missing_or_mistyped_is_named() {
        let (missing, mistyped) = (Failure::MissingKey, Failure::MistypedKey);
        for (op, args, failure) in [
            (4, "{}", missing("user_phone")),
            (4, r#"{"user_phone":"1"}"#, missing("user_vcode")),
            (4, r#"{"reset":"x"}"#, missing("user_pwd")),
            (5, r#"{"user_name":"a","user_pwd":"b"}"#, missing("new_pwd")),
            (6, "{}", missing("token")),
            (6, r#"{"token":"t","language":"fr"}"#, mistyped("language")),
            (6, r#"{"token":"t","avatar":"7"}"#, mistyped("avatar")),
            (7, r#"{"token":"t"}"#, missing("do")),
            (7, r#"{"token":"t","do":"end"}"#, mistyped("do")),
            (
                7,
                r#"{"token":"t","do":"revoke","session":"1"}"#,
                mistyped("session"),
            ),
            (
                7,
                r#"{"token":"t","do":"revoke_all","current":1}"#,
                mistyped("current"),
            ),
            (8, r#"{"user_name":"a"}"#, missing("user_pwd")),
            (
                3,
                r#"{"token":"t","user_phone":"1","user_pwd":"p"}"#,
                missing("user_vcode"),
            ),
        ] {
            assert_eq!(refusal(op, args), failure, "{op} {args}");
        }
    }
}
