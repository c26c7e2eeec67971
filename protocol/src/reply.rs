//! Replies: the answer to one request. A reply repeats `op` and always has `test`.

use crate::failure::{Failure, Language};
use serde::{Deserialize, Serialize};

/// The name under which the server itself speaks to people, by language.
pub const SYSTEM_NAMES: [&str; 2] = ["系统", "system"];

/// What every reply has, around the keys of its own (`body`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reply<T> {
    /// The op of the request, 0 where none could be read.
    pub op: u64,
    /// 0 is success.
    pub test: u16,
    /// The request's `seq`, if it had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// The keys of this op's reply.
    #[serde(flatten)]
    pub body: T,
}

/// The keys of a reply that has none of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nothing {}

/// The keys of a refusal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Refusal {
    /// A stable slug, see [`Failure::slug`].
    pub error: String,
    /// A sentence for people.
    pub message: String,
    /// Seconds to wait before trying again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
    /// On the chat port, to plain connections: who speaks, as in a forward.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub args: Option<Speaker>,
    /// On the chat port, to plain connections: the sentence once more, as in a forward.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub news: Option<String>,
    /// In the answer to a download: 400, which is how the origin says "no such file".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_name: Option<u16>,
    /// Which message was refused, if it carried one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_message_id: Option<String>,
}

/// `args` of a forward.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Speaker {
    /// Who said it.
    pub name: String,
}

impl Refusal {
    /// The refusal for `failure`, in `language`.
    #[must_use]
    pub fn new(failure: &Failure, language: Language) -> Self {
        Self {
            error: failure.slug().to_owned(),
            message: failure.sentence(language).into_owned(),
            retry_after: failure.retry_after(),
            args: None,
            news: None,
            file_name: None,
            client_message_id: None,
        }
    }

    /// Makes the refusal one that a client of the origin shows as a message.
    #[must_use]
    pub fn readable(mut self, language: Language) -> Self {
        let name = match language {
            Language::Chinese => SYSTEM_NAMES[0],
            Language::English => SYSTEM_NAMES[1],
        };
        self.args = Some(Speaker {
            name: name.to_owned(),
        });
        self.news = Some(self.message.clone());
        self
    }
}

impl<T: Serialize> Reply<T> {
    /// A success.
    #[must_use]
    pub fn ok(op: u64, seq: Option<u64>, body: T) -> Self {
        Self {
            op,
            test: 0,
            seq,
            body,
        }
    }

    /// The body as it goes onto the wire.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a reply has string keys and no map of its own")
    }
}

impl Reply<Refusal> {
    /// A refusal.
    #[must_use]
    pub fn refused(op: u64, seq: Option<u64>, failure: &Failure, refusal: Refusal) -> Self {
        Self {
            op,
            test: failure.code(),
            seq,
            body: refusal,
        }
    }
}
