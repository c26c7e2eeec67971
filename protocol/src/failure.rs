//! Failures: every way in which a request can be refused, with its code on the
//! wire, its slug and its sentence in both languages.
//!
//! The codes 1, 2 and 3 are the origin's; from 100 on they are ours
//! (`docs/protocol.md` has the table). A slug never changes its meaning.

mod sentences;
mod slugs;

use std::borrow::Cow;

/// The language of sentences meant for people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// 简体中文
    #[default]
    Chinese,
    /// English
    English,
}

impl Language {
    /// The language that this code (BCP 47) names, if it is one of ours.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        match code {
            "zh" => Some(Self::Chinese),
            "en" => Some(Self::English),
            _ => None,
        }
    }

    /// Its code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Chinese => "zh",
            Self::English => "en",
        }
    }
}

/// Why a password is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weakness {
    /// Fewer characters than the configuration asks for.
    TooShort(usize),
    /// More characters than the configuration allows.
    TooLong(usize),
    /// Found among common passwords, or soon guessed.
    Guessable,
}

/// Why a name of a user is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameFault {
    /// No characters.
    Empty,
    /// More characters than a name may have.
    TooLong(usize),
    /// A character that cannot be seen, or that turns the direction of text.
    Character,
    /// `@`, which would make it look like an e-mail address.
    At,
    /// A blank at the beginning or the end, or two in a row.
    Blanks,
    /// A name that the server itself speaks with.
    Reserved,
    /// A phone number that is not the registrant's own, verified one.
    OthersPhone,
    /// For a nickname: the name of another user.
    OthersName,
    /// Letters of scripts that look alike, such as Latin and Cyrillic.
    MixedScripts,
}

