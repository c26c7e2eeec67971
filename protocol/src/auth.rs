//! The auth port (验证注册): login, codes, sign-up, and what people do with their accounts.

mod account;

pub use account::{
    AccountRequest, ProfileEdit, ProfileReply, ResetBy, SessionCard, SessionsAsk, SessionsReply,
};

use crate::failure::Failure;
use crate::ids::{FileId, UserId};
use crate::json::Object;
use serde::{Deserialize, Serialize};

/// `op` of [`Request::Login`].
pub const LOGIN: u64 = 0;
/// `op` of [`Request::SendCode`].
pub const SEND_CODE: u64 = 1;
/// `op` of [`Request::Register`].
pub const REGISTER: u64 = 2;
/// `op` of [`Request::ConfirmEmail`].
pub const CONFIRM_EMAIL: u64 = 3;
/// `op` of [`AccountRequest::ResetPassword`].
pub const RESET: u64 = 4;
/// `op` of [`AccountRequest::ChangePassword`].
pub const CHANGE_PASSWORD: u64 = 5;
/// `op` of [`AccountRequest::Profile`].
pub const PROFILE: u64 = 6;
/// `op` of [`AccountRequest::Sessions`].
pub const SESSIONS: u64 = 7;
/// `op` of [`AccountRequest::Close`].
pub const CLOSE: u64 = 8;
/// `op` of [`Request::ServerInfo`].
pub const SERVER_INFO: u64 = 9;

/// Whether the origin has this op on the auth port.
#[must_use]
pub fn is_origin_op(op: u64) -> bool {
    op <= REGISTER
}

/// Longest `device`, in characters.
pub const DEVICE_CHARS_MAX: usize = 64;

/// Where a code goes, as the client wrote it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Contact<'a> {
    /// A phone number, in any usual notation.
    Phone(&'a str),
    /// An e-mail address.
    Email(&'a str),
}

/// What a code is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Signing up.
    Register,
    /// Confirming the e-mail address of an account.
    Confirm,
}

/// A sign-up. Empty strings count as absent where a key may be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Register<'a> {
    /// The name to be known by.
    pub user_name: &'a str,
    /// The password.
    pub user_pwd: &'a str,
    /// The phone number.
    pub user_phone: Option<&'a str>,
    /// The code sent to the phone (or to the address, where that is what is verified).
    pub user_vcode: Option<&'a str>,
    /// The e-mail address.
    pub user_email: Option<&'a str>,
    /// The code sent to the address.
    pub user_ecode: Option<&'a str>,
    /// What the client calls its device.
    pub device: Option<&'a str>,
    /// The token of an invitation, which takes the place of codes.
    pub invite: Option<&'a str>,
}

/// A request on the auth port.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Request<'a> {
    /// op 0
    Login {
        /// Name, phone number or confirmed e-mail address.
        user_name: &'a str,
        /// The password.
        user_pwd: &'a str,
        /// What the client calls its device.
        device: Option<&'a str>,
    },
    /// op 1
    SendCode {
        /// Where to.
        contact: Contact<'a>,
        /// What for.
        purpose: Purpose,
    },
    /// op 2
    Register(Register<'a>),
    /// op 3
    ConfirmEmail {
        /// The address.
        user_email: &'a str,
        /// The code that was sent to it.
        user_ecode: &'a str,
    },
    /// op 3 to 8, and op 1 for those who have an account
    Account(AccountRequest<'a>),
    /// op 9
    ServerInfo,
}

impl<'a> Request<'a> {
    /// Reads the request `op` from its body.
    ///
    /// # Errors
    /// [`Failure::UnknownOp`], [`Failure::MissingKey`], [`Failure::MistypedKey`] or
    /// [`Failure::NotSupported`].
    pub fn read(op: u64, body: &'a Object<'a>) -> Result<Self, Failure> {
        if op == SERVER_INFO {
            return Ok(Self::ServerInfo);
        }
        if op > CLOSE {
            return Err(Failure::UnknownOp);
        }
        if let Some(request) = AccountRequest::read(op, body)? {
            return Ok(Self::Account(request));
        }
        let args = body.object("args")?;
        match op {
            LOGIN => Ok(Self::Login {
                user_name: args.text("user_name")?,
                user_pwd: args.text("user_pwd")?,
                device: device(args)?,
            }),
            SEND_CODE => Ok(Self::SendCode {
                contact: contact(args)?,
                purpose: Self::purpose(args)?,
            }),
            REGISTER => Ok(Self::Register(Register {
                user_name: args.text("user_name")?,
                user_pwd: args.text("user_pwd")?,
                user_phone: filled(args, "user_phone")?,
                user_vcode: filled(args, "user_vcode")?,
                user_email: filled(args, "user_email")?,
                user_ecode: filled(args, "user_ecode")?,
                device: device(args)?,
                invite: filled(args, "invite")?,
            })),
            _ => Ok(Self::ConfirmEmail {
                user_email: args.text("user_email")?,
                user_ecode: args.text("user_ecode")?,
            }),
        }
    }

    fn purpose(args: &Object<'_>) -> Result<Purpose, Failure> {
        match args.optional_text("purpose")? {
            None | Some("register") => Ok(Purpose::Register),
            Some("confirm") => Ok(Purpose::Confirm),
            Some(_) => Err(Failure::MistypedKey("purpose")),
        }
    }
}

fn contact<'a>(args: &'a Object<'a>) -> Result<Contact<'a>, Failure> {
    if let Some(email) = filled(args, "user_email")? {
        return Ok(Contact::Email(email));
    }
    args.text("user_phone").map(Contact::Phone)
}

/// What a client calls its device: shown to its user, so on one line.
fn device<'a>(args: &'a Object<'a>) -> Result<Option<&'a str>, Failure> {
    let device = filled(args, "device")?;
    let is_shown = |device: &str| {
        device.chars().count() <= DEVICE_CHARS_MAX && !device.chars().any(char::is_control)
    };
    match device {
        Some(device) if !is_shown(device) => Err(Failure::MistypedKey("device")),
        device => Ok(device),
    }
}

fn filled<'a>(args: &'a Object<'a>, key: &'static str) -> Result<Option<&'a str>, Failure> {
    Ok(args.optional_text(key)?.filter(|text| !text.is_empty()))
}

