//! The part of the registry that those ask who have an account, played by probes.

use super::{Asks, Probe};
use qunliao_actors::auth_registry::{
    ChangeContact, ChangePassword, CloseAccount, EditProfile, ManageSessions, ResetPassword,
    SendCodeToNewContact, SendResetCode,
};
use qunliao_actors::house::AccountHandles;

/// What is asked there.
pub(crate) struct AccountAsks {
    pub(crate) send_reset_code: Asks<SendResetCode>,
    pub(crate) send_code_to_new_contact: Asks<SendCodeToNewContact>,
    pub(crate) change_contact: Asks<ChangeContact>,
    pub(crate) reset_password: Asks<ResetPassword>,
    pub(crate) change_password: Asks<ChangePassword>,
    pub(crate) edit_profile: Asks<EditProfile>,
    pub(crate) manage_sessions: Asks<ManageSessions>,
    pub(crate) close_account: Asks<CloseAccount>,
}

impl AccountAsks {
    /// Probes that leave the answers to the test.
    pub(crate) fn held() -> Self {
        Self {
            send_reset_code: Probe::held(),
            send_code_to_new_contact: Probe::held(),
            change_contact: Probe::held(),
            reset_password: Probe::held(),
            change_password: Probe::held(),
            edit_profile: Probe::held(),
            manage_sessions: Probe::held(),
            close_account: Probe::held(),
        }
    }

    pub(crate) fn handles(&self) -> AccountHandles {
        AccountHandles {
            send_reset_code: self.send_reset_code.recipient(),
            send_code_to_new_contact: self.send_code_to_new_contact.recipient(),
            change_contact: self.change_contact.recipient(),
            reset_password: self.reset_password.recipient(),
            change_password: self.change_password.recipient(),
            edit_profile: self.edit_profile.recipient(),
            manage_sessions: self.manage_sessions.recipient(),
            close_account: self.close_account.recipient(),
        }
    }
}
