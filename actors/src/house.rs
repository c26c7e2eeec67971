//! The house: what every connection needs to know, wired once by the server.

use crate::admission::Door;
use crate::auth_registry::{
    ChangeContact, ChangePassword, CloseAccount, ConfirmEmail, EditProfile, Identify,
    ManageSessions, ResetPassword, SendCode, SendCodeToNewContact, SendResetCode, SignIn, SignUp,
};
use crate::brake::Brake;
use crate::chat_room::RoomRules;
use crate::credentials::Credentials;
use crate::file_vault::transfer::Transfers;
use crate::file_vault::{AskDownload, AskUpload};
use crate::finder::Finder;
use crate::info::Info;
use crate::limits::Limits;
use crate::online::Online;
use crate::pace::Rate;
use crate::presence::Presence;
use crate::reading::Reading;
use crate::rooms::{Open, RoomLink};
use actix::Recipient;
use qunliao_protocol::Language;
use qunliao_storage::{Accounts, Files, Log, Rooms, Vault};
use rustls::ServerConfig;
use std::sync::Arc;
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
    /// For those who have an account.
    pub account: AccountHandles,
}

/// Whom connections ask about accounts.
pub struct AccountHandles {
    /// Send a code for a reset.
    pub send_reset_code: Recipient<SendResetCode>,
    /// Send a code to a new contact.
    pub send_code_to_new_contact: Recipient<SendCodeToNewContact>,
    /// Put it in the place of the old one.
    pub change_contact: Recipient<ChangeContact>,
    /// Set a new password without the old one.
    pub reset_password: Recipient<ResetPassword>,
    /// Change the password.
    pub change_password: Recipient<ChangePassword>,
    /// Change or read the profile.
    pub edit_profile: Recipient<EditProfile>,
    /// List or end sessions.
    pub manage_sessions: Recipient<ManageSessions>,
    /// Close the account.
    pub close_account: Recipient<CloseAccount>,
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
    pub info: Info,
    /// Who may have a connection.
    pub door: Door,
    /// How TLS is spoken, if it is.
    pub tls: Option<Arc<ServerConfig>>,
    /// How much an address may ask and be wrong.
    pub brake: Brake,
    /// People.
    pub auth: AuthHandles,
    /// The lobby, which always runs.
    pub lobby: Arc<RoomLink>,
    /// Rooms: the way to each.
    pub rooms: Recipient<Open>,
    /// Rooms: their logs.
    pub log: Arc<dyn Log>,
    /// Rooms: what is kept of them.
    pub room_store: Arc<dyn Rooms>,
    /// Rooms: what goes in them.
    pub room_rules: RoomRules,
    /// Who has an account.
    pub accounts: Arc<dyn Accounts>,
    /// What finds messages, files and people.
    pub finder: Arc<Finder>,
    /// Who is there.
    pub online: Arc<Online>,
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
    /// Who is here.
    pub presence: Arc<Presence>,
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
