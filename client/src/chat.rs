//! The chat port: saying and hearing, and all about rooms.

mod changes;
mod event;
mod messages;
mod rooms;

pub use event::{Event, Line};
pub use messages::{NewMessage, Query};

use crate::connection::{Connection, accepted_value};
use crate::credential::Credential;
use crate::error::ClientError;
use crate::way::Way;
use qunliao_protocol::chat::{SAY, Said};
use serde::de::DeserializeOwned;
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
        self.receive().await?.map(Event::read).transpose()
    }

    async fn receive(&mut self) -> Result<Option<Value>, ClientError> {
        let body = self.connection.receive().await?;
        Ok(body.map(|body| serde_json::from_slice(&body)).transpose()?)
    }

    /// Posts, and waits for the answer.
    async fn ask(&mut self, news: &str, id: Option<&str>) -> Result<Said, ClientError> {
        let asked = self.post(news, id).await?;
        self.answer(asked).await
    }

    /// Sends a request with these keys, and waits for the answer.
    async fn request<T: DeserializeOwned>(
        &mut self,
        op: u64,
        mut keys: Value,
    ) -> Result<T, ClientError> {
        let seq = self.next_seq;
        self.next_seq += 1;
        keys["op"] = op.into();
        keys["seq"] = seq.into();
        self.connection.send(&keys).await?;
        self.answer(seq).await
    }

    /// The answer to a request; what is heard meanwhile is kept.
    async fn answer<T: DeserializeOwned>(&mut self, asked: u64) -> Result<T, ClientError> {
        loop {
            let frame = self.receive().await?.ok_or(ClientError::Closed)?;
            let seq = frame.get("seq").and_then(Value::as_u64);
            if seq == Some(asked) && frame.get("test").is_some() {
                return accepted_value(frame);
            }
            self.heard.push_back(Event::read(frame)?);
        }
    }
}

#[cfg(test)]
mod tests;