/// What login answers with, besides `op` and `test`.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct SignedIn {
    /// The new session's token: a credential for every port.
    pub token: String,
    /// Whose it is.
    pub user: UserCard,
}

/// What register answers with, besides `op` and `test`.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct SignedUp {
    /// The first session's token; none while the account waits for approval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Whose account it is.
    pub user: UserCard,
    /// Whether an administrator has yet to approve the account.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pending: bool,
}

/// A user, as shown to that user.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct UserCard {
    /// The id.
    pub id: UserId,
    /// The name.
    pub name: String,
    /// The phone number in E.164 form, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// The e-mail address, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether the address has been confirmed with a code.
    pub email_confirmed: bool,
    /// Whether the number has been proved with a code.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub phone_verified: bool,
    /// `admin` or `owner`; nothing for the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// A name to be shown in place of the user's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nickname: Option<String>,
    /// A picture among the shared files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar: Option<FileId>,
    /// A few words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bio: Option<String>,
    /// The language to be spoken to in: `zh` or `en`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

/// The answer to op 9.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServerInfo {
    /// The server's name, from its configuration.
    pub name: String,
    /// The program and its version.
    pub version: String,
    /// What clients have to know before they send.
    pub limits: Limits,
    /// What sign-up needs.
    pub registration: Registration,
}

/// The limits a client can run into. Sizes in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// The body of a request.
    pub frame_bytes_max: usize,
    /// The text of a message.
    pub message_bytes_max: usize,
    /// Seconds for which an author can recall a message.
    #[serde(default)]
    pub recall_seconds: u64,
    /// Seconds for which an author can edit a message.
    #[serde(default)]
    pub edit_seconds: u64,
    /// Messages of one user in a second, sustained.
    pub messages_per_second: u32,
    /// A file.
    pub file_bytes_max: u64,
    /// Uploads of one user at once.
    pub open_uploads_per_user: usize,
    /// Characters of a user's name.
    pub name_chars_max: usize,
    /// Characters of a password, at least.
    pub password_chars_min: usize,
    /// Characters of a password, at most.
    pub password_chars_max: usize,
}

/// What sign-up needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registration {
    /// `sms`, `email`, `both`, `either`, `invite` or `none`.
    pub verify: String,
    /// The keys of op 2 that must be filled: those of the first way that works.
    pub needs: Vec<String>,
    /// The ways to sign up, the preferred one first.
    #[serde(default)]
    pub ways: Vec<Way>,
    /// Whether an account made without an invitation waits for approval.
    #[serde(default)]
    pub approval: bool,
    /// Whether nobody signs up without an invitation.
    #[serde(default)]
    pub invite: bool,
}

/// A way to sign up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Way {
    /// What opens it: `sms`, `email`, `both`, `invite` or `none`.
    pub way: String,
    /// The keys of op 2 that it needs.
    pub needs: Vec<String>,
    /// Whether it works now: it does not while its gateway fails.
    pub works: bool,
}
