//! What all requests have in common: the op, `seq`, and the credentials.

use crate::failure::Failure;
use crate::ids::ID_LIMIT;
use crate::json::Object;
use std::fmt;

/// Longest `token` that is looked at, in bytes; ours have 64.
const TOKEN_BYTES_MAX: usize = 128;

/// The outside of a request: read before anything else, so that even a refusal
/// can repeat the op and `seq`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Envelope {
    /// `op`, if it could be read.
    pub op: Option<u64>,
    /// `seq`, which the reply repeats.
    pub seq: Option<u64>,
    /// Whether this frame makes its connection an extended one.
    pub extended: bool,
}

impl Envelope {
    /// Reads the envelope of a body. The second value says whether it was in order.
    pub fn read(body: &Object<'_>) -> (Self, Result<u64, Failure>) {
        let op = body.optional_number("op");
        let seq = body.optional_number("seq");
        let args = body.object("args").ok();
        let has = |key| body.has(key) || args.is_some_and(|args| args.has(key));
        let envelope = Self {
            op: op
                .as_ref()
                .ok()
                .copied()
                .flatten()
                .filter(|op| *op < ID_LIMIT),
            seq: seq
                .as_ref()
                .ok()
                .copied()
                .flatten()
                .filter(|seq| *seq < ID_LIMIT),
            extended: body.has("seq") || has("client_message_id") || has("token"),
        };
        let outcome = match (op, seq) {
            (Err(failure), _) | (_, Err(failure)) => Err(failure),
            (_, Ok(Some(seq))) if seq >= ID_LIMIT => Err(Failure::MistypedKey("seq")),
            (Ok(None), _) => Err(Failure::MissingKey("op")),
            (Ok(Some(op)), _) => Ok(op),
        };
        (envelope, outcome)
    }
}

/// How a request says who is speaking.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Credential<'a> {
    /// The origin's way: a name (or phone number, or confirmed address) and a password.
    Password {
        /// Who.
        name: &'a str,
        /// The proof.
        password: &'a str,
    },
    /// A session's token, as login gave it out.
    Token(&'a str),
}

impl fmt::Debug for Credential<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Password { .. } => "Password(***)",
            Self::Token(_) => "Token(***)",
        })
    }
}

impl<'a> Credential<'a> {
    /// Reads `token`, or else `name` and `password`, from `args` (a token may
    /// also stand beside `args`).
    ///
    /// # Errors
    /// [`Failure::MissingKey`] or [`Failure::MistypedKey`].
    pub fn read(body: &'a Object<'a>) -> Result<Self, Failure> {
        if let Some(token) = body.optional_text("token")? {
            return checked(token).map(Self::Token);
        }
        Self::in_args(body.object("args")?)
    }

    /// As [`Credential::read`]; `None` if there is nothing of a credential at all,
    /// which is for a connection whose user is known already.
    ///
    /// # Errors
    /// [`Failure::MissingKey`] for half a credential, or [`Failure::MistypedKey`].
    pub fn read_optional(body: &'a Object<'a>) -> Result<Option<Self>, Failure> {
        let keys = ["token", "name", "password"];
        let args = body.optional_object("args")?;
        let is_there = body.get("token").is_some()
            || args.is_some_and(|args| keys.iter().any(|key| args.get(key).is_some()));
        is_there.then(|| Self::read(body)).transpose()
    }

    fn in_args(args: &'a Object<'a>) -> Result<Self, Failure> {
        if let Some(token) = args.optional_text("token")? {
            return checked(token).map(Self::Token);
        }
        Ok(Self::Password {
            name: args.text("name")?,
            password: args.text("password")?,
        })
    }
}

/// `token`, beside `args` or in it, if it is there.
pub(crate) fn token<'a>(body: &'a Object<'a>) -> Result<Option<&'a str>, Failure> {
    let beside = body.optional_text("token")?;
    let token = match (beside, body.object("args")) {
        (None, Ok(args)) => args.optional_text("token")?,
        (beside, _) => beside,
    };
    token.map(checked).transpose()
}

fn checked(token: &str) -> Result<&str, Failure> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(Failure::MistypedKey("token"));
    }
    Ok(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_request_still_tells_its_op_and_seq() {
        let body = Object::parse(br#"{"op":7,"seq":9}"#).unwrap();
        let (envelope, outcome) = Envelope::read(&body);
        assert_eq!((envelope.op, envelope.seq), (Some(7), Some(9)));
        assert!(envelope.extended);
        assert_eq!(outcome, Ok(7));
        let body = Object::parse(br#"{"op":"0","seq":9}"#).unwrap();
        let (envelope, outcome) = Envelope::read(&body);
        assert_eq!((envelope.op, envelope.seq), (None, Some(9)));
        assert_eq!(outcome, Err(Failure::MistypedKey("op")));
    }

    #[test]
    fn a_token_anywhere_makes_a_frame_extended_and_the_origins_keys_do_not() {
        for (body, extended) in [
            (r#"{"op":0,"args":{"name":"a","password":"b"}}"#, false),
            (r#"{"op":0,"args":{"token":"a"}}"#, true),
            (r#"{"op":0,"token":"a"}"#, true),
            (r#"{"op":0,"client_message_id":"1"}"#, true),
            (r#"{"op":0,"seq":null}"#, true),
        ] {
            let body = Object::parse(body.as_bytes()).unwrap();
            assert_eq!(Envelope::read(&body).0.extended, extended);
        }
    }

    #[test]
    fn a_credential_may_be_absent_where_it_is_optional_but_not_half_there() {
        let read = |body: &str| {
            let body = Object::parse(body.as_bytes()).unwrap();
            Credential::read_optional(&body).map(|credential| credential.is_some())
        };
        for absent in ["{}", r#"{"args":{}}"#, r#"{"args":{"x":1},"token":null}"#] {
            assert_eq!(read(absent), Ok(false), "{absent}");
        }
        for there in [
            r#"{"token":"t"}"#,
            r#"{"args":{"name":"a","password":"b"}}"#,
        ] {
            assert_eq!(read(there), Ok(true), "{there}");
        }
        let half = r#"{"args":{"name":"a"}}"#;
        assert_eq!(read(half), Err(Failure::MissingKey("password")));
        assert_eq!(read(r#"{"args":7}"#), Err(Failure::MistypedKey("args")));
    }

    #[test]
    fn credentials_do_not_show_in_debug_output() {
        let shown = format!("{:?}", Credential::Token("secret"));
        assert!(!shown.contains("secret"));
    }
}
