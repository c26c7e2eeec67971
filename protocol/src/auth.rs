//! The auth port (验证注册): login, codes, sign-up.

use crate::failure::Failure;
use crate::ids::UserId;
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
/// `op` of [`Request::ServerInfo`].
pub const SERVER_INFO: u64 = 9;

/// Whether the origin has this op on the auth port.
#[must_use]
pub fn is_origin_op(op: u64) -> bool {
    op <= REGISTER
}

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
        if op > CONFIRM_EMAIL {
            return Err(Failure::UnknownOp);
        }
        let args = body.object("args")?;
        match op {
            LOGIN => Ok(Self::Login {
                user_name: args.text("user_name")?,
                user_pwd: args.text("user_pwd")?,
            }),
            SEND_CODE => Ok(Self::SendCode {
                contact: Self::contact(args)?,
                purpose: Self::purpose(args)?,
            }),
            REGISTER => Ok(Self::Register(Register {
                user_name: args.text("user_name")?,
                user_pwd: args.text("user_pwd")?,
                user_phone: filled(args, "user_phone")?,
                user_vcode: filled(args, "user_vcode")?,
                user_email: filled(args, "user_email")?,
                user_ecode: filled(args, "user_ecode")?,
            })),
            _ => Ok(Self::ConfirmEmail {
                user_email: args.text("user_email")?,
                user_ecode: args.text("user_ecode")?,
            }),
        }
    }

    fn contact(args: &'a Object<'a>) -> Result<Contact<'a>, Failure> {
        if let Some(email) = filled(args, "user_email")? {
            return Ok(Contact::Email(email));
        }
        args.text("user_phone").map(Contact::Phone)
    }

    fn purpose(args: &Object<'_>) -> Result<Purpose, Failure> {
        match args.optional_text("purpose")? {
            None | Some("register") => Ok(Purpose::Register),
            Some("confirm") => Ok(Purpose::Confirm),
            Some("reset") => Err(Failure::NotSupported("purpose: reset")),
            Some(_) => Err(Failure::MistypedKey("purpose")),
        }
    }
}

fn filled<'a>(args: &'a Object<'a>, key: &'static str) -> Result<Option<&'a str>, Failure> {
    Ok(args.optional_text(key)?.filter(|text| !text.is_empty()))
}

/// What login and register answer with, besides `op` and `test`.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct SignedIn {
    /// The new session's token: a credential for every port.
    pub token: String,
    /// Whose it is.
    pub user: UserCard,
}

/// A user, as shown to that user.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
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
    /// `sms`, `email`, `both` or `none`.
    pub verify: String,
    /// The keys of op 2 that must be filled.
    pub needs: Vec<String>,
}
