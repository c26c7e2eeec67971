//! The auth port, for those who have an account: a way back in, changes, the
//! profile, sessions, the end.

use crate::auth::{AuthClient, contact_args};
use crate::error::ClientError;
use qunliao_protocol::auth::{
    CHANGE_PASSWORD, CLOSE, CONFIRM_EMAIL, Contact, PROFILE, ProfileReply, RESET, SEND_CODE,
    SESSIONS, SessionCard, SessionsReply, UserCard,
};
use qunliao_protocol::reply::Nothing;
use qunliao_protocol::{FileId, SessionId};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// What is to be changed of a profile: `None` stays as it is, `Some(None)` is removed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ProfileChange {
    /// The name to be shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nickname: Option<Option<String>>,
    /// The picture, among the shared files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avatar: Option<Option<FileId>>,
    /// A few words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bio: Option<Option<String>>,
    /// The language to be spoken to in: `zh` or `en`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<Option<String>>,
}

/// The key under which a code for this contact stands.
fn code_key(contact: Contact<'_>) -> &'static str {
    match contact {
        Contact::Phone(_) => "user_vcode",
        Contact::Email(_) => "user_ecode",
    }
}

impl AuthClient {
    async fn done(&mut self, op: u64, args: impl Serialize) -> Result<(), ClientError> {
        let request = json!({ "op": op, "args": args });
        let Nothing {} = self.connection.request(&request).await?;
        Ok(())
    }

    async fn with_token(
        &mut self,
        op: u64,
        token: &str,
        mut args: Map<String, Value>,
    ) -> Result<(), ClientError> {
        args.insert("token".into(), token.into());
        self.done(op, args).await
    }

    /// Has a code for a reset sent (op 1). Succeeds whether or not there is an account.
    ///
    /// # Errors
    /// Refused with 2 for a number or address that is none, 103 when it is too soon.
    pub async fn send_reset_code(&mut self, contact: Contact<'_>) -> Result<(), ClientError> {
        let mut args = contact_args(contact);
        args.insert("purpose".into(), "reset".into());
        self.done(SEND_CODE, args).await
    }

    /// Sets a new password with a code (op 4). All sessions end.
    ///
    /// # Errors
    /// Refused with 3 for a wrong code, 109 for a weak password.
    pub async fn reset_password(
        &mut self,
        contact: Contact<'_>,
        code: &str,
        user_pwd: &str,
    ) -> Result<(), ClientError> {
        let mut args = contact_args(contact);
        args.insert("user_vcode".into(), code.into());
        args.insert("user_pwd".into(), user_pwd.into());
        self.done(RESET, args).await
    }

    /// Sets a new password with the token of a link (op 4). All sessions end.
    ///
    /// # Errors
    /// Refused with 3 for a link that works no more, 109 for a weak password.
    pub async fn reset_password_by_link(
        &mut self,
        link: &str,
        user_pwd: &str,
    ) -> Result<(), ClientError> {
        let args = json!({ "reset": link, "user_pwd": user_pwd });
        self.done(RESET, args).await
    }

    /// Changes the password (op 5). All sessions end but the one whose token is
    /// `keep`.
    ///
    /// # Errors
    /// Refused with 1 for a wrong password, 102 for a token that is none of this
    /// user's, 109 for a weak new password.
    pub async fn change_password(
        &mut self,
        user_name: &str,
        user_pwd: &str,
        new_pwd: &str,
        keep: Option<&str>,
    ) -> Result<(), ClientError> {
        let mut args = Map::new();
        args.insert("user_name".into(), user_name.into());
        args.insert("user_pwd".into(), user_pwd.into());
        args.insert("new_pwd".into(), new_pwd.into());
        match keep {
            Some(token) => self.with_token(CHANGE_PASSWORD, token, args).await,
            None => self.done(CHANGE_PASSWORD, args).await,
        }
    }

    /// Has a code sent to a contact that is to take the place of the old one (op 1).
    ///
    /// # Errors
    /// Refused with 1 when it could not be sent, 2 for a number or address that is
    /// none, 102 for a token that is none, 103 when it is too soon.
    pub async fn send_code_to_new_contact(
        &mut self,
        token: &str,
        contact: Contact<'_>,
    ) -> Result<(), ClientError> {
        let mut args = contact_args(contact);
        args.insert("purpose".into(), "confirm".into());
        self.with_token(SEND_CODE, token, args).await
    }

    /// Puts a contact in the place of the old one, with the code that was sent to
    /// it (op 3).
    ///
    /// # Errors
    /// Refused with 1 for a wrong password, 2 when the contact is another's, 3 for
    /// a wrong code, 102 for a token that is none.
    pub async fn change_contact(
        &mut self,
        token: &str,
        user_pwd: &str,
        contact: Contact<'_>,
        code: &str,
    ) -> Result<(), ClientError> {
        let mut args = contact_args(contact);
        args.insert(code_key(contact).into(), code.into());
        args.insert("user_pwd".into(), user_pwd.into());
        self.with_token(CONFIRM_EMAIL, token, args).await
    }

    /// Reads the profile (op 6).
    ///
    /// # Errors
    /// Refused with 102 for a token that is none.
    pub async fn profile(&mut self, token: &str) -> Result<UserCard, ClientError> {
        self.edit_profile(token, &ProfileChange::default()).await
    }

    /// Changes the profile, and answers what it is then (op 6).
    ///
    /// # Errors
    /// Refused with 102 for a token that is none, 104 for too many words, 107 for a
    /// picture that is not there, 110 for a nickname that cannot be one.
    pub async fn edit_profile(
        &mut self,
        token: &str,
        change: &ProfileChange,
    ) -> Result<UserCard, ClientError> {
        let request = json!({ "op": PROFILE, "token": token, "args": change });
        let ProfileReply { user } = self.connection.request(&request).await?;
        Ok(user)
    }

    async fn manage_sessions(
        &mut self,
        token: &str,
        args: Value,
    ) -> Result<SessionsReply, ClientError> {
        let request = json!({ "op": SESSIONS, "token": token, "args": args });
        self.connection.request(&request).await
    }

    /// The user's sessions, the oldest first (op 7).
    ///
    /// # Errors
    /// Refused with 102 for a token that is none; so for all that follow.
    pub async fn sessions(&mut self, token: &str) -> Result<Vec<SessionCard>, ClientError> {
        let reply = self.manage_sessions(token, json!({ "do": "list" })).await?;
        Ok(reply.sessions.unwrap_or_default())
    }

    /// Ends the session of this token: signs out (op 7).
    ///
    /// # Errors
    /// As above.
    pub async fn sign_out(&mut self, token: &str) -> Result<(), ClientError> {
        let args = json!({ "do": "revoke" });
        self.manage_sessions(token, args).await.map(|_| ())
    }

    /// Ends one session (op 7).
    ///
    /// # Errors
    /// As above; refused with 107 when there is none with this id.
    pub async fn revoke_session(
        &mut self,
        token: &str,
        session: SessionId,
    ) -> Result<(), ClientError> {
        let args = json!({ "do": "revoke", "session": session });
        self.manage_sessions(token, args).await.map(|_| ())
    }

    /// Ends all sessions, with or without the one of this token; answers how many
    /// (op 7).
    ///
    /// # Errors
    /// As above.
    pub async fn revoke_all_sessions(
        &mut self,
        token: &str,
        current: bool,
    ) -> Result<usize, ClientError> {
        let args = json!({ "do": "revoke_all", "current": current });
        let reply = self.manage_sessions(token, args).await?;
        Ok(reply.ended.unwrap_or_default())
    }

    /// Closes the account for good (op 8).
    ///
    /// # Errors
    /// Refused with 1 for a wrong password, 108 when it is the last owner's.
    pub async fn close_account(
        &mut self,
        user_name: &str,
        user_pwd: &str,
    ) -> Result<(), ClientError> {
        let args = json!({ "user_name": user_name, "user_pwd": user_pwd });
        self.done(CLOSE, args).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_sends_what_it_changes_and_null_for_what_it_removes() {
        let change = ProfileChange {
            nickname: Some(Some("Ally".into())),
            avatar: Some(None),
            ..ProfileChange::default()
        };
        let sent = serde_json::to_value(&change).unwrap();
        assert_eq!(sent, json!({ "nickname": "Ally", "avatar": null }));
    }
}
