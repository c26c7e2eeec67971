//! The auth port: codes, sign-up, login. What people do with their accounts is in
//! `account.rs`.

use crate::connection::Connection;
use crate::error::ClientError;
use crate::way::Way;
use qunliao_protocol::auth::{
    CONFIRM_EMAIL, Contact, LOGIN, Purpose, REGISTER, SEND_CODE, SERVER_INFO, ServerInfo, SignedIn,
    SignedUp,
};
use qunliao_protocol::reply::Nothing;
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::fmt;
use tokio::net::ToSocketAddrs;

/// A connection to the auth port.
#[derive(Debug)]
pub struct AuthClient {
    pub(crate) connection: Connection,
}

/// A sign-up. What the server needs of it, [`AuthClient::server_info`] tells; the
/// rest may stay `None`.
#[derive(Clone, Default, Serialize)]
pub struct NewUser {
    /// The name to be known by.
    pub user_name: String,
    /// The password.
    pub user_pwd: String,
    /// The phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_phone: Option<String>,
    /// The code that was sent to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_vcode: Option<String>,
    /// The e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_email: Option<String>,
    /// The code that was sent to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_ecode: Option<String>,
    /// What this device is called in the list of sessions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// The token of an invitation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invite: Option<String>,
}

impl fmt::Debug for NewUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewUser(***)")
    }
}

impl AuthClient {
    /// Connects.
    ///
    /// # Errors
    /// [`ClientError::Io`], [`ClientError::Tls`].
    pub async fn open(
        address: impl ToSocketAddrs,
        way: impl Into<Way>,
    ) -> Result<Self, ClientError> {
        Ok(Self {
            connection: Connection::open(address, way).await?,
        })
    }

    /// Asks what server this is, and what it asks for (op 9).
    ///
    /// # Errors
    /// As [`Connection::request`]; so for all that follow.
    pub async fn server_info(&mut self) -> Result<ServerInfo, ClientError> {
        self.connection.request(&json!({ "op": SERVER_INFO })).await
    }

    /// Has a code sent (op 1).
    ///
    /// # Errors
    /// Refused with 1 when it could not be sent, 2 for a number or address that is
    /// none, 3 when there is an account already, 103 when it is too soon.
    pub async fn send_code(
        &mut self,
        contact: Contact<'_>,
        purpose: Purpose,
    ) -> Result<(), ClientError> {
        let mut args = contact_args(contact);
        // A server of the origin knows no purpose but this.
        if purpose == Purpose::Confirm {
            args.insert("purpose".into(), "confirm".into());
        }
        let request = json!({ "op": SEND_CODE, "args": args });
        let Nothing {} = self.connection.request(&request).await?;
        Ok(())
    }

    /// Signs up (op 2). Without a token in the answer, an administrator has to
    /// approve the account first.
    ///
    /// # Errors
    /// Refused with 1 when the name is taken, 2 for the number or the address, 3
    /// for a wrong code or invitation, 105 without an invitation where one is needed,
    /// 109 for a weak password, 110 for a name that cannot be one.
    pub async fn register(&mut self, user: &NewUser) -> Result<SignedUp, ClientError> {
        let request = json!({ "op": REGISTER, "args": user });
        self.connection.request(&request).await
    }

    /// Logs in (op 0), with a name, a phone number or a confirmed address.
    ///
    /// # Errors
    /// Refused with 1 when name and password do not belong together.
    pub async fn log_in(
        &mut self,
        user_name: &str,
        user_pwd: &str,
    ) -> Result<SignedIn, ClientError> {
        let args = json!({ "user_name": user_name, "user_pwd": user_pwd });
        let request = json!({ "op": LOGIN, "args": args });
        self.connection.request(&request).await
    }

    /// Logs in, and says what this device is called in the list of sessions.
    ///
    /// # Errors
    /// As [`AuthClient::log_in`].
    pub async fn log_in_from(
        &mut self,
        device: &str,
        user_name: &str,
        user_pwd: &str,
    ) -> Result<SignedIn, ClientError> {
        let args = json!({ "user_name": user_name, "user_pwd": user_pwd, "device": device });
        let request = json!({ "op": LOGIN, "args": args });
        self.connection.request(&request).await
    }

    /// Confirms an e-mail address with the code that was sent to it (op 3).
    ///
    /// # Errors
    /// Refused with 3 when the code is wrong.
    pub async fn confirm_email(&mut self, address: &str, code: &str) -> Result<(), ClientError> {
        let args = json!({ "user_email": address, "user_ecode": code });
        let request = json!({ "op": CONFIRM_EMAIL, "args": args });
        let Nothing {} = self.connection.request(&request).await?;
        Ok(())
    }
}

/// A contact as `args` of a request.
pub(crate) fn contact_args(contact: Contact<'_>) -> Map<String, Value> {
    let (key, written) = match contact {
        Contact::Phone(number) => ("user_phone", number),
        Contact::Email(address) => ("user_email", address),
    };
    Map::from_iter([(key.to_owned(), written.into())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_up_sends_what_is_filled_and_shows_nothing() {
        let user = NewUser {
            user_name: "alice".into(),
            user_pwd: "secret".into(),
            user_phone: Some("186".into()),
            ..NewUser::default()
        };
        assert_eq!(
            serde_json::to_value(&user).unwrap(),
            json!({ "user_name": "alice", "user_pwd": "secret", "user_phone": "186" })
        );
        assert_eq!(format!("{user:?}"), "NewUser(***)");
    }
}
