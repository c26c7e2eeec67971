//! How a client says who it is.

use serde_json::{Value, json};
use std::fmt;

/// A name with its password, or the token of a session. Does not show in debug output.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// The origin's way.
    Password {
        /// The name, the phone number or the confirmed address.
        name: String,
        /// The password.
        password: String,
    },
    /// What login and sign-up gave out.
    Token(String),
}

impl Credential {
    /// A name with its password.
    pub fn password(name: impl Into<String>, password: impl Into<String>) -> Self {
        Self::Password {
            name: name.into(),
            password: password.into(),
        }
    }

    /// As `args` of a request on the chat and files ports.
    pub(crate) fn to_args(&self) -> Value {
        match self {
            Self::Password { name, password } => json!({ "name": name, "password": password }),
            Self::Token(token) => json!({ "token": token }),
        }
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Password { .. } => "Password(***)",
            Self::Token(_) => "Token(***)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_kind_shows_itself() {
        for credential in [
            Credential::password("alice", "secret"),
            Credential::Token("secret".into()),
        ] {
            let shown = format!("{credential:?}");
            assert!(!shown.contains("secret") && !shown.contains("alice"));
        }
    }
}
