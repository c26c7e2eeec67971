//! The house: what every connection needs to know, wired once by the server.

use crate::admission::Door;
use crate::auth_registry::{ConfirmEmail, Identify, SendCode, SignIn, SignUp};
use crate::brake::Brake;
use crate::chat_room::{Join, Leave, Say};
use crate::credentials::Credentials;
use crate::file_vault::transfer::Transfers;
use crate::file_vault::{AskDownload, AskUpload};
use crate::limits::Limits;
use crate::pace::Rate;
use crate::reading::Reading;
use actix::Recipient;
use qunliao_protocol::Language;
use qunliao_protocol::auth::ServerInfo;
use qunliao_storage::{Files, Vault};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

/// Whom connections ask about people.
pub struct AuthHandles {
    /// Who is this?
    pub identify: Recipient<Identify>,
    /// Begin a session.
    pub sign_in: Recipient<SignIn>,
    /// Send a code.
    pub send_code: Recipient<SendCode>,
    /// Make an account.
    pub sign_up: Recipient<SignUp>,
    /// Confirm an address.
    pub confirm_email: Recipient<ConfirmEmail>,
}

/// Whom connections speak to in the lobby.
pub struct RoomHandles {
    /// Begin to hear.
    pub join: Recipient<Join>,
    /// Hear no more.
    pub leave: Recipient<Leave>,
    /// Say something.
    pub say: Recipient<Say>,
    /// The last entry that has been told.
    pub last: Arc<AtomicU64>,
}

/// Whom connections ask about files.
pub struct VaultHandles {
    /// May I upload?
    pub ask_upload: Recipient<AskUpload>,
    /// May I download?
    pub ask_download: Recipient<AskDownload>,
}

/// What every connection needs to know.
pub struct House {
    /// Every limit.
    pub limits: Limits,
    /// The language of sentences for people.
    pub language: Language,
    /// The `op` that answers a sign-up: 2, or 1 as in the origin's example.
    pub register_reply_op: u64,
    /// The answer to op 9 on the auth port.
    pub info: ServerInfo,
    /// Who may have a connection.
    pub door: Door,
    /// How much an address may ask and be wrong.
    pub brake: Brake,
    /// People.
    pub auth: AuthHandles,
    /// The lobby.
    pub lobby: RoomHandles,
    /// Files: permits.
    pub permits: VaultHandles,
    /// Files: the index.
    pub files: Arc<dyn Files>,
    /// Files: the contents.
    pub vault: Vault,
    /// Files: transfers under way.
    pub transfers: Transfers,
    /// What has been verified a moment ago.
    pub credentials: Arc<Credentials>,
    /// The logs, for those who fell behind.
    pub reading: Arc<Reading>,
}

impl House {
    /// How fast a user may speak.
    #[must_use]
    pub fn message_rate(&self) -> Rate {
        Rate {
            every: Duration::from_secs(1) / self.limits.messages_per_second.max(1),
            burst: self.limits.messages_burst,
        }
    }
}