/// A refusal. Holds nothing secret: it is sent to the client as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    // The origin's codes.
    /// Name and password (or token) do not belong together; also for unknown users.
    WrongCredentials,
    /// The SMS or mail gateway failed ("网络问题").
    GatewayFailed,
    /// The phone number is not one, or not one that codes may be sent to.
    BadPhone,
    /// The e-mail address is not one.
    BadEmail,
    /// An account with this number or address exists.
    AlreadyRegistered,
    /// The user name is taken.
    NameTaken,
    /// The phone number belongs to an account.
    PhoneTaken,
    /// The e-mail address belongs to an account.
    EmailTaken,
    /// The code is wrong, expired, used or burnt.
    WrongCode,
    /// The link was forged, used, withdrawn or has expired.
    BadLink,
    /// The invitation was forged, used, withdrawn or has expired.
    BadInvite,

    // 100: malformed.
    /// The header is broken; the connection is closed.
    BadHeader,
    /// The body is not UTF-8.
    InvalidUtf8,
    /// The body is not JSON.
    MalformedJson,
    /// The body is JSON, but not an object.
    NotAnObject,
    /// The body nests deeper than [`crate::json::DEPTH_MAX`].
    TooDeep,
    /// A key stands twice in one object.
    DuplicateKey(String),
    /// A key that the request needs is missing.
    MissingKey(&'static str),
    /// A key has a value of the wrong type or range.
    MistypedKey(&'static str),
    /// A file name, folder name or path that cannot be a label.
    InvalidFileName,
    /// A frame was begun and not finished in time; the connection is closed.
    FrameTimeout,

    /// 101: no such op on this port.
    UnknownOp,
    /// 102: there is no session with this token.
    NotSignedIn,
    /// 102: the session that this connection belongs to has ended; it is closed.
    SessionEnded,
    /// 103: too many requests; try again after this many seconds.
    TooManyRequests(u32),
    /// 103: this address holds too many connections, or the server as a whole does.
    TooManyConnections,
    /// 103: this user has too many uploads or downloads under way.
    TooManyTransfers,
    /// 104: the frame is longer than a request may be.
    FrameTooLarge(usize),
    /// 104: the message has more bytes than a message may have.
    MessageTooLarge(usize),
    /// 104: the file has more bytes than a file may have.
    FileTooLarge(u64),
    /// 104: the words about oneself have more bytes than they may have.
    BioTooLarge(usize),
    /// 104: what is searched for has more bytes than a query may have.
    QueryTooLong(usize),
    /// 105: the protocol has this, this server does not.
    NotSupported(&'static str),
    /// 105: nobody signs up here without an invitation.
    InviteNeeded,
    /// 105: the password is right, and an administrator has yet to approve the account.
    AwaitingApproval,
    /// 105: the password is right, and an administrator has disabled the account.
    AccountDisabled,
    /// 105: this port speaks TLS with clients from elsewhere.
    TlsRequired,
    /// 105: one has to be in the room for this.
    NotAMember,
    /// 105: it takes another role, or to be the author.
    NotAllowed,
    /// 105: this user may not speak in the room, for so many more seconds.
    Muted(u32),
    /// 105: this user may not come into the room.
    Banned,
    /// 105: nobody comes into the room who was not invited.
    RoomClosed,
    /// 105: not in a room of this sort: the lobby, or a direct one.
    NotInThisRoom,
    /// 105: the time in which the message could be changed is over.
    TooLate,
    /// 103: the room has as many pinned messages as a room may have.
    TooManyPins(usize),
    /// 103: the message has been changed, or reacted to, as often as may be.
    TooManyChanges,
    /// 103: the room is full.
    RoomFull,
    /// 103: this user is in too many rooms.
    TooManyRooms,
    /// 106: the server cannot do this now.
    Unavailable,
    /// 106: writing is refused, since the disk is nearly full.
    StorageFull,
    /// 106: the server is going down.
    ShuttingDown,
    /// 107: no such file or folder.
    FileNotFound,
    /// 107: no such room.
    RoomNotFound,
    /// 107: no such user.
    UserNotFound,
    /// 107: the room has no such entry.
    EntryNotFound,
    /// 107: this user has no such session.
    SessionNotFound,
    /// 108: the last owner cannot go.
    LastOwner,
    /// 108: a folder and a file cannot have the same name.
    NameConflict,
    /// 108: the bytes that came do not have the SHA-256 that was announced.
    HashMismatch,
    /// 108: the entry is none that can be changed so: only messages can.
    NotAMessage,
    /// 108: the message was recalled.
    Recalled,
    /// 109: the password is too weak.
    WeakPassword(Weakness),
    /// 110: the name of the user cannot be one.
    InvalidName(NameFault),
    /// 110: a room cannot have this title; one has at most so many characters.
    InvalidTitle(usize),
    /// 110: nobody can have this name in a room; one has at most so many characters.
    InvalidCard(usize),
}

impl Failure {
    /// The value of `test` in the reply.
    #[must_use]
    pub fn code(&self) -> u16 {
        use Failure as F;
        match self {
            F::WrongCredentials | F::GatewayFailed | F::NameTaken => 1,
            F::BadPhone | F::BadEmail | F::PhoneTaken | F::EmailTaken => 2,
            F::AlreadyRegistered | F::WrongCode | F::BadInvite | F::BadLink => 3,
            F::BadHeader
            | F::InvalidUtf8
            | F::MalformedJson
            | F::NotAnObject
            | F::TooDeep
            | F::DuplicateKey(_)
            | F::MissingKey(_)
            | F::MistypedKey(_)
            | F::InvalidFileName
            | F::FrameTimeout => 100,
            F::UnknownOp => 101,
            F::NotSignedIn | F::SessionEnded => 102,
            F::TooManyRequests(_)
            | F::TooManyConnections
            | F::TooManyTransfers
            | F::TooManyRooms
            | F::TooManyPins(_)
            | F::TooManyChanges
            | F::RoomFull => 103,
            F::FrameTooLarge(_)
            | F::MessageTooLarge(_)
            | F::FileTooLarge(_)
            | F::QueryTooLong(_)
            | F::BioTooLarge(_) => 104,
            F::NotSupported(_)
            | F::TlsRequired
            | F::InviteNeeded
            | F::AwaitingApproval
            | F::AccountDisabled
            | F::NotAMember
            | F::NotAllowed
            | F::Muted(_)
            | F::Banned
            | F::RoomClosed
            | F::NotInThisRoom
            | F::TooLate => 105,
            F::Unavailable | F::StorageFull | F::ShuttingDown => 106,
            F::FileNotFound
            | F::RoomNotFound
            | F::UserNotFound
            | F::EntryNotFound
            | F::SessionNotFound => 107,
            F::NameConflict | F::HashMismatch | F::LastOwner | F::NotAMessage | F::Recalled => 108,
            F::WeakPassword(_) => 109,
            F::InvalidName(_) | F::InvalidTitle(_) | F::InvalidCard(_) => 110,
        }
    }

    /// Seconds after which trying again makes sense, where that is known.
    #[must_use]
    pub fn retry_after(&self) -> Option<u32> {
        match self {
            Failure::TooManyRequests(seconds) | Failure::Muted(seconds) => Some(*seconds),
            _ => None,
        }
    }

    /// The value of `message` in the reply: a sentence for people, what happened
    /// and, where there is something to do, what to do next.
    #[must_use]
    pub fn sentence(&self, language: Language) -> Cow<'static, str> {
        let (chinese, english) = self.sentences();
        match language {
            Language::Chinese => chinese,
            Language::English => english,
        }
    }
}
