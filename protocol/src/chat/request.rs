//! The requests of the chat port, by their ops.

use super::{
    CHANGE, Change, ENTER, Enter, HISTORY, History, MARK, Mark, PING, PRESENCE, ROOMS, RoomRequest,
    SAY, SEARCH, Say, Search, Typing,
};
use crate::failure::Failure;
use crate::json::Object;
use crate::request::Credential;

/// A request on the chat port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request<'a> {
    /// op 0
    Say(Say<'a>),
    /// op 1
    Enter(Enter),
    /// op 2
    History(History),
    /// op 3
    Rooms(RoomRequest<'a>),
    /// op 4
    Typing(Typing),
    /// op 5
    Mark(Mark),
    /// op 6
    Change(Change<'a>),
    /// op 7
    Search(Search<'a>),
    /// op 8
    Ping,
}

impl<'a> Request<'a> {
    /// Reads the request `op` from its body, and who makes it. Without a credential it
    /// is the user whom the connection knows, if it knows one.
    ///
    /// # Errors
    /// [`Failure::UnknownOp`], and what the request's own `read` answers.
    pub fn read(op: u64, body: &'a Object<'a>) -> Result<(Option<Credential<'a>>, Self), Failure> {
        let request = match op {
            SAY => {
                let say = Say::read(body)?;
                return Ok((say.credential, Self::Say(say)));
            }
            ENTER => Self::Enter(Enter::read(body)?),
            HISTORY => Self::History(History::read(body)?),
            ROOMS => Self::Rooms(RoomRequest::read(body)?),
            PRESENCE => Self::Typing(Typing::read(body)?),
            MARK => Self::Mark(Mark::read(body)?),
            CHANGE => Self::Change(Change::read(body)?),
            SEARCH => Self::Search(Search::read(body)?),
            PING => Self::Ping,
            _ => return Err(Failure::UnknownOp),
        };
        Ok((Credential::read_optional(body)?, request))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_op_is_read_with_a_token_or_without() {
        let rest = r#""room":"7","id":1,"news":"x","query":"x""#;
        let verbs = ["", "", "", "show", "typing", "seen", "recall", "", ""];
        for (op, verb) in (0..).zip(verbs) {
            for token in ["", r#","token":"t""#] {
                let verb = if verb.is_empty() {
                    String::new()
                } else {
                    format!(",\"do\":\"{verb}\"")
                };
                let body = format!("{{{rest}{verb}{token}}}");
                let body = Object::parse(body.as_bytes()).unwrap();
                let (credential, _) = Request::read(op, &body).unwrap();
                assert_eq!(credential.is_some(), !token.is_empty(), "{op}");
            }
        }
        let body = Object::default();
        assert_eq!(Request::read(9, &body), Err(Failure::UnknownOp));
        let half = Object::parse(br#"{"args":{"name":"a"}}"#).unwrap();
        let refused = Request::read(PING, &half);
        assert_eq!(refused, Err(Failure::MissingKey("password")));
    }
}
