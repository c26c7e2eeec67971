//! What can go wrong for a client.

use qunliao_protocol::FrameError;
use serde::Deserialize;
use std::io;
use std::path::PathBuf;

/// Why a client did not get what it asked for.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The network, or the disk of this machine.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// What came are no frames: is this the right port, and the right server?
    #[error("the server does not speak our protocol: {0}")]
    Frame(#[from] FrameError),
    /// TLS: the server did not prove who it is, or there is no TLS to speak.
    #[error("TLS: {0}")]
    Tls(String),
    /// The server said no.
    #[error("{0}")]
    Refused(Box<Refused>),
    /// The server closed before it had answered.
    #[error("the server closed the connection")]
    Closed,
    /// A frame came that cannot be what was asked for. Its text is not repeated:
    /// it may hold a secret.
    #[error("the server's answer is not understood: {0}")]
    NotUnderstood(String),
    /// Sent too much for one request.
    #[error("the request has {0} bytes, more than a frame can hold")]
    RequestTooLarge(usize),
    /// The server offers a file whose name must not be used on a disk.
    #[error("the server offers a file under a name that is not safe")]
    UnsafeName,
    /// A file of this name is here already. Nothing is ever overwritten.
    #[error("{0} exists already")]
    Exists(PathBuf),
    /// A file's bytes are not the ones that the server announced.
    #[error("{0} arrived damaged")]
    Damaged(PathBuf),
}

/// A refusal, as the server worded it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, thiserror::Error)]
#[error("{message} ({error})")]
pub struct Refused {
    /// Which op was refused; 0 also where none could be read.
    pub op: u64,
    /// The number of the refusal: `test` on the wire, never 0.
    #[serde(rename = "test")]
    pub code: u16,
    /// A stable word for programs.
    #[serde(default)]
    pub error: String,
    /// A sentence for people.
    #[serde(default)]
    pub message: String,
    /// Seconds after which trying again makes sense, where that is known.
    #[serde(default)]
    pub retry_after: Option<u32>,
    /// The number of the request, if it had one.
    #[serde(default)]
    pub seq: Option<u64>,
    /// Which message was refused, if it carried an id of the client's.
    #[serde(default)]
    pub client_message_id: Option<String>,
}

impl ClientError {
    /// The refusal, if it is one.
    #[must_use]
    pub fn refused(&self) -> Option<&Refused> {
        match self {
            Self::Refused(refused) => Some(refused),
            _ => None,
        }
    }
}

impl From<serde_json::Error> for ClientError {
    fn from(why: serde_json::Error) -> Self {
        // Where, not what: serde's own text can quote the answer.
        Self::NotUnderstood(format!(
            "{:?} error in line {}, column {}",
            why.classify(),
            why.line(),
            why.column()
        ))
    }
}

impl From<Refused> for ClientError {
    fn from(refused: Refused) -> Self {
        Self::Refused(Box::new(refused))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_read_from_its_frame_and_shows_its_sentence() {
        let frame = r#"{"op":0,"test":103,"error":"too_many_requests","message":"Wait.","retry_after":7,
            "args":{"name":"system"},"news":"Wait."}"#;
        let refused: Refused = serde_json::from_str(frame).unwrap();
        assert_eq!((refused.code, refused.retry_after), (103, Some(7)));
        let error = ClientError::from(refused);
        assert_eq!(error.to_string(), "Wait. (too_many_requests)");
        assert_eq!(error.refused().map(|refused| refused.op), Some(0));
    }

    #[test]
    fn an_answer_that_is_not_understood_is_not_quoted() {
        let why = serde_json::from_str::<u64>(r#""a secret""#).unwrap_err();
        assert!(!ClientError::from(why).to_string().contains("secret"));
    }
}
