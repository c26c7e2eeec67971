//! The chat port: saying and hearing.

use crate::connection::Connection;
use crate::credential::Credential;
use crate::error::{ClientError, Refused};
use crate::way::Way;
use qunliao_protocol::EntryId;
use qunliao_protocol::chat::{SAY, Said};
use qunliao_protocol::reply::Speaker;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::VecDeque;
use tokio::net::ToSocketAddrs;

/// A connection to the chat port.
#[derive(Debug)]
pub struct ChatClient {
    connection: Connection,
    credential: Credential,
    /// What came while a reply was waited for.
    heard: VecDeque<Event>,
    next_seq: u64,
}

/// What arrives on the chat port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Someone else said something.
    Forward(Forward),
    /// A message that asked for it is on the server's disk.
    Reply(Line),
    /// A message was refused.
    Refusal(Refused),
}

/// What someone else said.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Forward {
    /// Who, under `args` on the wire.
    #[serde(rename = "args")]
    pub speaker: Speaker,
    /// What.
    pub news: String,
    /// Where.
    #[serde(default)]
    pub room: String,
    /// Its number in the room; 0 from a server that does not number.
    #[serde(default)]
    pub id: EntryId,
    /// When, in milliseconds since the epoch.
    #[serde(default)]
    pub time: u64,
    /// On other connections of the author: the id that the author's client gave it.
    #[serde(default)]
    pub client_message_id: Option<String>,
}

/// A message's acknowledgement, with the number of the request.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Line {
    /// The number of the request, if it had one.
    #[serde(default)]
    pub seq: Option<u64>,
    /// What the server says of the message.
    #[serde(flatten)]
    pub said: Said,
}

impl ChatClient {
    /// Connects. Nothing is heard before [`ChatClient::enter`], or before
    /// something has been said.
    ///
    /// # Errors
    /// [`ClientError::Io`], [`ClientError::Tls`].
    pub async fn open(
        address: impl ToSocketAddrs,
        way: impl Into<Way>,
        credential: Credential,
    ) -> Result<Self, ClientError> {
        Ok(Self {
            connection: Connection::open(address, way).await?,
            credential,
            heard: VecDeque::new(),
            next_seq: 1,
        })
    }

    /// Shows the credentials, and waits until they are accepted. From then on
    /// everything that is said is heard.
    ///
    /// # Errors
    /// Refused with 1 when the credentials are wrong.
    pub async fn enter(&mut self) -> Result<(), ClientError> {
        self.ask("", None).await.map(drop)
    }

    /// As [`ChatClient::enter`], as a client of the origin does it: without an answer.
    ///
    /// # Errors
    /// [`ClientError::Io`].
    pub async fn enter_plainly(&mut self) -> Result<(), ClientError> {
        self.say("").await
    }

    /// Says something without asking for an answer, as a client of the origin
    /// does. A refusal comes as an event.
    ///
    /// # Errors
    /// [`ClientError::Io`].
    pub async fn say(&mut self, news: &str) -> Result<(), ClientError> {
        let args = self.credential.to_args();
        let request = json!({ "op": SAY, "args": args, "news": news });
        self.connection.send(&request).await
    }

    /// Says something, and waits until it is on the server's disk.
    /// `client_message_id` (at most 64 bytes) makes a repeat harmless: after a
    /// broken connection, say it again with the same.
    ///
    /// # Errors
    /// Refused, with the server's reason; or the connection's error, after which
    /// nobody knows whether it was said.
    pub async fn say_surely(
        &mut self,
        news: &str,
        client_message_id: &str,
    ) -> Result<Said, ClientError> {
        self.ask(news, Some(client_message_id)).await
    }

    /// Says something and does not wait: the answer comes as an event, with the
    /// number that this returns.
    ///
    /// # Errors
    /// [`ClientError::Io`].
    pub async fn post(
        &mut self,
        news: &str,
        client_message_id: Option<&str>,
    ) -> Result<u64, ClientError> {
        let seq = self.next_seq;
        self.next_seq += 1;
        let args = self.credential.to_args();
        let mut request = json!({ "op": SAY, "seq": seq, "args": args, "news": news });
        if let Some(id) = client_message_id {
            request["client_message_id"] = id.into();
        }
        self.connection.send(&request).await?;
        Ok(seq)
    }

    /// The next event, or `None` once the server has closed. Dropped half-way, it
    /// loses nothing.
    ///
    /// # Errors
    /// As [`Connection::receive`]; [`ClientError::NotUnderstood`].
    pub async fn next_event(&mut self) -> Result<Option<Event>, ClientError> {
        match self.heard.pop_front() {
            Some(event) => Ok(Some(event)),
            None => self.receive_event().await,
        }
    }

    async fn receive_event(&mut self) -> Result<Option<Event>, ClientError> {
        let body = self.connection.receive().await?;
        body.map(|body| Event::read(&body)).transpose()
    }

    /// Posts, and waits for the answer; what is heard meanwhile is kept.
    async fn ask(&mut self, news: &str, id: Option<&str>) -> Result<Said, ClientError> {
        let asked = Some(self.post(news, id).await?);
        loop {
            match self.receive_event().await?.ok_or(ClientError::Closed)? {
                Event::Reply(line) if line.seq == asked => return Ok(line.said),
                Event::Refusal(refused) if refused.seq == asked => return Err(refused.into()),
                event => self.heard.push_back(event),
            }
        }
    }
}

impl Event {
    fn read(body: &[u8]) -> Result<Self, ClientError> {
        let frame: Value = serde_json::from_slice(body)?;
        Ok(match frame.get("test").and_then(Value::as_u64) {
            None => Self::Forward(serde_json::from_value(frame)?),
            Some(0) => Self::Reply(serde_json::from_value(frame)?),
            Some(_) => Self::Refusal(serde_json::from_value(frame)?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_events_are_told_apart() {
        let forward =
            r#"{"op":0,"args":{"name":"小爱"},"news":"好","room":"lobby","id":7,"time":9}"#;
        let Event::Forward(forward) = Event::read(forward.as_bytes()).unwrap() else {
            panic!("a forward has no `test`");
        };
        assert_eq!((forward.speaker.name.as_str(), forward.id.0), ("小爱", 7));

        let reply =
            r#"{"op":0,"test":0,"seq":3,"client_message_id":"c","room":"lobby","id":8,"time":9}"#;
        let Event::Reply(line) = Event::read(reply.as_bytes()).unwrap() else {
            panic!("a reply has a `test` of 0");
        };
        assert_eq!((line.seq, line.said.id), (Some(3), Some(EntryId(8))));

        let refusal = r#"{"op":0,"test":1,"error":"wrong_credentials","message":"no","args":{"name":"系统"},"news":"no"}"#;
        let refusal = Event::read(refusal.as_bytes()).unwrap();
        assert!(matches!(refusal, Event::Refusal(refused) if refused.code == 1));
    }

    #[test]
    fn a_forward_of_a_server_that_knows_the_origin_alone_is_read() {
        let forward = Event::read(br#"{"op":0,"args":{"name":"a"},"news":"b"}"#).unwrap();
        assert!(matches!(forward, Event::Forward(forward) if forward.id == EntryId(0)));
    }
}
